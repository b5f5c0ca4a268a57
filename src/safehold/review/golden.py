"""Golden items: harmless pictures with a known answer, met now and then by whoever has never seen them.

They ask how often somebody takes harmless things for something else. Only harmless pictures can be one, each
is new to whoever meets it, looking at it counts like any looking, and nothing ever follows from it: no
outcome, no hold, no word to anybody. The figures are for whoever they are about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from safehold.model.assessment import Finding
from safehold.model.case import Case, CaseState
from safehold.model.errors import BadForm, NotFound
from safehold.model.exposure import ExposureKind
from safehold.model.figures import Figure, share
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId, UserId, new_id
from safehold.model.permissions import Actor, system_actor
from safehold.model.queue import QueueRules
from safehold.review import again, cases
from safehold.review.exposure_figures import FEWEST_PEOPLE
from safehold.review.weighing import AS_NOTHING_SET, reckon
from safehold.storage import audit, case_facts
from safehold.storage import cases as case_rows
from safehold.storage import exposure as choice_rows
from safehold.storage import golden as rows
from safehold.storage import items as item_rows
from safehold.storage.database import Tx
from safehold.storage.golden import GoldenItem, Met

__all__ = [
    "EXPECTED",
    "LASTS",
    "MOST_PERCENT",
    "GoldenItem",
    "Met",
    "Own",
    "answer",
    "close_left_lying",
    "declare",
    "instead_of_next",
    "is_due",
    "listed",
    "own_figures",
    "retire",
    "team_figure",
]

EXPECTED = (Finding.NOT_ILLEGAL, Finding.OUT_OF_REMIT)
"""What the right answer can be: only harmless pictures are golden."""
MOST_PERCENT = 2.0
"""Of what one person assesses, at most so much."""
LASTS = timedelta(days=365)
"""How long one is offered and kept, unless it is retired before."""
LOOKED_BACK = timedelta(days=90)
LEFT_LYING = timedelta(days=1)
"""What nobody answered by then is closed unanswered."""
SEVEREST = frozenset({ExposureKind.A})
"""Nobody is held up by one in the severest cases."""
_ONE_IN = 4
_CANDIDATES = 5
_REVIEW = system_actor("review").label


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """One person's own figures: how often they found what was expected, and the newest answers."""

    as_expected: Figure
    newest: tuple[Met, ...]


def declare(
    tx: Tx, item_id: ItemId, *, purpose: Purpose, expected: Finding, actor: Actor, now: datetime
) -> None:
    """Make an item that was just recorded, and lies in no case, a golden one.

    The caller has seen to it that its picture is new here and on no list. Raises BadForm for an answer or a
    purpose that cannot be.
    """
    if expected not in EXPECTED:
        raise BadForm("Only harmless pictures are golden: not_illegal or out_of_remit.")
    if purpose is Purpose.TEST:
        raise BadForm("A rehearsal has no golden items.")
    rows.insert(tx, item_id, purpose=purpose, expected=expected, at=now, until=now + LASTS)
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="golden.load",
        object=f"item:{item_id}",
        detail={"purpose": purpose.value, "expected": expected.value},
    )


def retire(tx: Tx, item_id: ItemId, *, actor: Actor, now: datetime) -> GoldenItem:
    """Let an item be offered to nobody any more; its bytes may go. Raises NotFound where it is none."""
    known = rows.get(tx, item_id)
    if known is None:
        raise NotFound("This is no golden item.")
    if known.until > now:
        rows.set_until(tx, item_id, now)
        audit.append(tx, at=now, actor=actor.label, verb="golden.retire", object=f"item:{item_id}")
    return known


def listed(tx: Tx) -> list[GoldenItem]:
    """Return every golden item, the newest first."""
    return rows.listed(tx)


def is_due(*, ordinary: int, met: int, percent: float, drawn_by: str) -> bool:
    """Say whether somebody may meet one now: never more than `percent`, or 2, in a hundred they assess.

    ordinary, met: what they assessed and the golden items they met in the last 90 days. drawn_by: who, for
    the draw, by which one in four chances is taken; asking again changes nothing.
    """
    if 100 * (met + 1) > min(percent, MOST_PERCENT) * (ordinary + met + 1):
        return False
    drawn = hashlib.sha256(f"{drawn_by}:{ordinary}".encode()).digest()
    return drawn[0] % _ONE_IN == 0


