"""Plans of authority reports: put down once an item is confirmed, one for each case and destination.

A plan tells nobody anything: a person sends it. What is confirmed meanwhile joins it; what falls leaves it,
and where that was filed by then, a correction is planned.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from safehold.authorities import plan_records, planner
from safehold.authorities import priority as urgency
from safehold.authorities.planner import Situation, Taker
from safehold.model.assessment import Finding
from safehold.model.authority_report import (
    DUE_WITHIN,
    AuthorityReport,
    AuthorityReportState,
    DestinationKind,
    FileOwed,
    PlanReason,
    Priority,
    Relation,
    ReportedItem,
)
from safehold.model.case import Case
from safehold.model.emergency import Emergency, EmergencyEnd
from safehold.model.events import (
    AuthorityReportFiled,
    ItemCleared,
    ItemPreserved,
    OutcomeReversed,
    RiskToLifeEnded,
)
from safehold.model.ids import AuthorityReportId, CaseId, ItemId, new_id
from safehold.storage import assessments, cases, emergencies, items, report_facts
from safehold.storage import authority_reports as rows
from safehold.storage.database import Tx

_COUNTRY = re.compile(r"([A-Z]{2})(?:-[A-Z0-9]{1,3})?")
_COUNTS_AS_REPORTED = frozenset({DestinationKind.NCMEC_CYBERTIPLINE})
"""Bodies abroad: where they know, others that ask for no duplicates are not told."""
PRACTICE_WAITS = timedelta(days=14)
"""How long practice waits for a person before it is withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the settings say. operator_country: an ISO 3166 code, None where they say nothing."""

    takers: tuple[Taker, ...] = ()
    operator_country: str | None = None
    due_within: Mapping[Priority, timedelta] = field(default_factory=lambda: DUE_WITHIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What is to be told to whom. follows, relation: left out where what was sent before decides them.

    unverified: something in it rests on no outcome. so_since: from when on a letter says it, whatever its
    items: whoever approved before has not read it.
    """

    taker: Taker
    reasons: tuple[PlanReason, ...]
    found: Sequence[ReportedItem]
    follows: AuthorityReport | None = None
    relation: Relation | None = None
    unverified: bool = False
    so_since: datetime | None = None


def plan(tx: Tx, event: ItemPreserved, *, rules: Rules, now: datetime) -> None:
    """Handle item_preserved: put down that an authority is to be told, or why none is.

    It joins the report that waits for the same case and destination. Doing it twice changes nothing; nor does
    it where the settings declare no destination at all, or where the outcome no longer stands.
    """
    outcome = assessments.standing_outcome(tx, event.case_id, event.item_id)
    if not rules.takers or outcome is None or not outcome.finding.confirms:
        return
    case = cases.get(tx, event.case_id)
    if case is None:
        return
    told = _told(tx, event.item_id)
    if any(one.unverified and one.state is AuthorityReportState.FILED for one in told):
        _add_verified(tx, told, event, ReportedItem(item_id=event.item_id, outcome_id=outcome.id), rules, now)
        return
    choice = planner.choose(_situation(tx, case, [event.item_id], outcome.finding, told, rules), rules.takers)
    if choice.taker is None:
        plan_records.told_to_none(tx, event.item_id, case.id, choice, now=now)
        return
    found = ReportedItem(item_id=event.item_id, outcome_id=outcome.id)
    draft = _Draft(taker=choice.taker, reasons=choice.reasons, found=[found])
    _put_down(tx, case, draft, rules=rules, now=now)


