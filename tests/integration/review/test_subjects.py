"""Subjects: only a person sets a part, and never past a planned account action."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from safehold.model.case import Subject, SubjectPart
from safehold.model.errors import CaseLocked, NotFound, Refused, StaleRevision
from safehold.model.ids import CaseId, SubjectId, new_id
from safehold.review.facts import facts
from safehold.review.subjects import set_part


def uploader(room: Any, case_id: CaseId) -> Subject:
    with room.begin() as tx:
        return facts(tx, case_id).subjects[0]


def sets(room: Any, subject: Subject, part: SubjectPart, *, revision: int | None = None) -> Subject:
    with room.begin() as tx:
        return set_part(
            tx,
            subject.id,
            part,
            by=room.ada,
            revision=subject.revision if revision is None else revision,
            now=room.now,
        )


def plan_account_action(room: Any, case_id: CaseId, subject: Subject) -> None:
    item_id = room.sql("select item_id from case_item where case_id = :id", id=case_id)[0].item_id
    outcome_id = room.sql("select id from outcome where case_id = :id", id=case_id)[0].id
    room.sql(
        "insert into proposal (id, kind, item_id, case_id, outcome_id, subject_id, subject_part, state,"
        " planned_at) values"
        " (:id, 'account_action', :item, :case, :outcome, :subject, :part, 'waiting', :at)",
        id=new_id(),
        item=item_id,
        case=case_id,
        outcome=outcome_id,
        subject=subject.id,
        part=subject.part.value,
        at=room.now,
    )


def test_a_person_sets_a_part_and_it_is_recorded(room: Any) -> None:
    case_id, _ = room.matched_case(account="c-1")
    before = room.case(case_id).revision
    changed = sets(room, uploader(room, case_id), SubjectPart.VICTIM)
    assert changed == uploader(room, case_id)
    assert (changed.part, changed.revision) == (SubjectPart.VICTIM, 2)
    assert room.case(case_id).revision == before + 1
    assert room.audited(f"case:{case_id}")[-1] == "subject.set_part"
    assert room.sql("select part_set_by from subject")[0].part_set_by == room.ada


def test_the_database_lets_nothing_but_a_person_set_a_part(room: Any) -> None:
    room.matched_case(account="c-2")
    with pytest.raises(sa.exc.IntegrityError, match="part_set_by_person"):
        room.sql("update subject set part = 'suspected'")


def test_a_part_that_somebody_else_has_set_since_is_not_overwritten(room: Any) -> None:
    case_id, _ = room.matched_case(account="c-3")
    seen = uploader(room, case_id)
    sets(room, seen, SubjectPart.VICTIM)
    with pytest.raises(StaleRevision):
        sets(room, seen, SubjectPart.SUSPECTED)
    assert uploader(room, case_id).part is SubjectPart.VICTIM


def test_a_case_that_another_analyst_holds_keeps_its_parts(room: Any) -> None:
    case_id, _ = room.matched_case(account="c-4")
    room.takes(case_id, room.ben)
    with pytest.raises(CaseLocked):
        sets(room, uploader(room, case_id), SubjectPart.VICTIM)


def test_a_subject_that_does_not_exist_has_no_part(room: Any) -> None:
    with pytest.raises(NotFound):
        sets(
            room,
            Subject(id=SubjectId(new_id()), case_id=CaseId(new_id()), account_id=None),
            SubjectPart.VICTIM,
        )


def test_no_account_action_is_planned_against_a_part_that_nobody_knows(room: Any) -> None:
    case_id, item_id = room.matched_case(account="c-5")
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    with pytest.raises(sa.exc.IntegrityError, match="never_against_unknown_or_victim"):
        plan_account_action(room, case_id, uploader(room, case_id))


@pytest.mark.parametrize("part", [SubjectPart.VICTIM, SubjectPart.UNKNOWN], ids=str)
def test_while_an_account_action_is_planned_its_subject_does_not_become_a_victim_or_unknown(
    room: Any, part: SubjectPart
) -> None:
    case_id, item_id = room.matched_case(account="c-6")
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    suspected = sets(room, uploader(room, case_id), SubjectPart.SUSPECTED)
    plan_account_action(room, case_id, suspected)
    with pytest.raises(Refused, match="account action"):
        sets(room, suspected, part)
    assert uploader(room, case_id) == suspected
    room.sql("update proposal set state = 'withdrawn', decided_at = now()")
    assert sets(room, suspected, part).part is part
