"""What packs consist of: data files whose evidence exists, in words that say what is missing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from safehold.app.packs import standing
from safehold.app.settings import Settings
from safehold.model.figure_errors import PeriodNotOver
from safehold.transparency.packs.declared import PackName, declared
from safehold.transparency.packs.dsa import template
from safehold.transparency.packs.pack import CHILD_DEFAULTS, LEDGERS, TEMPLATE, Period
from safehold.transparency.practice import PRACTICE


@pytest.mark.parametrize("name", PackName)
def test_every_part_names_evidence_that_exists_where_to_read_it_and_when_that_was_checked(
    name: PackName,
) -> None:
    known = {*LEDGERS, TEMPLATE, CHILD_DEFAULTS}
    for part in declared(name).parts:
        assert [each for each in part.measures if each not in PRACTICE] == [], part.id
        assert set(part.ledgers) <= known, part.id
        assert set(part.settings) <= set(standing(Settings())), part.id
        assert part.source, part.id
        assert part.checked_on > date(2026, 1, 1), part.id
        assert part.measures or part.ledgers or part.gaps, (
            f"{part.id} says neither what there is nor what not"
        )


def test_the_pack_for_ofcom_goes_through_c1_to_c10_all_of_d_and_f() -> None:
    wanted = [f"C{n}" for n in range(1, 11)] + [f"D{n}" for n in range(1, 14)] + ["F1", "F2"]
    assert [part.id for part in declared(PackName.OFCOM).parts] == wanted


def test_no_measure_of_practice_is_about_children_or_uses_a_rule_of_the_annual_report() -> None:
    assert [each.id for each in PRACTICE if each.about_children or len(each.rules) != 1] == []


def test_a_period_is_days_where_clocks_change_too() -> None:
    london = ZoneInfo("Europe/London")
    march = Period(date(2026, 3, 29), date(2026, 3, 29), london).span
    leap = Period(date(2024, 2, 29), date(2024, 2, 29), london).span
    assert (march.ends - march.begins.astimezone(UTC)).total_seconds() == 23 * 3600
    assert (leap.ends - leap.begins).total_seconds() == 24 * 3600


def test_a_period_that_is_not_over_or_ends_before_it_begins_is_refused() -> None:
    today = Period(date(2026, 3, 1), date(2026, 3, 1), ZoneInfo("UTC"))
    with pytest.raises(PeriodNotOver):
        today.check_over(datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC))
    today.check_over(datetime(2026, 3, 2, tzinfo=UTC))
    with pytest.raises(PeriodNotOver):
        Period(date(2026, 3, 2), date(2026, 3, 1), ZoneInfo("UTC")).check_over(
            datetime(2027, 1, 1, tzinfo=UTC)
        )


def test_the_template_says_of_each_row_without_a_value_why() -> None:
    from safehold.transparency.counting import Year, count

    rows = template(count(PRACTICE, Year(number=2026, facts=[])), service="Example").as_object()["rows"]
    assert all((row["value"] is None) == (row["why"] is not None) for row in rows)
    assert {row["part"][0] for row in rows} == set("123456789")