def instead_of_next(
    tx: Tx,
    analyst: AnalystId,
    *,
    percent: float,
    now: datetime,
    purposes: Iterable[Purpose] = tuple(Purpose),
    queues: QueueRules = AS_NOTHING_SET,
) -> Case | None:
    """Give this analyst a golden item in a case of its own, in the place of the next case; mostly None.

    Only where a case waits for them that is none of the severest kind and no rehearsal, nothing is with them
    already, they opted out of nothing that it is, and an item is there which they have never met or seen, nor
    nearly the same. The case is theirs for 15 minutes, and for nobody else ever. purposes: whose next case
    they ask for. queues: the rules by which it is weighed, as any other.
    """
    if percent <= 0:
        return None
    ordinary, met = rows.counts(tx, analyst, since=now - LOOKED_BACK)
    if not is_due(ordinary=ordinary, met=met, percent=percent, drawn_by=str(analyst)):
        return None
    waiting = cases.first_waiting(tx, analyst, now, purposes=purposes, looks_a_day=queues.looks_a_day)
    if waiting is None or waiting.rehearsal or waiting.exposure_kinds & SEVEREST:
        return None
    if waiting.holder(now) == analyst:
        return None
    chosen = _new_to(tx, analyst, waiting.purpose, now)
    return _open(tx, chosen, analyst, queues, now) if chosen is not None else None


def answer(tx: Tx, case_id: CaseId, item_id: ItemId, finding: Finding, *, now: datetime) -> bool:
    """Take what was found of a golden item, and close its case; False for any other case.

    Nothing follows: no event is recorded, and the database refuses an outcome.
    """
    if not rows.set_answer(tx, case_id, found=finding, at=now):
        return False
    case_rows.set_waits_for(tx, case_id, item_id, None)
    case_rows.set_settled(tx, case_id, at=now)
    return True


def close_left_lying(tx: Tx, *, now: datetime) -> int:
    """Close the cases of golden items that were begun a day ago and never answered; return how many."""
    left = rows.left_lying(tx, before=now - LEFT_LYING)
    for case_id in left:
        for place in case_rows.items_of(tx, case_id):
            case_rows.set_waits_for(tx, case_id, place.item_id, None)
        case_rows.set_settled(tx, case_id, at=now)
    return len(left)


def own_figures(tx: Tx, analyst: AnalystId, *, now: datetime) -> Own:
    """Return somebody's own figures of the last 90 days. Whoever calls shows them to nobody else."""
    found = rows.answers(tx, since=now - LOOKED_BACK, until=now + timedelta(seconds=1), analyst=analyst)
    return Own(as_expected=_as_expected(found), newest=tuple(found[:10]))


def team_figure(tx: Tx, *, now: datetime) -> Figure | None:
    """Return how often everybody together found what was expected; None where it tells of single people.

    Only weeks that are over, so that everybody has seen their own before, and only where FEWEST_PEOPLE or
    more answered.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    found = rows.answers(tx, since=monday - LOOKED_BACK, until=monday)
    if len({each.analyst_id for each in found}) < FEWEST_PEOPLE:
        return None
    return _as_expected(found)


def _as_expected(found: Collection[Met]) -> Figure:
    return share(sum(each.found is each.expected for each in found), len(found))


def _new_to(tx: Tx, analyst: AnalystId, purpose: Purpose, now: datetime) -> GoldenItem | None:
    user_id = UserId(analyst)
    for candidate in rows.unseen(tx, analyst, purpose, now=now, limit=_CANDIDATES):
        stored = item_rows.get(tx, candidate.item_id)
        kinds = set(case_facts.kinds_of_items(tx, [candidate.item_id], purpose).values())
        if kinds & choice_rows.choices_of(tx, user_id).opted_out:
            continue
        if stored is not None and again.last_seen(tx, user_id, stored.item, now=now) is None:
            return candidate
    return None


def _open(tx: Tx, chosen: GoldenItem, analyst: AnalystId, queues: QueueRules, now: datetime) -> Case | None:
    case_id = CaseId(new_id())
    opened = Case(
        id=case_id,
        number=0,
        purpose=chosen.purpose,
        account_id=None,
        state=CaseState.OPEN,
        priority=0,
        priority_parts=(),
        opened_at=now,
        revision=1,
    )
    case_rows.insert(tx, case=opened, gathered_by=f"case:{case_id}")
    rows.insert_case(tx, case_id, chosen.item_id, analyst=analyst, at=now)
    case_rows.join(tx, case_id, chosen.item_id, at=now)
    reckon(tx, case_id, now=now, rules=queues)
    detail = {"purpose": chosen.purpose.value, "item": str(chosen.item_id)}
    audit.append(tx, at=now, actor=_REVIEW, verb="case.open", object=f"case:{case_id}", detail=detail)
    return cases.take(tx, case_id, analyst, now)
