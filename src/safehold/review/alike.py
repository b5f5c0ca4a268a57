"""Nearly the same: what somebody found of a picture they may find of its copies, by one confirmed decision.

A copy may differ in what matters, so little is settled by likeness (see `rules.likeness`), and only by the
person whose own assessment it repeats. What is offered would be settled at once; everything else is looked at
by itself. Each item gets an assessment of its own that names its basis, and falls with it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from safehold.jobs.record import Record
from safehold.model.answers import from_answers
from safehold.model.case import Case, WaitsFor
from safehold.model.errors import BadForm, Conflict, StaleRevision
from safehold.model.ids import AnalystId, AssessmentId, CaseId, ItemId
from safehold.model.item import Item
from safehold.review import admission, cases, copies
from safehold.review.assess import file_assessment
from safehold.review.contest import contested_outcome
from safehold.review.copies import Copy
from safehold.review.rules import Policy, Settled, decide
from safehold.review.situations import situation_of
from safehold.storage import alike as rows
from safehold.storage import appeals, audit, golden
from safehold.storage import assessments as assessment_rows
from safehold.storage import cases as case_rows
from safehold.storage import events as event_rows
from safehold.storage import items as item_rows
from safehold.storage.alike import Alike
from safehold.storage.assessments import Found, StoredAssessment
from safehold.storage.cases import CaseItem
from safehold.storage.database import Tx

__all__ = ["MOST", "Basis", "Copy", "Offer", "decide_alike", "decided_nearby", "offered"]

MOST = 12
"""So many copies are decided at once; those that are left are offered next."""
COMPARED = 1_000
"""Open cases in which copies are looked for: the first of the queue."""
LATELY = timedelta(days=30)
"""How long what somebody decided is offered to them beside its copies."""
_LOOKED_THROUGH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What somebody found by themselves and may find of copies. settled: whether its outcome stands yet."""

    assessment: StoredAssessment
    found: Found
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What can be decided at once, the same bytes first, then the nearest. more: whether others are left."""

    basis: Basis
    copies: tuple[Copy, ...]
    more: bool


def offered(
    tx: Tx,
    case_id: CaseId,
    item_id: ItemId,
    *,
    by: AnalystId,
    policy: Policy,
    bits: int,
    now: datetime,
    most: int = MOST,
) -> Offer | None:
    """Return what this person can decide as they decided this item; None where nothing is.

    Only where their own assessment settled the item, or is about to, and nobody contests that. Offered are
    items of the same purpose in cases that they may go on with and nobody else holds, which nobody has
    assessed, reversed or contested, and which the rules would settle. bits: how far apart pictures may be;
    0 switches it off.
    """
    basis = _basis(tx, case_id, item_id, by=by, policy=policy) if bits else None
    if basis is None:
        return None
    found = _copies(tx, basis, by=by, policy=policy, bits=bits, now=now)
    return Offer(basis=basis, copies=tuple(found[:most]), more=len(found) > most) if found else None


def decided_nearby(
    tx: Tx, case: Case, item: Item, *, by: AnalystId, policy: Policy, bits: int, now: datetime
) -> Alike | None:
    """Return where this person lately decided something like an item that waits, and may decide it so."""
    if not bits or item.media_id is None:
        return None
    decided = rows.decided_by(
        tx, item.id, purpose=case.purpose, by=by, since=now - LATELY, bits=bits, most=_LOOKED_THROUGH
    )
    place = [Alike(case_id=case.id, item_id=item.id, bits=None)]
    left = copies.untouched(tx, place, by=by, now=now) if decided else []
    if not left:
        return None
    known = copies.known_of(tx, [item], case.purpose, besides={one.item_id for one in decided})
    for one in decided:
        basis = _basis(tx, one.case_id, one.item_id, by=by, policy=policy)
        copy = replace(left[0], bits=one.bits)
        if basis and copies.settled_as(basis.assessment, basis.found, [copy], known, policy):
            return one
    return None


def decide_alike(  # noqa: PLR0913 - a signed form names all that it rests on
    tx: Tx,
    case_id: CaseId,
    item_id: ItemId,
    earlier: AssessmentId,
    chosen: Collection[ItemId],
    *,
    by: AnalystId,
    policy_version: str,
    policy: Policy,
    bits: int,
    record: Record,
    now: datetime,
) -> list[AssessmentId]:
    """File for each chosen item what this person found of one like it, and return those assessments.

    earlier: the assessment that they were shown. Each is an assessment of its own, on record, that names it.
    Cases that they did not hold before are free again. All are filed or none. Raises BadForm where none is
    chosen, Conflict while the outcome is still being settled, StaleRevision when one is not offered any more,
    and what `file_assessment` raises.
    """
    if not chosen:
        raise BadForm("chosen: choose at least one.", field="chosen")
    # All items before all cases, each in one order, as everybody else who waits for several.
    event_rows.hold_items(tx, {item_id, *chosen})
    offer = offered(tx, case_id, item_id, by=by, policy=policy, bits=bits, now=now)
    there = {copy.item.id: copy for copy in offer.copies} if offer else {}
    if offer is None or offer.basis.assessment.id != earlier or not there.keys() >= set(chosen):
        raise StaleRevision()
    if not offer.basis.settled:
        raise Conflict(
            "What you found is still being settled.", advice="It takes a second or two; then try again."
        )
    held = {case: _lock(tx, case) for case in sorted({there[one].case.id for one in chosen})}
    filed = [
        _file(tx, there[one], offer.basis, by=by, policy_version=policy_version, record=record, now=now)
        for one in sorted(chosen)
    ]
    for lent, before in held.items():
        if before.holder(now) != by:
            cases.release_lock(tx, lent, by, now)
    audit.append(
        tx,
        at=now,
        actor=cases.person(by).label,
        verb="item.decide_alike",
        object=f"item:{item_id}",
        detail={"case": str(case_id), "assessment": str(earlier), "items": len(filed)},
    )
    return filed


def _lock(tx: Tx, case_id: CaseId) -> Case:
    return cases.existing_case(tx, case_id, for_change=True)


def _file(
    tx: Tx,
    copy: Copy,
    basis: Basis,
    *,
    by: AnalystId,
    policy_version: str,
    record: Record,
    now: datetime,
) -> AssessmentId:
    stands = basis.assessment
    return file_assessment(
        tx,
        copy.case.id,
        copy.item.id,
        from_answers(stands.form, stands.answers),
        by=by,
        policy_version=policy_version,
        case_revision=cases.existing_case(tx, copy.case.id).revision,
        same_as=stands.id,
        bits=copy.bits,
        record=record,
        now=now,
    )


def _basis(tx: Tx, case_id: CaseId, item_id: ItemId, *, by: AnalystId, policy: Policy) -> Basis | None:
    """Return this person's own assessment on which the item's outcome rests, or is about to."""
    place, item = case_rows.item_in(tx, case_id, item_id), item_rows.get_bare(tx, item_id)
    if place is None or item is None or item.media_id is None or _stays_out(tx, case_id, item_id, by):
        return None
    filed = assessment_rows.of_round(tx, case_id, item_id, place.round)
    if not filed or filed[-1].analyst_id != by or filed[-1].same_as is not None:
        return None
    own, case = filed[-1], cases.existing_case(tx, case_id)
    found = _found_by(tx, case, place, own, policy)
    if found is None or _others_differ(tx, item, case, {(own.finding, own.category)}):
        return None
    return Basis(assessment=own, found=found, settled=place.waits_for is None)


def _stays_out(tx: Tx, case_id: CaseId, item_id: ItemId, by: AnalystId) -> bool:
    """Say whether nothing found here is repeated: it is golden, contested, or kept from this person."""
    return (
        golden.is_one(tx, case_id)
        or bool(appeals.contested(tx, [item_id]))
        or admission.is_kept_from(tx, case_id, by)
    )


def _found_by(tx: Tx, case: Case, place: CaseItem, own: StoredAssessment, policy: Policy) -> Found | None:
    """Return who found what the outcome rests on, or will rest on; None where it rests on something else."""
    if place.waits_for is None:
        found = assessment_rows.found_with(tx, own.id)
        return found if found.people else None
    if place.waits_for is not WaitsFor.SETTLING or contested_outcome(tx, case, place.item_id):
        return None
    situation = situation_of(tx, case, place, policy)
    settled = decide(situation) if situation else None
    if not isinstance(settled, Settled) or settled.agreed[0].id != own.id:
        return None
    alone = [each for each in settled.agreed if not each.repeats]
    return Found(people=len(alone), tiers=frozenset(each.tier for each in alone))


def _others_differ(tx: Tx, item: Item, case: Case, verdicts: Collection[tuple[object, object]]) -> bool:
    """Say whether somebody found something else of the same bytes elsewhere, and it stands."""
    if item.media_id is None:
        return False
    standing = assessment_rows.standing_of_media(
        tx, item.media_id, purpose=case.purpose, rehearsal=item.rehearsal, but=item.id
    )
    return any((one.finding, one.category) not in verdicts for one in standing)


def _copies(tx: Tx, basis: Basis, *, by: AnalystId, policy: Policy, bits: int, now: datetime) -> list[Copy]:
    own = basis.assessment
    others = cases.first_of_queue(tx, reader=cases.person(by).user_id, limit=COMPARED)
    found = rows.waiting(
        tx,
        own.item_id,
        purpose=own.purpose,
        among={own.case_id, *others},
        bits=bits,
        most=_LOOKED_THROUGH,
    )
    left = copies.untouched(tx, found, by=by, now=now) if found else []
    if not left:
        return []
    known = copies.known_of(tx, [copy.item for copy in left], own.purpose, besides=[own.item_id])
    return copies.settled_as(own, basis.found, left, known, policy)
