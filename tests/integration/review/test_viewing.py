"""Deliberate viewing: logged first, fetched once, timed, ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.intake.uploads import receive
from safehold.model.assessment import Tier
from safehold.model.errors import BadForm, CaseLocked, Conflict, NotFound, Refused, TooManyViews
from safehold.model.ids import ItemId, RevealId, ScanId, SessionId, UserId, new_id
from safehold.model.item import Context
from safehold.model.scan import ScanResult
from safehold.review.cases import release_lock
from safehold.review.viewing import (
    ViewLimits,
    clearest_seen,
    close_abandoned,
    close_reveal,
    digest_of_ticket,
    issue_ticket,
    mark_fetched,
    open_reveal,
    showing_of,
    time_looked_today,
    use_ticket,
)

WIDE = ViewLimits()


class Viewing:
    """A case that an analyst holds, and the showings of its item."""

    def __init__(self, room: Any) -> None:
        self.room = room
        self.case_id, self.item_id = room.matched_case()
        room.takes(self.case_id, room.ada)

    def opens(self, tier: Tier = Tier.CLEAR, *, now: datetime | None = None) -> RevealId:
        at = now or self.room.now
        self.room.takes(self.case_id, self.room.ada, at)
        with self.room.begin() as tx:
            return open_reveal(
                tx, self.case_id, self.item_id, tier, by=self.room.ada, now=at, limits=ViewLimits()
            ).id

    def fetches(self, reveal_id: RevealId, *, now: datetime | None = None) -> None:
        with self.room.begin() as tx:
            mark_fetched(tx, reveal_id, by=self.room.ada, now=now or self.room.now)

    def closes(self, reveal_id: RevealId, now: datetime) -> float:
        with self.room.begin() as tx:
            return close_reveal(tx, reveal_id, by=self.room.ada, now=now)

    def looked(self, now: datetime) -> float:
        with self.room.begin() as tx:
            return time_looked_today(tx, UserId(self.room.ada), now)


@pytest.fixture
def viewing(room: Any) -> Viewing:
    return Viewing(room)


def test_a_showing_is_in_the_audit_log_before_anything_can_be_fetched(room: Any, viewing: Viewing) -> None:
    viewing.opens()
    assert room.audited(f"item:{viewing.item_id}")[-1] == "item.reveal"
    assert room.sql("select fetched_at from reveal")[0].fetched_at is None


def test_only_the_holder_of_the_case_is_shown_anything(room: Any, viewing: Viewing) -> None:
    with pytest.raises(CaseLocked), room.begin() as tx:
        open_reveal(
            tx, viewing.case_id, viewing.item_id, Tier.BLURRED, by=room.ben, now=room.now, limits=ViewLimits()
        )
    late = room.later(minutes=16)
    with pytest.raises(CaseLocked), room.begin() as tx:
        open_reveal(
            tx, viewing.case_id, viewing.item_id, Tier.BLURRED, by=room.ada, now=late, limits=ViewLimits()
        )
    assert room.sql("select 1 from reveal") == []


def test_an_item_of_another_case_is_not_shown(room: Any, viewing: Viewing) -> None:
    _, elsewhere = room.matched_case()
    with pytest.raises(NotFound), room.begin() as tx:
        open_reveal(
            tx, viewing.case_id, elsewhere, Tier.BLURRED, by=room.ada, now=room.now, limits=ViewLimits()
        )


def test_a_showing_of_nothing_is_no_showing(viewing: Viewing) -> None:
    with pytest.raises(BadForm):
        viewing.opens(Tier.NONE)


def test_an_item_of_signals_alone_has_nothing_to_show(room: Any) -> None:
    item_id = _signals_only(room)
    case_id = room.opened(item_id)
    room.takes(case_id, room.ada)
    with pytest.raises(Refused), room.begin() as tx:
        open_reveal(tx, case_id, item_id, Tier.CLEAR, by=room.ada, now=room.now, limits=WIDE)


def test_a_showing_is_fetched_once_and_only_by_whom_it_is_for(room: Any, viewing: Viewing) -> None:
    reveal_id = viewing.opens()
    with pytest.raises(NotFound), room.begin() as tx:
        mark_fetched(tx, reveal_id, by=room.ben, now=room.now)
    viewing.fetches(reveal_id)
    with pytest.raises(Conflict):
        viewing.fetches(reveal_id)


def test_a_showing_that_was_closed_or_is_a_minute_old_is_not_fetched_any_more(
    room: Any, viewing: Viewing
) -> None:
    closed, old = viewing.opens(), viewing.opens()
    viewing.closes(closed, room.now)
    with pytest.raises(Conflict):
        viewing.fetches(closed)
    with pytest.raises(Conflict):
        viewing.fetches(old, now=room.later(seconds=61))
    assert room.sql("select 1 from reveal where fetched_at is not null") == []


def test_closing_says_how_long_it_was_shown_and_says_the_same_again(room: Any, viewing: Viewing) -> None:
    reveal_id = viewing.opens()
    viewing.fetches(reveal_id, now=room.later(seconds=2))
    assert viewing.closes(reveal_id, room.later(seconds=9.5)) == 7.5
    assert viewing.closes(reveal_id, room.later(seconds=30)) == 7.5
    assert room.audited(f"item:{viewing.item_id}").count("item.reveal_end") == 1


def test_what_was_never_fetched_lasted_no_time(room: Any, viewing: Viewing) -> None:
    reveal_id = viewing.opens()
    assert viewing.closes(reveal_id, room.later(seconds=9)) == 0
    assert viewing.looked(room.later(minutes=1)) == 0


def test_nobody_closes_another_persons_showing(room: Any, viewing: Viewing) -> None:
    reveal_id = viewing.opens()
    with pytest.raises(NotFound), room.begin() as tx:
        close_reveal(tx, reveal_id, by=room.ben, now=room.now)


def test_a_showing_whose_browser_died_ends_after_a_minute_and_others_go_on(
    room: Any, viewing: Viewing
) -> None:
    dead = viewing.opens()
    viewing.fetches(dead)
    alive = viewing.opens(now=room.later(seconds=30))
    with room.begin() as tx:
        assert close_abandoned(tx, room.later(seconds=61)) == 1
    with room.begin() as tx:
        assert close_abandoned(tx, room.later(seconds=61)) == 0
    ended = {row.id: row.closed_at for row in room.sql("select id, closed_at from reveal")}
    assert ended == {dead: room.later(seconds=60), alive: None}


def test_the_clearest_form_that_was_sent_is_remembered(room: Any, viewing: Viewing) -> None:
    def seen() -> Tier:
        with room.begin() as tx:
            return clearest_seen(tx, viewing.item_id, by=room.ada)

    assert seen() is Tier.NONE
    viewing.opens(Tier.CLEAR)
    assert seen() is Tier.NONE
    viewing.fetches(viewing.opens(Tier.BLURRED))
    assert seen() is Tier.BLURRED
    viewing.fetches(viewing.opens(Tier.CLEAR))
    viewing.fetches(viewing.opens(Tier.BLURRED))
    assert seen() is Tier.CLEAR


def test_a_look_across_midnight_counts_for_each_day_what_fell_into_it(room: Any, viewing: Viewing) -> None:
    midnight = room.now.replace(hour=0) + timedelta(days=1)
    reveal_id = viewing.opens(now=midnight - timedelta(seconds=10))
    viewing.fetches(reveal_id, now=midnight - timedelta(seconds=10))
    viewing.closes(reveal_id, midnight + timedelta(seconds=5))
    assert viewing.looked(midnight - timedelta(microseconds=1)) == pytest.approx(10)
    assert viewing.looked(midnight + timedelta(hours=1)) == 5


SHOWINGS = st.lists(
    st.tuples(st.integers(0, 50), st.none() | st.integers(0, 200), st.booleans()), min_size=1, max_size=6
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(showings=SHOWINGS)
def test_time_looked_is_the_sum_of_what_was_fetched_and_no_showing_counts_over_a_minute(
    room: Any, showings: list[tuple[int, int | None, bool]]
) -> None:
    room.ada = room.new_analyst()
    viewing = Viewing(room)
    expected = 0.0
    for number, (waited, shown, fetched) in enumerate(showings):
        start = room.later(minutes=5 * number)
        reveal_id = viewing.opens(now=start)
        if fetched:
            viewing.fetches(reveal_id, now=start + timedelta(seconds=waited))
            expected += min(60 - waited, 60 - waited if shown is None else shown)
        if shown is not None:
            viewing.closes(reveal_id, start + timedelta(seconds=waited + shown))
    end = room.later(hours=2)
    assert viewing.looked(end) == expected
    with room.begin() as tx:
        close_abandoned(tx, end)
    assert viewing.looked(end) == expected


def _signals_only(room: Any) -> ItemId:
    with room.begin() as tx:
        item_id, _ = receive(
            tx,
            scan_id=ScanId(new_id()),
            context=Context(surface="public_uploads"),
            rehearsal=False,
            result=ScanResult.REVIEW,
            digest_sha256=None,
            examined=None,
            size_bytes=0,
            signals=(),
            key_id=None,
            now=room.now,
        )
    return item_id


def _asks_often(viewing: Viewing, times: int, *, at: datetime, limits: ViewLimits) -> None:
    for _ in range(times):
        with viewing.room.begin() as tx:
            open_reveal(
                tx, viewing.case_id, viewing.item_id, Tier.BLURRED, by=viewing.room.ada, now=at, limits=limits
            )


@pytest.mark.parametrize(
    ("limits", "span", "is_daily"),
    [
        (ViewLimits(per_minute=3, per_hour=100, per_day=100), timedelta(minutes=1), False),
        (ViewLimits(per_minute=100, per_hour=3, per_day=100), timedelta(hours=1), False),
        (ViewLimits(per_minute=100, per_hour=100, per_day=3), timedelta(days=1), True),
    ],
)
def test_so_many_showings_in_a_span_and_no_more_until_it_is_over(
    room: Any, viewing: Viewing, limits: ViewLimits, span: timedelta, is_daily: bool
) -> None:
    _asks_often(viewing, 3, at=room.now, limits=limits)
    with pytest.raises(TooManyViews) as refused:
        _asks_often(viewing, 1, at=room.now, limits=limits)
    assert refused.value.is_daily is is_daily
    assert len(room.sql("select 1 from reveal")) == 3
    later = room.now + span
    room.takes(viewing.case_id, room.ada, later)
    _asks_often(viewing, 1, at=later, limits=limits)


def test_the_limit_is_one_persons(room: Any, viewing: Viewing) -> None:
    limits = ViewLimits(per_minute=1)
    _asks_often(viewing, 1, at=room.now, limits=limits)
    with room.begin() as tx:
        release_lock(tx, viewing.case_id, room.ada, room.now)
    room.takes(viewing.case_id, room.ben)
    with room.begin() as tx:
        open_reveal(
            tx, viewing.case_id, viewing.item_id, Tier.CLEAR, by=room.ben, now=room.now, limits=limits
        )


def test_a_ticket_leads_to_its_showing_for_half_a_minute_and_is_kept_as_a_digest(
    room: Any, viewing: Viewing
) -> None:
    reveal_id, session_id = viewing.opens(), SessionId(new_id())
    with room.begin() as tx:
        ticket = issue_ticket(tx, reveal_id, session_id=session_id)
    assert ticket.encode() not in str(room.sql("select * from reveal")).encode()
    digest = digest_of_ticket(ticket)
    with room.begin() as tx:
        assert showing_of(tx, digest, now=room.later(seconds=29)).id == reveal_id
        assert showing_of(tx, digest, now=room.now).session_id == session_id
        with pytest.raises(NotFound):
            showing_of(tx, digest, now=room.later(seconds=30))
        use_ticket(tx, showing_of(tx, digest, now=room.now), now=room.now)
        with pytest.raises(NotFound):
            showing_of(tx, digest, now=room.now)
    assert room.sql("select fetched_at from reveal")[0].fetched_at is None
