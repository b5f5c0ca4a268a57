"""Charts say what their tables say, in words that stay inside the picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.assessment import AgeBand, Category
from safehold.model.authority_report import DestinationKind
from safehold.model.exposure import ExposureKind
from safehold.transparency.attributes import ATTRIBUTES
from safehold.transparency.catalogue import CATALOGUE
from safehold.transparency.charts import MOST_SERIES, WIDTH, Chart, bars
from safehold.transparency.counting import Fact, Year
from safehold.transparency.report import tables_of
from safehold.transparency.units import AuthorityReports, Entries, Pages

SIGN = 7
"""Units of the picture that a sign takes on average, in the sans of 13 units in which charts are written."""


def chart_of(measure: str, *facts: Fact) -> Chart | None:
    return bars(tables_of(CATALOGUE, Year(number=2025, facts=list(facts)))[measure])


def page(many: int, age: AgeBand, category: Category) -> Fact:
    said = {"actioned": "yes", "purpose": "csam", "age_band": age.value, "category": category.value}
    return Fact(Pages, many, said)


def test_a_table_with_two_divisions_has_a_bar_for_each_pair_and_none_for_nothing() -> None:
    chart = chart_of(
        "pages.confirmed.by_age_and_category",
        page(30, AgeBand("3-6"), Category.A),
        page(60, AgeBand("3-6"), Category.B),
        page(90, AgeBand("7-10"), Category.B),
    )
    assert chart is not None
    assert [(group.label, [bar.words for bar in group.bars]) for group in chart.groups] == [
        ("3-6", ["30 (Category A)", "60 (Category B)"]),
        ("7-10", ["90 (Category B)"]),
    ]
    coloured = {bar.words.partition("(")[2]: bar.series for group in chart.groups for bar in group.bars}
    assert coloured == {"Category A)": 0, "Category B)": 1}
    assert chart.description == (
        "Bars, in pages. 3-6: 30 (Category A), 60 (Category B); 7-10: 90 (Category B)."
    )


def test_more_series_than_can_be_told_apart_are_left_to_the_table() -> None:
    facts = [
        Fact(Entries, 9, {"stage": "there", "purpose": purpose, "signal_type": f"type_{number}"})
        for purpose in ("csam", "own_terms")
        for number in range(MOST_SERIES + 1)
    ]
    assert chart_of("lists.entries", *facts) is None
    assert chart_of("lists.entries", *(fact for fact in facts if fact.says["signal_type"] != "type_0"))


@given(st.lists(st.integers(min_value=5, max_value=10**9), min_size=2, max_size=7))
def test_no_bar_and_no_word_beside_one_leaves_the_picture(numbers: list[int]) -> None:
    facts = [
        page(number, age, category)
        for number, age in zip(numbers, AgeBand, strict=False)
        for category in Category
    ]
    for measure in ("pages.confirmed.by_age", "pages.confirmed.by_age_and_category"):
        chart = chart_of(measure, *facts)
        assert chart is not None
        for group in chart.groups:
            assert all(bar.width + 6 + SIGN * len(bar.words) <= WIDTH for bar in group.bars)
            assert all(bar.width > 0 for bar in group.bars if bar.known and bar.words != "0")


@pytest.mark.parametrize(
    ("question", "codes"), [("authority", DestinationKind), ("shown", ExposureKind)], ids=str
)
def test_no_code_of_ours_is_published_in_the_place_of_words(question: str, codes: type) -> None:
    assert {each.value for each in codes} <= set(ATTRIBUTES[question].values)


def test_only_the_authorities_that_were_told_something_are_listed() -> None:
    table = tables_of(
        CATALOGUE,
        Year(number=2025, facts=[Fact(AuthorityReports, 9, {"authority": "uk_nca"})]),
    )["authorities.filed"]
    assert table.answers(0) == ["uk_nca"]
