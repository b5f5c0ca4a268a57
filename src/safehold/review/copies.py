"""Copies: which pictures can be decided as one was. A hundred of them take as few questions as one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from safehold.model.assessment import Category, Finding
from safehold.model.case import Case, CaseState, WaitsFor
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId, MediaId
from safehold.model.item import Item
from safehold.review.rules import Policy, Settled, decide
from safehold.review.situations import Said, said_of, situation_if_alike
from safehold.storage import alike as rows
from safehold.storage import appeals, case_queue, emergencies, golden, recusals
from safehold.storage.alike import Alike, Place
from safehold.storage.assessments import Found, StoredAssessment
from safehold.storage.cases import CaseItem
from safehold.storage.database import Tx
from safehold.storage.turns import is_lead

__all__ = ["Copy", "Known", "known_of", "settled_as", "untouched"]

Verdict = tuple[Finding, Category | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """An item that can be decided as another was. bits: by which they differ, None for the same bytes."""

    case: Case
    item: Item
    bits: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What lists and flags say of some pictures, and what people found of their bytes elsewhere."""

    said: Said
    elsewhere: Mapping[MediaId, Collection[tuple[ItemId, bool, Verdict]]]

    def differs(self, item: Item, verdict: Verdict) -> bool:
        """Say whether somebody found something else of the same bytes elsewhere, and it stands."""
        found = self.elsewhere.get(item.media_id, ()) if item.media_id is not None else ()
        return any(
            at != item.id and practice == item.rehearsal and other != verdict for at, practice, other in found
        )


def known_of(tx: Tx, items: Collection[Item], purpose: Purpose, *, besides: Iterable[ItemId]) -> Known:
    """Return what is known of these pictures. besides: what they are compared with, by what is said of it."""
    media = {each.media_id for each in items if each.media_id is not None}
    elsewhere: dict[MediaId, list[tuple[ItemId, bool, Verdict]]] = {}
    for media_id, item_id, practice, finding, category in rows.standing_of_media(tx, media, purpose=purpose):
        elsewhere.setdefault(media_id, []).append((item_id, practice, (finding, category)))
    return Known(said=said_of(tx, {*(each.id for each in items), *besides}), elsewhere=elsewhere)


def untouched(tx: Tx, found: Sequence[Alike], *, by: AnalystId, now: datetime) -> list[Copy]:
    """Return those of these items that nobody has assessed, reversed or contested, in the same order.

    Only in cases in which this person may file now: that nobody else holds, and where no risk to life stands.
    """
    free = _free_cases(tx, {one.case_id for one in found}, by, now)
    ours = [(one.case_id, one.item_id) for one in found if one.case_id in free]
    if not ours:
        return []
    left = _left_alone(tx, rows.places(tx, ours), free, by)
    items = rows.items(tx, {item_id for _, item_id in left})
    return [
        Copy(case=free[one.case_id], item=items[one.item_id], bits=one.bits)
        for one in found
        if (one.case_id, one.item_id) in left
    ]


def settled_as(
    own: StoredAssessment, found: Found, copies: Iterable[Copy], known: Known, policy: Policy
) -> list[Copy]:
    """Return those of these copies that the rules would settle if this finding were repeated of them.

    found: who found it. known: of the copies, and of what was assessed.
    """
    return [
        copy
        for copy in copies
        if not known.differs(copy.item, (own.finding, own.category))
        and _would_settle(own, found, copy, known.said, policy)
    ]


def _would_settle(own: StoredAssessment, found: Found, copy: Copy, said: Said, policy: Policy) -> bool:
    situation = situation_if_alike(
        copy.case, copy.item.id, own, policy, bits=copy.bits, found=found, said=said
    )
    return isinstance(decide(situation), Settled)


def _free_cases(tx: Tx, case_ids: Collection[CaseId], by: AnalystId, now: datetime) -> dict[CaseId, Case]:
    """Return those in which this person may file now: not what others hold, nor where a life is at risk."""
    cases = rows.cases(tx, case_queue.those_to_take(tx, case_ids, by))
    away = golden.among(tx, cases) | emergencies.standing_among(tx, cases)
    leads = is_lead(tx, by)
    return {
        case.id: case
        for case in cases.values()
        if case.state is CaseState.OPEN
        and case.id not in away
        and not case.is_locked_for(by, now)
        and (leads or not case.for_lead)
    }


def _left_alone(
    tx: Tx, places: Mapping[Place, CaseItem], cases: Mapping[CaseId, Case], by: AnalystId
) -> set[Place]:
    """Return which of these wait for a first assessment, are contested nowhere, and not kept from them."""
    item_ids = {item_id for _, item_id in places}
    contested = appeals.contested(tx, item_ids)
    recused = recusals.kept_from_any(tx, places, by)
    assessed = rows.assessed(tx, places)
    settled = rows.purposes_settled(tx, item_ids)
    return {
        place
        for place, stands in places.items()
        if stands.waits_for is WaitsFor.ASSESSMENT
        and stands.round == 1
        and place[1] not in contested
        and (*place, stands.round) not in recused | assessed
        and (place[1], cases[place[0]].purpose) not in settled
    }
