"""Claims about the retention rule with clocks: the longest wins, and only an order ends anything early."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from safehold.evidence.retention import decide
from safehold.model.assessment import Finding
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, ClockId, MediaId, new_id
from safehold.model.retention import OPERATORS_OWN, Basis, RetentionClock, end_of
from safehold.storage.evidence import ItemHistory, Retention, Rule, SettledOnce

START = datetime(2026, 3, 1, tzinfo=UTC)
CASE, MEDIA = CaseId(new_id()), MediaId(new_id())
TERMS = (Basis.US_PRESERVATION, Basis.UK_CONTENT, Basis.OPERATOR_TERM)
ENDED_BY_PEOPLE = (Basis.LEGAL_HOLD, Basis.OPERATOR_TERM)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def clock(
    basis: Basis, on: float, *, ended: float | None = None, confirmed: float | None = None
) -> RetentionClock:
    return RetentionClock(
        id=ClockId(new_id()),
        media_id=MEDIA,
        about=new_id(),
        basis=basis,
        since=day(on),
        until=end_of(basis, day(on)),
        set_by="user:one",
        confirmed_at=None if confirmed is None else day(confirmed),
        confirmed_by=None if confirmed is None else "user:two",
        ended_at=None if ended is None else day(ended),
        ended_by=None if ended is None else "user:one",
    )


def confirmed(on: float, *, purpose: Purpose = Purpose.CSAM) -> ItemHistory:
    settled = SettledOnce(case_id=CASE, purpose=purpose, finding=Finding.ILLEGAL, settled_at=day(on))
    return ItemHistory(received_at=day(0), cases=frozenset({CASE}), outcomes=(settled,))


UNDECIDED = ItemHistory(received_at=day(0), cases=frozenset({CASE}))


def decided(*histories: ItemHistory, clocks: tuple[RetentionClock, ...] = ()) -> Retention:
    kept = decide(histories, clocks=clocks)
    assert kept is not None
    return kept


def test_what_is_confirmed_waits_for_its_first_clock_without_an_end() -> None:
    assert decided(confirmed(1)) == Retention(rule=Rule.CONFIRMED, since=day(1))


def test_a_filed_report_gives_it_an_end() -> None:
    kept = decided(confirmed(1), clocks=(clock(Basis.US_PRESERVATION, 3),))
    assert kept == Retention(rule=Rule.US_PRESERVATION, since=day(3), destroy_at=day(368))


def test_a_hold_that_was_lifted_is_no_report() -> None:
    kept = decided(confirmed(1), clocks=(clock(Basis.LEGAL_HOLD, 2, ended=9),))
    assert kept.rule is Rule.CONFIRMED


def test_what_was_confirmed_for_the_operator_does_not_stand_in_for_what_the_law_asks() -> None:
    clocks = (clock(Basis.OPERATOR_TERM, 1),)
    own = confirmed(1, purpose=Purpose.OWN_TERMS)
    assert decided(own, clocks=clocks).destroy_at == day(91)
    assert decided(own, confirmed(2), clocks=clocks).rule is Rule.CONFIRMED


def test_a_confirmation_near_the_end_of_an_earlier_reports_clock_waits_for_its_own() -> None:
    clocks = (clock(Basis.US_PRESERVATION, 3),)
    assert decided(confirmed(1), confirmed(300), clocks=clocks).destroy_at == day(368)
    assert decided(confirmed(1), confirmed(360), clocks=clocks).rule is Rule.CONFIRMED


def test_a_hold_on_undecided_bytes_keeps_them_and_lifted_late_leaves_them_due() -> None:
    assert decided(UNDECIDED, clocks=(clock(Basis.LEGAL_HOLD, 1),)).rule is Rule.LEGAL_HOLD
    early, late = clock(Basis.LEGAL_HOLD, 1, ended=20), clock(Basis.LEGAL_HOLD, 1, ended=200)
    assert decided(UNDECIDED, clocks=(early,)).destroy_at == day(90)
    assert decided(UNDECIDED, clocks=(late,)) == Retention(
        rule=Rule.LEGAL_HOLD, since=day(1), destroy_at=day(200)
    )


def test_an_order_ends_everything_once_it_is_confirmed_and_no_hold_stands() -> None:
    filed = clock(Basis.US_PRESERVATION, 3)
    asked, ordered = clock(Basis.DESTROY_ORDER, 5), clock(Basis.DESTROY_ORDER, 5, confirmed=6)
    assert decided(confirmed(1), clocks=(filed, asked)).destroy_at == day(368)
    assert decided(confirmed(1), clocks=(filed, ordered)) == Retention(
        rule=Rule.DESTROY_ORDER, since=day(6), destroy_at=day(6)
    )
    withdrawn = replace(ordered, ended_at=day(7), ended_by="user:one")
    assert decided(confirmed(1), clocks=(filed, withdrawn)).destroy_at == day(368)


def test_a_hold_stops_an_order_until_it_is_lifted() -> None:
    ordered, hold = clock(Basis.DESTROY_ORDER, 5, confirmed=6), clock(Basis.LEGAL_HOLD, 2)
    filed = clock(Basis.US_PRESERVATION, 3)
    assert decided(confirmed(1), clocks=(filed, ordered, hold)).rule is Rule.LEGAL_HOLD
    lifted = replace(hold, ended_at=day(9), ended_by="user:one")
    assert decided(confirmed(1), clocks=(filed, ordered, lifted)).rule is Rule.DESTROY_ORDER


days = st.floats(min_value=0, max_value=900, allow_nan=False)
purposes = st.sampled_from([Purpose.CSAM, Purpose.OWN_TERMS, Purpose.INTIMATE_IMAGES])


@st.composite
def clocks_of_any_kind(draw: st.DrawFn, *, orders: bool = False) -> RetentionClock:
    bases = [*TERMS, Basis.LEGAL_HOLD, *([Basis.DESTROY_ORDER] if orders else [])]
    basis, on = draw(st.sampled_from(bases)), draw(days)
    may_end = basis not in (Basis.US_PRESERVATION, Basis.UK_CONTENT)
    return clock(
        basis,
        on,
        ended=on + draw(days) if may_end and draw(st.booleans()) else None,
        confirmed=on + draw(days) if basis is Basis.DESTROY_ORDER and draw(st.booleans()) else None,
    )


@st.composite
def histories(draw: st.DrawFn) -> ItemHistory:
    cases = [CASE, CaseId(new_id())]
    settled = []
    for case in draw(st.lists(st.sampled_from(cases), max_size=3)):
        on = draw(days)
        settled.append(
            SettledOnce(
                case_id=case,
                purpose=draw(purposes),
                finding=draw(st.sampled_from(Finding)),
                settled_at=day(on),
                reversed_at=day(on + draw(days)) if draw(st.booleans()) else None,
            )
        )
    return ItemHistory(received_at=day(draw(days)), cases=frozenset({CASE}), outcomes=tuple(settled))


items = st.lists(histories(), min_size=1, max_size=3)
clocks = st.lists(clocks_of_any_kind(), max_size=5)


def is_no_longer(one: Retention, other: Retention) -> bool:
    """Say whether media that is kept like `one` is destroyed no later than one that is kept like `other`."""
    if other.destroy_at is None:
        return True
    return one.destroy_at is not None and one.destroy_at <= other.destroy_at


@given(items, clocks)
def test_the_longest_that_applies_wins(some: list[ItemHistory], running: list[RetentionClock]) -> None:
    kept = decided(*some, clocks=tuple(running))
    without = decided(*some)
    if any(each.holds for each in running) or kept.rule is Rule.CONFIRMED:
        assert kept.destroy_at is None
        return
    ends = [each.end for each in running if each.end is not None]
    assert kept.destroy_at is not None
    assert all(kept.destroy_at >= end for end in ends)
    if without.destroy_at is not None:
        assert kept.destroy_at == max([without.destroy_at, *ends])


@given(items, clocks, clocks_of_any_kind())
def test_adding_a_clock_never_shortens_save_that_the_first_ends_the_wait_for_one(
    some: list[ItemHistory], running: list[RetentionClock], another: RetentionClock
) -> None:
    before = decided(*some, clocks=tuple(running))
    after = decided(*some, clocks=(*running, another))
    assert is_no_longer(before, after) or (before.rule is Rule.CONFIRMED and another.until is not None)


@given(items, clocks, st.builds(clock, st.sampled_from(ENDED_BY_PEOPLE), days), days)
def test_ending_a_clock_never_lengthens_save_that_what_it_covered_waits_again(
    some: list[ItemHistory], running: list[RetentionClock], ended: RetentionClock, later: float
) -> None:
    over = replace(ended, ended_at=ended.since + timedelta(days=later), ended_by="user:one")
    before = decided(*some, clocks=(*running, ended))
    after = decided(*some, clocks=(*running, over))
    waits_again = after.rule is Rule.CONFIRMED and ended.basis is Basis.OPERATOR_TERM
    assert is_no_longer(after, before) or waits_again


@given(items, st.lists(clocks_of_any_kind(orders=True), max_size=5), st.randoms())
def test_the_order_in_which_anything_came_never_matters(
    some: list[ItemHistory], running: list[RetentionClock], random: object
) -> None:
    mixed, shuffled = list(some), list(running)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decided(*mixed, clocks=tuple(shuffled)) == decided(*some, clocks=tuple(running))


@given(items, st.lists(clocks_of_any_kind(orders=True), max_size=5))
def test_nothing_that_the_law_has_to_see_is_destroyed_before_its_report_is_filed(
    some: list[ItemHistory], running: list[RetentionClock]
) -> None:
    outcomes = [one for history in some for one in history.outcomes]
    standing = [one for one in outcomes if one.finding.confirms and one.reversed_at is None]
    unfiled = [one for one in standing if one.purpose not in OPERATORS_OWN]
    filed = [each for each in running if each.basis in (Basis.US_PRESERVATION, Basis.UK_CONTENT)]
    kept = decided(*some, clocks=tuple(running))
    if unfiled and not filed and kept.rule is not Rule.DESTROY_ORDER:
        assert kept.destroy_at is None


@given(items, st.lists(clocks_of_any_kind(orders=True), max_size=5))
def test_only_a_confirmed_order_without_a_hold_beats_a_clock(
    some: list[ItemHistory], running: list[RetentionClock]
) -> None:
    kept = decided(*some, clocks=tuple(running))
    ordered = any(each.is_due_order for each in running)
    held = any(each.holds for each in running)
    assert (kept.rule is Rule.DESTROY_ORDER) == (ordered and not held)
