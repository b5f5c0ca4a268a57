"""The threat model names, for each adversary, tests that exist: a claim whose test is gone is no claim."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ADVERSARIES = (
    "Hostile uploader",
    "Prober",
    "Curious analyst",
    "Analyst who knows somebody",
    "Analyst of another queue",
    "Rogue admin",
    "Somebody of the role legal who wants evidence gone",
    "Stolen session",
    "Stolen platform key",
    "Poisoned or coerced list source",
    "List operator who looks for one person",
    "Leaking member",
    "Hostile crawled host",
    "Owner or government with a political list",
    "Abusive parent with the child's device",
    "Ex-partner on the portal",
    "Hostile plug-in",
    "Vendor of a classifier",
)
PARTS = ("**Can**", "**Cannot**", "**Shown by**", "**Open:**")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def sections(text: str) -> dict[str, str]:
    """Return what is said under each heading of the third level."""
    found = re.split(r"^### (.+)$", text, flags=re.MULTILINE)
    return {
        name: re.split(r"^## ", body, flags=re.MULTILINE)[0]
        for name, body in zip(found[1::2], found[2::2], strict=True)
    }


def problems(text: str, root: Path) -> list[str]:
    """Return what is wrong with a threat model: what is missing, and tests that are not there."""
    said = sections(text)
    wrong = [f"{name}: no section" for name in ADVERSARIES if name not in said]
    for name, body in said.items():
        wrong += [f"{name}: nothing under {part}" for part in PARTS if part not in body]
        if not NAMED.search(body):
            wrong.append(f"{name}: no test is named")
    wrong += [
        f"{file}::{test} is gone"
        for file, test in NAMED.findall(text)
        if test not in names_of_tests(root / file)
    ]
    return wrong


def names_of_tests(path: Path) -> set[str]:
    """Return the test functions of a file, none where there is no such file."""
    if not path.is_file():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def model() -> str:
    return (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_adversary_has_a_section_with_tests_that_exist() -> None:
    assert problems(model(), ROOT) == []


def test_every_path_that_looks_like_a_test_is_read_as_one() -> None:
    assert model().count("tests/") == len(NAMED.findall(model()))


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("### Prober", "### Somebody", "Prober: no section"),
        ("test_prober.py::test_a_sequence", "test_prober.py::test_no_sequence", "is gone"),
        ("tests/attack/threats/test_prober.py", "tests/attack/threats/test_nobody.py", "is gone"),
        (
            "**Open:** somebody who knows",
            "Somebody who knows",
            "Analyst who knows somebody: nothing under **Open:**",
        ),
    ],
)
def test_what_is_planted_is_caught(old: str, new: str, wrong: str) -> None:
    text = model()
    assert old in text
    assert any(wrong in line for line in problems(text.replace(old, new), ROOT))


def test_a_section_that_names_no_test_is_caught() -> None:
    without = NAMED.sub("a test", model())
    assert sum("no test is named" in line for line in problems(without, ROOT)) == len(ADVERSARIES)
