"""The files you open are short, a function says one thing, and a name says what is in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "tests", "docs", "examples")

MOST_LINES_OF_A_FILE = 500
MOST_LINES_OF_A_BODY = 60
BANNED_NAMES = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "manager",
    "managers",
    "misc",
    "stuff",
}

EXEMPT = {
    "src/safehold/storage/migrations/versions/0001_first_tables.py": (
        "the schema as one revision made it; a revision is never changed afterwards"
    ),
}
"""Files that may be long, each with its reason."""


def python_files() -> list[Path]:
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """Return what is written in a file, read once."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def bodies(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each function with the number of lines of its body, its docstring left out."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
            length = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            yield node.name, length


def test_no_file_is_longer_than_500_lines() -> None:
    long = {
        name_of(path): lines
        for path in python_files()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES_OF_A_FILE
    }
    assert {name: lines for name, lines in long.items() if name not in EXEMPT} == {}


def test_no_exemption_has_outlived_its_reason() -> None:
    for name in EXEMPT:
        assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) > MOST_LINES_OF_A_FILE, name


def test_no_function_has_a_body_of_more_than_60_lines() -> None:
    long = [
        f"{name_of(path)}: {function} has {length} lines"
        for path in python_files()
        if name_of(path) not in EXEMPT
        for function, length in bodies(parsed(path))
        if length > MOST_LINES_OF_A_BODY
    ]
    assert long == []


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    parts = {
        (name_of(path), part)
        for path in python_files()
        for part in path.relative_to(ROOT).with_suffix("").parts
        if BANNED_NAMES & set(part.split("_"))
    }
    assert parts == set()


def test_every_module_opens_with_what_it_is_for() -> None:
    silent = [
        name_of(path)
        for path in sorted((ROOT / "src").rglob("*.py"))
        if ast.get_docstring(parsed(path)) is None
    ]
    assert silent == []


def public_without_a_word(tree: ast.Module) -> Iterator[str]:
    """Yield the public functions, classes and methods of a module that have no docstring."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if node.name.startswith("_"):
                continue
            if ast.get_docstring(node) is None:
                yield node.name
            if isinstance(node, ast.ClassDef):
                yield from (
                    f"{node.name}.{method.name}"
                    for method in node.body
                    if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef))
                    and not method.name.startswith("_")
                    and ast.get_docstring(method) is None
                )


def test_every_public_function_and_class_says_what_it_claims() -> None:
    silent = [
        f"{name_of(path)}: {name}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        if "migrations/versions" not in name_of(path)
        for name in public_without_a_word(parsed(path))
    ]
    assert silent == []


@pytest.mark.parametrize(("lines", "expected"), [(60, 60), (61, 61)])
def test_a_body_is_counted_without_its_docstring(lines: int, expected: int) -> None:
    text = 'def f():\n    """Say."""\n' + "    x = 1\n" * lines
    assert dict(bodies(ast.parse(text))) == {"f": expected}
