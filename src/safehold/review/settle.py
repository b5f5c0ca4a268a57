"""Settle: what filed assessments lead to by the rules, and how an outcome is reversed. It rests on people."""

from __future__ import annotations

from datetime import datetime

from safehold.jobs.record import Record
from safehold.model.case import Case, Outcome, WaitsFor
from safehold.model.errors import Conflict, NotFound
from safehold.model.events import AssessmentFiled, ItemCleared, ItemConfirmed
from safehold.model.ids import AnalystId, CaseId, ItemId, OutcomeId, UserId, new_id
from safehold.model.item import ItemKind
from safehold.model.permissions import system_actor
from safehold.review import bound, pages
from safehold.review.admission import admit
from safehold.review.cases import existing_case, person
from safehold.review.contest import answer_appeals, contested_outcome
from safehold.review.reopening import ReversalReason, keep_for_others, tell_of_reversal, undo
from safehold.review.rules import Policy, Settled, Situation, decide
from safehold.review.situations import situation_of
from safehold.storage import assessments as assessment_rows
from safehold.storage import audit, case_facts, case_urgency
from safehold.storage import cases as case_rows
from safehold.storage import items as item_rows
from safehold.storage.assessments import Basis, StoredOutcome
from safehold.storage.cases import CaseItem
from safehold.storage.database import Tx
from safehold.storage.turns import ANOTHERS

__all__ = ["ReversalReason", "look_again", "outcomes", "reverse", "reverse_unseen", "settle"]

ALONE = Policy()
"""What is asked for where one person is all there is."""

_RULES = system_actor("review_rules").label


def settle(tx: Tx, event: AssessmentFiled, *, policy: Policy, record: Record, now: datetime) -> None:
    """Handle assessment_filed: let the rules settle the item, or say what it waits for.

    Those who have since declared a conflict of interest do not count. When every item of the case has an
    outcome, the case is settled; where all of it waits for others than whoever holds it, they hold it no
    longer. An outcome raises no revision: the filing that it follows did. Doing this again, or for an
    assessment that a newer one, an outcome or a reversal has overtaken, changes nothing.
    """
    filed = assessment_rows.get(tx, event.assessment_id)
    if filed is None:
        raise NotFound("There is no such assessment.")
    # Items before cases, as everybody who reverses what it rests on or may be found to contradict.
    bound.hold(tx, filed.item_id)
    case = existing_case(tx, filed.case_id, for_change=True)
    place = case_rows.item_in(tx, filed.case_id, filed.item_id)
    if place is None or place.waits_for is None or place.round != filed.round:
        return
    if assessment_rows.of_round(tx, case.id, filed.item_id, filed.round)[-1].id == filed.id:
        _follow_the_rules(tx, case, place, policy=policy, record=record, now=now)


def look_again(
    tx: Tx, case_id: CaseId, item_id: ItemId, *, policy: Policy, record: Record, now: datetime
) -> None:
    """Ask the rules once more about an item that waits though people have assessed it.

    What the policy asks for, which lists vouch and who has a conflict of interest may have changed since.
    Nothing happens to an item that nobody has assessed in this round, or that is settled.
    """
    bound.hold(tx, item_id)
    case = existing_case(tx, case_id, for_change=True)
    place = case_rows.item_in(tx, case_id, item_id)
    if place is not None and place.waits_for not in (None, WaitsFor.SETTLING):
        _follow_the_rules(tx, case, place, policy=policy, record=record, now=now)


