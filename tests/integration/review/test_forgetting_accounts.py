"""Whose account a case is about goes when nothing else says where its items appeared; until then it stays."""

from __future__ import annotations

from itertools import count
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.intake.uploads import forget_context
from safehold.model.case import CaseState, SubjectPart
from safehold.model.ids import CaseId, ItemId, UserId
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.review import cases, conflicts, notes, subjects
from safehold.review.settle import ReversalReason, outcomes, reverse
from safehold.storage import subjects as subject_rows

ACCOUNT = "acc-4711"
NEVER, CLEARED, CONFIRMED, REVERSED = "never", "cleared", "confirmed", "reversed"
_numbers = count()


def forgets_contexts(room: Any, *item_ids: ItemId) -> None:
    with room.begin() as tx:
        forget_context(tx, item_ids=item_ids, now=room.now)


def sweeps(room: Any) -> int:
    """Run what the sweep runs, as the worker's role, and return how many accounts it forgot."""
    with room.begin() as tx:
        tx.run(sa.text("set local role safehold_worker"))
        return cases.forget_accounts(tx, now=room.now, limit=100)


def joins(room: Any, account: str) -> tuple[CaseId, ItemId]:
    item_id = room.arrives(account=account)
    room.match(item_id)
    return room.opened(item_id), item_id


def reverses(room: Any, case_id: CaseId, item_id: ItemId) -> CaseId:
    with room.begin() as tx:
        [stored] = [one for one in outcomes(tx, case_id) if one.stands and one.outcome.item_id == item_id]
        given: Any = {"by": UserId(room.ben), "record": room.record, "now": room.now}
        return reverse(tx, stored.outcome.id, reason_code=ReversalReason.APPEAL, **given)


def accounts_of(room: Any, case_id: CaseId) -> tuple[str | None, str, list[str | None]]:
    """Return the account, what the case gathers by, and the accounts of its subjects."""
    [row] = room.sql("select account_id, gathered_by from review_case where id = :id", id=case_id)
    with room.begin() as tx:
        return row.account_id, row.gathered_by, [one.account_id for one in subject_rows.of_case(tx, case_id)]


def is_whole(room: Any, case_id: CaseId, account: str = ACCOUNT) -> bool:
    return accounts_of(room, case_id) == (account, f"account:{account}", [account])


def is_forgotten(room: Any, case_id: CaseId) -> bool:
    return accounts_of(room, case_id) == (None, f"case:{case_id}", [None])


def test_the_account_goes_with_the_last_context_once_and_no_record_names_it(room: Any) -> None:
    case_id, item_id = joins(room, ACCOUNT)
    room.assesses(case_id, item_id, room.not_illegal, by=room.ada)
    with room.begin() as tx:
        [subject] = subject_rows.of_case(tx, case_id)
        subjects.set_part(tx, subject.id, SubjectPart.BYSTANDER, by=room.ada, revision=1, now=room.now)
    assert sweeps(room) == 0
    assert is_whole(room, case_id)
    forgets_contexts(room, item_id)

    assert (sweeps(room), sweeps(room)) == (1, 0)
    assert is_forgotten(room, case_id)
    with room.begin() as tx:
        [left] = subject_rows.of_case(tx, case_id)
    assert (left.id, left.part) == (subject.id, SubjectPart.BYSTANDER)
    assert room.audited(f"case:{case_id}").count("case.forget_account") == 1
    for table in ("audit_record", "event", "review_case", "subject", "item_context"):
        named = f"select 1 from {table} as t where t::text like :account"
        assert room.sql(named, account=f"%{ACCOUNT}%") == [], table


def test_one_item_that_is_kept_keeps_the_account_of_its_case(room: Any) -> None:
    case_id, first = joins(room, ACCOUNT)
    same, second = joins(room, ACCOUNT)
    assert same == case_id
    forgets_contexts(room, first)
    assert sweeps(room) == 0
    assert is_whole(room, case_id)
    forgets_contexts(room, second)
    assert sweeps(room) == 1


def test_a_confirmed_item_keeps_the_account_until_its_outcome_is_reversed(room: Any) -> None:
    case_id, item_id = joins(room, ACCOUNT)
    forgets_contexts(room, item_id)
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    assert sweeps(room) == 0
    assert is_whole(room, case_id)
    reverses(room, case_id, item_id)
    assert sweeps(room) == 1