def plan_urgent(tx: Tx, about: Emergency, *, rules: Rules, now: datetime) -> AuthorityReport | None:
    """Put down that a declared risk to life is to be told at once, unverified; None where nobody can be told.

    It tells of the whole case, whatever anybody has found of it so far. Doing it again gives the report that
    there is.
    """
    case = cases.get(tx, about.case_id)
    inside = [place.item_id for place in cases.items_of(tx, about.case_id)]
    if case is None or not inside or not rules.takers:
        return None
    choice = planner.choose(_situation(tx, case, inside[:1], None, [], rules), rules.takers)
    if choice.taker is None:
        plan_records.told_to_none(tx, inside[0], case.id, choice, now=now)
        return None
    report = AuthorityReport(
        id=AuthorityReportId(new_id()),
        case_id=case.id,
        destination=choice.taker.name,
        kind=choice.taker.kind,
        priority=Priority.ONE,
        state=AuthorityReportState.PLANNED,
        reasons=(PlanReason.RISK_TO_LIFE, *choice.reasons),
        planned_at=now,
        due_at=max(about.due_at, now + timedelta(seconds=1)),
        rehearsal=case.rehearsal,
        unverified=True,
        emergency_id=about.id,
    )
    if not rows.insert(tx, report):
        return next((one for one in rows.of_case(tx, case.id) if one.emergency_id == about.id), None)
    rows.add_items(tx, report.id, report.destination, [ReportedItem(item_id=each) for each in inside])
    plan_records.planned(tx, report, inside, now=now)
    return report


def withdraw_urgent(tx: Tx, about: Emergency, *, now: datetime) -> None:
    """Withdraw the report of a risk to life that was a wrong alarm, unless somebody has sent it on.

    Files that were to follow stay where they are, but for those of what people found illegal.
    """
    for report in rows.of_case(tx, about.case_id, for_change=True):
        if report.state is not AuthorityReportState.PLANNED:
            continue
        if report.emergency_id == about.id:
            _withdraw(tx, report, now)
        elif report.unverified and report.emergency_id is None:
            told = rows.items_of(tx, report.id)
            rows.change(tx, report, unverified=False)
            report = replace(report, unverified=False, revision=report.revision + 1)
            _take_out(tx, report, [one for one in told if one.outcome_id is None], now)


def plan_owed_files(tx: Tx, *, rules: Rules, now: datetime, limit: int = 20) -> int:
    """Plan supplements with the files that filed reports went without; return of how many reports.

    To be asked for once files can be opened again. What rests on a declaration alone follows only where that
    was no wrong alarm; what was found otherwise does not follow. Doing it again changes nothing.
    """
    owing = rows.owing_files(tx, limit=limit)
    for report_id in owing:
        report = rows.get(tx, report_id)
        case = cases.get(tx, report.case_id) if report is not None else None
        if report is not None and case is not None:
            _plan_owed(tx, case, report, rules, now)
    return len(owing)


def end_practice(tx: Tx, *, now: datetime, limit: int = 100) -> int:
    """Withdraw reports of practice that nobody has sent within PRACTICE_WAITS; return how many.

    Nobody has to be told of practice, so it waits no longer than people may want to send it.
    """
    left = rows.practice_left(tx, planned_before=now - PRACTICE_WAITS, limit=limit)
    for report in left:
        reasons = (*report.reasons, PlanReason.PRACTICE_OVER)
        rows.change(tx, report, reasons=reasons)
        _withdraw(tx, replace(report, reasons=reasons, revision=report.revision + 1), now)
    return len(left)


def follow_reversal(tx: Tx, event: ItemCleared | OutcomeReversed, *, rules: Rules, now: datetime) -> None:
    """Handle outcome_reversed and item_cleared: nothing planned on a finding that fell stays planned.

    Where the authority has it already, a correction is planned, which again waits for a person. What is being
    sent at this moment is looked at again once it is filed.
    """
    for report in rows.telling(tx, event.item_id, for_change=True):
        if report.state is AuthorityReportState.FILED:
            _plan_correction(tx, report, _fallen(tx, report), rules=rules, now=now)
        elif report.state is not AuthorityReportState.SENDING:
            _take_out(tx, report, _fallen(tx, report), now)


def look_again(tx: Tx, event: AuthorityReportFiled, *, rules: Rules, now: datetime) -> None:
    """Handle authority_report_filed: what was reversed or ended while it was being sent is corrected."""
    report = rows.get(tx, event.report_id, for_change=True)
    if report is not None and report.state is AuthorityReportState.FILED:
        _plan_correction(tx, report, _fallen(tx, report), rules=rules, now=now)
        _correct_alarm(tx, report, rules=rules, now=now)


