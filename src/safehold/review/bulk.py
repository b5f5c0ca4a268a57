"""Many cases at once: they are arranged, never decided. Asked, shown with their number, then carried out.

Each case is looked at by itself, twice: when somebody asks, and when it is done. Whatever speaks against it
then leaves it out, with why; the others are done, each with a record of its own. One lead does it, whatever
the size of the team: nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from safehold.jobs.record import Record
from safehold.model.bulk import BulkKind, LeftOut
from safehold.model.case import Case
from safehold.model.errors import BadForm, Conflict, NotFound, TooManyCases
from safehold.model.events import BulkLeft
from safehold.model.ids import AnalystId, BulkId, CaseId, new_id
from safehold.model.permissions import ROLE_PERMISSIONS, Actor, Permission
from safehold.model.queue import checked_skills
from safehold.model.wording import worded
from safehold.review import admission, bulk_work, moves
from safehold.review.bulk_work import Against
from safehold.review.notes import LONGEST
from safehold.storage import audit, conflicts, users
from safehold.storage import bulk as rows
from safehold.storage.bulk import Bulk, BulkCase
from safehold.storage.database import Tx

__all__ = [
    "MOST",
    "MOST_MERGED",
    "Bulk",
    "BulkCase",
    "Wanted",
    "ask",
    "carry_on",
    "confirm",
    "sheet",
    "take_back",
]

MOST = 1000
"""Cases that can be changed at once."""
MOST_MERGED = 50
"""Cases that can be merged at once, which is done in one go."""
AT_ONCE = 50
"""Cases that are done before the answer; the rest is for steps."""
IN_A_STEP = 100

UNCONFIRMED_FOR = timedelta(days=1)
KEPT_FOR = timedelta(days=30)
"""How long somebody can look at what became of it; the audit log has every case of it for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of many cases. skill, words: where the kind is about one."""

    kind: BulkKind
    skill: str = ""
    words: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was asked, and each case of it. into: the case into which they are merged."""

    asked: Bulk
    cases: tuple[BulkCase, ...]
    into: Case | None


def ask(tx: Tx, wanted: Wanted, case_ids: Collection[CaseId], *, actor: Actor, now: datetime) -> BulkId:
    """Put down what is asked of these cases, which changes none of them, and return it.

    What this person may not know of is no case. Raises NotAllowed; TooManyCases for more than MOST, or
    MOST_MERGED; BadForm where nothing is chosen or what is asked is not complete.
    """
    actor.require(Permission.CASE_ARRANGE)
    by = actor.analyst()
    most = MOST_MERGED if wanted.kind is BulkKind.MERGE else MOST
    if len(case_ids) > most:
        raise TooManyCases(most=most, chosen=len(case_ids) if len(case_ids) <= MOST else None)
    asked = _asked(wanted, by, now)
    known = rows.chosen(tx, case_ids, not_golden_of_others_than=by)
    unknown = admission.unknown_cases(tx, by, [case.id for case in known])
    found = [case for case in known if case.id not in unknown]
    if not found:
        raise BadForm("case: choose some cases.", field="case")
    against = _against(tx, asked, found, {case.id: case.revision for case in found}, now)
    if asked.kind is BulkKind.MERGE:
        asked, found = _with_target(asked, found, against)
    rows.insert(tx, asked, [(case, against[case.id]) for case in found])
    detail = {"kind": asked.kind.value, "cases": len(found)}
    audit.append(tx, at=now, actor=actor.label, verb="bulk.ask", object=f"bulk:{asked.id}", detail=detail)
    return asked.id


def sheet(tx: Tx, bulk_id: BulkId, *, actor: Actor) -> Sheet:
    """Return what this person asked, with its cases. Raises NotAllowed, NotFound, also for what others asked.

    What they may no longer know of is left out.
    """
    asked = _own(tx, bulk_id, actor)
    every = rows.cases_of(tx, bulk_id)
    unknown = admission.unknown_cases(tx, asked.by, [each.case.id for each in every])
    into = (
        rows.chosen(tx, [asked.target])
        if asked.target and admission.knows(tx, asked.target, asked.by)
        else []
    )
    return Sheet(
        asked, tuple(each for each in every if each.case.id not in unknown), into[0] if into else None
    )


def confirm(
    tx: Tx, bulk_id: BulkId, *, actor: Actor, record: Record, now: datetime, at_once: int = AT_ONCE
) -> None:
    """Carry out what this person asked: the first cases at once, the rest by steps. Again, nothing happens.

    at_once: how many cases those are. Raises NotAllowed, NotFound, also for what others asked.
    """
    asked = _own(tx, bulk_id, actor, for_change=True)
    if asked.confirmed_at is not None:
        return
    rows.set_confirmed(tx, bulk_id, now)
    detail = {"kind": asked.kind.value}
    audit.append(tx, at=now, actor=actor.label, verb="bulk.confirm", object=f"bulk:{bulk_id}", detail=detail)
    # Merging is all done here: what a worker may do has no part in it.
    limit = MOST_MERGED if asked.kind is BulkKind.MERGE else at_once
    _carry_out(tx, asked, limit=limit, record=record, now=now)


