"""The drills of a rehearsal, read from the records: what was done, when, by whom, and what went wrong.

Nothing is kept for it beside the records that real work leaves, but which items were uploaded for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from safehold.model.assessment import Tier
from safehold.model.authority_report import AuthorityReport, AuthorityReportState, Relation
from safehold.model.case import Appeal, AppealState
from safehold.model.emergency import Emergency, EmergencyEnd
from safehold.model.ids import CaseId, ItemId, UserId
from safehold.model.proposal import ProposalKind
from safehold.review.cases import existing_case
from safehold.review.facts import standing_of_item
from safehold.storage import (
    appeals,
    assessments,
    audit,
    authority_reports,
    emergencies,
    proposals,
)
from safehold.storage.assessments import StoredAssessment
from safehold.storage.database import Tx


class Drill(StrEnum):
    """What is practised."""

    RECEIPT = "from a match to the receipt"
    CORRECTION = "a correction after an appeal"
    EMERGENCY = "a risk to life, up to the receipt"


class Step(StrEnum):
    """What a drill leads through."""

    ASSESSED = "looked at and assessed"
    ASSESSED_AGAIN = "assessed by a second person"
    APPROVED = "removal approved"
    SENT = "report read and sent"
    FILED = "receipt on record"
    CONTESTED = "contested by the account"
    DECIDED = "assessed afresh by somebody else"
    CORRECTED = "correction read and sent"
    CORRECTION_FILED = "receipt of the correction on record"
    DECLARED = "risk to life declared"
    ENDED = "clock stopped: it is reported"


STEPS = {
    Drill.RECEIPT: (Step.ASSESSED, Step.ASSESSED_AGAIN, Step.APPROVED, Step.SENT, Step.FILED),
    Drill.CORRECTION: (Step.CONTESTED, Step.DECIDED, Step.CORRECTED, Step.CORRECTION_FILED),
    Drill.EMERGENCY: (Step.DECLARED, Step.SENT, Step.FILED, Step.ENDED),
}
"""What has to be done in each, in order."""


TWO = 2
"""So many people assess what the first of them calls category A."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A step that was done. by: None where a machine did it, or whoever is outside. more: what came of it."""

    step: Step
    at: datetime
    by: UserId | None = None
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A drill as far as it is. wrong: what went wrong, in words without content."""

    drill: Drill
    case_number: int
    done: tuple[Done, ...]
    wrong: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Step, ...]:
        """What is still to do, in order."""
        there = {each.step for each in self.done}
        return tuple(step for step in STEPS[self.drill] if step not in there)

    @property
    def is_finished(self) -> bool:
        """Whether every step was done."""
        return not self.missing

    @property
    def lasted(self) -> timedelta:
        """From the first thing that somebody did to the last that happened; nothing where nobody did any."""
        times = [each.at for each in self.done if each.step is not Step.CONTESTED]
        return max(times) - min(times) if times else timedelta()


def played(tx: Tx, item_id: ItemId, drills: Sequence[Drill]) -> list[Played]:
    """Return how far these drills are that were begun with an item; none while its case is not open yet."""
    case_id = standing_of_item(tx, item_id).case_id
    if case_id is None:
        return []
    number = existing_case(tx, case_id).number
    reports = authority_reports.of_case(tx, case_id)
    return [
        Played(
            drill=drill,
            case_number=number,
            done=tuple(sorted(_DONE[drill](tx, case_id, item_id, reports), key=lambda each: each.at)),
            wrong=(*_astray(tx, drill, case_id, item_id), *_wrong(tx, drill, reports)),
        )
        for drill in drills
    ]


def _to_receipt(
    tx: Tx, case_id: CaseId, item_id: ItemId, reports: Sequence[AuthorityReport]
) -> Iterator[Done]:
    filed = _assessed_before(tx, case_id, item_id)
    for step, one in zip((Step.ASSESSED, Step.ASSESSED_AGAIN), filed, strict=False):
        yield Done(step=step, at=one.filed_at, by=UserId(one.analyst_id), more=_seen(one.tier))
    for planned in (stored.proposal for stored in proposals.of_case(tx, case_id)):
        # What falls later is withdrawn, and then has another date of its own.
        at = audit.oldest_of(tx, f"proposal:{planned.id}", "proposal.approve")
        if planned.kind is ProposalKind.REMOVE_ITEM and at is not None:
            yield Done(step=Step.APPROVED, at=at, by=planned.approved_by)
    yield from _sent_and_filed(_first(reports), Step.SENT, Step.FILED)


def _to_correction(
    tx: Tx, case_id: CaseId, item_id: ItemId, reports: Sequence[AuthorityReport]
) -> Iterator[Done]:
    for appeal in appeals.of_item(tx, item_id)[:1]:
        yield Done(step=Step.CONTESTED, at=appeal.received_at)
        yield from _decided(appeal)
    corrections = [one for one in reports if one.relation is Relation.CORRECTION]
    yield from _sent_and_filed(next(iter(corrections), None), Step.CORRECTED, Step.CORRECTION_FILED)


def _to_help(tx: Tx, case_id: CaseId, item_id: ItemId, reports: Sequence[AuthorityReport]) -> Iterator[Done]:
    about = _declared(tx, reports)
    if about is None:
        return
    yield Done(step=Step.DECLARED, at=about.declared_at, by=about.declared_by)
    yield from _sent_and_filed(_urgent(reports), Step.SENT, Step.FILED)
    if about.ended_at is not None and about.ended_how is EmergencyEnd.REPORTED:
        yield Done(step=Step.ENDED, at=about.ended_at, by=about.ended_by)


_DONE = {Drill.RECEIPT: _to_receipt, Drill.CORRECTION: _to_correction, Drill.EMERGENCY: _to_help}


def _assessed_before(tx: Tx, case_id: CaseId, item_id: ItemId) -> list[StoredAssessment]:
    """Return what was assessed before anybody contested it, oldest first."""
    contested = min((one.received_at for one in appeals.of_item(tx, item_id)), default=None)
    filed = sorted(assessments.of_case(tx, case_id, [item_id]), key=lambda one: one.filed_at)
    return [one for one in filed if contested is None or one.filed_at < contested]


def _decided(appeal: Appeal) -> Iterator[Done]:
    if appeal.decided_at is not None and appeal.state is AppealState.UPHELD:
        yield Done(step=Step.DECIDED, at=appeal.decided_at, by=appeal.decided_by, more="the outcome fell")


def _sent_and_filed(report: AuthorityReport | None, sent: Step, filed: Step) -> Iterator[Done]:
    if report is not None and report.approved_at is not None:
        yield Done(step=sent, at=report.approved_at, by=report.approved_by)
    if report is not None and report.filed_at is not None:
        yield Done(step=filed, at=report.filed_at, more=f"reference {report.reference}")


def _first(reports: Sequence[AuthorityReport]) -> AuthorityReport | None:
    return next((one for one in reports if one.relation is None and _counts(one)), None)


def _urgent(reports: Sequence[AuthorityReport]) -> AuthorityReport | None:
    return next((one for one in reports if one.emergency_id is not None and _counts(one)), None)


def _counts(report: AuthorityReport) -> bool:
    return report.state not in (AuthorityReportState.DECLINED, AuthorityReportState.WITHDRAWN)


def _declared(tx: Tx, reports: Sequence[AuthorityReport]) -> Emergency | None:
    about = next((one.emergency_id for one in reports if one.emergency_id is not None), None)
    return emergencies.get(tx, about) if about is not None else None


def _seen(tier: Tier) -> str:
    return "without looking" if tier is Tier.NONE else f"seen {tier.value}"


def _astray(tx: Tx, drill: Drill, case_id: CaseId, item_id: ItemId) -> Iterator[str]:
    """Say where people went another way than the drill does."""
    if drill is Drill.RECEIPT and len(_assessed_before(tx, case_id, item_id)) > TWO:
        yield "two people found differently, and a third was asked"
    if drill is Drill.CORRECTION and any(
        one.state is AppealState.REJECTED for one in appeals.of_item(tx, item_id)
    ):
        yield "the outcome stood when it was assessed afresh: there is nothing to correct"


def _wrong(tx: Tx, drill: Drill, reports: Sequence[AuthorityReport]) -> Iterator[str]:
    """Say what went wrong with the reports that this drill is about."""
    for report in reports:
        if (report.relation is Relation.CORRECTION) is (drill is Drill.CORRECTION):
            yield from _wrong_with(tx, report)


def _wrong_with(tx: Tx, report: AuthorityReport) -> Iterator[str]:
    records = audit.of_object(tx, f"authority_report:{report.id}")
    calls = [
        one.detail for one in records if one.verb == "authority.call" and one.detail["moment"] == "after"
    ]
    lost = sum(one.get("failed") is not None for one in calls)
    refused = sum(one.get("code") not in (None, 0) for one in calls)
    opened = sum(one["call"] == "open" and one.get("code") == 0 for one in calls)
    if lost:
        yield f"{lost} calls without an answer"
    if refused:
        yield f"{refused} calls answered with a refusal"
    if opened > 1:
        yield f"begun {opened} times, finished once" if report.filed_at else f"begun {opened} times"
    for one in records:
        if one.verb == "authority.stuck":
            yield f"stuck: {one.detail['why']}"
    if not _counts(report):
        yield f"{report.state.value} by a person"
    if report.filed_at is not None and report.filed_at > report.due_at:
        yield "filed after it was due"