def reverse(
    tx: Tx,
    outcome_id: OutcomeId,
    *,
    by: UserId,
    reason_code: ReversalReason,
    record: Record,
    now: datetime,
    policy: Policy = ALONE,
) -> CaseId:
    """Reverse an outcome: the item waits for an assessment again. Return the case in which it does.

    The caller has checked that the person may. The case opens again; where another case has been opened
    for the same account meanwhile, the item joins that one, for only one may be open. On an appeal those who
    had decided are kept from deciding again, as the policy's size of team allows. Raises NotFound,
    ConflictOfInterest, and Conflict when the outcome was reversed before.
    """
    stored = assessment_rows.get_outcome(tx, outcome_id)
    if stored is None:
        raise NotFound("There is no such outcome.")
    outcome = stored.outcome
    admit(tx, outcome.case_id, by)
    bound.hold(tx, outcome.item_id)
    if not assessment_rows.set_reversed(tx, outcome_id, by=by, at=now):
        raise Conflict("The outcome was reversed before.")
    people = assessment_rows.people_of(tx, outcome_id)
    target = undo(tx, outcome, person(AnalystId(by)), reason_code, record=record, now=now)
    if reason_code is ReversalReason.APPEAL:
        keep_for_others(tx, target, outcome, people, policy=policy)
    return target


def reverse_unseen(tx: Tx, outcome: Outcome, *, record: Record, now: datetime) -> CaseId | None:
    """Reverse an outcome that rests on entries which were withdrawn, and on nobody's eyes; None otherwise.

    That is one that confirms, where somebody would have had to see the item clearly without a match that
    has been withdrawn since, and nobody did. It goes on as `reverse` says; in the audit log the review rules
    did it. The caller holds the item's revision. Doing it again changes nothing.
    """
    if not _rested_on_withdrawn(tx, outcome):
        return None
    if not assessment_rows.set_reversed(tx, outcome.id, by=None, at=now):
        return None
    rules, why = system_actor("review_rules"), ReversalReason.LIST_CORRECTED
    return undo(tx, outcome, rules, why, record=record, now=now)


def outcomes(tx: Tx, case_id: CaseId) -> list[StoredOutcome]:
    """Return the outcomes of a case, those that were reversed too, oldest first."""
    return assessment_rows.outcomes_of_case(tx, case_id)


def _rested_on_withdrawn(tx: Tx, outcome: Outcome) -> bool:
    if not assessment_rows.confirms_unseen(tx, outcome.id):
        return False
    purpose = existing_case(tx, outcome.case_id).purpose
    matches = [match for match in case_facts.matches_of(tx, [outcome.item_id]) if match.purpose is purpose]
    vouched = any(match.vouched for match in matches)
    return not vouched and any(match.withdrawn and match.would_vouch for match in matches)


def _follow_the_rules(
    tx: Tx, case: Case, place: CaseItem, *, policy: Policy, record: Record, now: datetime
) -> None:
    contested = contested_outcome(tx, case, place.item_id)
    situation = situation_of(tx, case, place, policy, contested=contested)
    if situation is None:
        return
    decision = decide(situation)
    if isinstance(decision, WaitsFor):
        _leave_open(tx, case, place, decision, now)
        return
    deciding = decision.agreed[0]
    case_rows.set_waits_for(tx, case.id, place.item_id, None)
    if all(each.waits_for is None for each in case_rows.items_of(tx, case.id)):
        _settle_case(tx, case, now)
    elif _is_conversation(tx, place.item_id):
        # That a child is at risk now has its outcome: what still waits weighs by itself.
        case_urgency.weigh_soon(tx, case.id, now)
    if contested is not None and (contested.finding, contested.category) == deciding.verdict:
        _audit(tx, case.id, place.item_id, "outcome.stands", now, outcome=str(contested.id))
    else:
        if contested is not None:
            _replace(tx, contested, deciding.by, record=record, now=now)
        outcome = _settle_item(tx, case, situation, decision, now)
        people = tuple(judgement.by for judgement in decision.agreed)
        _record_outcome(tx, outcome, people, record=record, now=now)
        pages.tell_unsupported(tx, outcome, record=record, now=now)
    answer_appeals(
        tx,
        case.id,
        place.item_id,
        contested=contested,
        by=UserId(deciding.by),
        changed=deciding.finding.confirms is not (contested is None or contested.finding.confirms),
        record=record,
        now=now,
    )


def _is_conversation(tx: Tx, item_id: ItemId) -> bool:
    item = item_rows.get_bare(tx, item_id)
    return item is not None and item.kind is ItemKind.MESSAGES


