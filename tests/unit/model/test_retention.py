"""Claims about retention clocks by themselves: when they end, and what they cover."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.hash_list import Purpose
from safehold.model.ids import ClockId, MediaId, new_id
from safehold.model.retention import FILING_TAKES, Basis, RetentionClock, end_of

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def clock(basis: Basis, until: datetime | None, *, ended_at: datetime | None = None) -> RetentionClock:
    return RetentionClock(
        id=ClockId(new_id()),
        media_id=MediaId(new_id()),
        about=new_id(),
        basis=basis,
        since=START,
        until=until,
        set_by="system:tests",
        ended_at=ended_at,
        ended_by="user:somebody" if ended_at else None,
    )


@pytest.mark.parametrize(
    ("basis", "ends"),
    [
        (Basis.US_PRESERVATION, START.replace(year=2027)),
        (Basis.UK_CONTENT, START.replace(year=2027)),
        (Basis.UK_REFERENCE, START.replace(year=2031)),
        (Basis.OPERATOR_TERM, START + timedelta(days=90)),
        (Basis.LEGAL_HOLD, None),
        (Basis.DESTROY_ORDER, None),
    ],
)
def test_each_basis_ends_when_its_rule_says(basis: Basis, ends: datetime | None) -> None:
    assert end_of(basis, START) == ends


def test_a_year_that_begins_on_a_leap_day_ends_on_the_first_of_march() -> None:
    leap = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert end_of(Basis.US_PRESERVATION, leap) == datetime(2029, 3, 1, 12, tzinfo=UTC)


@given(st.integers(min_value=0, max_value=200 * 365 * 24))
def test_a_year_is_never_shorter_than_365_days(hours: int) -> None:
    since = START + timedelta(hours=hours)
    until = end_of(Basis.UK_CONTENT, since)
    assert until is not None
    assert timedelta(days=365) <= until - since <= timedelta(days=366)


def test_the_operators_term_covers_its_own_purposes_alone() -> None:
    term = clock(Basis.OPERATOR_TERM, START + timedelta(days=90))
    covered = {purpose for purpose in Purpose if term.covers(purpose, START)}
    assert covered == {Purpose.INTIMATE_IMAGES, Purpose.OWN_TERMS}


def test_an_earlier_reports_clock_covers_what_it_outlasts_by_the_time_that_a_filing_takes() -> None:
    end = START + timedelta(days=365)
    running = clock(Basis.US_PRESERVATION, end)
    assert running.covers(Purpose.CSAM, end - FILING_TAKES)
    assert not running.covers(Purpose.CSAM, end - FILING_TAKES + timedelta(seconds=1))


@pytest.mark.parametrize("basis", [Basis.LEGAL_HOLD, Basis.DESTROY_ORDER])
def test_neither_a_hold_nor_an_order_stands_for_a_report(basis: Basis) -> None:
    assert not any(clock(basis, None).covers(purpose, START) for purpose in Purpose)


def test_what_was_ended_covers_nothing() -> None:
    over = clock(Basis.OPERATOR_TERM, START + timedelta(days=90), ended_at=START + timedelta(days=1))
    assert not over.covers(Purpose.OWN_TERMS, START)
