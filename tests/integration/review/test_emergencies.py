"""A risk to life: declared by one person, kept by the database, ended with a reason on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from safehold.app import proposals
from safehold.evidence import retention
from safehold.model.case import CaseState
from safehold.model.emergency import Emergency, EmergencyEnd
from safehold.model.errors import BadForm, Conflict, NotAllowed, NotFound, Refused, TooLarge
from safehold.model.events import RiskToLifeDeclared, RiskToLifeEnded
from safehold.model.ids import AnalystId, CaseId, EmergencyId, ProposalId, UserId, new_id
from safehold.model.permissions import Actor, Permission, Role, permissions_of
from safehold.review import conflicts, emergencies
from safehold.storage import emergencies as rows

WITHIN = timedelta(minutes=15)


def person(analyst: AnalystId, *more: Permission) -> Actor:
    return Actor(permissions=frozenset({Permission.EMERGENCY_DECLARE, *more}), user_id=UserId(analyst))


def declares(room: Any, case_id: CaseId, *, by: Actor | None = None, item: Any = None) -> Emergency:
    with room.begin() as tx:
        declared, _ = emergencies.declare(
            tx,
            case_id,
            item_id=item,
            actor=by or person(room.ada),
            within=WITHIN,
            record=room.record,
            now=room.now,
        )
    return declared


def ends(room: Any, about: Emergency, how: EmergencyEnd, words: str = "a wrong alarm") -> Emergency:
    with room.begin() as tx:
        return emergencies.end(
            tx, about.id, how, words, actor=person(room.ben), record=room.record, now=room.later(minutes=5)
        )


def test_declaring_starts_the_clock_and_is_recorded_once(room: Any) -> None:
    case_id, item_id = room.matched_case()
    declared = declares(room, case_id, item=item_id)
    assert declares(room, case_id, by=person(room.ben)) == declared
    assert (declared.item_id, declared.due_at) == (item_id, room.now + WITHIN)
    assert room.events("risk_to_life_declared") == [
        RiskToLifeDeclared(at=room.now, case_id=case_id, emergency_id=declared.id)
    ]
    assert room.audited(f"case:{case_id}").count("emergency.declare") == 1


def test_an_open_form_of_the_case_stays_good_and_the_item_waits_as_before(room: Any) -> None:
    case_id, item_id = room.matched_case()
    before = room.takes(case_id, room.ada).revision
    declares(room, case_id)
    assert room.case(case_id).revision == before
    assert room.waits_for(case_id, item_id) == "assessment"


def test_a_settled_case_takes_a_declaration_as_well(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    assert room.case(case_id).state is CaseState.SETTLED
    assert declares(room, case_id).stands


def test_an_item_of_another_case_is_left_out_and_stands_in_nobodys_way(room: Any) -> None:
    case_id, _ = room.matched_case()
    _, elsewhere = room.matched_case()
    assert declares(room, case_id, item=elsewhere).item_id is None


def test_a_key_and_whoever_may_not_cannot_declare(room: Any) -> None:
    case_id, _ = room.matched_case()
    key = Actor(permissions=frozenset({Permission.EMERGENCY_DECLARE}), key_id=new_id())  # type: ignore[arg-type]
    for actor in (key, Actor(permissions=frozenset(), user_id=UserId(room.ada))):
        with pytest.raises(NotAllowed):
            declares(room, case_id, by=actor)
    with pytest.raises(NotFound):
        declares(room, CaseId(new_id()))


def test_it_ends_once_with_a_reason_and_can_be_declared_anew(room: Any) -> None:
    case_id, _ = room.matched_case()
    declared = declares(room, case_id)
    ends(room, declared, EmergencyEnd.WITHDRAWN)
    with pytest.raises(Conflict):
        ends(room, declared, EmergencyEnd.REPORTED)
    with room.begin() as tx:
        kept = emergencies.existing(tx, declared.id, actor=person(room.ada))
    assert (kept.ended_how, kept.ended_by, kept.words) == (
        EmergencyEnd.WITHDRAWN,
        room.ben,
        "a wrong alarm",
    )
    assert [each for each in room.events("risk_to_life_ended") if isinstance(each, RiskToLifeEnded)]
    assert declares(room, case_id).id != declared.id


def test_the_words_of_an_end_stand_in_no_log_and_are_never_empty(room: Any) -> None:
    case_id, _ = room.matched_case()
    declared = declares(room, case_id)
    for words, error in ((" \n ", BadForm), ("x" * 1001, TooLarge)):
        with pytest.raises(error):
            ends(room, declared, EmergencyEnd.REPORTED, words)
    ends(room, declared, EmergencyEnd.REPORTED, "the harbour police")
    for table in ("audit_record", "audit_personal", "event"):
        kept = "".join(str(row[0]) for row in room.sql(f"select row_to_json(t)::text from {table} t"))
        assert "harbour" not in kept
    with pytest.raises(IntegrityError, match="ended_with_a_reason"):
        room.sql("update emergency set words = null")


def test_one_person_answers_and_whoever_comes_later_is_told(room: Any) -> None:
    case_id, _ = room.matched_case()
    declared = declares(room, case_id)
    with room.begin() as tx:
        emergencies.answer(tx, declared.id, actor=person(room.ben), now=room.now)
    with pytest.raises(Conflict), room.begin() as tx:
        emergencies.answer(tx, declared.id, actor=person(room.ada), now=room.now)
    with pytest.raises(NotFound), room.begin() as tx:
        emergencies.answer(tx, EmergencyId(new_id()), actor=person(room.ada), now=room.now)


def test_a_case_is_found_by_its_number_and_by_ids(room: Any) -> None:
    case_id, item_id = room.matched_case()
    case = room.case(case_id)
    with room.begin() as tx:
        for named in (str(case.number), f" {case_id} ", str(item_id)):
            assert emergencies.find_case(tx, named, actor=person(room.ada)) == case_id
        for named in ("", "0", "9" * 30, "²", str(new_id()), "'; drop table emergency"):
            with pytest.raises(BadForm):
                emergencies.find_case(tx, named, actor=person(room.ada))


def test_who_knows_somebody_in_a_case_finds_it_to_declare_a_risk_to_life(room: Any) -> None:
    case_id, _ = room.matched_case(account="a-1")
    analyst = Actor(permissions=permissions_of(frozenset({Role.ANALYST})), user_id=UserId(room.ada))
    with room.begin() as tx:
        conflicts.declare_about_case(tx, case_id, actor=analyst, now=room.now)
        assert emergencies.find_case(tx, str(case_id), actor=person(room.ada)) == case_id
        # But not by what the platform calls an account: nobody asks here whether somebody has a case.
        with pytest.raises(BadForm):
            emergencies.find_case(tx, "a-1", actor=person(room.ada))


@pytest.mark.parametrize("how", [None, *EmergencyEnd])
def test_what_lies_in_the_case_is_kept_for_a_year_unless_it_was_withdrawn(
    room: Any, how: EmergencyEnd | None
) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.not_illegal, by=room.ada)
    declared = declares(room, case_id)
    if how is not None:
        ends(room, declared, how)
    with room.begin() as tx:
        [media_id] = rows.media_in(tx, case_id)
        histories = retention.evidence_rows.histories(tx, media_id)
        kept = retention.decide(histories, rows.declared_about(tx, media_id))
    assert kept is not None
    withdrawn = how is EmergencyEnd.WITHDRAWN
    assert kept.rule.value == ("not_confirmed" if withdrawn else "at_risk")
    assert kept.destroy_at == room.now + timedelta(days=14 if withdrawn else 365)


def planned(room: Any, about: Emergency) -> list[tuple[str, bool]]:
    found = room.sql(
        "select state, approved_by is not null as by_person from proposal where emergency_id = :id",
        id=about.id,
    )
    return [(row.state, row.by_person) for row in found]


@pytest.mark.parametrize(("knows_somebody", "left"), [(False, "approved"), (True, "withdrawn")])
def test_the_report_waits_for_a_person_and_whoever_is_kept_from_the_case_may_have_made_it_too(
    room: Any, knows_somebody: bool, left: str
) -> None:
    case_id, _ = room.matched_case(account="d-1")
    declared = declares(room, case_id)
    for _ in range(2):
        with room.begin() as tx:
            proposals.plan_urgent_report(tx, declared, now=room.now)
    assert planned(room, declared) == [("waiting", False)]
    [waiting] = room.sql("select id from proposal")
    with pytest.raises(Refused), room.begin() as tx:
        proposals.approve(
            tx,
            ProposalId(waiting.id),
            actor=person(room.ben, Permission.PROPOSAL_DECIDE),
            record=room.record,
            now=room.now,
        )
    if knows_somebody:
        room.sql(
            "insert into declared_conflict (id, user_id, about, declared_at)"
            " values (gen_random_uuid(), :who, 'account:d-1', now())",
            who=room.ben,
        )
    with room.begin() as tx:
        proposals.close_urgent_report(tx, declared, made=True, actor=person(room.ben), now=room.now)
    assert planned(room, declared) == [(left, left == "approved")]


def test_a_report_of_a_risk_to_life_outlives_what_becomes_of_outcomes(room: Any) -> None:
    case_id, item_id = room.matched_case()
    declared = declares(room, case_id, item=item_id)
    with room.begin() as tx:
        proposals.plan_urgent_report(tx, declared, now=room.now)
    room.assesses(case_id, item_id, room.not_illegal, by=room.ada)
    [cleared] = room.events("item_cleared")
    with room.begin() as tx:
        proposals.withdraw(tx, cleared, now=room.now)
    assert planned(room, declared) == [("waiting", False)]


def test_no_policy_can_make_it_and_nothing_else_can_rest_on_a_declaration(room: Any) -> None:
    case_id, item_id = room.matched_case()
    declared = declares(room, case_id, item=item_id)
    with room.begin() as tx:
        proposals.plan_urgent_report(tx, declared, now=room.now)
    for change, rule in (
        ("state = 'approved', decided_at = now(), policy = 'x'", "urgent_report_by_a_person"),
        ("kind = 'remove_item'", "rests_on_people"),
        ("emergency_id = null", "rests_on_people"),
    ):
        with pytest.raises(IntegrityError, match=rule):
            room.sql(f"update proposal set {change}")
