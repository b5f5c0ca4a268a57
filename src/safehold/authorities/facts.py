"""Gathering what a report can say of a case, in a fixed number of queries, however many items it is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from safehold.model.assessment import Tier
from safehold.model.authority_report import Relation
from safehold.model.errors import NotFound
from safehold.model.ids import CaseId, ItemId, MediaId, SubjectId
from safehold.model.item import ItemKind, Page
from safehold.model.media import MediaKind
from safehold.model.report_facts import (
    Bytes,
    ItemOnRecord,
    ListMatch,
    MediaOnRecord,
    ReportFacts,
    StandingOutcome,
    Viewing,
)
from safehold.model.scan import ScanResult
from safehold.model.surface import Visibility
from safehold.storage import case_facts
from safehold.storage import cases as case_rows
from safehold.storage import items as item_rows
from safehold.storage import report_facts as rows
from safehold.storage import subjects as subject_rows
from safehold.storage.database import Tx
from safehold.storage.items import StoredItem
from safehold.storage.report_facts import Fetched, Sealed


def gather(
    tx: Tx,
    case_id: CaseId,
    item_ids: Collection[ItemId],
    *,
    now: datetime,
    visibilities: Mapping[str, Visibility] | None = None,
    prior: tuple[str, ...] = (),
    relation: Relation | None = None,
    names: SubjectId | None = None,
) -> ReportFacts:
    """Return what a report about these items of a case can say, as it is on record in this transaction.

    visibilities: of surfaces by name, as the settings declare them; an item of another has none. prior: what
    authorities call the earlier reports of ours about it. relation, names: as `ReportFacts` has them. One
    item that came for practice makes the whole of it a rehearsal. Raises NotFound where there is no such
    case, or an item is not in it. It reads only, and asks for nothing that the roles of console and worker
    may not read.
    """
    case = case_rows.get(tx, case_id)
    if case is None:
        raise NotFound("There is no such case.")
    ordered = rows.in_case(tx, case_id, item_ids)
    if len(ordered) != len(set(item_ids)):
        raise NotFound("There is no such item in this case.")
    found = _read(tx, case_id, ordered)
    # A golden item looks like any other to whoever declares a risk to life in its case.
    practice = rows.any_golden(tx, ordered) or any(each.item.rehearsal for each in found.items.values())
    return ReportFacts(
        case_id=case_id,
        case_number=case.number,
        purpose=case.purpose,
        rehearsal=case.rehearsal or practice,
        gathered_at=now,
        subjects=tuple(subject_rows.of_case(tx, case_id)),
        items=tuple(_item(found, each, visibilities or {}) for each in ordered),
        prior=prior,
        relation=relation,
        names=names,
        risk_to_life=rows.risk_to_life_in(tx, case_id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the queries brought, each by what it belongs to."""

    items: Mapping[ItemId, StoredItem]
    pages: Mapping[ItemId, Page]
    media: Mapping[MediaId, MediaOnRecord]
    sealed: Mapping[MediaId, Sealed]
    fetched: Mapping[MediaId, list[Fetched]]
    matches: Mapping[ItemId, list[ListMatch]]
    flagged_by: Mapping[ItemId, list[str]]
    told_us: Collection[object]
    outcomes: Mapping[ItemId, StandingOutcome]


def _read(tx: Tx, case_id: CaseId, item_ids: list[ItemId]) -> _Found:
    items = item_rows.get_many(tx, item_ids)
    media_ids = {each.item.media_id for each in items.values() if each.item.media_id is not None}
    sealed = rows.sealed_originals(tx, media_ids)
    flagged_by = defaultdict(list)
    for item_id, flag in case_facts.flags_of(tx, item_ids):
        flagged_by[item_id].append(flag.source)
    return _Found(
        items=items,
        pages=item_rows.pages_of(tx, item_ids),
        media=rows.media_on_record(tx, media_ids, sealed),
        sealed=sealed,
        fetched=_by_media(rows.fetched_of(tx, media_ids)),
        matches=rows.list_matches(tx, item_ids),
        flagged_by=flagged_by,
        told_us=rows.told_to_us(tx, item_ids),
        outcomes=rows.standing_outcomes(tx, case_id, item_ids),
    )


def _by_media(fetched: Iterable[Fetched]) -> dict[MediaId, list[Fetched]]:
    found: dict[MediaId, list[Fetched]] = defaultdict(list)
    for each in fetched:
        found[each.media_id].append(each)
    return found


def _item(found: _Found, item_id: ItemId, visibilities: Mapping[str, Visibility]) -> ItemOnRecord:
    stored = found.items[item_id]
    media = found.media.get(stored.item.media_id) if stored.item.media_id else None
    page = found.pages.get(item_id)
    return ItemOnRecord(
        id=item_id,
        kind=stored.item.kind,
        surface=stored.item.surface,
        received_at=stored.item.received_at,
        visibility=visibilities.get(stored.item.surface),
        held=stored.result is ScanResult.HOLD,
        context=stored.context,
        media=media,
        bytes=_bytes(stored, found.sealed),
        viewing=_viewing(item_id, media, found.fetched.get(media.id, ())) if media else Viewing(),
        matches=tuple(found.matches.get(item_id, ())),
        flagged_by=tuple(dict.fromkeys(found.flagged_by.get(item_id, ()))),
        told_us=item_id in found.told_us,
        page_url=page.url if page else None,
        outcome=found.outcomes.get(item_id),
    )


def _bytes(stored: StoredItem, sealed: Mapping[MediaId, Sealed]) -> Bytes:
    if stored.item.kind is ItemKind.SIGNALS:
        return Bytes.SIGNALS_ONLY
    if stored.item.media_id is None:
        return Bytes.NO_MEDIA
    known = sealed.get(stored.item.media_id)
    if known is None:
        return Bytes.NEVER_SEALED
    return Bytes.SEALED if known.live is not None else Bytes.DESTROYED


def _viewing(item_id: ItemId, media: MediaOnRecord, fetched: Collection[Fetched]) -> Viewing:
    if not fetched:
        return Viewing()
    own = [each for each in fetched if each.item_id == item_id]
    tier = _clearest(own)
    return Viewing(
        tier=tier,
        whole=tier is Tier.CLEAR and shown_whole(media),
        elsewhere=_clearest([each for each in fetched if each.item_id != item_id]),
        last_at=max((each.at for each in own), default=None),
    )


def shown_whole(media: MediaOnRecord) -> bool:
    """Say whether a clear view shows all of some media: one picture does that could be read to its end.

    Of what moves, and of what has several pictures, people are shown a sheet of stills.
    """
    return media.kind is MediaKind.IMAGE and media.frames == 1 and media.failure is None


def _clearest(fetched: list[Fetched]) -> Tier:
    seen = {each.tier for each in fetched}
    return next((tier for tier in (Tier.CLEAR, Tier.BLURRED) if tier in seen), Tier.NONE)