def test_a_forgotten_case_opens_again_beside_the_accounts_newer_one_and_gathers_nothing(room: Any) -> None:
    old, item_id = joins(room, ACCOUNT)
    room.assesses(old, item_id, room.not_illegal, by=room.ada)
    forgets_contexts(room, item_id)
    assert sweeps(room) == 1
    newer, _ = joins(room, ACCOUNT)
    assert newer != old

    assert reverses(room, old, item_id) == old
    assert room.case(old).state is room.case(newer).state is CaseState.OPEN
    assert room.waits_for(old, item_id) == "assessment"
    assert joins(room, ACCOUNT)[0] == newer
    room.assesses(old, item_id, room.not_illegal, by=room.ben)
    assert room.case(old).state is CaseState.SETTLED


def test_while_a_forgotten_case_is_open_its_account_has_one_other_open_case_and_no_more(room: Any) -> None:
    undecided, item_id = joins(room, ACCOUNT)
    forgets_contexts(room, item_id)
    assert sweeps(room) == 1
    assert room.case(undecided).state is CaseState.OPEN
    newer, second = joins(room, ACCOUNT)
    assert newer != undecided
    assert joins(room, ACCOUNT)[0] == newer
    assert is_whole(room, newer)
    # Forgotten too, while the first is open still.
    [*others] = room.sql("select item_id from case_item where case_id = :id", id=newer)
    assert second in {row.item_id for row in others}
    forgets_contexts(room, *(row.item_id for row in others))
    assert sweeps(room) == 1
    assert is_forgotten(room, undecided)
    assert is_forgotten(room, newer)


def test_a_case_that_somebody_is_changing_is_left_for_another_time(room: Any) -> None:
    case_id, item_id = joins(room, ACCOUNT)
    forgets_contexts(room, item_id)
    with room.begin() as tx:
        cases.existing_case(tx, case_id, for_change=True)
        assert sweeps(room) == 0
    assert sweeps(room) == 1


def test_a_conflict_about_the_account_stays_and_reaches_its_other_cases(room: Any) -> None:
    case_id, item_id = joins(room, ACCOUNT)
    with room.begin() as tx:
        analyst = Actor(permissions=permissions_of(frozenset({Role.ANALYST})), user_id=UserId(room.ada))
        conflicts.declare_about_case(tx, case_id, actor=analyst, now=room.now)
    forgets_contexts(room, item_id)
    assert sweeps(room) == 1
    newer, _ = joins(room, ACCOUNT)
    with room.begin() as tx:
        assert conflicts.kept_from(tx, [case_id, newer], room.ada) == {newer}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    items=st.lists(
        st.tuples(st.sampled_from([NEVER, CLEARED, CONFIRMED, REVERSED]), st.booleans()),
        min_size=1,
        max_size=3,
    )
)
def test_an_account_is_forgotten_when_every_context_is_erased_and_nothing_is_confirmed_and_never_else(
    room: Any, items: list[tuple[str, bool]]
) -> None:
    account = f"acc-{next(_numbers)}"
    put = [joins(room, account) for _ in items]
    [case_id] = {case_id for case_id, _ in put}
    for (_, item_id), (fate, erased) in zip(put, items, strict=True):
        if erased:
            forgets_contexts(room, item_id)
        if fate == NEVER:
            continue
        form = room.not_illegal if fate == CLEARED else room.illegal
        room.assesses(case_id, item_id, form, by=room.ada)
        if fate == REVERSED:
            reverses(room, case_id, item_id)
    expected = all(erased and fate != CONFIRMED for fate, erased in items)

    assert sweeps(room) == int(expected)
    assert is_forgotten(room, case_id) if expected else is_whole(room, case_id, account)
    # Leave nothing to forget for the next example.
    forgets_contexts(room, *(item_id for _, item_id in put))
    room.sql(
        "update outcome set reversed_at = settled_at, reversed_by = settled_by where reversed_at is null"
    )
    assert sweeps(room) == int(not expected)


def noted(room: Any, case_id: CaseId) -> bool:
    return bool(room.sql("select 1 from case_note where case_id = :id", id=case_id))


def test_notes_of_settled_cases_without_an_account_go_once_nothing_else_is_left_of_them(room: Any) -> None:
    cases_of = {}
    for which in ("cleared", "confirmed", "open", "fresh"):
        cases_of[which] = case_id, item_id = room.matched_case()
        with room.begin() as tx:
            notes.leave(tx, case_id, "ask for the second page", by=room.ada, now=room.now)
        if which != "open":
            form = room.illegal if which == "confirmed" else room.not_illegal
            room.assesses(case_id, item_id, form, by=room.ada)
        if which != "fresh":
            forgets_contexts(room, item_id)
    for _ in range(2):
        assert sweeps(room) == 0
        left = {which for which, (case_id, _) in cases_of.items() if noted(room, case_id)}
        assert left == {"confirmed", "open", "fresh"}
    assert room.audited(f"case:{cases_of['cleared'][0]}").count("case.forget_notes") == 1
