"""What is done to one case of many, and what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from safehold.model.bulk import BulkKind, LeftOut
from safehold.model.case import Case, CaseState
from safehold.model.errors import BadForm, Conflict, NotAllowed, NotFound
from safehold.model.ids import CaseId
from safehold.model.queue import MOST_SKILLS
from safehold.review import moves, notes
from safehold.review.cases import LOCK_LASTS, person, release_lock, take
from safehold.storage import audit, case_urgency
from safehold.storage import cases as case_rows
from safehold.storage.bulk import Bulk
from safehold.storage.database import Tx

AT_WORK = timedelta(minutes=5)
"""Whoever did something in a case so lately is at it, and is not sent away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What is known of some cases: which one may not know of, in which one knows somebody, which are at risk.

    alone: which are merged with no other. revisions: in which each was chosen.
    """

    unknown: frozenset[CaseId]
    conflicted: frozenset[CaseId]
    at_risk: frozenset[CaseId]
    alone: frozenset[CaseId]
    revisions: Mapping[CaseId, int]


def reason_against(asked: Bulk, case: Case, known: Against, now: datetime) -> LeftOut | None:
    """Return why a case is left as it is, None where it is not. Of what is unknown nothing else is told."""
    standing = (
        (LeftOut.NOT_FOUND, case.id in known.unknown),
        (LeftOut.SETTLED, case.state is CaseState.SETTLED),
        (LeftOut.CONFLICT, case.id in known.conflicted),
        (LeftOut.RISK, case.id in known.at_risk),
        (LeftOut.ALREADY, _is_so(asked, case, now)),
        (LeftOut.AT_WORK, asked.kind is BulkKind.LET_GO and _is_at_work(asked, case, now)),
        (LeftOut.HELD, _needs_it_free(asked) and case.is_locked_for(asked.by, now)),
        (LeftOut.CANNOT, asked.kind is BulkKind.ASK_SKILL and len(case.skills) >= MOST_SKILLS),
        (LeftOut.CANNOT, asked.kind is BulkKind.MERGE and case.id in known.alone),
        (LeftOut.CHANGED, case.revision != known.revisions[case.id]),
    )
    return next((why for why, is_so in standing if is_so), None)


def do(tx: Tx, asked: Bulk, cases: Sequence[Case], *, now: datetime) -> dict[CaseId, LeftOut | None]:
    """Do what is asked to these cases, which nobody else changes now; return what became of each."""
    if asked.kind is BulkKind.MERGE:
        return _merge(tx, asked, cases, now)
    for case in cases:
        _do_one(tx, asked, case, now)
    return dict.fromkeys((case.id for case in cases), None)


def _do_one(tx: Tx, asked: Bulk, case: Case, now: datetime) -> None:
    detail: dict[str, object] = {"bulk": str(asked.id)}
    if asked.kind is BulkKind.NOTE:
        notes.leave(tx, case.id, asked.words or "", by=asked.by, now=now)
    elif asked.kind in (BulkKind.FOR_LEAD, BulkKind.FOR_EVERYBODY):
        case_urgency.set_for_lead(tx, case.id, asked.kind is BulkKind.FOR_LEAD)
    elif asked.kind is BulkKind.LET_GO:
        detail["from"] = f"user:{case.locked_by}"
        case_rows.set_lock(tx, case.id, analyst=None, until=None)
    elif asked.skill is not None:
        detail["skill"] = asked.skill
        wanted = asked.kind is BulkKind.ASK_SKILL
        skills = case.skills | {asked.skill} if wanted else case.skills - {asked.skill}
        case_urgency.set_skills(tx, case.id, skills)
    audit.append(
        tx,
        at=now,
        actor=person(asked.by).label,
        verb=f"case.bulk_{asked.kind.value}",
        object=f"case:{case.id}",
        detail=detail,
    )


def _merge(tx: Tx, asked: Bulk, cases: Sequence[Case], now: datetime) -> dict[CaseId, LeftOut | None]:
    """Merge each by itself into the first: what a rule forbids is left out, and the others are merged."""
    assert asked.target is not None
    target = case_rows.get(tx, asked.target, for_change=True)
    held_before = target is not None and target.holder(now) == asked.by
    results: dict[CaseId, LeftOut | None] = {}
    for case in cases:
        try:
            with tx.part():
                take(tx, asked.target, asked.by, now)
                moves.merge(tx, asked.target, case.number, by=asked.by, now=now)
        except (BadForm, Conflict, NotAllowed, NotFound):
            results[case.id] = LeftOut.CANNOT
        else:
            results[case.id] = None
    if not held_before:
        release_lock(tx, asked.target, asked.by, now)
    return results


def _is_so(asked: Bulk, case: Case, now: datetime) -> bool:
    """Say whether a case is as is asked already."""
    match asked.kind:
        case BulkKind.FOR_LEAD | BulkKind.FOR_EVERYBODY:
            return case.for_lead is (asked.kind is BulkKind.FOR_LEAD)
        case BulkKind.ASK_SKILL | BulkKind.DROP_SKILL:
            return (asked.skill in case.skills) is (asked.kind is BulkKind.ASK_SKILL)
        case BulkKind.LET_GO:
            return case.holder(now) is None
        case BulkKind.NOTE | BulkKind.MERGE:
            return False


def _needs_it_free(asked: Bulk) -> bool:
    # A note disturbs nobody, and letting go is about what is held.
    return asked.kind not in (BulkKind.NOTE, BulkKind.LET_GO)


def _is_at_work(asked: Bulk, case: Case, now: datetime) -> bool:
    lately = case.locked_until is not None and case.locked_until - LOCK_LASTS > now - AT_WORK
    return lately and case.locked_by != asked.by
