"""Every failure we foresaw has a code of its own, words for a person, an HTTP status and an exit code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from safehold.cli.exits import EXIT_CODES, INTERRUPTED, UNFORESEEN, USAGE, exit_code_of
from safehold.model import errors, figure_errors
from safehold.model.errors import SafeholdError
from safehold.web.errors import HTTP_STATUS, problem, status_of


def classes(root: type[SafeholdError] = SafeholdError) -> Iterator[type[SafeholdError]]:
    """Yield the error classes of the model, families before their members."""
    yield root
    for kind in root.__subclasses__():
        if kind.__module__ in (errors.__name__, figure_errors.__name__):
            yield from classes(kind)


def bare(kind: type[SafeholdError]) -> SafeholdError:
    """Return an instance without the details that some constructors ask for."""
    return kind.__new__(kind)


ALL = list(classes())


def test_every_error_has_a_code_of_its_own() -> None:
    assert [code for code, count in Counter(kind.code for kind in ALL).items() if count > 1] == []
    assert all(re.fullmatch(r"[a-z][a-z_]*", kind.code) for kind in ALL)
    assert all("code" in vars(kind) for kind in ALL)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_an_error_says_what_happened_what_was_kept_and_what_to_do(kind: type[SafeholdError]) -> None:
    assert (kind.__doc__ or "").strip().splitlines()[0].endswith(".")
    assert kind.kept.endswith(".")
    assert kind.advice.endswith(".")


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_an_error_has_a_status_and_an_exit_code_that_no_finding_has(kind: type[SafeholdError]) -> None:
    assert 400 <= status_of(bare(kind)) <= 599
    assert 70 <= exit_code_of(bare(kind)) <= 78


def test_no_failure_of_any_kind_ends_with_the_exit_code_of_a_finding() -> None:
    assert {USAGE, UNFORESEEN, INTERRUPTED, *EXIT_CODES.values()} & {0, 1, 2, 3} == set()


def test_both_tables_name_errors_of_the_model_only() -> None:
    assert set(HTTP_STATUS) | set(EXIT_CODES) <= set(ALL)


def test_the_tree_at_the_top_of_the_module_names_every_error_and_no_other() -> None:
    drawn = set(re.findall(r"\b[A-Z][A-Za-z]+\b", "".join(tree_lines(errors.__doc__ or ""))))
    assert drawn == {kind.__name__ for kind in ALL}


def tree_lines(text: str) -> Iterator[str]:
    """Yield the lines of the tree without the words that explain each family."""
    for line in text.splitlines():
        if line.strip() == "SafeholdError" or set("├│└") & set(line):
            yield re.sub(r"(?<=\w)  +.*", "", line) + "\n"


def test_problem_details_carry_the_code_and_the_advice() -> None:
    told = problem(errors.CaseLocked(), "some-request")
    assert told["code"] == "case_locked"
    assert told["status"] == 409
    assert told["advice"] == errors.CaseLocked.advice
    assert told["request_id"] == "some-request"


def test_an_error_declared_by_a_plug_in_takes_the_place_of_its_family() -> None:
    class Planted(errors.Unavailable):
        """Planted."""

    assert status_of(Planted()) == 503
    assert exit_code_of(Planted()) == 75
