"""Entries that were taken off a list: what rests on them is shown, weighed anew, or waits for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.act import holds
from safehold.model.assessment import Tier
from safehold.model.case import CaseState
from safehold.model.events import EntriesChanged, MatchWithdrawn, OutcomeReversed, RemovalsLeft
from safehold.model.hash_list import Entry, Origin, Purpose
from safehold.model.ids import CaseId, EntryId, ItemId, ListId, MatchId, new_id
from safehold.model.match import Match
from safehold.model.signal import PDQ
from safehold.review.facts import facts
from safehold.review.withdrawn import find_withdrawn, reconsider_match
from safehold.storage import hash_lists, matches

On = tuple[ListId, EntryId, Purpose]


def taken_off(room: Any, *entries: On) -> EntriesChanged:
    """Take these entries off their list at once; return the event that tells of it."""
    list_id = entries[0][0]
    with room.begin() as tx:
        gone = hash_lists.remove_entries(tx, list_id, [each[1] for each in entries], now=room.now)
    return EntriesChanged(at=room.now, list_id=list_id, from_seq=gone.from_seq, to_seq=gone.to_seq)


def handle(room: Any, event: Any, *, items: int = 2, changes: int = 2) -> list[Any]:
    """Do the step of one event, in small parts, and return the events that it recorded."""
    said: list[Any] = []

    def record(tx: Any, happened: Any) -> Any:
        said.append(happened)
        return room.record(tx, happened)

    with room.begin() as tx:
        if isinstance(event, MatchWithdrawn):
            reconsider_match(tx, event, record=record, now=room.later(hours=1))
        else:
            find_withdrawn(tx, event, record=record, now=room.now, items=items, changes=changes)
    return [each for each in said if isinstance(each, RemovalsLeft | MatchWithdrawn)]


def follow(room: Any, *events: Any) -> list[Any]:
    """Do everything that follows, and return all events that led to a step."""
    waiting, done = list(events), []
    while waiting:
        done.append(waiting.pop(0))
        waiting += handle(room, done[-1])
    return done


def more_entries(room: Any, on: On, count: int) -> list[On]:
    """Return the first entry of a list and others that are added to it."""
    list_id, _, purpose = on
    new = [
        Entry(
            id=EntryId(new_id()),
            list_id=list_id,
            signal_type=PDQ,
            value=uuid4().bytes * 2,
            category=None,
            labels=(),
            source_id=None,
            origin=Origin.FILE,
        )
        for _ in range(count - 1)
    ]
    with room.begin() as tx:
        tx.run(hash_lists.hash_list.update().values(last_seq=1).where(hash_lists.hash_list.c.id == list_id))
        hash_lists.add_entries(tx, list_id, new, now=room.now)
    return [on, *((list_id, each.id, purpose) for each in new)]


def confirmed(room: Any, tier: Tier = Tier.NONE, *, also: On | None = None) -> tuple[CaseId, ItemId]:
    """Return a case and an item that Ada has confirmed, having seen it so clearly at most."""
    case_id, item_id = room.matched_case()
    if also:
        room.match(item_id, also)
    room.takes(case_id, room.ada)
    if tier is not Tier.NONE:
        room.looks(case_id, item_id, tier, by=room.ada)
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    assert room.case(case_id).state is CaseState.SETTLED
    return case_id, item_id


def held(room: Any, item_id: ItemId) -> None:
    """Let a match of the vetted list hold the item."""
    list_id, entry_id, purpose = room.vetted
    found = Match(
        id=MatchId(new_id()),
        list_id=list_id,
        list_name="",
        purpose=purpose,
        entry_id=entry_id,
        signal_type=PDQ,
        distance=2,
        may_hold=True,
    )
    with room.begin() as tx:
        matches.insert_matches(tx, item_id, [found], now=room.now)
        assert holds.place(tx, item_id, [found], now=room.now) is not None


def test_the_case_of_an_undecided_item_says_so_and_no_longer_counts_the_match(room: Any) -> None:
    case_id, item_id = room.matched_case()
    before = room.case(case_id)
    follow(room, taken_off(room, room.vetted))
    with room.begin() as tx:
        view = facts(tx, case_id)
    assert [(one.withdrawn, one.vouched) for one in view.items[0].matches] == [(True, False)]
    assert view.case.revision == before.revision + 1
    assert (before.priority_parts[1].weight, view.case.priority_parts[1].weight) == (40, 0)
    assert view.case.priority_parts[1].seen == "The list has withdrawn what matched"
    assert room.audited(f"item:{item_id}").count("match.withdrawn") == 1
    assert room.waits_for(case_id, item_id) == "assessment"


def test_a_hold_stays_until_a_person_decides_and_the_case_moves_up_as_if_it_were_not_held(room: Any) -> None:
    item_id = room.arrives()
    held(room, item_id)
    case_id = room.opened(item_id)
    assert room.case(case_id).priority_parts[3].weight == 5
    follow(room, taken_off(room, room.vetted))
    with room.begin() as tx:
        assert holds.is_held(tx, item_id)
    assert room.case(case_id).priority_parts[3].weight == 20


@pytest.mark.parametrize("tier", [Tier.NONE, Tier.BLURRED])
def test_what_was_confirmed_on_the_word_of_the_list_waits_for_a_person_again(room: Any, tier: Tier) -> None:
    case_id, item_id = confirmed(room, tier)
    follow(room, taken_off(room, room.vetted))
    assert room.case(case_id).state is CaseState.OPEN
    assert room.waits_for(case_id, item_id) == "assessment"
    assert room.events("outcome_reversed") == [
        OutcomeReversed(at=room.later(hours=1), item_id=item_id, case_id=case_id)
    ]
    [said] = room.sql("select actor, detail from audit_record where verb = 'outcome.reverse'")
    assert (said.actor, said.detail["reason"]) == ("system:review_rules", "list_corrected")
    room.assesses(case_id, item_id, room.illegal, by=room.ben)
    assert room.waits_for(case_id, item_id) == "clear_view"


def test_what_somebody_saw_clearly_stands_and_is_noted(room: Any) -> None:
    case_id, item_id = confirmed(room, Tier.CLEAR)
    follow(room, taken_off(room, room.vetted))
    assert room.case(case_id).state is CaseState.SETTLED
    assert room.audited(f"item:{item_id}").count("match.withdrawn") == 1
    assert room.events("outcome_reversed") == []


def test_what_another_vetted_list_vouches_for_stands(room: Any) -> None:
    other = room.new_list(Purpose.CSAM, vetted=True)
    case_id, _ = confirmed(room, also=other)
    follow(room, taken_off(room, room.vetted))
    assert room.case(case_id).state is CaseState.SETTLED
    follow(room, taken_off(room, other))
    assert room.case(case_id).state is CaseState.OPEN


def test_what_was_cleared_unseen_stays_cleared(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.not_illegal, by=room.ada)
    follow(room, taken_off(room, room.vetted))
    assert room.case(case_id).state is CaseState.SETTLED


def test_an_entry_that_is_back_before_anybody_looked_has_not_gone(room: Any) -> None:
    case_id, item_id = confirmed(room)
    list_id, entry_id, _ = room.vetted
    event = taken_off(room, room.vetted)
    [row] = room.sql("select value from entry where id = :id", id=entry_id)
    again = Entry(
        id=EntryId(new_id()),
        list_id=list_id,
        signal_type=PDQ,
        value=bytes(row.value),
        category=None,
        labels=(),
        source_id=None,
        origin=Origin.FILE,
    )
    told = MatchWithdrawn(at=room.now, item_id=item_id, list_id=list_id)
    with room.begin() as tx:
        hash_lists.add_entries(tx, list_id, [again], now=room.now, bring_back=True)
    assert follow(room, event, told) == [event, told]
    assert room.case(case_id).state is CaseState.SETTLED
    assert "match.withdrawn" not in room.audited(f"item:{item_id}")


def test_a_withdrawal_between_filing_and_settling_leaves_the_item_to_be_seen_clearly(room: Any) -> None:
    case_id, item_id = room.matched_case()
    filed = room.files(case_id, item_id, room.illegal, by=room.ada)
    event = taken_off(room, room.vetted)
    room.settles(case_id, item_id, filed)
    follow(room, event)
    assert room.waits_for(case_id, item_id) == "clear_view"


def test_a_reversal_by_nobody_is_refused_where_no_entry_was_withdrawn(room: Any) -> None:
    confirmed(room)
    with pytest.raises(Exception, match="withdrawn_is_the_ground"):
        room.sql("update outcome set reversed_at = now()")
    taken_off(room, room.vetted)
    room.sql("update outcome set reversed_at = now()")


def test_a_large_batch_is_looked_through_in_parts_and_each_item_told_of(room: Any) -> None:
    entries = more_entries(room, room.vetted, 5)
    items = {room.arrives() for _ in range(7)}
    for item_id in items:
        room.match(item_id, entries[2])
    last = room.arrives()
    room.match(last, entries[4])
    done = follow(room, taken_off(room, *entries))
    told = [each.item_id for each in done if isinstance(each, MatchWithdrawn)]
    assert sorted(told) == sorted({*items, last})
    assert sum(isinstance(each, RemovalsLeft) for each in done) >= 4


def test_additions_and_removals_that_nothing_matched_tell_of_nothing(room: Any) -> None:
    on = more_entries(room, room.vetted, 2)[1]
    event = taken_off(room, on)
    added = EntriesChanged(at=room.now, list_id=on[0], from_seq=1, to_seq=2)
    assert follow(room, event, added) == [event, added]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    known=st.lists(st.sets(st.integers(0, 3), min_size=1), min_size=1, max_size=4),
    unseen=st.lists(st.booleans(), min_size=4, max_size=4),
    batches=st.lists(st.sets(st.integers(0, 3), min_size=1), min_size=1, max_size=3),
    picks=st.lists(st.tuples(st.integers(0, 99), st.booleans()), max_size=25),
)
def test_steps_repeated_delayed_and_in_any_order_end_alike(
    room: Any,
    known: Sequence[set[int]],
    unseen: list[bool],
    batches: list[set[int]],
    picks: list[tuple[int, bool]],
) -> None:
    entries = more_entries(room, room.new_list(Purpose.CSAM, vetted=True), 4)
    cases: list[tuple[CaseId, ItemId]] = []
    for each, confirms in zip(known, unseen, strict=False):
        item_id = room.arrives()
        for number in each:
            room.match(item_id, entries[number])
        cases.append((room.opened(item_id), item_id))
        if confirms:
            room.assesses(*cases[-1], room.illegal, by=room.ada)
    reversed_before = len(room.events("outcome_reversed"))
    gone = set[int]()
    waiting: list[Any] = []
    for batch in batches:
        if new := batch - gone:
            waiting.append(taken_off(room, *(entries[number] for number in new)))
            gone |= new
    for place, again in picks:  # whichever is picked is done, and perhaps once more later
        if waiting:
            event = waiting[place % len(waiting)]
            waiting += handle(room, event)
            if not again:
                waiting.remove(event)
    follow(room, *waiting)

    for (case_id, item_id), each, confirms in zip(cases, known, unseen, strict=False):
        stands = confirms and bool(each - gone)
        assert room.waits_for(case_id, item_id) == (None if stands else "assessment")
        assert Counter(room.audited(f"item:{item_id}"))["match.withdrawn"] == len(each & gone)
        if not stands:
            assert room.case(case_id).priority_parts[1].weight == (40 if each - gone else 0)
    undone = sum(confirms and not each - gone for each, confirms in zip(known, unseen, strict=False))
    assert len(room.events("outcome_reversed")) == reversed_before + undone
