"""Nobody can ask what was kept about a picture of their own: the one question has two callers, by name."""

from __future__ import annotations

import ast
import inspect
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from safehold.app import lookback
from safehold.app.program import Program
from safehold.detect.look_back import LookBack
from safehold.web.api import bodies

SOURCE = Path(__file__).parents[2] / "src" / "safehold"
HOME = SOURCE / "detect" / "kept_days.py"
MAY_ASK = {"detect/look_back.py", "detect/rehearsal.py"}
"""Who may look back: what follows entries_changed, and rehearsal of a stored list. Nobody else."""
MAY_KEEP = {"app/kept_signals.py", "app/lookback.py", "app/program.py"}
"""Who may hold what is kept in hand besides: who writes it, and who hands it to those two."""
MAY_REHEARSE = {"app/lookback.py"}


@cache
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


def calls_in(tree: ast.AST) -> set[str]:
    """The names of methods that are called, or asked for by their name."""
    called = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return called | {text for text in texts if isinstance(text, str)}


def asking(trees: dict[str, ast.AST]) -> set[str]:
    return {path for path, tree in trees.items() if "look_back" in calls_in(tree)}


def holding(trees: dict[str, ast.AST]) -> set[str]:
    return {path for path, tree in trees.items() if names_in(tree) & {"KeptDays", "KeptDay", "kept_days"}}


def test_only_those_who_may_ask_do() -> None:
    assert asking(sources()) == MAY_ASK
    assert holding(sources()) == MAY_ASK | MAY_KEEP


def test_no_route_and_no_command_reaches_what_is_kept() -> None:
    outside = {
        path: tree for path, tree in sources().items() if path.startswith(("web/", "cli/", "testing/"))
    }
    assert outside
    forbidden = {"kept_days", "KeptDays", "look_back", "take_up", "LookBack"}
    assert {path for path, tree in outside.items() if names_in(tree) & forbidden} == set()


def test_a_rehearsal_takes_the_name_of_a_list_and_nothing_else() -> None:
    asked = {path for path, tree in sources().items() if "take_up" in names_in(tree)}
    assert asked == MAY_REHEARSE
    taken = {
        name: each.annotation for name, each in inspect.signature(lookback.rehearse_list).parameters.items()
    }
    assert taken == {"opened": "Operator", "name": "str", "actor": "Actor"}


def test_what_asks_for_entries_takes_them_from_the_records_alone() -> None:
    assert list(inspect.signature(LookBack.run).parameters) == ["self"]
    assert list(inspect.signature(LookBack.run_part).parameters) == ["self"]
    assert list(inspect.signature(lookback.of).parameters) == ["program"]
    assert inspect.signature(lookback.of).parameters["program"].annotation == Program.__name__


def test_no_answer_of_the_api_names_a_reference_but_that_of_the_scan_itself() -> None:
    found = [each for each in vars(bodies).values() if isinstance(each, type)]
    shapes = [each for each in found if issubclass(each, BaseModel)]
    naming = {shape.__name__ for shape in shapes if "reference" in shape.model_fields}
    # An appeal is sent with the reference of a statement of reasons, which is no upload's.
    assert naming == {"AppealBody", "ContextBody", "ScanAnswerBody", "StreamContextBody"}


def test_a_planted_question_is_seen() -> None:
    planted = {
        "web/api/asking.py": ast.parse("def ask(kept, value):\n    return list(kept.look_back(value, 31))"),
        "cli/asking.py": ast.parse("ask = getattr(kept, 'look_back')"),
    }
    assert asking(planted) == set(planted)
    held = {"app/asking.py": ast.parse("from safehold.detect.kept_days import KeptDay as Day")}
    assert holding(held) == set(held)
