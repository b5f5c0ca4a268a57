"""The figures of the overview are sums of days, and say of everything what was recorded and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import make_url

from safehold.model.errors import BadForm
from safehold.model.events import ItemFlagged, ItemMatched
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, ItemId
from safehold.model.period import Period, PeriodKind, around, period_from
from safehold.storage.database import Database
from safehold.transparency import overview
from safehold.transparency.day_counts import count_days
from safehold.transparency.overview import Overview, Target, slice_from
from safehold.transparency.tables import Known
from safehold.transparency.waits import FEWEST

UTC_ZONE, LONDON = ZoneInfo("UTC"), ZoneInfo("Europe/London")
IN_TIME = Target(id="decided_in_time", title="", part="decided.in_time", share=0.9)


def arrives(
    room: Any, *, at: datetime, flagged: bool = False, opened: datetime | None = None
) -> tuple[CaseId, ItemId]:
    """Let an item come that the vetted list knows, or that somebody flagged, and its case be opened."""
    item_id = room.arrives()
    room.sql("update item set received_at = :at where id = :id", at=at, id=item_id)
    kinds = {"item_id": item_id, "purpose": Purpose.CSAM}
    event = ItemFlagged(at=at, **kinds) if flagged else ItemMatched(at=at, held=True, **kinds)
    with room.begin() as tx:
        room.record(tx, event)
    room.flag(item_id) if flagged else room.match(item_id)
    return room.opened(item_id, flagged=flagged, now=opened or at), item_id


def decide(room: Any, case_id: CaseId, item_id: ItemId, *, at: datetime, form: Any = None) -> None:
    room.assesses(case_id, item_id, form or room.illegal, by=room.ada, now=at)


def read(room: Any, period: Period, *, now: datetime, zone: ZoneInfo = UTC_ZONE, **sliced: str) -> Overview:
    with room.begin() as tx:
        return overview.read(tx, period, {"practice": "no"} | sliced, zone=zone, now=now, targets=[IN_TIME])


def figures(
    room: Any, period: Period, *, now: datetime, zone: ZoneInfo = UTC_ZONE, **sliced: str
) -> dict[str, Any]:
    """Return the figures by measure and place, as they are printed."""
    found = read(room, period, now=now, zone=zone, **sliced)
    return {
        f"{name} {' '.join(place)}".strip(): cell.amount.number if isinstance(cell, Known) else cell.words
        for name, table in found.tables.items()
        for place, cell in table.cells.items()
    }


def day(at: datetime, zone: ZoneInfo = UTC_ZONE) -> Period:
    return around(PeriodKind.DAY, at.astimezone(zone).date())


def test_what_arrives_and_is_decided_counts_on_its_day(room: Any) -> None:
    now = room.now
    case_id, item_id = arrives(room, at=now)
    arrives(room, at=now, flagged=True)
    tomorrow = now + timedelta(days=1)
    decide(room, case_id, item_id, at=tomorrow)
    count_days(room.database, zone=UTC_ZONE, now=tomorrow)

    first, second = (figures(room, day(at), now=tomorrow) for at in (now, tomorrow))
    assert (first["arrived csam"], first["decided csam"]) == (2, 0)
    assert (first["arrived.by_source list"], first["arrived.by_source flag"]) == (1, 1)
    assert (second["arrived csam"], second["decided csam"], second["open csam"]) == (0, 1, 1)
    week = figures(room, Period(PeriodKind.DATES, now.date(), tomorrow.date()), now=tomorrow)
    assert (week["arrived *"], week["decided *"]) == (2, 1)


def test_an_empty_installation_has_zeros_of_what_is_recorded_and_no_figure_of_what_is_not(room: Any) -> None:
    before = figures(room, day(room.now), now=room.now)
    assert set(before.values()) == {"not available"}
    count_days(room.database, zone=UTC_ZONE, now=room.now)
    found = figures(room, day(room.now), now=room.now)
    assert found["arrived *"] == found["open *"] == found["alarms.standing *"] == 0
    assert found["removal.links_up"] == found["agreement.assessed"] == "not available"
    assert figures(room, day(room.now + timedelta(days=9)), now=room.now)["arrived *"] == "not available"


def test_one_case_has_its_time_and_no_percentile(room: Any) -> None:
    case_id, item_id = arrives(room, at=room.now)
    decide(room, case_id, item_id, at=room.later(hours=2))
    count_days(room.database, zone=UTC_ZONE, now=room.later(hours=3))
    found = read(room, day(room.now), now=room.later(hours=3))
    [spread] = {found.spreads["decided"][place] for place in (("csam",), ("*",))}
    assert (spread.many, spread.within) == (1, ())
    assert 7200 <= spread.longest <= 7200 * 1.036


def test_from_five_on_half_and_nine_of_ten_are_read(room: Any) -> None:
    for hours in range(1, FEWEST + 1):
        case_id, item_id = arrives(room, at=room.now)
        decide(room, case_id, item_id, at=room.later(hours=hours))
    count_days(room.database, zone=UTC_ZONE, now=room.later(hours=6))
    half, nine_of_ten, _ = (
        read(room, day(room.now), now=room.later(hours=6)).spreads["decided"][("csam",)].within
    )
    assert 3 * 3600 <= half <= 3 * 3600 * 1.036
    assert 5 * 3600 <= nine_of_ten <= 5 * 3600 * 1.036


def test_a_day_that_is_over_stays_as_it_was_counted(room: Any) -> None:
    case_id, item_id = arrives(room, at=room.now)
    decide(room, case_id, item_id, at=room.now)
    later = room.now + timedelta(days=2)
    assert count_days(room.database, zone=UTC_ZONE, now=later) == 3
    room.sql("delete from event where kind = 'item_confirmed'")
    assert count_days(room.database, zone=UTC_ZONE, now=later) == 1
    assert figures(room, day(room.now), now=later)["decided *"] == 1


def test_what_waited_on_a_day_that_nobody_looked_at_is_not_made_up_later(room: Any) -> None:
    arrives(room, at=room.now)
    later = room.now + timedelta(days=2)
    count_days(room.database, zone=UTC_ZONE, now=later)
    assert figures(room, day(room.now), now=later)["open *"] == "not available"
    assert figures(room, day(later), now=later)["open csam"] == 1


def test_counting_again_adds_nothing(room: Any) -> None:
    arrives(room, at=room.now)
    for _ in range(3):
        count_days(room.database, zone=UTC_ZONE, now=room.now)
    assert figures(room, day(room.now), now=room.now)["arrived *"] == 1


def test_practice_is_in_no_figure_but_its_own(room: Any) -> None:
    item_id = room.arrives(rehearsal=True)
    with room.begin() as tx:
        room.record(tx, ItemMatched(at=room.now, item_id=item_id, purpose=Purpose.CSAM, held=True))
    room.match(item_id)
    room.opened(item_id)
    count_days(room.database, zone=UTC_ZONE, now=room.now)
    found = figures(room, day(room.now), now=room.now)
    assert (found["arrived *"], found["open *"]) == (0, 0)
    apart = figures(room, day(room.now), now=room.now, practice="yes")
    assert (apart["arrived *"], apart["open *"]) == (1, 1)


@pytest.mark.parametrize(
    ("on", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2028, 2, 29), 24)]
)
def test_every_hour_of_a_day_counts_once_where_clocks_change_and_in_leap_years(
    room: Any, on: date, hours: int
) -> None:
    begins = datetime(on.year, on.month, on.day, tzinfo=LONDON).astimezone(UTC)
    for hour in range(-1, hours + 1):
        arrives(room, at=begins + timedelta(hours=hour, minutes=30))
    now = begins + timedelta(days=1, hours=6)
    count_days(room.database, zone=LONDON, now=now)
    assert figures(room, around(PeriodKind.DAY, on), now=now, zone=LONDON)["arrived *"] == hours
    month = figures(room, around(PeriodKind.MONTH, on), now=now, zone=LONDON)["arrived *"]
    assert month == hours + (1 if on.day == 29 and on.month == 2 else 2)


def test_another_time_zone_makes_other_days(room: Any) -> None:
    late = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
    arrives(room, at=late)
    now = late + timedelta(hours=12)
    for zone, on in ((UTC_ZONE, date(2026, 6, 1)), (LONDON, date(2026, 6, 2)), (UTC_ZONE, date(2026, 6, 1))):
        count_days(room.database, zone=zone, now=now)
        assert figures(room, around(PeriodKind.DAY, on), now=now, zone=zone)["arrived *"] == 1


def test_a_slice_counts_its_part_and_says_where_nothing_is_recorded_by_it(room: Any) -> None:
    arrives(room, at=room.now)
    arrives(room, at=room.now, flagged=True)
    count_days(room.database, zone=UTC_ZONE, now=room.now)
    flagged = figures(room, day(room.now), now=room.now, source="flag")
    assert (flagged["arrived *"], flagged["open *"]) == (1, "not available")
    elsewhere = figures(room, day(room.now), now=room.now, surface="elsewhere", purpose="csam")
    assert (elsewhere["arrived *"], elsewhere["lists *"]) == (0, "not available")


def test_few_of_one_category_are_withheld_by_whatever_slice(room: Any) -> None:
    for _ in range(3):
        case_id, item_id = arrives(room, at=room.now)
        decide(room, case_id, item_id, at=room.now)
    count_days(room.database, zone=UTC_ZONE, now=room.now)
    found = figures(room, day(room.now), now=room.now)
    assert (found["decided csam"], found["confirmed.by_category B"]) == (3, "withheld")
    sliced = figures(room, day(room.now), now=room.now, category="B")
    assert sliced["confirmed.by_category B"] == "withheld"
    assert sliced["arrived *"] == "not available"


def test_dates_make_what_is_in_time(room: Any) -> None:
    for hours in (1, 5):
        case_id, item_id = arrives(room, at=room.now)
        room.sql("update review_case set decide_by = :at where id = :id", at=room.later(hours=2), id=case_id)
        decide(room, case_id, item_id, at=room.later(hours=hours))
        room.sql("update review_case set decide_by = :at where id = :id", at=room.later(hours=2), id=case_id)
    count_days(room.database, zone=UTC_ZONE, now=room.later(hours=6))
    [attained] = read(room, day(room.now), now=room.later(hours=6)).attained
    assert (attained.reached, attained.met) == (0.5, False)


def pairs(room: Any, people: int) -> None:
    """Let so many people assess one item apart in the week of now."""
    case_id, item_id = arrives(room, at=room.now)
    for _ in range(people):
        room.sql(
            "insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding, category,"
            " answers, tier, policy_version, filed_at, blind)"
            " values (gen_random_uuid(), :case, 'csam', :item, :who, 'imagery', 'illegal', 'B',"
            " '{}', 'clear', '1', :at, true)",
            case=case_id,
            item=item_id,
            who=room.new_analyst(),
            at=room.now,
        )


@pytest.mark.parametrize(("people", "assessed"), [(4, "not available"), (5, 1)])
def test_agreement_is_told_from_five_people_on(room: Any, people: int, assessed: object) -> None:
    assert room.now.weekday() == 6
    pairs(room, people)
    count_days(room.database, zone=UTC_ZONE, now=room.now)
    assert (
        figures(room, around(PeriodKind.WEEK, room.now.date()), now=room.now)["agreement.agreed"] == assessed
    )


def test_a_period_is_whole_days_of_its_kind() -> None:
    leap = date(2028, 2, 29)
    assert around(PeriodKind.MONTH, leap) == Period(PeriodKind.MONTH, date(2028, 2, 1), leap)
    assert around(PeriodKind.YEAR, leap).days == 366
    week = around(PeriodKind.WEEK, date(2026, 1, 1))
    assert (week.first, week.last) == (date(2025, 12, 29), date(2026, 1, 4))
    assert week.after.before == week
    assert period_from({"from": "2026-03-01", "to": "2026-03-03"}, today=leap).before.first == date(
        2026, 2, 26
    )
    assert period_from(week.fields, today=leap) == week


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"period": "decade"}, "period"),
        ({"of": "2026-02-30"}, "of"),
        ({"of": "0001-01-01"}, "of"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"from": "1990-01-01", "to": "2026-03-01"}, "from"),
    ],
)
def test_what_is_no_period_is_refused_by_its_field(said: dict[str, str], field: str) -> None:
    with pytest.raises(BadForm) as refused:
        period_from(said, today=date(2026, 3, 1))
    assert refused.value.field == field


@pytest.mark.parametrize("said", [{"purpose": "all"}, {"category": "D"}, {"surface": "x" * 101}])
def test_what_is_no_slice_is_refused_by_its_field(said: dict[str, str]) -> None:
    with pytest.raises(BadForm) as refused:
        slice_from(said)
    assert [refused.value.field] == list(said)


def test_a_worker_counts_and_the_api_and_the_console_read_each_by_its_own_role(
    room: Any, database_url: str
) -> None:
    arrives(room, at=room.now)
    opened = {
        role: Database(make_url(database_url).set(username=role).render_as_string(False))
        for role in ("safehold_worker", "safehold_api", "safehold_console")
    }
    for _ in range(2):
        count_days(opened["safehold_worker"], zone=UTC_ZONE, now=room.now)
    for role in ("safehold_api", "safehold_console"):
        with opened[role].begin() as tx:
            found = overview.read(tx, day(room.now), {"practice": "no"}, zone=UTC_ZONE, now=room.now)
        assert found.tables["arrived"].total.words == "1"
    for each in opened.values():
        each.close()
