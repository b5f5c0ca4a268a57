"""Whoever is offered a case is offered it by what looks after them: nothing else takes the next one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src/safehold"
ONLY = {"take_next": "review/wellbeing.py", "find_next": "review/cases.py"}
"""What hands out a case, and the one file that may call it."""


def calls(text: str) -> Iterator[str]:
    """Yield the names of all functions that a program text calls or hands on."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id


def test_only_wellbeing_offers_a_case() -> None:
    found = {
        (name, path.relative_to(SOURCE).as_posix())
        for path in SOURCE.rglob("*.py")
        for name in calls(path.read_text())
        if name in ONLY
    }
    assert found == set(ONLY.items())


def test_a_call_and_a_name_that_is_handed_on_are_both_found() -> None:
    assert {"take_next", "find_next"} <= set(calls("partial(cases.take_next)\nfind_next(tx)\n"))
