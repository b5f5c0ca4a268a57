"""Figures of agreement, against worked examples that were published with them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.figures import NOTHING, share
from safehold.review.reliability import cohens_kappa, krippendorffs_alpha


def pairs(table: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Return the pairs of answers that a table counts: rows the first person, columns the second."""
    return [
        (row, column)
        for row, counts in enumerate(table)
        for column, number in enumerate(counts)
        for _ in range(number)
    ]


def units(*people: str) -> list[list[str]]:
    """Return what each item was called, from one line per person; a dot is no answer."""
    columns = zip(*(person.split() for person in people), strict=True)
    return [[answer for answer in column if answer != "."] for column in columns]


# Agresti, Categorical Data Analysis: two pathologists, 118 slides. Kappa 0.493, standard error 0.057.
PATHOLOGISTS = ((22, 2, 2, 0), (5, 7, 14, 0), (0, 2, 36, 0), (0, 1, 17, 10))
# Agresti again: husbands and wives, 91 answers. Kappa 0.129, standard error 0.069.
COUPLES = ((7, 7, 2, 3), (2, 8, 3, 7), (1, 5, 4, 9), (2, 8, 9, 14))


@pytest.mark.parametrize(("table", "kappa", "error"), [(PATHOLOGISTS, 0.493, 0.057), (COUPLES, 0.129, 0.069)])
def test_kappa_and_its_interval_are_those_of_the_textbook(
    table: tuple[tuple[int, ...], ...], kappa: float, error: float
) -> None:
    figure = cohens_kappa(pairs(table))
    assert figure.value == pytest.approx(kappa, abs=0.0005)
    assert figure.low is not None
    assert figure.high is not None
    assert (figure.high - figure.low) / (2 * 1.96) == pytest.approx(error, abs=0.0005)


def test_kappa_of_fifty_yes_and_no_answers() -> None:
    assert cohens_kappa(pairs(((20, 5), (10, 15)))).value == pytest.approx(0.4)


# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), the nominal examples A, B and C.
ALPHAS = [
    (units("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0"), 0.095),
    (units("a a b b d c c c e d d a", "b a b b b c c c e d d d"), 0.692),
    (
        units(
            "1 2 3 3 2 1 4 1 2 . . .",
            "1 2 3 3 2 2 4 1 2 5 . 3",
            ". 3 3 3 2 3 4 2 2 5 1 .",
            "1 2 3 3 2 4 4 1 2 5 1 .",
        ),
        0.743,
    ),
]


@pytest.mark.parametrize(("answers", "alpha"), ALPHAS, ids=["two answers", "five answers", "four people"])
def test_alpha_is_that_of_the_paper_and_lies_in_its_interval(answers: list[list[str]], alpha: float) -> None:
    figure = krippendorffs_alpha(answers)
    assert figure.value == pytest.approx(alpha, abs=0.0005)
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low < figure.value < figure.high
    assert figure == krippendorffs_alpha(answers)


def test_an_interval_narrows_with_more_items() -> None:
    few, many = krippendorffs_alpha(ALPHAS[2][0]), krippendorffs_alpha(ALPHAS[2][0] * 20)
    assert few.low is not None
    assert many.low is not None
    assert few.low < many.low < 0.75


def test_items_that_one_person_answered_say_nothing_about_agreement() -> None:
    answers = ALPHAS[2][0]
    assert krippendorffs_alpha([*answers, ["1"], []]) == krippendorffs_alpha(answers)


@pytest.mark.parametrize("figure", [cohens_kappa([]), krippendorffs_alpha([]), share(0, 0)])
def test_without_items_there_is_no_figure(figure: object) -> None:
    assert figure == NOTHING


def test_where_everybody_always_says_the_same_agreement_by_chance_cannot_be_told_apart() -> None:
    assert cohens_kappa([("a", "a")] * 9).value is None
    assert krippendorffs_alpha([["a", "a"]] * 9).value is None


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("abc")), min_size=1))
def test_figures_stay_within_their_intervals_and_do_not_care_who_was_first(
    answers: list[tuple[str, str]],
) -> None:
    figure = cohens_kappa(answers)
    swapped = cohens_kappa([(second, first) for first, second in answers])
    assert (figure.value is None) == (swapped.value is None)
    if figure.value is not None and figure.low is not None and figure.high is not None:
        assert swapped.value == pytest.approx(figure.value)
        assert swapped.low == pytest.approx(figure.low)
        assert -1 <= figure.low <= figure.value <= figure.high <= 1


def test_a_share_has_wilsons_interval() -> None:
    # Wilson's interval for 10 of 100, as in Newcombe (1998), method 3: 0.0552 to 0.1744.
    figure = share(10, 100)
    assert (figure.value, figure.units) == (0.1, 100)
    assert (figure.low, figure.high) == (pytest.approx(0.0552, abs=1e-4), pytest.approx(0.1744, abs=1e-4))
    assert share(0, 20).low == 0
