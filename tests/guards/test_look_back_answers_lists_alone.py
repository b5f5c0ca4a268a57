"""Nobody can ask what was kept about a picture of their own: the one question has two callers, by name."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "safehold"
HOME = SOURCE / "detect" / "kept_days.py"
MAY_ASK = {"detect/rehearsal.py"}
"""Who may look back. To be joined by the step that follows entries_changed, and by nobody else."""


def sources() -> dict[str, ast.AST]:
    paths = [path for path in SOURCE.rglob("*.py") if path != HOME]
    return {path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text()) for path in paths}


def names_in(tree: ast.AST) -> set[str]:
    """Every name, attribute, imported name, and text that could be one."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.update(node.name.split("."))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def asking(trees: dict[str, ast.AST]) -> set[str]:
    return {path for path, tree in trees.items() if names_in(tree) & {"look_back", "KeptDay"}}


def test_only_those_who_may_ask_do() -> None:
    assert asking(sources()) == MAY_ASK


def test_no_route_and_no_command_reaches_a_rehearsal_of_entries_of_its_own() -> None:
    outside = {
        path: tree for path, tree in sources().items() if path.startswith(("web/", "cli/", "testing/"))
    }
    assert outside
    assert {path for path, tree in outside.items() if names_in(tree) & {"kept_days", "rehearse"}} == set()


def test_a_planted_question_is_seen() -> None:
    planted = {
        "web/api/asking.py": ast.parse("def ask(kept, value):\n    return list(kept.look_back(value, 31))"),
        "cli/asking.py": ast.parse("ask = getattr(kept, 'look_back')"),
        "app/asking.py": ast.parse("from safehold.detect.kept_days import KeptDay as Day"),
    }
    assert asking(planted) == set(planted)