def carry_on(tx: Tx, event: BulkLeft, *, record: Record, now: datetime, in_a_step: int = IN_A_STEP) -> None:
    """Handle bulk_left: do the next part, of so many cases. Doing it again does nothing twice.

    Where whoever asked may not arrange cases any more, the rest is left as it is.
    """
    asked = rows.get(tx, event.bulk_id, for_change=True)
    if asked is None or asked.confirmed_at is None or asked.finished_at is not None:
        return
    if not _may_arrange(tx, asked.by):
        left = rows.still_to_do(tx, asked.id, limit=MOST)
        rows.set_results(tx, asked.id, dict.fromkeys(left, LeftOut.NOT_ALLOWED), at=now)
        rows.set_finished(tx, asked.id, now)
        return
    _carry_out(tx, asked, limit=in_a_step, record=record, now=now)


def take_back(tx: Tx, bulk_id: BulkId, *, actor: Actor, now: datetime) -> BulkId:
    """Ask the opposite of the cases that were changed, and return that; it waits to be confirmed.

    Raises NotAllowed, NotFound, Conflict where it has no opposite or nothing was changed.
    """
    asked = _own(tx, bulk_id, actor)
    done = [each.case.id for each in rows.cases_of(tx, bulk_id) if each.done_at is not None]
    if asked.kind.opposite is None or not done:
        raise Conflict("There is nothing to take back.", advice="Undo a merge in its case.")
    wanted = Wanted(kind=asked.kind.opposite, skill=asked.skill or "")
    return ask(tx, wanted, done, actor=actor, now=now)


def forget(tx: Tx, *, now: datetime) -> None:
    """Let go of what nobody confirmed in a day, and of what was carried out long ago."""
    rows.forget(tx, unconfirmed_before=now - UNCONFIRMED_FOR, before=now - KEPT_FOR)


def _asked(wanted: Wanted, by: AnalystId, now: datetime) -> Bulk:
    asked = Bulk(id=BulkId(new_id()), kind=wanted.kind, by=by, at=now)
    if wanted.kind is BulkKind.NOTE:
        if not 1 <= len(wanted.words.strip()) <= LONGEST:
            raise BadForm(worded("words: 1 to %(most)s characters.", most=LONGEST), field="words")
        return replace(asked, words=wanted.words.strip())
    if wanted.kind.asks_skill:
        return replace(asked, skill=_one_skill(wanted.skill))
    return asked


def _one_skill(said: str) -> str:
    try:
        [skill] = checked_skills([said])
    except (BadForm, ValueError):
        raise BadForm(
            "skill: one of up to 30 letters a to z, digits, - and :, such as language:sv.", field="skill"
        ) from None
    return skill


def _with_target(
    asked: Bulk, found: list[Case], against: Mapping[CaseId, LeftOut | None]
) -> tuple[Bulk, list[Case]]:
    """Return what is merged into which: of those that can be, the one that was opened first."""
    can = [case for case in found if against[case.id] is None]
    if len(can) < 2:
        raise BadForm("case: choose two or more that can be merged.", field="case")
    target = min(can, key=lambda case: (case.opened_at, case.id))
    return replace(asked, target=target.id), [case for case in found if case.id != target.id]


def _carry_out(tx: Tx, asked: Bulk, *, limit: int, record: Record, now: datetime) -> None:
    todo = rows.still_to_do(tx, asked.id, limit=limit)
    # The target too, in one order with the others: else two who merge crosswise wait for each other.
    locked = rows.chosen(tx, [*todo, *([asked.target] if asked.target else [])], for_change=True)
    cases = [case for case in locked if case.id in todo]
    results = _against(tx, asked, cases, todo, now)
    doing = [case for case in cases if results[case.id] is None]
    results |= bulk_work.do(tx, asked, doing, now=now)
    rows.set_results(tx, asked.id, results, at=now)
    if rows.still_to_do(tx, asked.id, limit=1):
        record(tx, BulkLeft(at=now, bulk_id=asked.id))
    else:
        rows.set_finished(tx, asked.id, now)


def _against(
    tx: Tx, asked: Bulk, cases: list[Case], revisions: Mapping[CaseId, int], now: datetime
) -> dict[CaseId, LeftOut | None]:
    """Return what speaks against each case, None where nothing does."""
    ids = [case.id for case in cases]
    alone = moves.stay_alone(tx, ids) if asked.kind is BulkKind.MERGE else set()
    known = Against(
        unknown=frozenset(admission.unknown_cases(tx, asked.by, ids)),
        conflicted=frozenset(conflicts.with_conflict(tx, ids, asked.by)),
        at_risk=frozenset(rows.at_risk(tx, ids)),
        alone=frozenset(alone),
        revisions=revisions,
    )
    return {case.id: bulk_work.reason_against(asked, case, known, now) for case in cases}


def _own(tx: Tx, bulk_id: BulkId, actor: Actor, *, for_change: bool = False) -> Bulk:
    actor.require(Permission.CASE_ARRANGE)
    asked = rows.get(tx, bulk_id, for_change=for_change)
    if asked is None or asked.by != actor.analyst():
        raise NotFound("There is nothing such that you asked for.")
    return asked


def _may_arrange(tx: Tx, person: AnalystId) -> bool:
    may = (role for role, granted in ROLE_PERMISSIONS.items() if Permission.CASE_ARRANGE in granted)
    return any(person in users.active_with(tx, role) for role in may)
