"""Whoever comes near a case is let in by need to know first: nothing asks about conflicts alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src/safehold"
NAME = "refuse_conflicted"
ALLOWED = {"review/conflicts.py", "review/admission.py"}
"""Where it is written, and where it is asked after need to know was."""


def names(text: str) -> Iterator[str]:
    """Yield every name that a program text uses, imports or asks for by its spelling."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_conflicts_are_refused_where_need_to_know_was_asked_and_nowhere_else() -> None:
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if NAME in set(names(path.read_text()))
    }
    assert found == ALLOWED


def test_a_call_an_import_and_a_spelling_are_all_found() -> None:
    assert NAME in set(names(f"conflicts.{NAME}(tx)"))
    assert NAME in set(names(f"from safehold.review.conflicts import {NAME} as ask"))
    assert NAME in set(names(f"getattr(conflicts, '{NAME}')(tx)"))
