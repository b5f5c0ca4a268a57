"""Whoever knows somebody in a case is kept from it: by the code, and by the database past the code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.model.assessment import Tier
from safehold.model.case import SubjectPart
from safehold.model.errors import BadForm, ConflictOfInterest, NotAllowed, NotFound
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ConflictId, KeyId, UserId, new_id
from safehold.model.permissions import Actor, Permission, Role, permissions_of, system_actor
from safehold.review import cases, conflicts, settle, subjects
from safehold.review.settle import ReversalReason
from safehold.review.viewing import ViewLimits, open_reveal

ACCOUNT = "acc-4711"
SHELL = Actor(permissions=frozenset(Permission), system="shell")


def analyst(user: AnalystId, role: Role = Role.ANALYST) -> Actor:
    return Actor(permissions=permissions_of(frozenset({role})), user_id=UserId(user))


def lead(user: AnalystId) -> Actor:
    return analyst(user, Role.LEAD)


def declares(room: Any, case_id: CaseId, by: AnalystId) -> None:
    with room.begin() as tx:
        conflicts.declare_about_case(tx, case_id, actor=analyst(by), now=room.now)


def only_conflict(room: Any) -> conflicts.Conflict:
    with room.begin() as tx:
        (found,) = conflicts.standing(tx)
    return found


def refused(room: Any, act: Callable[[Any], object]) -> None:
    with pytest.raises(ConflictOfInterest), room.begin() as tx:
        act(tx)


def test_who_declares_a_conflict_is_kept_from_every_case_of_that_account(room: Any) -> None:
    first, _ = room.matched_case(account=ACCOUNT)
    again = room.arrives(account=ACCOUNT)
    room.match(again, room.new_list(Purpose.OWN_TERMS, vetted=False))
    second = room.opened(again, purpose=Purpose.OWN_TERMS)
    unrelated, _ = room.matched_case(account="acc-other")
    declares(room, first, room.ada)
    assert first != second
    with room.begin() as tx:
        assert conflicts.kept_from(tx, [first, second, unrelated], room.ada) == {first, second}
        assert conflicts.kept_from(tx, [first, second, unrelated], room.ben) == set()
        assert not conflicts.has_conflict(tx, unrelated, room.ada)


def test_a_case_that_is_opened_later_for_the_account_is_out_of_reach_too(room: Any) -> None:
    with room.begin() as tx:
        conflicts.declare_about_account(tx, ACCOUNT, of=UserId(room.ada), actor=SHELL, now=room.now)
    case_id, _ = room.matched_case(account=ACCOUNT)
    refused(room, lambda tx: cases.take(tx, case_id, room.ada, room.now))
    room.takes(case_id, room.ben)


def test_a_case_that_only_names_the_account_as_a_subject_is_out_of_reach_too(room: Any) -> None:
    case_id, _ = room.matched_case()
    room.sql(
        "insert into subject (id, case_id, account_id) values (:id, :case, :account)",
        id=new_id(),
        case=case_id,
        account=ACCOUNT,
    )
    with room.begin() as tx:
        conflicts.declare_about_account(tx, ACCOUNT, of=UserId(room.ada), actor=lead(room.ben), now=room.now)
    refused(room, lambda tx: cases.take(tx, case_id, room.ada, room.now))


def test_without_an_account_a_conflict_is_about_what_the_case_gathers_by(room: Any) -> None:
    case_id, item_id = room.matched_case()
    declares(room, case_id, room.ada)
    refused(room, lambda tx: cases.take(tx, case_id, room.ada, room.now))
    assert str(item_id) not in conflicts.about_in_words(only_conflict(room))


def test_declaring_gives_the_case_back_and_the_queue_never_offers_it_again(room: Any) -> None:
    case_id, _ = room.matched_case(account=ACCOUNT)
    room.takes(case_id, room.ada)
    declares(room, case_id, room.ada)
    assert room.case(case_id).locked_by is None
    with room.begin() as tx:
        assert cases.take_next(tx, room.ada, room.now) is None
        taken = cases.take_next(tx, room.ben, room.now)
    assert taken is not None
    assert taken.id == case_id


def test_reading_looking_assessing_setting_a_part_and_reversing_are_refused(room: Any) -> None:
    case_id, item_id = room.matched_case(account=ACCOUNT)
    room.assesses(case_id, item_id, room.illegal, by=room.ben)
    outcome = room.sql("select id from outcome")[0].id
    subject = room.sql("select id from subject")[0].id
    declares(room, case_id, room.ada)
    now, ada = room.now, room.ada
    refused(room, lambda tx: conflicts.refuse_conflicted(tx, case_id, ada))
    refused(
        room,
        lambda tx: settle.reverse(
            tx, outcome, by=UserId(ada), reason_code=ReversalReason.APPEAL, record=room.record, now=now
        ),
    )
    part = SubjectPart.SUSPECTED
    refused(room, lambda tx: subjects.set_part(tx, subject, part, by=ada, revision=1, now=now))
    other, thing = room.matched_case(account=ACCOUNT)
    room.sql(
        "update declared_conflict set ended_at = now(), ended_by = :ben where user_id = :ada",
        ben=room.ben,
        ada=ada,
    )
    case = room.takes(other, ada)
    room.sql(  # as if somebody else had declared it this instant, and the lock were still there
        "insert into declared_conflict (id, user_id, about, declared_at) values (:id, :ada, :about, now())",
        id=new_id(),
        ada=ada,
        about=f"account:{ACCOUNT}",
    )
    refused(room, lambda tx: open_reveal(tx, other, thing, Tier.CLEAR, by=ada, now=now, limits=ViewLimits()))
    assert case.locked_by == ada


def test_an_assessment_whose_analyst_has_declared_a_conflict_since_settles_nothing(room: Any) -> None:
    case_id, item_id = room.matched_case(account=ACCOUNT)
    filed = room.files(case_id, item_id, room.illegal, by=room.ada)
    declares(room, case_id, room.ada)
    room.settles(case_id, item_id, filed)
    assert room.waits_for(case_id, item_id) == "assessment"
    assert not room.sql("select from outcome")
    room.assesses(case_id, item_id, room.not_illegal, by=room.ben)
    assert room.waits_for(case_id, item_id) is None


def test_only_another_person_ends_a_conflict_and_it_is_on_record_who(room: Any) -> None:
    case_id, _ = room.matched_case(account=ACCOUNT)
    declares(room, case_id, room.ada)
    conflict = only_conflict(room)
    for actor in (
        analyst(room.ben),
        lead(room.ada),
        SHELL,
        Actor(permissions=lead(room.ben).permissions, key_id=KeyId(new_id())),
    ):
        with pytest.raises(NotAllowed), room.begin() as tx:
            conflicts.end_conflict(tx, conflict.id, actor=actor, now=room.now)
    with room.begin() as tx:
        conflicts.end_conflict(tx, conflict.id, actor=lead(room.ben), now=room.now)
    assert room.audited(f"conflict:{conflict.id}") == ["conflict.declare", "conflict.end"]
    room.takes(case_id, room.ada)
    with pytest.raises(NotFound), room.begin() as tx:
        conflicts.end_conflict(tx, ConflictId(conflict.id), actor=lead(room.ben), now=room.now)


@pytest.mark.parametrize("whose", ["an analyst", "a key", "a part of the system"])
def test_only_who_may_edit_conflicts_declares_one_for_somebody_else(room: Any, whose: str) -> None:
    actor = {
        "an analyst": analyst(room.ben),
        "a key": Actor(permissions=frozenset({Permission.SCAN}), key_id=KeyId(new_id())),
        "a part of the system": system_actor("sweep"),
    }[whose]
    with pytest.raises(NotAllowed), room.begin() as tx:
        conflicts.declare_about_account(tx, ACCOUNT, of=UserId(room.ada), actor=actor, now=room.now)


def test_an_account_that_is_not_named_is_a_form_that_is_not_filled_in(room: Any) -> None:
    with pytest.raises(BadForm), room.begin() as tx:
        conflicts.declare_about_account(tx, "  ", of=UserId(room.ada), actor=lead(room.ben), now=room.now)


def test_saying_it_twice_is_one_conflict(room: Any) -> None:
    case_id, _ = room.matched_case(account=ACCOUNT)
    declares(room, case_id, room.ada)
    declares(room, case_id, room.ada)
    assert room.audited(f"conflict:{only_conflict(room).id}") == ["conflict.declare"]


def test_the_account_is_in_no_audit_record(room: Any) -> None:
    case_id, _ = room.matched_case(account=ACCOUNT)
    declares(room, case_id, room.ada)
    rows = room.sql("select detail::text as detail, object from audit_record")
    assert not [row for row in rows if ACCOUNT in row.detail + row.object]


def _key(room: Any, case_id: CaseId, item_id: Any) -> dict[str, Any]:
    return {"id": new_id(), "case": case_id, "item": item_id, "ada": room.ada, "ben": room.ben}


@pytest.mark.parametrize(
    "statement",
    [
        "update review_case set locked_by = :ada, locked_until = now() where id = :case",
        "insert into reveal (id, user_id, case_id, item_id, tier, opened_at, ends_by, kind, weight)"
        " values (:id, :ada, :case, :item, 'clear', now(), now() + interval '1 minute', 'A', 200)",
        "insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding, answers, tier,"
        " policy_version, filed_at) values (:id, :case, 'csam', :item, :ada, 'imagery', 'not_illegal', '{}',"
        " 'none', '1', now())",
        "update outcome set reversed_at = now(), reversed_by = :ada where case_id = :case",
        "insert into outcome (id, case_id, purpose, item_id, finding, settled_at, settled_by, rests_on)"
        " values (:id, :case, 'csam', :item, 'not_illegal', now(), :ada, :id)",
        "insert into proposal (id, kind, item_id, case_id, outcome_id, state, planned_at, decided_at,"
        " approved_by) values (:id, 'remove_item', :item, :case, :id, 'approved', now(), now(), :ada)",
    ],
)
def test_the_database_keeps_them_away_by_itself(room: Any, statement: str) -> None:
    case_id, item_id = room.matched_case(account=ACCOUNT)
    room.assesses(case_id, item_id, room.illegal, by=room.ben)
    declares(room, case_id, room.ada)
    values = {k: v for k, v in _key(room, case_id, item_id).items() if f":{k}" in statement}
    with pytest.raises(sa.exc.IntegrityError) as caught:
        room.sql(statement, **values)
    assert caught.value.orig.diag.constraint_name == "no_conflict_of_interest"  # type: ignore[union-attr]


def test_the_database_lets_nobody_end_their_own_conflict(room: Any) -> None:
    case_id, _ = room.matched_case(account=ACCOUNT)
    declares(room, case_id, room.ada)
    with pytest.raises(sa.exc.IntegrityError) as caught:
        room.sql("update declared_conflict set ended_at = now(), ended_by = user_id")
    rule = caught.value.orig.diag.constraint_name  # type: ignore[union-attr]
    assert rule == "ck_declared_conflict_ended_by_another"
