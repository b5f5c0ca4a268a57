"""Settle: what a filed assessment leads to, and how an outcome is reversed. Outcomes rest on people alone."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from safehold.jobs.record import Record
from safehold.model.assessment import Tier
from safehold.model.case import Case, CaseState, Outcome
from safehold.model.errors import Conflict, NotFound
from safehold.model.events import AssessmentFiled, ItemCleared, ItemConfirmed, OutcomeReversed
from safehold.model.ids import AnalystId, CaseId, OutcomeId, UserId, new_id
from safehold.model.permissions import Actor, system_actor
from safehold.review.cases import existing_case, person
from safehold.review.conflicts import has_conflict, refuse_conflicted
from safehold.storage import assessments as assessment_rows
from safehold.storage import audit, case_facts
from safehold.storage import cases as case_rows
from safehold.storage import events as event_rows
from safehold.storage.assessments import StoredAssessment, StoredOutcome
from safehold.storage.cases import WaitsFor
from safehold.storage.database import Tx

_RULES = system_actor("review_rules").label


class ReversalReason(StrEnum):
    """Why an outcome is reversed."""

    MISTAKE = "mistake"
    NEW_FACTS = "new_facts"
    APPEAL = "appeal"
    LIST_CORRECTED = "list_corrected"


def settle(tx: Tx, event: AssessmentFiled, *, record: Record, now: datetime) -> None:
    """Handle assessment_filed: one analyst's assessment settles the item, if they saw enough to say so.

    To confirm what no vetted list vouches for (holding distance or nearer), the analyst must have seen
    it clearly; else the item waits for that, and the case says so. Where the analyst has since declared a
    conflict of interest, it waits for somebody else. When every item of the case has an
    outcome, the case is settled. An outcome raises no revision: the filing that it follows did. Doing
    this again, or for an assessment that a newer one or a standing outcome has overtaken, changes nothing.
    """
    filed = assessment_rows.get(tx, event.assessment_id)
    if filed is None:
        raise NotFound("There is no such assessment.")
    case = existing_case(tx, filed.case_id, for_change=True)
    if _is_overtaken(tx, filed):
        return
    if has_conflict(tx, case.id, filed.analyst_id):
        _leave_open(tx, filed, WaitsFor.ASSESSMENT, now)
        return
    if must_be_seen_clearly(tx, filed):
        _leave_open(tx, filed, WaitsFor.CLEAR_VIEW, now)
        return
    outcome = _settle_item(tx, filed, now)
    case_rows.set_waits_for(tx, case.id, filed.item_id, None)
    if all(place.waits_for is None for place in case_rows.items_of(tx, case.id)):
        _settle_case(tx, case, now)
    _record_outcome(tx, outcome, record=record, now=now)


def must_be_seen_clearly(tx: Tx, filed: StoredAssessment) -> bool:
    """Say whether this assessment confirms something that its analyst has not seen as clearly as it takes."""
    if not filed.finding.confirms or filed.tier is Tier.CLEAR or filed.form == "conduct":
        return False
    matches = case_facts.matches_of(tx, [filed.item_id])
    return not any(match.vouched and match.purpose is filed.purpose for match in matches)


def reverse(
    tx: Tx,
    outcome_id: OutcomeId,
    *,
    by: UserId,
    reason_code: ReversalReason,
    record: Record,
    now: datetime,
) -> CaseId:
    """Reverse an outcome: the item waits for an assessment again. Return the case in which it does.

    The caller has checked that the person may. The case opens again; where another case has been opened
    for the same account meanwhile, the item joins that one, for only one may be open. Raises NotFound,
    ConflictOfInterest, and Conflict when the outcome was reversed before.
    """
    stored = assessment_rows.get_outcome(tx, outcome_id)
    if stored is None:
        raise NotFound("There is no such outcome.")
    outcome = stored.outcome
    refuse_conflicted(tx, outcome.case_id, by)
    event_rows.current_revision(tx, outcome.item_id, for_update=True)
    if not assessment_rows.set_reversed(tx, outcome_id, by=by, at=now):
        raise Conflict("The outcome was reversed before.")
    return _undo(tx, outcome, person(AnalystId(by)), reason_code, record=record, now=now)


def reverse_unseen(tx: Tx, outcome: Outcome, *, record: Record, now: datetime) -> CaseId | None:
    """Reverse an outcome that rests on entries which were withdrawn, and on nobody's eyes; None otherwise.

    That is one that confirms, where its analyst would have had to see the item clearly without a match that
    has been withdrawn since, and did not. It goes on as `reverse` says; in the audit log the review rules did
    it. The caller holds the item's revision. Doing it again changes nothing.
    """
    if not _rested_on_withdrawn(tx, outcome):
        return None
    if not assessment_rows.set_reversed(tx, outcome.id, by=None, at=now):
        return None
    rules, why = system_actor("review_rules"), ReversalReason.LIST_CORRECTED
    return _undo(tx, outcome, rules, why, record=record, now=now)


def outcomes(tx: Tx, case_id: CaseId) -> list[StoredOutcome]:
    """Return the outcomes of a case, those that were reversed too, oldest first."""
    return assessment_rows.outcomes_of_case(tx, case_id)


def _rested_on_withdrawn(tx: Tx, outcome: Outcome) -> bool:
    filed = assessment_rows.behind(tx, outcome.id)
    if filed is None or not must_be_seen_clearly(tx, filed):
        return False
    matches = case_facts.matches_of(tx, [filed.item_id])
    return any(match.withdrawn and match.would_vouch and match.purpose is filed.purpose for match in matches)


def _undo(
    tx: Tx, outcome: Outcome, actor: Actor, reason_code: ReversalReason, *, record: Record, now: datetime
) -> CaseId:
    """Let the item of an outcome that was just reversed wait again, tell so, and return the case."""
    open_case = _open_again(tx, outcome, now)
    detail = {"outcome": str(outcome.id), "reason": reason_code.value, "item": str(outcome.item_id)}
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="outcome.reverse",
        object=f"case:{outcome.case_id}",
        detail=detail,
    )
    record(tx, OutcomeReversed(at=now, item_id=outcome.item_id, case_id=outcome.case_id))
    return open_case


def _is_overtaken(tx: Tx, filed: StoredAssessment) -> bool:
    return (
        assessment_rows.standing_outcome(tx, filed.case_id, filed.item_id) is not None
        or assessment_rows.has_settled(tx, filed.id)
        or assessment_rows.newest(tx, filed.case_id, filed.item_id) != filed.id
    )


def _leave_open(tx: Tx, filed: StoredAssessment, waits_for: WaitsFor, now: datetime) -> None:
    place = case_rows.item_in(tx, filed.case_id, filed.item_id)
    if place is None or place.waits_for is not WaitsFor.SETTLING:
        return
    case_rows.set_waits_for(tx, filed.case_id, filed.item_id, waits_for)
    _audit(tx, filed, "item.left_open", now, waits_for=waits_for.value)


def _settle_item(tx: Tx, filed: StoredAssessment, now: datetime) -> Outcome:
    outcome = Outcome(
        id=OutcomeId(new_id()),
        case_id=filed.case_id,
        item_id=filed.item_id,
        finding=filed.finding,
        category=filed.category,
        by=(filed.analyst_id,),
        settled_at=now,
    )
    assessment_rows.insert_outcome(tx, outcome, purpose=filed.purpose, rests_on=[filed.id])
    _audit(tx, filed, "item.settle", now, outcome=str(outcome.id), finding=filed.finding.value)
    return outcome


def _settle_case(tx: Tx, case: Case, now: datetime) -> None:
    case_rows.set_settled(tx, case.id, at=now)
    case_rows.raise_revision(tx, case.id)
    audit.append(tx, at=now, actor=_RULES, verb="case.settle", object=f"case:{case.id}")


def _record_outcome(tx: Tx, outcome: Outcome, *, record: Record, now: datetime) -> None:
    if outcome.finding.confirms:
        confirmed = ItemConfirmed(
            at=now,
            item_id=outcome.item_id,
            case_id=outcome.case_id,
            finding=outcome.finding,
            category=outcome.category,
            confirmed_by=outcome.by,
        )
        record(tx, confirmed)
        return
    cleared = ItemCleared(at=now, item_id=outcome.item_id, case_id=outcome.case_id, finding=outcome.finding)
    record(tx, cleared)


def _open_again(tx: Tx, outcome: Outcome, now: datetime) -> CaseId:
    """Let the item wait in an open case: its own, or the one that has taken its place."""
    gathering = case_rows.gathering_of(tx, outcome.case_id)
    if gathering is None:
        raise NotFound("There is no such case.")
    case_rows.lock_gathering(tx, gathering)
    case = existing_case(tx, outcome.case_id, for_change=True)
    target = case.id
    if case.state is CaseState.SETTLED:
        other = case_rows.find_open(tx, gathering)
        if other is None:
            case_rows.set_settled(tx, case.id, at=None)
        else:
            target = other.id
            case_rows.join(tx, target, outcome.item_id, at=now)
    case_rows.set_waits_for(tx, target, outcome.item_id, WaitsFor.ASSESSMENT)
    case_rows.raise_revision(tx, target)
    return target


def _audit(tx: Tx, filed: StoredAssessment, verb: str, now: datetime, **detail: str) -> None:
    named = {"case": str(filed.case_id), "assessment": str(filed.id), **detail}
    audit.append(tx, at=now, actor=_RULES, verb=verb, object=f"item:{filed.item_id}", detail=named)
