"""Opening, queueing and holding cases, on the real database and with real threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.model.case import CaseState, SubjectPart
from safehold.model.errors import CaseLocked, Conflict, NotFound
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, ItemId, new_id
from safehold.review.cases import (
    LOCK_LASTS,
    PassReason,
    pass_on,
    queue,
    release_lock,
    take,
    take_next,
)
from safehold.review.facts import facts
from safehold.storage import audit

EVERY_PURPOSE = tuple(Purpose)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls in threads that all begin at the same instant and return what they return."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_a_match_opens_a_case_and_makes_the_uploader_a_subject_whose_part_nobody_knows(room: Any) -> None:
    case_id, item_id = room.matched_case(account="a-1")
    case = room.case(case_id)
    with room.begin() as tx:
        view = facts(tx, case_id)
    assert (case.state, case.purpose, case.account_id) == (CaseState.OPEN, Purpose.CSAM, "a-1")
    assert [one.item.id for one in view.items] == [item_id]
    assert [(one.account_id, one.part) for one in view.subjects] == [("a-1", SubjectPart.UNKNOWN)]
    assert [event.case_id for event in room.events("case_opened")] == [case_id]
    assert room.audited(f"case:{case_id}") == ["case.open"]


def test_an_upload_without_an_account_has_a_case_without_subjects(room: Any) -> None:
    case_id, _ = room.matched_case(account=None)
    with room.begin() as tx:
        assert facts(tx, case_id).subjects == ()


def test_the_same_bytes_without_an_account_gather_in_one_case(room: Any) -> None:
    items = [room.arrives(media="meadow") for _ in range(2)]
    assert len({room.opened(item) for item in items}) == 1


def test_a_rehearsal_never_shares_a_case_with_the_real_thing(room: Any) -> None:
    real, rehearsed = room.arrives(account="a-2"), room.arrives(account="a-2", rehearsal=True)
    assert room.opened(real) != room.opened(rehearsed)


def test_a_test_case_that_is_no_rehearsal_is_refused_by_the_database(room: Any) -> None:
    with pytest.raises(Exception, match="test_is_rehearsal"):
        room.opened(room.arrives(), purpose=Purpose.TEST)


def test_an_item_that_does_not_exist_opens_nothing(room: Any) -> None:
    with pytest.raises(NotFound):
        room.opened(ItemId(new_id()))
    assert room.sql("select 1 from review_case") == []


@dataclass(frozen=True)
class Told:
    """One event about one of the arrived items."""

    item: int
    purpose: Purpose
    flagged: bool


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    owners=st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.booleans()), min_size=1, max_size=4),
    told=st.lists(
        st.builds(
            Told,
            item=st.integers(0, 3),
            purpose=st.sampled_from([Purpose.CSAM, Purpose.OWN_TERMS]),
            flagged=st.booleans(),
        ),
        min_size=1,
        max_size=12,
    ),
)
def test_events_in_any_order_and_number_give_one_open_case_per_account_and_purpose(
    room: Any, owners: list[tuple[str | None, bool]], told: list[Told]
) -> None:
    run = uuid4().hex
    items = [
        room.arrives(account=f"{owner}-{run}" if owner else None, rehearsal=rehearsal)
        for owner, rehearsal in owners
    ]
    expected: dict[tuple[Any, ...], set[ItemId]] = {}
    for one in told:
        item, (owner, rehearsal) = items[one.item % len(items)], owners[one.item % len(items)]
        room.opened(item, purpose=one.purpose, flagged=one.flagged)
        expected.setdefault((owner or item, one.purpose, rehearsal), set()).add(item)
    rows = room.sql(
        "select c.id, i.item_id from review_case c join case_item i on i.case_id = c.id"
        " where i.item_id = any(:items) and c.state = 'open'",
        items=items,
    )
    found: dict[Any, set[ItemId]] = {}
    for row in rows:
        found.setdefault(row.id, set()).add(row.item_id)
    assert sorted(map(sorted, found.values())) == sorted(map(sorted, expected.values()))
    assert Counter(row.id for row in rows) == Counter(
        {case_id: len(joined) for case_id, joined in found.items()}
    )
    opened = [event.case_id for event in room.events("case_opened") if event.case_id in found]
    assert sorted(opened) == sorted(found)


def test_uploads_of_one_account_at_the_same_instant_end_in_one_case(room: Any) -> None:
    items = [room.arrives(account="a-3") for _ in range(6)]
    cases = at_once(*[lambda item=item: room.opened(item) for item in items * 2])
    assert len(set(cases)) == 1
    assert len(room.events("case_opened")) == 1
    with room.begin() as tx:
        assert {one.item.id for one in facts(tx, cases[0]).items} == set(items)


def test_a_new_item_joins_the_open_case_and_raises_its_revision_and_a_repeat_does_not(room: Any) -> None:
    case_id, item_id = room.matched_case(account="a-4")
    before = room.case(case_id).revision
    assert room.opened(item_id) == case_id
    assert room.case(case_id).revision == before
    assert room.opened(room.arrives(account="a-4")) == case_id
    assert room.case(case_id).revision == before + 1
    assert room.audited(f"case:{case_id}") == ["case.open", "case.join"]


def test_an_item_of_a_settled_case_stays_there_and_a_new_one_opens_another_case(room: Any) -> None:
    case_id, item_id = room.matched_case(account="a-5")
    room.assesses(case_id, item_id, room.not_illegal, by=room.ada)
    settled = room.case(case_id)
    assert settled.state is CaseState.SETTLED
    room.match(item_id, category="A")
    assert room.opened(item_id) == case_id
    assert room.case(case_id) == settled
    assert room.opened(room.arrives(account="a-5")) != case_id


def test_an_earlier_outcome_of_the_same_media_is_shown_and_settles_nothing(room: Any) -> None:
    first_case, first = room.matched_case(account="a-6")
    again = room.arrives(account="a-6", media="heath")
    other = room.arrives(account="a-7", media="heath")
    room.match(other)
    other_case = room.opened(other)
    room.assesses(other_case, other, room.not_illegal, by=room.ada)
    assert room.opened(again) == first_case
    assert room.waits_for(first_case, again) == "assessment"
    with room.begin() as tx:
        view = {one.item.id: one for one in facts(tx, first_case).items}
    assert [one.item_id for one in view[again].earlier] == [other]
    assert view[again].outcome is None
    assert view[first].earlier == ()


def test_the_queue_puts_the_highest_priority_first_and_then_the_longest_waiting(room: Any) -> None:
    far, _ = room.matched_case(distance=30)
    near_later = room.opened(_matched(room), now=room.later(minutes=5))
    near, _ = room.matched_case()
    with room.begin() as tx:
        waiting = queue(tx, purposes=EVERY_PURPOSE, limit=10)
    assert [one.case.id for one in waiting] == [near, near_later, far]
    assert [(one.items, one.waiting, one.passes) for one in waiting] == [(1, 1, 0)] * 3
    assert waiting[0].case.priority == sum(part.weight for part in waiting[0].case.priority_parts)


def test_the_queue_shows_only_the_purposes_asked_for_and_no_settled_case(room: Any) -> None:
    settled, item_id = room.matched_case()
    room.assesses(settled, item_id, room.not_illegal, by=room.ada)
    own_terms = room.opened(room.arrives(), purpose=Purpose.OWN_TERMS)
    room.matched_case()
    with room.begin() as tx:
        found = queue(tx, purposes=[Purpose.OWN_TERMS], limit=10)
    assert [one.case.id for one in found] == [own_terms]


def test_many_analysts_who_take_the_next_case_at_once_get_different_ones(room: Any) -> None:
    cases = {room.matched_case()[0] for _ in range(4)}
    analysts = [room.new_analyst() for _ in range(6)]

    def next_for(analyst: Any) -> CaseId | None:
        with room.begin() as tx:
            case = take_next(tx, analyst, room.now)
        return case.id if case else None

    taken = at_once(*[lambda analyst=analyst: next_for(analyst) for analyst in analysts])
    got = [case_id for case_id in taken if case_id is not None]
    assert len(got) == len(set(got))
    assert set(got) <= cases
    left = [next_for(room.new_analyst()) for _ in cases]
    assert {*got, *(case_id for case_id in left if case_id)} == cases


def test_two_analysts_who_take_one_case_at_once_do_not_both_get_it(room: Any) -> None:
    case_id, _ = room.matched_case()

    def attempt(analyst: Any) -> bool:
        try:
            room.takes(case_id, analyst)
        except CaseLocked:
            return False
        return True

    assert sorted(at_once(lambda: attempt(room.ada), lambda: attempt(room.ben))) == [False, True]


def test_a_lock_lasts_fifteen_minutes_and_then_the_case_is_free(room: Any) -> None:
    case_id, _ = room.matched_case()
    room.takes(case_id, room.ada)
    with pytest.raises(CaseLocked):
        room.takes(case_id, room.ben, room.now + LOCK_LASTS - timedelta(seconds=1))
    assert room.takes(case_id, room.ben, room.now + LOCK_LASTS).locked_by == room.ben


def test_who_takes_again_keeps_the_case_for_another_fifteen_minutes_and_it_is_recorded_once(
    room: Any,
) -> None:
    case_id, _ = room.matched_case()
    room.takes(case_id, room.ada)
    assert room.takes(case_id, room.ada, room.later(minutes=14)).locked_until == room.later(minutes=29)
    assert room.audited(f"case:{case_id}").count("case.take") == 1


def test_a_released_case_can_be_taken_by_another_and_only_its_holder_releases_it(room: Any) -> None:
    case_id, _ = room.matched_case()
    room.takes(case_id, room.ada)
    with room.begin() as tx:
        release_lock(tx, case_id, room.ben, room.now)
    assert room.case(case_id).locked_by == room.ada
    with room.begin() as tx:
        release_lock(tx, case_id, room.ada, room.now)
    assert room.takes(case_id, room.ben).locked_by == room.ben


def test_the_case_that_an_analyst_holds_comes_back_before_more_urgent_ones(room: Any) -> None:
    lesser, _ = room.matched_case(distance=30)
    room.takes(lesser, room.ada)
    room.matched_case()
    with room.begin() as tx:
        case = take_next(tx, room.ada, room.later(minutes=1))
    assert case is not None
    assert case.id == lesser


def test_a_case_that_was_passed_on_is_offered_to_others_and_not_again_to_the_same_person(room: Any) -> None:
    case_id, _ = room.matched_case()
    room.takes(case_id, room.ada)
    with room.begin() as tx:
        pass_on(tx, case_id, room.ada, PassReason.NOT_NOW, room.now)
    with room.begin() as tx:
        assert take_next(tx, room.ada, room.now) is None
        assert [one.passes for one in queue(tx, purposes=EVERY_PURPOSE, limit=1)] == [1]
        case = take_next(tx, room.ben, room.now)
    assert case is not None
    assert case.id == case_id
    assert room.audited(f"case:{case_id}")[-2:] == ["case.pass_on", "case.take"]


def test_only_the_holder_passes_a_case_on(room: Any) -> None:
    case_id, _ = room.matched_case()
    with pytest.raises(CaseLocked), room.begin() as tx:
        pass_on(tx, case_id, room.ada, PassReason.NOT_NOW, room.now)


def test_a_case_in_which_everything_is_being_settled_is_nobodys_next(room: Any) -> None:
    case_id, item_id = room.matched_case()
    filed = room.files(case_id, item_id, room.illegal, by=room.ada)
    with room.begin() as tx:
        assert take_next(tx, room.ada, room.now) is None
    room.settles(case_id, item_id, filed)
    with pytest.raises(Conflict), room.begin() as tx:
        take(tx, case_id, room.ada, room.now)


def test_a_case_takes_its_weights_from_the_worst_of_its_items(room: Any) -> None:
    item_id = room.arrives(account="a-8")
    room.match(item_id, room.unvetted, distance=20, category="C")
    case_id = room.opened(item_id)
    lesser = room.case(case_id).priority
    another = room.arrives(account="a-8")
    room.match(another, category="A")
    room.opened(another)
    parts = {part.name: part for part in room.case(case_id).priority_parts}
    assert parts["severity"].seen == "Category A on the list"
    assert parts["likelihood"].seen == "Match on a vetted list, distance 4"
    assert room.case(case_id).priority > lesser


def test_a_repeated_step_leaves_exactly_what_one_left(room: Any) -> None:
    item_id = room.arrives(account="a-9")
    room.match(item_id)
    tables = ("review_case", "case_item", "subject", "audit_record", "event")

    def state() -> list[Any]:
        return [room.sql(f"select * from {table} order by 1") for table in tables]

    room.opened(item_id)
    once = state()
    room.opened(item_id)
    assert state() == once


def _matched(room: Any) -> ItemId:
    item_id = room.arrives()
    room.match(item_id)
    return item_id


def test_what_was_kept_stands_before_what_follows_from_it_in_the_same_instant(room: Any) -> None:
    case_id, item_id = room.matched_case(account="a-1")
    about, system = f"item:{item_id}", "system:tests"
    with room.begin() as tx:
        for verb in ("hold.place", "scan.keep", "evidence.seal"):
            audit.append(tx, at=room.now, actor=system, verb=verb, object=about)
        told = [line.verb for line in facts(tx, case_id).history if line.actor == system]
    assert (told[0], set(told[1:])) == ("scan.keep", {"hold.place", "evidence.seal"})
