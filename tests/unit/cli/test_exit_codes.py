"""The shell can tell a failure from what a scan found, whatever the failure is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from safehold.cli.exits import INTERRUPTED, UNFORESEEN, USAGE, exit_code_of
from safehold.cli.scan import exit_code
from safehold.model.errors import BadListFile, BadSettings, DatabaseDown, SafeholdError


def error_classes(root: type[SafeholdError] = SafeholdError) -> Iterator[type[SafeholdError]]:
    yield root
    for kind in root.__subclasses__():
        yield from error_classes(kind)


@pytest.mark.parametrize("kind", list(error_classes()), ids=lambda kind: str(kind.__name__))
def test_every_error_has_a_code_that_no_scan_answers_with(kind: type[SafeholdError]) -> None:
    assert exit_code_of(kind.__new__(kind)) in range(70, 79)


def test_what_is_no_error_of_ours_has_such_a_code_too() -> None:
    assert {INTERRUPTED, UNFORESEEN} <= set(range(70, 79))
    assert USAGE == 64


def test_an_error_without_a_code_of_its_own_takes_its_familys() -> None:
    assert exit_code_of(BadListFile()) == 71
    assert exit_code_of(BadSettings()) == 78
    assert exit_code_of(DatabaseDown()) == 75


@pytest.mark.parametrize(
    ("matched", "unscanned", "code"), [(False, False, 0), (True, False, 1), (False, True, 2), (True, True, 3)]
)
def test_a_scans_code_says_what_matched_and_what_was_not_scanned(
    matched: bool, unscanned: bool, code: int
) -> None:
    assert exit_code(matched=matched, unscanned=unscanned) == code
