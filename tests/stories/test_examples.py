"""The examples keep their promise: every altered copy matches, and no photo that is on no list does."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from safehold.testing.commands import Ended, run_apart

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def make_examples() -> Iterator[ModuleType]:
    """Yield the script that writes the examples, as a module."""
    spec = spec_from_file_location("make_examples", EXAMPLES / "make_examples.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def scanned(make_examples: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """Write the examples anew and scan them against the demonstration's list, as the README does."""
    built = tmp_path_factory.mktemp("examples")
    make_examples.write_altered_copies(built / "listed")
    make_examples.write_unlisted(built / "unlisted")
    return built, run_apart("scan", built, "--list", EXAMPLES / "demo-list.jsonl", "--format", "json")


def test_every_altered_copy_matches_its_photo_and_no_other_photo_matches(scanned: tuple[Path, Ended]) -> None:
    built, ended = scanned
    matches = {Path(row["path"]): row["matches"] for row in ended.rows}

    listed, unlisted = set((built / "listed").iterdir()), set((built / "unlisted").iterdir())
    assert len(listed) == 12 * 11
    assert len(unlisted) >= 9
    assert {path for path, found in matches.items() if found} == listed
    assert matches.keys() == listed | unlisted
    assert [row["error"] for row in ended.rows if row["error"]] == []
    assert (ended.code, ended.err) == (1, "")


def test_the_demonstrations_list_is_what_the_script_would_write(make_examples: ModuleType) -> None:
    written = (EXAMPLES / "demo-list.jsonl").read_text().splitlines()

    assert [json.loads(line) for line in written] == make_examples.demo_entries()
    assert [json.dumps(entry) for entry in make_examples.demo_entries()] == written
