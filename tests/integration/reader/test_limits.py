"""Asking to see too much: refused, on record, and a person hears of it when it is the limit of a day."""

from __future__ import annotations

from typing import Any

import pytest

from safehold.model.assessment import Tier
from safehold.model.errors import TooManyViews
from safehold.review.viewing import ViewLimits


def asks(room: Any, limits: ViewLimits) -> None:
    room.safehold.ticket(
        room.item_id, Tier.BLURRED, by=room.analyst, session_id=room.session_id, limits=limits
    )


@pytest.mark.parametrize("of_the_day", [False, True])
def test_whoever_asks_for_too_much_is_refused_and_that_is_on_record(room: Any, of_the_day: bool) -> None:
    limits = ViewLimits(per_day=1) if of_the_day else ViewLimits(per_minute=1)
    asks(room, limits)
    for _ in range(2):
        with pytest.raises(TooManyViews):
            asks(room, limits)
    records = room.safehold.sql("select * from audit_record where verb = 'reveal.refused'")
    assert [record.detail for record in records] == [{"of_the_day": of_the_day}] * 2
    assert {record.object for record in records} == {f"user:{room.analyst.user_id}"}
    assert len(room.safehold.sql("select 1 from reveal")) == 1
    alarms = room.safehold.sql("select code, subject from alarm where cleared_at is null")
    told = [("too_many_views", f"user:{room.analyst.user_id}")] if of_the_day else []
    assert [(alarm.code, alarm.subject) for alarm in alarms] == told


def test_the_reader_counts_for_itself_whatever_the_records_say(room: Any) -> None:
    limits = ViewLimits(per_minute=10**6, per_hour=10**6, per_day=10**6)
    tickets = [
        room.safehold.ticket(
            room.item_id, Tier.BLURRED, by=room.analyst, session_id=room.session_id, limits=limits
        ).secret
        for _ in range(31)
    ]
    for ticket in tickets[:30]:
        room.reader.show(ticket)
    room.safehold.sql(
        "update reveal set opened_at = opened_at - interval '20 seconds',"
        " ends_by = ends_by - interval '20 seconds', fetched_at = null"
    )
    with pytest.raises(TooManyViews):
        room.reader.show(tickets[30])
    assert room.audited(f"item:{room.item_id}")[-1] == ("evidence.open_failed", "too_many_views")
    assert room.safehold.sql("select 1 from reveal where fetched_at is not null") == []