def _replace(tx: Tx, contested: Outcome, by: AnalystId, *, record: Record, now: datetime) -> None:
    """Reverse an outcome that another person, assessing the item afresh, found to be wrong."""
    assessment_rows.set_reversed(tx, contested.id, by=UserId(by), at=now)
    tell_of_reversal(tx, contested, person(by), ReversalReason.APPEAL, record=record, now=now)


def _leave_open(tx: Tx, case: Case, place: CaseItem, waits_for: WaitsFor, now: datetime) -> None:
    if place.waits_for is waits_for:
        return
    case_rows.set_waits_for(tx, case.id, place.item_id, waits_for)
    _audit(tx, case.id, place.item_id, "item.left_open", now, waits_for=waits_for.value)
    _let_others_in(tx, case)


def _let_others_in(tx: Tx, case: Case) -> None:
    """Take the case from whoever holds it once all of it waits for others, who need not wait for the lock."""
    if case.locked_by is None:
        return
    places = [place for place in case_rows.items_of(tx, case.id) if place.waits_for is not None]
    if all(_is_anothers(tx, place, case.locked_by) for place in places):
        case_rows.set_lock(tx, case.id, analyst=None, until=None)


def _is_anothers(tx: Tx, place: CaseItem, holder: AnalystId) -> bool:
    filed = assessment_rows.of_round(tx, place.case_id, place.item_id, place.round)
    return place.waits_for in (*ANOTHERS, WaitsFor.LEAD) and any(
        one.analyst_id == holder and one.same_as is None for one in filed
    )


def _settle_item(tx: Tx, case: Case, situation: Situation, settled: Settled, now: datetime) -> Outcome:
    people = tuple(judgement.by for judgement in settled.judged)
    deciding = settled.agreed[0]
    outcome = Outcome(
        id=OutcomeId(new_id()),
        case_id=case.id,
        item_id=situation.item_id,
        finding=deciding.finding,
        category=deciding.category,
        by=people[:2],
        settled_at=now,
    )
    basis = Basis(
        assessments=tuple(judgement.id for judgement in settled.judged),
        people=people,
        asked=settled.asked,
        form=situation.form,
        tier=settled.tier,
        listed=situation.vouched,
    )
    assessment_rows.insert_outcome(tx, outcome, purpose=case.purpose, basis=basis)
    # What is found of one item speaks for or against a look at the others.
    case_urgency.weigh_soon(tx, case.id, now)
    _audit(
        tx,
        case.id,
        situation.item_id,
        "item.settle",
        now,
        assessment=str(deciding.id),
        outcome=str(outcome.id),
        finding=deciding.finding.value,
        people=len(people),
        asked=settled.asked,
        disagreed=len(settled.others),
    )
    return outcome


def _settle_case(tx: Tx, case: Case, now: datetime) -> None:
    case_rows.set_settled(tx, case.id, at=now)
    case_rows.raise_revision(tx, case.id)
    audit.append(tx, at=now, actor=_RULES, verb="case.settle", object=f"case:{case.id}")


def _record_outcome(
    tx: Tx, outcome: Outcome, people: tuple[AnalystId, ...], *, record: Record, now: datetime
) -> None:
    if outcome.finding.confirms:
        confirmed = ItemConfirmed(
            at=now,
            item_id=outcome.item_id,
            case_id=outcome.case_id,
            finding=outcome.finding,
            category=outcome.category,
            confirmed_by=people,
        )
        record(tx, confirmed)
        return
    cleared = ItemCleared(at=now, item_id=outcome.item_id, case_id=outcome.case_id, finding=outcome.finding)
    record(tx, cleared)


def _audit(tx: Tx, case_id: CaseId, item_id: ItemId, verb: str, now: datetime, **detail: str | int) -> None:
    named = {"case": str(case_id), **detail}
    audit.append(tx, at=now, actor=_RULES, verb=verb, object=f"item:{item_id}", detail=named)
