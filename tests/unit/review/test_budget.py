"""The exposure budget, reckoned: whatever the showings and the clock, the stops hold and end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from safehold.model.exposure import ExposureChoices, ExposureKind, kind_of
from safehold.model.hash_list import Purpose
from safehold.review.budget import (
    CLOCK_WENT_BACK,
    LONGEST_SHOWING,
    SHORTEST_SHOWING,
    ExposureRules,
    Showing,
    beginning_of_day,
    reckon,
    strictest,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SMALL = ExposureRules(day_seconds=600, spell_seconds=300, break_seconds=120)
MINUTES = st.integers(0, 24 * 60 - 1)
SECONDS = st.integers(-2 * 86_400, 3 * 86_400)
NOWS = SECONDS.map(lambda seconds: NOON + timedelta(seconds=seconds))


def seen(began: datetime, seconds: float, weight: int = 100) -> Showing:
    return Showing(
        opened_at=began,
        fetched_at=began,
        closed_at=began + timedelta(seconds=seconds),
        ends_by=began + LONGEST_SHOWING,
        weight=weight,
    )


@st.composite
def showings(draw: st.DrawFn) -> list[Showing]:
    """Showings of two days, some fetched, some closed, in any order and at once."""
    found = []
    for _ in range(draw(st.integers(0, 12))):
        opened = NOON + timedelta(seconds=draw(st.integers(-2 * 86_400, 86_400)))
        ends_by = opened + timedelta(seconds=draw(st.integers(1, 60)))
        fetched = draw(st.none() | st.floats(0, 1))
        fetched_at = None if fetched is None else opened + (ends_by - opened) * fetched
        closed = draw(st.none() | st.floats(0, 1))
        from_ = fetched_at or opened
        closed_at = None if closed is None else from_ + (ends_by - from_) * closed
        weight = draw(st.sampled_from((100, 150, 200)))
        found.append(
            Showing(
                opened_at=opened, fetched_at=fetched_at, closed_at=closed_at, ends_by=ends_by, weight=weight
            )
        )
    return found


def test_time_is_weighed_by_what_was_looked_at() -> None:
    stands = reckon([seen(NOON, 10, 200), seen(NOON, 10)], SMALL, now=NOON + timedelta(minutes=1))
    assert stands.used == 30


def test_a_break_is_due_after_a_spell_and_ends_when_nothing_was_shown_for_long_enough() -> None:
    looks = [seen(NOON + timedelta(seconds=30 * number), 5) for number in range(11)]
    due = reckon(looks, SMALL, now=NOON + timedelta(seconds=310))
    assert due.break_ends_at == NOON + timedelta(seconds=305 + 120)
    assert reckon(looks, SMALL, now=NOON + timedelta(seconds=424)).break_ends_at == due.break_ends_at
    over = reckon(looks, SMALL, now=NOON + timedelta(seconds=425))
    assert (over.break_ends_at, over.spell_ends_at) == (None, None)


def test_a_spell_that_is_interrupted_for_long_enough_begins_anew() -> None:
    later = NOON + timedelta(seconds=200 + 120)
    stands = reckon([seen(NOON, 5), seen(NOON + timedelta(seconds=195), 5), seen(later, 5)], SMALL, now=later)
    assert stands.spell_ends_at == later + timedelta(seconds=300)


def test_a_showing_ends_with_the_spell_and_with_the_day() -> None:
    near_break = reckon([seen(NOON, 5)], SMALL, now=NOON + timedelta(seconds=100))
    late = NOON + timedelta(seconds=285)
    assert near_break.longest(100, NOON + timedelta(seconds=100)) == LONGEST_SHOWING
    keeps_on = [seen(NOON + timedelta(seconds=60 * number), 5) for number in range(5)]
    assert reckon(keeps_on, SMALL, now=late).longest(100, late) == timedelta(seconds=15)
    much = [seen(NOON - timedelta(hours=1, seconds=30 * number), 30, 200) for number in range(9)]
    full = reckon(much, SMALL, now=NOON)
    assert (full.used, full.longest(200, NOON)) == (540, timedelta(seconds=30))


def test_midnight_in_utc_and_the_persons_own_both_count_and_the_fuller_day_decides() -> None:
    evening = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    looks = [seen(evening + timedelta(minutes=number), 60) for number in range(10)]
    after = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    assert reckon(looks, SMALL, now=after).day_ends_at is None
    own = reckon(looks, SMALL, day_begins=12 * 60, now=after)
    assert own.day_ends_at == datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    before = evening + timedelta(minutes=30)
    # A day of their own that has just begun frees nothing of the day in UTC.
    assert reckon(looks, SMALL, day_begins=23 * 60 + 20, now=before).day_ends_at == datetime(
        2026, 3, 2, 0, 0, tzinfo=UTC
    )


@given(showings=showings(), day_begins=MINUTES, now=NOWS)
def test_every_stop_ends_and_says_when(showings: list[Showing], day_begins: int, now: datetime) -> None:
    stands = reckon(showings, SMALL, day_begins=day_begins, now=now)
    if stands.day_ends_at is not None:
        assert now < stands.day_ends_at <= now + timedelta(days=1)
    if stands.break_ends_at is not None:
        ahead = max([one.ends_by for one in showings], default=now)
        assert now < stands.break_ends_at <= max(now, ahead) + timedelta(seconds=SMALL.break_seconds)
    if stands.rests_until is None:
        assert timedelta() <= stands.longest(100, now) <= LONGEST_SHOWING


@given(showings=showings(), day_begins=MINUTES, now=NOWS, back=st.integers(0, 24 * 3600))
def test_a_clock_that_goes_back_within_the_day_frees_nothing(
    showings: list[Showing], day_begins: int, now: datetime, back: int
) -> None:
    known = [one for one in showings if one.opened_at <= now and (one.closed_at or now) <= now]
    earlier = max(now - timedelta(seconds=back), beginning_of_day(now, 0), beginning_of_day(now, day_begins))
    assert now - earlier <= CLOCK_WENT_BACK
    before = reckon(known, SMALL, day_begins=day_begins, now=now)
    after = reckon(known, SMALL, day_begins=day_begins, now=earlier)
    assert after.used + after.set_aside >= before.used + before.set_aside - 1e-6
    assert (after.break_ends_at or earlier) >= (before.break_ends_at or earlier)


@given(showings=showings(), extra=showings(), day_begins=MINUTES, now=NOWS)
def test_more_showings_never_leave_more(
    showings: list[Showing], extra: list[Showing], day_begins: int, now: datetime
) -> None:
    fewer = reckon(showings, SMALL, day_begins=day_begins, now=now)
    more = reckon(showings + extra, SMALL, day_begins=day_begins, now=now)
    assert more.used >= fewer.used - 1e-6
    assert more.set_aside >= fewer.set_aside - 1e-6


CHOICES = st.builds(
    ExposureChoices,
    day_minutes=st.none() | st.integers(0, 2000),
    spell_minutes=st.none() | st.integers(0, 2000),
    break_minutes=st.none() | st.integers(0, 2000),
)


@given(choices=CHOICES, showings=showings(), day_begins=MINUTES, now=NOWS)
def test_whatever_somebody_chooses_nothing_is_laxer_than_the_organisation_has_it(
    choices: ExposureChoices, showings: list[Showing], day_begins: int, now: datetime
) -> None:
    own = strictest(SMALL, choices)
    assert own.day_seconds <= SMALL.day_seconds
    assert own.spell_seconds <= SMALL.spell_seconds
    assert own.break_seconds >= SMALL.break_seconds
    theirs = reckon(showings, own, day_begins=day_begins, now=now)
    ours = reckon(showings, SMALL, now=now)
    if ours.day_ends_at is not None:
        assert theirs.day_ends_at is not None
        assert theirs.day_ends_at >= now + SHORTEST_SHOWING or theirs.day_ends_at > now
        assert theirs.longest(100, now) < SHORTEST_SHOWING


def test_nothing_counts_for_less_than_its_time() -> None:
    rules = ExposureRules(weights={ExposureKind.C: 0.1, ExposureKind.A: 3.0})
    assert [rules.weight_of(kind) for kind in (ExposureKind.C, ExposureKind.A, ExposureKind.B)] == [
        100,
        300,
        100,
    ]


def test_the_kind_is_the_most_severe_that_a_list_names_and_else_unknown() -> None:
    def kind(*named: str | None, purpose: Purpose = Purpose.CSAM, conversation: bool = False) -> str:
        return kind_of(purpose, named, conversation=conversation).value

    assert kind("C", None, "B") == "B"
    assert kind("prohibited", "C") == "C"
    assert kind(None, "their own word") == "unknown"
    assert kind() == "unknown"
    assert kind("A", purpose=Purpose.INTIMATE_IMAGES) == "intimate_images"
    assert kind("A", purpose=Purpose.OWN_TERMS) == "own_terms"
    assert kind("A", conversation=True) == "conversation"