def follow_wrong_alarm(tx: Tx, event: RiskToLifeEnded, *, rules: Rules, now: datetime) -> None:
    """Handle risk_to_life_ended: an authority that was told of a wrong alarm hears that it was one.

    The correction waits for a person. What is being sent at this moment is looked at again once it is filed.
    Doing it again changes nothing.
    """
    for report in rows.of_case(tx, event.case_id, for_change=True):
        if report.emergency_id == event.emergency_id and report.state is AuthorityReportState.FILED:
            _correct_alarm(tx, report, rules=rules, now=now)


def _told(tx: Tx, item_id: ItemId) -> list[AuthorityReport]:
    return [one for one in rows.telling(tx, item_id) if one.relation is not Relation.CORRECTION]


def _situation(
    tx: Tx,
    case: Case,
    item_ids: Collection[ItemId],
    finding: Finding | None,
    told: Sequence[AuthorityReport],
    rules: Rules,
) -> Situation:
    appeared = [one.context for one in items.get_many(tx, item_ids).values() if one.context is not None]
    regions = (_COUNTRY.fullmatch((one.region or "").upper()) for one in appeared)
    return Situation(
        purpose=case.purpose,
        finding=finding,
        operator_country=rules.operator_country,
        linked_countries=frozenset(found.group(1) for found in regions if found),
        told=frozenset(one.destination for one in told),
        foreign_told=any(one.kind in _COUNTS_AS_REPORTED for one in told),
    )


def _priority(tx: Tx, case_id: CaseId, draft: _Draft) -> Priority:
    """Suggest how soon it is due, as its letter does."""
    found = report_facts.standing_outcomes(tx, case_id, [one.item_id for one in draft.found])
    forms = (each.form for each in found.values())
    risk = report_facts.risk_to_life_in(tx, case_id)
    return urgency.by_what_was_found(forms, risk=risk, relation=draft.relation).priority


def _plan_owed(tx: Tx, case: Case, report: AuthorityReport, rules: Rules, now: datetime) -> None:
    tx.lock(f"authority reports of case {case.id}")
    owed = [one for one in rows.items_of(tx, report.id) if one.file is FileOwed.OWED]
    declared = emergencies.get(tx, report.emergency_id) if report.emergency_id is not None else None
    is_wrong = declared is None or declared.ended_how is EmergencyEnd.WITHDRAWN
    found = []
    for one in owed:
        outcome = assessments.standing_outcome(tx, case.id, one.item_id)
        if outcome.finding is Finding.ILLEGAL if outcome is not None else not is_wrong:
            outcome_id = outcome.id if outcome is not None else None
            found.append(ReportedItem(item_id=one.item_id, outcome_id=outcome_id, first_told=False))
    follows = {one.item_id for one in found}
    rows.owe_files(tx, report.id, [one.item_id for one in owed if one.item_id not in follows], owed=False)
    if not found:
        return
    draft = _Draft(
        taker=_taker(report, rules),
        reasons=(PlanReason.FILES_FOLLOW,),
        found=found,
        follows=report,
        relation=Relation.SUPPLEMENT,
        unverified=any(one.outcome_id is None for one in found),
    )
    _put_down(tx, case, draft, rules=rules, now=now)


def _taker(report: AuthorityReport, rules: Rules) -> Taker:
    """Return where a report went, whether the settings still name it or not."""
    named = (one for one in rules.takers if one.name == report.destination)
    return next(named, Taker(name=report.destination, kind=report.kind, enabled=False))


def _put_down(tx: Tx, case: Case, draft: _Draft, *, rules: Rules, now: datetime) -> None:
    """Let a draft join the plan that waits, or make one."""
    # Steps of other items of the case plan at the same time.
    tx.lock(f"authority reports of case {case.id}")
    name = draft.taker.name
    earlier = [one for one in rows.of_case(tx, case.id, for_change=True) if one.destination == name]
    sent = _newest_sent(earlier)
    if draft.follows is None and sent is not None:
        reasons = (*draft.reasons, PlanReason.MORE_FOUND)
        draft = replace(draft, follows=sent, relation=Relation.SUPPLEMENT, reasons=reasons)
    priority = _priority(tx, case.id, draft)
    due_at = now + rules.due_within[priority]
    report = next((one for one in earlier if _waits_alike(one, draft.relation)), None)
    if report is not None:
        _join(tx, report, draft, priority, due_at=due_at, now=now)
        return
    report = _fresh(case, draft, priority, planned_at=now, due_at=due_at)
    rows.insert(tx, report)
    plan_records.planned(tx, report, rows.add_items(tx, report.id, name, draft.found), now=now)
    _bring_files(tx, report, draft)


