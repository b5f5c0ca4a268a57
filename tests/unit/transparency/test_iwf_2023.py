"""The published figures of 2023, cell by cell: a synthetic year with their margins is counted to the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from safehold.transparency.counting import Year, count
from safehold.transparency.examples import iwf_2023 as iwf
from safehold.transparency.examples.iwf_2023_year import MEASURES, year_2023
from safehold.transparency.examples.published import Line, Standing, Tag, check
from safehold.transparency.report import of_iwf_2023
from safehold.transparency.tables import Known

REPORT = of_iwf_2023()
CHECKED = {each.line.id: each for each in (REPORT.against.lines if REPORT.against else ())}


@pytest.mark.parametrize("line", iwf.LINES, ids=lambda line: line.id)
def test_every_line_is_as_published_or_says_what_it_is(line: Line) -> None:
    checked = CHECKED[line.id]
    assert checked.differs == ()
    if line.tag is None:
        assert checked.standing is Standing.NOT_AVAILABLE
        assert checked.exact == checked.press == "not available"
    if line.tag is Tag.R and line.number is not None:
        assert checked.exact == f"{line.number:,}"


@pytest.mark.parametrize("each", iwf.ARITHMETIC, ids=lambda each: each.what)
def test_the_arithmetic_between_published_figures_comes_out(each: object) -> None:
    assert getattr(each, "holds", False)


@pytest.mark.parametrize(
    ("name", "exact", "press", "share", "before", "change"),
    [
        ("reports", "392,665", "392,660", "", "375,230", "+4.6 %"),
        ("reports.confirmed", "not available", "about 275,650", "70.2 %", "255,588", "+7.9 %"),
        ("pages", "275,652", "275,650", "", "255,588", "+7.9 %"),
        ("pages.self", "254,071", "254,070", "92.2 %", "199,363", "+27.4 %"),
        ("pages.self.a", "54,250", "54,250", "21.4 %", "not available", "not available"),
        ("pages.self.young", "107,615", "107,620", "42.4 %", "not available", "not available"),
        ("pages.a", "62,652", "62,650", "22.7 %", "51,369", "+22.0 %"),
        ("pages.11_13", "not available", "about 148,850", "54.0 %", "not available", "not available"),
        ("pages.7_10", "not available", "about 113,020", "41.0 %", "not available", "not available"),
        ("pages.girls", "not available", "about 267,380", "97.0 %", "242,989", "+10.0 %"),
        ("study", "2,401", "2,400", "", "not available", "not available"),
        ("study.girls", "not available", "about 2,180", "91.0 %", "not available", "not available"),
        ("study.a", "356", "360", "14.8 %", "not available", "not available"),
        ("study.b", "not available", "about 560", "23.2 %", "not available", "not available"),
        ("study.c", "not available", "about 1,490", "62.0 %", "not available", "not available"),
        ("hashes", "2,255,390", "2,255,390", "", "1,663,106", "+35.6 %"),
        ("url_list", "194,580", "194,580", "", "230,922", "-15.7 %"),
        ("report_remove.actioned", "508", "510", "64.1 %", "101", "+403.0 %"),
        ("hosting.netherlands", "not available", "about 90,960", "33.0 %", "not available", "not available"),
        ("hosting.paid", "not available", "about 8,270", "3.0 %", "not available", "not available"),
    ],
)
def test_a_figure_is_printed_exact_for_the_press_as_a_share_and_beside_the_year_before(
    name: str, exact: str, press: str, share: str, before: str, change: str
) -> None:
    found = CHECKED[name]
    printed = (found.exact, found.press, found.share, found.before, found.change)
    assert printed == (exact, press, share, before, change)


def test_what_was_not_read_where_it_was_published_is_marked_and_not_asserted() -> None:
    marks = {name: (each.standing.value, each.verdict) for name, each in CHECKED.items()}
    assert marks["pages.a"] == ("unverified", "arithmetic fits")
    assert marks["pages.self.7_10"] == ("unverified", "not asserted")
    assert marks["study.b"] == ("unverified", "arithmetic fits")
    assert marks["members"] == ("unverified", "not asserted")
    assert marks["portals"] == ("published", "printed, not counted")
    assert "[K]" in CHECKED["pages.a"].as_published


def test_a_published_number_that_is_not_counted_differs_and_an_unverified_one_does_not() -> None:
    now = REPORT.tables
    published = next(line for line in iwf.LINES if line.id == "pages")
    known = next(line for line in iwf.LINES if line.id == "pages.girls")
    assert check(replace(published, number=275_653), now, {}).differs == (
        "a count: 275652, published 275653",
    )
    assert check(replace(published, number=275_653, tag=Tag.K), now, {}).differs == ()
    assert check(replace(known, share="96 %"), now, {}).differs == ("a share: 97 %, published 96 %",)


def test_one_in_seven_is_said_as_more_than_one_in_seven() -> None:
    assert CHECKED["study.a"].words == "more than one in seven"
    assert CHECKED["pages.self"].words == "more than nine in ten"


def test_what_the_press_printed_is_told_from_a_rounding() -> None:
    assert "275,655, which is no rounding" in CHECKED["pages"].note
    assert "no rounding" not in CHECKED["reports"].note
    assert "no rounding" not in CHECKED["pages.self"].note


def test_the_sums_and_shares_that_the_press_made_are_refused() -> None:
    assert REPORT.against is not None
    refused = {each.claim: each for each in REPORT.against.refused}
    assert {each.code for each in refused.values()} == {"wrong_whole", "mixed_units"}
    assert refused["“92 % of the 254,000 pages”"].code == "wrong_whole"
    assert refused["“92 % of the 254,000 pages”"].instead == "254,071 of 275,652 confirmed pages, 92.2 %."


def test_the_youngest_and_the_most_severe_come_from_different_pictures_of_a_page() -> None:
    """A rule that took any other picture of a page than the right one would count something else."""
    by_age = count(MEASURES, year_2023())["pages.confirmed.by_age"]
    old = by_age["16-17"]
    assert not isinstance(old, Known)


def test_every_measure_has_a_table_also_in_a_year_of_which_nothing_is_known() -> None:
    tables = count(MEASURES, Year(number=2023, facts=()))
    assert set(tables) == {measure.id for measure in MEASURES}
