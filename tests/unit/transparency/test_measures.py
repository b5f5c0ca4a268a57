"""A measure is a definition of a few lines, from which its words, its query and its table follow."""

from __future__ import annotations

import pytest

from safehold.transparency.attributes import Rule
from safehold.transparency.catalogue import CATALOGUE
from safehold.transparency.counting import NOT_SAID, Fact, Year, count
from safehold.transparency.measures import Catalogue, Measure
from safehold.transparency.rules import Shown, of_whole
from safehold.transparency.sections import COMPARED, SECTIONS
from safehold.transparency.tables import ALL, Known, Missing
from safehold.transparency.units import Items, Media, Pages

CONFIRMED = Measure(id="p", unit=Pages, title="Pages", means="All pages.")


def new_one() -> Measure:
    return Measure(
        id="pages.at_school",
        unit=Pages,
        title="Pages with a sibling",
        means="Pages on which a sibling is with the child, by age.",
        where={"company": ("sibling",)},
        by=("age_band",),
        of="p",
    )


def facts() -> list[Fact]:
    said = {"actioned": "yes", "company": "sibling"}
    return [
        Fact(Pages, 3, {**said, "age_band": "3-6"}),
        Fact(Pages, 4, {**said, "age_band": "7-10"}),
        Fact(Pages, 9, {**said, "actioned": "no", "age_band": "3-6"}),
        Fact(Pages, 7, {"actioned": "yes", "company": "alone", "age_band": "3-6"}),
        Fact(Items, 50, {**said, "age_band": "3-6"}),
    ]


def numbers(measure_id: str, year: Year, *measures: Measure) -> dict[tuple[str, ...], int | str]:
    table = count(Catalogue(measures), year)[measure_id]
    return {
        place: cell.amount.number if isinstance(cell, Known) else cell.words
        for place, cell in table.cells.items()
    }


def test_a_new_measure_is_one_entry_and_counts() -> None:
    counted = numbers("pages.at_school", Year(number=2024, facts=facts()), CONFIRMED, new_one())
    assert counted["3-6",] == 3
    assert counted["7-10",] == 4
    assert counted["0-2",] == 0
    assert counted[ALL,] == 7


def test_a_query_says_all_that_is_counted() -> None:
    assert new_one().query == (
        "count page during the period where actioned = yes and company = sibling by age_band"
    )
    assert new_one().rules == (Rule.ACTIONED, Rule.YOUNGEST)
    assert "youngest" in new_one().definition


def test_what_is_not_recorded_is_not_available_and_never_zero() -> None:
    for missing in ({"page": "why"}, {("page", "company"): "why"}, {"pages.at_school": "why"}):
        year = Year(number=2024, facts=facts(), missing=missing)
        table = count(Catalogue((CONFIRMED, new_one())), year)["pages.at_school"]
        assert table.total == Missing("why")
        assert table.missing == "why"


def test_an_answer_that_nobody_gave_is_no_zero_where_some_did_not_say() -> None:
    year = Year(number=2024, facts=[*facts(), Fact(Pages, 2, {"actioned": "yes", "company": "sibling"})])
    counted = numbers("pages.at_school", year, CONFIRMED, new_one())
    assert counted["0-2",] == "not available"
    assert counted[NOT_SAID,] == 2
    assert counted[ALL,] == 9


def test_a_year_without_facts_has_zeros_where_facts_would_be() -> None:
    assert set(numbers("pages.at_school", Year(number=2024, facts=()), CONFIRMED, new_one()).values()) == {0}


@pytest.mark.parametrize(
    "wrong",
    [
        {"by": ("colour",)},
        {"where": {"colour": ("red",)}},
        {"by": ("age_band", "sex", "category")},
    ],
)
def test_a_measure_cannot_ask_what_is_no_question(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="cannot be asked"):
        Measure(id="x", unit=Pages, title="X", means="X.", **wrong)  # type: ignore[arg-type]


def test_a_share_needs_a_whole_that_holds_all_of_its_parts() -> None:
    for unit, where in ((Media, {}), (Pages, {"company": ("sibling",)})):
        whole = Measure(id="w", unit=unit, title="W", means="W.", where=where)
        part = Measure(id="x", unit=Pages, title="X", means="X.", of="w")
        with pytest.raises(ValueError, match="no part of"):
            Catalogue((whole, part))
    with pytest.raises(ValueError, match="Two measures"):
        Catalogue((CONFIRMED, CONFIRMED))


def test_a_page_is_as_young_as_its_youngest_and_as_severe_as_its_worst_from_different_pictures() -> None:
    page = [Shown("11-13", "A", "girls"), Shown("3-6", "C", "boys"), Shown(None, None, None)]
    assert of_whole(page) == {"age_band": "3-6", "category": "A", "sex": "both"}
    assert of_whole(reversed(page)) == of_whole(page)


def test_a_page_with_no_items_says_nothing() -> None:
    assert of_whole([]) == {"age_band": None, "category": None, "sex": None}


def test_every_section_shows_measures_that_exist_and_every_measure_is_shown_once() -> None:
    shown = [name for section in SECTIONS for name in section.measures]
    assert sorted(shown) == sorted(measure.id for measure in CATALOGUE)
    assert set(COMPARED) <= set(shown)