def _join(
    tx: Tx, report: AuthorityReport, draft: _Draft, priority: Priority, *, due_at: datetime, now: datetime
) -> None:
    """Let a draft join the plan that waits. What was told unverified in it is verified where it is by now."""
    added = rows.add_items(tx, report.id, report.destination, draft.found)
    for one in draft.found:
        if one.outcome_id is not None and rows.rest_on(tx, report.id, one.item_id, one.outcome_id):
            added.append(one.item_id)
    brought = _bring_files(tx, report, draft)
    is_unread = bool(report.approved_at and draft.so_since and report.approved_at < draft.so_since)
    if added or brought or is_unread:
        plan_records.planned(tx, _grow(tx, report, draft, priority, due_at), added, now=now)


def _bring_files(tx: Tx, report: AuthorityReport, draft: _Draft) -> bool:
    """Let a supplement bring the files that are owed of what it tells; say whether there were any."""
    if draft.relation is not Relation.SUPPLEMENT:
        return False
    items = [one.item_id for one in draft.found]
    return bool(rows.bring_files(tx, report.id, report.destination, items))


def _fresh(
    case: Case, draft: _Draft, priority: Priority, *, planned_at: datetime, due_at: datetime
) -> AuthorityReport:
    return AuthorityReport(
        id=AuthorityReportId(new_id()),
        case_id=case.id,
        destination=draft.taker.name,
        kind=draft.taker.kind,
        priority=priority,
        state=AuthorityReportState.PLANNED,
        reasons=draft.reasons,
        planned_at=planned_at,
        due_at=due_at,
        rehearsal=case.rehearsal,
        unverified=draft.unverified,
        follows=draft.follows.id if draft.follows is not None else None,
        relation=draft.relation,
    )


def _waits_alike(report: AuthorityReport, relation: Relation | None) -> bool:
    waits = report.state is AuthorityReportState.PLANNED
    return waits and report.emergency_id is None and report.relation is relation


def _newest_sent(earlier: Sequence[AuthorityReport]) -> AuthorityReport | None:
    sent = (AuthorityReportState.SENDING, AuthorityReportState.STUCK, AuthorityReportState.FILED)
    return next((one for one in reversed(earlier) if one.state in sent), None)


def _grow(
    tx: Tx, report: AuthorityReport, draft: _Draft, priority: Priority, due_at: datetime
) -> AuthorityReport:
    """Let a plan be as urgent as what joined it, which the first of two who send it has not seen."""
    may_be_unverified = report.unverified or draft.unverified
    grown: dict[str, Any] = {
        "priority": min(report.priority, priority),
        "reasons": tuple(dict.fromkeys((*report.reasons, *draft.reasons))),
        "unverified": may_be_unverified
        and any(one.outcome_id is None for one in rows.items_of(tx, report.id)),
        "due_at": min(report.due_at, due_at),
        "approved_by": None,
        "approved_at": None,
    }
    rows.change(tx, report, **grown)
    return replace(report, **grown, revision=report.revision + 1)


def _add_verified(
    tx: Tx,
    told: Sequence[AuthorityReport],
    event: ItemPreserved,
    found: ReportedItem,
    rules: Rules,
    now: datetime,
) -> None:
    """Tell a destination that what it was told unverified is confirmed by now, once."""
    if rows.is_told_verified(tx, found.item_id):
        return
    case = cases.get(tx, event.case_id)
    before = next(one for one in told if one.unverified)
    taker = next((one for one in rules.takers if one.name == before.destination), None)
    if case is None or taker is None:
        return
    again = ReportedItem(item_id=found.item_id, outcome_id=found.outcome_id, first_told=False)
    draft = _Draft(
        taker=taker,
        reasons=(PlanReason.MORE_FOUND,),
        found=[again],
        follows=before,
        relation=Relation.SUPPLEMENT,
    )
    _put_down(tx, case, draft, rules=rules, now=now)


