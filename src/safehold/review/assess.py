"""Assess: one analyst's own, signed judgement of one item, with the clearest tier they have in fact seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from safehold.jobs.record import Record
from safehold.model.answers import Form, form_name, to_answers
from safehold.model.assessment import Assessment, ConductForm, ImageryForm, Tier
from safehold.model.case import Case, WaitsFor
from safehold.model.errors import BadForm, Conflict, NotFound, StaleRevision
from safehold.model.events import AssessmentFiled
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, AssessmentId, CaseId, ItemId, new_id
from safehold.model.item import ItemKind
from safehold.review import golden, pages
from safehold.review.cases import held_case, person
from safehold.review.turns import Turn, turn_of
from safehold.review.viewing import clearest_seen
from safehold.storage import assessments as assessment_rows
from safehold.storage import audit, case_urgency, recusals
from safehold.storage import cases as case_rows
from safehold.storage import events as event_rows
from safehold.storage import items as item_rows
from safehold.storage.assessments import StoredAssessment
from safehold.storage.database import Tx
from safehold.storage.turns import is_lead

_NOT_NOW = {
    Turn.SOON: "The last assessment of this item is still being settled.",
    Turn.OF_OTHERS: "You have assessed this item; it waits for somebody else now.",
    Turn.OF_A_LEAD: "People disagree about this item; it waits for a lead.",
}


def file_assessment(  # noqa: PLR0913 - a signed form names all that it rests on
    tx: Tx,
    case_id: CaseId,
    item_id: ItemId,
    form: Form,
    *,
    by: AnalystId,
    policy_version: str,
    case_revision: int,
    same_as: AssessmentId | None = None,
    bits: int | None = None,
    record: Record,
    now: datetime,
) -> AssessmentId:
    """File an assessment and let the rules settle the item. The case's revision rises by one.

    case_revision: the case's, as the analyst saw it. same_as: the assessment of the same bytes elsewhere
    that this one repeats, see `same`; bits: of a picture that differs by so many, see `alike`.
    policy_version: the text that was beside the form. Of a golden item nothing follows. The tier is what this
    analyst was sent of the item, never what they say. Raises BadForm where the form does not fit the item,
    its answers or the case's purpose; CaseLocked where another holds the case (whose time ran out, and
    nobody has it now, takes it again by filing); StaleRevision when the case moved on; NotFound when the
    item is not in it; Conflict when the case is settled, the last assessment of the item is still being
    settled, this analyst has assessed the item and its outcome stands, or it waits for somebody else than
    them.
    """
    # Steps lock an item before its case; so does this, or the two could wait for each other.
    event_rows.current_revision(tx, item_id, for_update=True)
    case = held_case(tx, case_id, by, now=now, again=True)
    if case.revision != case_revision:
        raise StaleRevision()
    _check_form(tx, case, item_id, form)
    round, blind = _take_turn(tx, case_id, item_id, by)
    filed = Assessment(
        id=AssessmentId(new_id()),
        case_id=case_id,
        item_id=item_id,
        by=by,
        form=form,
        tier=_seen(tx, case_id, item_id, form, by),
        policy_version=policy_version,
        filed_at=now,
    )
    stored = _stored(filed, case.purpose, round=round, blind=blind)
    if same_as is not None:
        # Whoever repeats what was found elsewhere has been shown it.
        stored = replace(stored, blind=False, same_as=same_as, bits=bits)
    assessment_rows.insert(tx, stored)
    case_rows.raise_revision(tx, case_id)
    _after_filing(tx, case, form, now)
    _audit(tx, filed, same_as, bits)
    if golden.answer(tx, case_id, item_id, form.finding, now=now):
        return filed.id
    event = AssessmentFiled(at=now, item_id=item_id, case_id=case_id, assessment_id=filed.id)
    record(tx, event)
    return filed.id


def _seen(tx: Tx, case_id: CaseId, item_id: ItemId, form: Form, by: AnalystId) -> Tier:
    stored = item_rows.get_bare(tx, item_id)
    if stored is not None and stored.kind is ItemKind.PAGE and isinstance(form, ImageryForm):
        return pages.seen_of_page(tx, case_id, item_id, (form.finding, form.category), by=by)
    return clearest_seen(tx, item_id, by=by)


def _after_filing(tx: Tx, case: Case, form: Form, now: datetime) -> None:
    if case.for_lead:
        # Somebody has gone on with it: what it waits for next need not be a lead.
        case_urgency.set_for_lead(tx, case.id, False)
    if isinstance(form, ConductForm):
        # It may say that a child is at risk now, or no longer.
        case_urgency.weigh_soon(tx, case.id, now)


def _check_form(tx: Tx, case: Case, item_id: ItemId, form: ImageryForm | ConductForm) -> None:
    form.check(case.purpose)
    stored = item_rows.get(tx, item_id)
    if stored is None:
        raise NotFound("There is no such item in this case.")
    is_conversation = stored.item.kind is ItemKind.MESSAGES
    if is_conversation is not isinstance(form, ConductForm):
        raise BadForm("form: conversations have the conduct form, everything else the imagery form.")
    site_type = form.site_type if isinstance(form, ImageryForm) else None
    if site_type is not None and stored.item.kind is not ItemKind.PAGE:
        raise BadForm("site_type: only a page belongs to a site.", field="site_type")


def _take_turn(tx: Tx, case_id: CaseId, item_id: ItemId, by: AnalystId) -> tuple[int, bool]:
    """Return the round in which this analyst may file, and whether they do so blind."""
    place = case_rows.item_in(tx, case_id, item_id)
    if place is None:
        raise NotFound("There is no such item in this case.")
    filed = assessment_rows.of_round(tx, case_id, item_id, place.round)
    recused = recusals.stands(tx, case_id, item_id, round=place.round, analyst=by)
    turn = turn_of(place.waits_for, filed, by, is_lead=is_lead(tx, by), recused=recused)
    if turn in _NOT_NOW:
        raise Conflict(_NOT_NOW[turn])
    if turn is Turn.OVER:
        if any(one.analyst_id == by for one in filed):
            raise Conflict("You have assessed this item, and its outcome stands.")
        return place.round, False
    case_rows.set_waits_for(tx, case_id, item_id, WaitsFor.SETTLING)
    return place.round, turn is Turn.BLIND


def _stored(filed: Assessment, purpose: Purpose, *, round: int, blind: bool) -> StoredAssessment:
    form = filed.form
    return StoredAssessment(
        id=filed.id,
        case_id=filed.case_id,
        item_id=filed.item_id,
        purpose=purpose,
        analyst_id=filed.by,
        form=form_name(form),
        finding=form.finding,
        category=form.category if isinstance(form, ImageryForm) else None,
        answers=to_answers(form),
        tier=filed.tier,
        policy_version=filed.policy_version,
        filed_at=filed.filed_at,
        round=round,
        blind=blind,
    )


def _audit(tx: Tx, filed: Assessment, same_as: AssessmentId | None, bits: int | None) -> None:
    detail: dict[str, str | int] = {
        "case": str(filed.case_id),
        "assessment": str(filed.id),
        "finding": filed.form.finding.value,
        "tier": filed.tier.value,
        "policy_version": filed.policy_version,
    }
    if same_as is not None:
        detail["same_as"] = str(same_as)
    if bits is not None:
        detail["bits"] = bits
    audit.append(
        tx,
        at=filed.filed_at,
        actor=person(filed.by).label,
        verb="item.assess",
        object=f"item:{filed.item_id}",
        detail=detail,
    )
