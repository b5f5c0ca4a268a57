"""Merging and splitting: what waits goes on as it stands, what was settled stays, and it can be undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from safehold.model.case import CaseState, SubjectPart
from safehold.model.errors import BadForm, CaseLocked, Conflict, ConflictOfInterest, NotFound
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, ItemId, SubjectId, new_id
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.model.team import TeamSize
from safehold.review import admission, cases, conflicts, facts, moves, notes, subjects
from safehold.review.facts import standing_of_item
from safehold.review.rules import Policy, SecondFor
from safehold.review.settle import ReversalReason, reverse
from safehold.storage import subjects as subject_rows
from safehold.storage.causes import Act, causes
from safehold.storage.yearly import Span

TWO_EACH = Policy(size=TeamSize.FULL, second_for=frozenset({SecondFor.ALL}))


def merged(room: Any, case_id: CaseId, other: CaseId, by: Any = None) -> CaseId:
    room.takes(case_id, by or room.ada)
    with room.begin() as tx:
        return moves.merge(tx, case_id, room.case(other).number, by=by or room.ada, now=room.now)


def split(room: Any, case_id: CaseId, *items: ItemId) -> CaseId:
    room.takes(case_id, room.ada)
    with room.begin() as tx:
        return moves.split(tx, case_id, items, by=room.ada, record=room.record, now=room.now)


def undone(room: Any, case_id: CaseId) -> CaseId:
    with room.begin() as tx:
        last = moves.moves_of(tx, case_id, viewer=None)[-1]
        return moves.undo(tx, last.id, by=room.ada, now=room.now)


def two_cases(room: Any) -> tuple[tuple[CaseId, ItemId], tuple[CaseId, ItemId]]:
    first = room.matched_case(account="acc-1")
    item_id = room.arrives(account="acc-2")
    room.match(item_id)
    return first, (room.opened(item_id, now=room.later(hours=1)), item_id)


def of_two_items(room: Any) -> tuple[CaseId, ItemId, ItemId]:
    case_id, one = room.matched_case(account="acc-1")
    other = room.arrives(account="acc-1")
    room.match(other)
    assert room.opened(other) == case_id
    return case_id, one, other


def test_what_waits_in_either_goes_on_in_the_one_that_was_opened_first(room: Any) -> None:
    (old, kept), (new, moved) = two_cases(room)
    assert merged(room, new, old) == old
    assert [room.waits_for(old, each) for each in (kept, moved)] == ["assessment", "assessment"]
    assert room.waits_for(new, moved) is None
    assert room.case(new).state is CaseState.SETTLED
    assert room.case(old).locked_by == room.ada
    assert all("case.merge" in room.audited(f"case:{each}") for each in (old, new))


def test_an_item_is_named_by_the_case_in_which_it_waits_after_a_merge(room: Any) -> None:
    (first, _), (second, item) = two_cases(room)
    merged(room, second, first)
    with room.begin() as tx:
        assert standing_of_item(tx, item).case_id == first
    room.assesses(first, item, room.illegal, by=room.ada)
    with room.begin() as tx:
        assert standing_of_item(tx, item).case_id == first


def test_what_was_assessed_in_the_round_goes_along_and_counts(room: Any) -> None:
    room.policy = TWO_EACH
    (old, _), (new, moved) = two_cases(room)
    room.assesses(new, moved, room.illegal, by=room.ben)
    assert room.waits_for(new, moved) == "second"
    merged(room, new, old)
    assert room.waits_for(old, moved) == "second"
    room.assesses(old, moved, room.illegal, by=room.ada)
    [outcome] = room.sql("select case_id, settled_by, second_by from outcome")
    assert outcome.case_id == old
    assert {outcome.settled_by, outcome.second_by} == {room.ada, room.ben}


def test_a_filing_that_is_still_to_be_settled_is_settled_where_its_item_went(room: Any) -> None:
    (old, _), (new, moved) = two_cases(room)
    filed = room.files(new, moved, room.illegal, by=room.ada)
    merged(room, new, old)
    room.settles(new, moved, filed)
    assert [row.case_id for row in room.sql("select case_id from outcome")] == [old]


def test_outcomes_stay_where_they_are_also_when_the_rest_moves(room: Any) -> None:
    (old, _), _ = two_cases(room)
    case_id = room.matched_case(account="acc-3")[0]
    settled = room.arrives(account="acc-3")
    room.match(settled)
    room.opened(settled)
    room.assesses(case_id, settled, room.illegal, by=room.ada)
    merged(room, case_id, old)
    assert [row.case_id for row in room.sql("select case_id from outcome")] == [case_id]
    assert room.case(case_id).state is CaseState.SETTLED


def test_what_comes_later_for_either_account_joins_the_one_case(room: Any) -> None:
    (old, _), (new, _) = two_cases(room)
    merged(room, new, old)
    later = room.arrives(account="acc-2")
    room.match(later)
    assert room.opened(later) == old


def test_subjects_and_the_parts_that_people_set_go_along(room: Any) -> None:
    (old, _), (new, _) = two_cases(room)
    with room.begin() as tx:
        [subject] = facts.facts(tx, new).subjects
        subjects.set_part(tx, subject.id, SubjectPart.VICTIM, by=room.ben, revision=1, now=room.now)
    merged(room, new, old)
    with room.begin() as tx:
        parts = {each.account_id: each.part for each in facts.facts(tx, old).subjects}
    assert parts == {"acc-1": SubjectPart.UNKNOWN, "acc-2": SubjectPart.VICTIM}


def test_a_conflict_about_either_is_one_about_the_merged_case_also_where_no_account_is_known(
    room: Any,
) -> None:
    old, _ = room.matched_case(account="acc-1")
    item_id = room.arrives()
    room.match(item_id)
    new = room.opened(item_id, now=room.later(hours=1))
    ben = Actor(permissions=permissions_of(frozenset({Role.ANALYST})), user_id=room.ben)
    with room.begin() as tx:
        conflicts.declare_about_case(tx, new, actor=ben, now=room.now)
    with pytest.raises(ConflictOfInterest):
        merged(room, old, new, room.ben)
    room.sql("update review_case set locked_by = null, locked_until = null")
    merged(room, new, old)
    with pytest.raises(ConflictOfInterest), room.begin() as tx:
        cases.take(tx, old, room.ben, room.now)


def test_undoing_a_merge_opens_the_other_case_again_with_what_still_waits(room: Any) -> None:
    (old, kept), (new, moved) = two_cases(room)
    merged(room, new, old)
    assert undone(room, old) == new
    assert room.case(new).state is CaseState.OPEN
    assert (room.waits_for(old, kept), room.waits_for(old, moved)) == ("assessment", None)
    assert room.waits_for(new, moved) == "assessment"
    with pytest.raises(Conflict):
        undone(room, old)
    merged(room, new, old)
    assert room.waits_for(old, moved) == "assessment"


def test_what_was_settled_since_does_not_come_back(room: Any) -> None:
    (old, _), (new, moved) = two_cases(room)
    merged(room, new, old)
    room.assesses(old, moved, room.illegal, by=room.ada)
    with pytest.raises(Conflict):
        undone(room, old)


def test_items_that_are_split_off_wait_as_long_in_a_case_of_their_own_that_is_free(room: Any) -> None:
    case_id, one, other = of_two_items(room)
    apart = split(room, case_id, other)
    fresh, whole = room.case(apart), room.case(case_id)
    assert (fresh.opened_at, fresh.purpose, fresh.account_id) == (whole.opened_at, whole.purpose, "acc-1")
    assert (fresh.locked_by, whole.locked_by) == (None, room.ada)
    assert (room.waits_for(apart, other), room.waits_for(case_id, other)) == ("assessment", None)
    assert room.waits_for(case_id, one) == "assessment"
    later = room.arrives(account="acc-1")
    room.match(later)
    assert room.opened(later) == case_id


def test_a_split_can_be_undone_by_whoever_holds_what_was_split_off(room: Any) -> None:
    case_id, _, other = of_two_items(room)
    apart = split(room, case_id, other)
    with pytest.raises(CaseLocked):
        undone(room, apart)
    room.takes(apart, room.ada)
    assert undone(room, apart) == case_id
    assert room.waits_for(case_id, other) == "assessment"
    assert room.case(apart).state is CaseState.SETTLED


def test_a_case_that_ended_because_a_person_moved_what_waited_ended_by_a_person(room: Any) -> None:
    (old, _), (new, _) = two_cases(room)
    assert merged(room, new, old) == old
    case_id, _, other = of_two_items(room)
    apart = split(room, case_id, other)
    room.takes(apart, room.ada)
    assert undone(room, apart) == case_id
    with room.begin() as tx:
        period = Span(room.now - timedelta(days=1), room.now + timedelta(days=1))
        [closed] = [each for each in causes(tx, period) if each.act is Act.CLOSED_CASE]
    assert (closed.acts, closed.by_people, closed.without) == (2, 2, 0)


def test_a_reversal_in_the_new_case_begins_a_round_that_counts_when_it_comes_back(room: Any) -> None:
    case_id, _, other = of_two_items(room)
    room.assesses(case_id, other, room.illegal, by=room.ada)
    with room.begin() as tx:
        outcome = room.sql("select id from outcome")[0].id
        reverse(
            tx,
            outcome,
            by=room.ada,
            reason_code=ReversalReason.MISTAKE,
            record=room.record,
            now=room.now,
        )
    apart = split(room, case_id, other)
    room.assesses(apart, other, room.not_illegal, by=room.ada, now=room.later(minutes=5))
    found = room.sql("select case_id, finding from outcome where reversed_at is null")
    assert [(row.case_id, row.finding) for row in found] == [(apart, "not_illegal")]


@pytest.mark.parametrize("chosen", ["none", "all"])
def test_a_split_takes_some_and_leaves_some(room: Any, chosen: str) -> None:
    case_id, one, other = of_two_items(room)
    with pytest.raises(BadForm):
        split(room, case_id, *([] if chosen == "none" else [one, other]))


def test_cases_of_different_queues_are_never_merged_nor_real_ones_with_practice(room: Any) -> None:
    case_id, _ = room.matched_case(account="acc-1")
    item_id = room.arrives(account="acc-1")
    other = room.opened(item_id, purpose=Purpose.OWN_TERMS)
    practice = room.opened(room.arrives(account="acc-1", rehearsal=True))
    for each in (other, practice):
        with pytest.raises(BadForm):
            merged(room, case_id, each)
    with pytest.raises(BadForm):
        merged(room, case_id, case_id)


def test_a_case_that_somebody_else_holds_or_that_one_may_not_know_of_is_not_merged(room: Any) -> None:
    (old, _), (new, _) = two_cases(room)
    room.takes(old, room.ben)
    with pytest.raises(CaseLocked):
        merged(room, new, old)
    item_id = room.arrives(account="acc-9")
    secret = room.opened(item_id, purpose=Purpose.OWN_TERMS)
    room.sql("update app_user set queues = '{csam}' where id = :ada", ada=room.ada)
    with pytest.raises(NotFound):
        merged(room, new, secret)


def noted(room: Any, case_id: CaseId, words: str, now: Any = None) -> None:
    with room.begin() as tx:
        notes.leave(tx, case_id, words, by=room.ada, now=now or room.now)


LEAD = Actor(permissions=permissions_of(frozenset({Role.LEAD})), system="tests")


def words_in(room: Any, case_id: CaseId, viewer: Any) -> list[str]:
    with room.begin() as tx:
        return [note.words for note in notes.notes_of(tx, case_id, viewer=viewer)]


def test_notes_of_what_was_merged_are_read_there_until_it_went_back(room: Any) -> None:
    (old, _), (new, _) = two_cases(room)
    noted(room, new, "of the other")
    merged(room, new, old)
    assert words_in(room, old, room.ben) == ["of the other"]
    undone(room, old)
    assert words_in(room, old, room.ben) == []


def test_of_a_case_that_was_split_only_what_was_noted_before_goes_along(room: Any) -> None:
    case_id, _, other = of_two_items(room)
    noted(room, case_id, "before", room.later(minutes=-1))
    apart = split(room, case_id, other)
    noted(room, case_id, "after", room.later(minutes=1))
    assert words_in(room, apart, room.ben) == ["before"]
    assert words_in(room, case_id, room.ben) == ["before", "after"]


def test_who_may_not_know_of_the_case_that_another_was_split_from_is_told_nothing_of_it(room: Any) -> None:
    case_id, one, other = of_two_items(room)
    noted(room, case_id, "before", room.later(minutes=-1))
    apart = split(room, case_id, other)
    room.match(one, room.new_list(Purpose.OWN_TERMS, vetted=False))
    room.opened(one, purpose=Purpose.OWN_TERMS)
    room.sql("update app_user set queues = '{csam}' where id = :ben", ben=room.ben)
    with room.begin() as tx:
        assert admission.is_kept_from(tx, case_id, room.ben)
        assert not admission.is_kept_from(tx, apart, room.ben)
        assert moves.moves_of(tx, apart, viewer=room.ben) == []
        assert len(moves.moves_of(tx, apart, viewer=room.ada)) == 1
    assert words_in(room, apart, room.ben) == []
    assert words_in(room, apart, room.ada) == ["before"]


def test_where_a_part_went_is_not_told_to_whoever_knows_somebody_there(room: Any) -> None:
    case_id, _, other = of_two_items(room)
    apart = split(room, case_id, other)
    with room.begin() as tx:
        subject_rows.put(tx, apart, subject_id=SubjectId(new_id()), account_id="acc-later")
        conflicts.declare_about_account(tx, "acc-later", of=room.ben, actor=LEAD, now=room.now)
        assert not admission.is_kept_from(tx, case_id, room.ben)
        assert moves.moves_of(tx, case_id, viewer=room.ben) == []
        assert len(moves.moves_of(tx, case_id, viewer=room.ada)) == 1