def _fallen(tx: Tx, report: AuthorityReport) -> list[ReportedItem]:
    """Return what a report tells that no standing outcome bears out, though one did or nobody had looked."""
    return [one for one in rows.items_of(tx, report.id) if _fell(tx, report, one)]


def _fell(tx: Tx, report: AuthorityReport, one: ReportedItem) -> bool:
    if one.outcome_id is None:
        return _found_otherwise(tx, report.case_id, one.item_id)
    outcome = assessments.get_outcome(tx, one.outcome_id)
    if outcome is not None and outcome.stands:
        return False
    standing = assessments.standing_outcomes_of_item(tx, one.item_id)
    return not any(each.finding is Finding.ILLEGAL for each in standing)


def _found_otherwise(tx: Tx, case_id: CaseId, item_id: ItemId) -> bool:
    outcome = assessments.standing_outcome(tx, case_id, item_id)
    return outcome is not None and outcome.finding is not Finding.ILLEGAL


def _correct_alarm(tx: Tx, report: AuthorityReport, *, rules: Rules, now: datetime) -> None:
    """Plan a correction of a filed report, once, where the danger that it tells of was a wrong alarm."""
    about = _declared(tx, report)
    if about is None or about.ended_how is not EmergencyEnd.WITHDRAWN:
        return
    assert about.ended_at is not None
    assert report.filed_at is not None
    since = max(about.ended_at, report.filed_at)
    if not any(_is_corrected_by(one, report, since) for one in rows.of_case(tx, report.case_id)):
        told = rows.items_of(tx, report.id)
        _plan_correction(tx, report, told, rules=rules, now=now, so_since=since)


def _declared(tx: Tx, report: AuthorityReport) -> Emergency | None:
    """Return the risk to life that a report tells of, also where it brings files of one unverified."""
    if report.unverified and report.emergency_id is None and report.follows is not None:
        report = rows.get(tx, report.follows) or report
    return emergencies.get(tx, report.emergency_id) if report.emergency_id is not None else None


def _is_corrected_by(one: AuthorityReport, report: AuthorityReport, since: datetime) -> bool:
    """Say whether a person decided about this correction since then; one that waits is joined."""
    if one.relation is not Relation.CORRECTION or one.state is AuthorityReportState.PLANNED:
        return False
    decided_at = one.approved_at or one.ended_at or one.planned_at
    return one.destination == report.destination and decided_at >= since


def _plan_correction(
    tx: Tx,
    report: AuthorityReport,
    fallen: Sequence[ReportedItem],
    *,
    rules: Rules,
    now: datetime,
    so_since: datetime | None = None,
) -> None:
    case = cases.get(tx, report.case_id)
    if not fallen or case is None or report.relation is Relation.CORRECTION:
        return
    draft = _Draft(
        taker=_taker(report, rules),
        reasons=(PlanReason.REVERSED,),
        found=[
            ReportedItem(item_id=one.item_id, outcome_id=one.outcome_id, first_told=False) for one in fallen
        ],
        follows=report,
        relation=Relation.CORRECTION,
        so_since=so_since,
    )
    _put_down(tx, case, draft, rules=rules, now=now)


def _take_out(tx: Tx, report: AuthorityReport, fallen: Sequence[ReportedItem], now: datetime) -> None:
    if not fallen or report.emergency_id is not None:
        return
    if report.relation is Relation.CORRECTION:
        return
    rows.set_standing(tx, report.id, False, items=[one.item_id for one in fallen])
    if not rows.items_of(tx, report.id):
        _withdraw(tx, report, now)


def _withdraw(tx: Tx, report: AuthorityReport, now: datetime) -> None:
    rows.change(tx, report, state=AuthorityReportState.WITHDRAWN, ended_at=now)
    rows.set_standing(tx, report.id, False)
    plan_records.withdrawn(tx, report, now=now)
