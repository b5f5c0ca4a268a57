"""Facts: everything an analyst is shown of a case beside the form, without a single pixel.

Assessments stay blind to each other: another person's is shown once an outcome stands for the item.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import UUID

from safehold.model.answers import readable
from safehold.model.assessment import Assessment
from safehold.model.case import Appeal, Case, Outcome, Subject, WaitsFor
from safehold.model.conversation import Evidence
from safehold.model.errors import NotFound
from safehold.model.ids import AnalystId, CaseId, ItemId, MediaId
from safehold.model.inbound_report import InboundReport
from safehold.model.item import Context, Item, ItemKind, Page
from safehold.model.match import Flag
from safehold.review.cases import existing_case
from safehold.review.turns import Turn, turn_of
from safehold.storage import appeals as appeal_rows
from safehold.storage import assessments as assessment_rows
from safehold.storage import case_facts, case_queue, flag_cues, recusals
from safehold.storage import cases as case_rows
from safehold.storage import evidence as evidence_rows
from safehold.storage import inbound_reports as report_rows
from safehold.storage import items as item_rows
from safehold.storage import media as media_rows
from safehold.storage import subjects as subject_rows
from safehold.storage.assessments import StoredAssessment, StoredOutcome
from safehold.storage.case_facts import EarlierOutcome, HistoryLine, HoldFacts, MatchFacts
from safehold.storage.cases import CaseItem
from safehold.storage.database import Tx
from safehold.storage.evidence import Destruction
from safehold.storage.items import StoredItem
from safehold.storage.media import MediaFacts
from safehold.storage.turns import is_lead

__all__ = [
    "HISTORY",
    "PAGE",
    "CaseView",
    "Destruction",
    "EarlierOutcome",
    "HistoryLine",
    "HoldFacts",
    "ItemStanding",
    "ItemView",
    "MatchFacts",
    "MediaFacts",
    "StoredOutcome",
    "Turn",
    "WaitsFor",
    "facts",
    "standing_of_item",
]

PAGE = 50
"""So many items of a case are looked up at once."""
HISTORY = 400
"""So many lines of what happened, the newest."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One item of a case.

    waits_for: what it waits for, None while an outcome stands. media: None when only signals were sent.
    destroyed: when and under which rule its bytes were, None while they are kept or never were. context:
    None once erased. page, report: where somebody told us about an address. matches: nearest first. hold:
    the newest, standing or released. assessments: the viewer's own, and others' once an outcome stands, or to
    a lead who has assessed the item and now decides; hidden_assessments: how many are not shown. turn: what
    the viewer may do about it now. outcomes: of this item in this case, reversed ones
    too, oldest first. earlier: what stands for other appearances of the same media, in any case; kept from a
    second person who is to assess it by themselves. appeals: their words are for people alone. cues: what a
    flag about a conversation rests on, by time.
    """

    item: Item
    waits_for: WaitsFor | None
    media: MediaFacts | None
    destroyed: Destruction | None
    context: Context | None
    page: Page | None
    report: InboundReport | None
    matches: tuple[MatchFacts, ...]
    flags: tuple[Flag, ...]
    hold: HoldFacts | None
    assessments: tuple[Assessment, ...]
    hidden_assessments: int
    outcomes: tuple[StoredOutcome, ...]
    earlier: tuple[EarlierOutcome, ...]
    appeals: tuple[Appeal, ...]
    turn: Turn
    cues: tuple[Evidence, ...] = ()

    @property
    def outcome(self) -> Outcome | None:
        """The outcome that stands, None while there is none."""
        return next((stored.outcome for stored in self.outcomes if stored.stands), None)

    @property
    def is_held(self) -> bool:
        """Whether the item is blocked now."""
        return self.hold is not None and self.hold.stands


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case with what is known of it.

    items: at most PAGE of them, in the order in which they joined. first: how many joined before these.
    total: how many there are. history: at most HISTORY lines, about the case and these items. next_item:
    the first of all items that waits for the viewer. concerns: whether one does, or is being settled.
    """

    case: Case
    items: tuple[ItemView, ...]
    subjects: tuple[Subject, ...]
    history: tuple[HistoryLine, ...]
    first: int = 0
    total: int = 0
    next_item: ItemId | None = None
    concerns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemStanding:
    """How an item stands with review: its cases, oldest first, and the outcomes that stand.

    case_id: the case in which it waits, else that of its outcome, else the one that it joined last; None
    until review has opened one.
    """

    cases: tuple[Case, ...]
    outcomes: tuple[Outcome, ...]
    case_id: CaseId | None = None


def facts(
    tx: Tx,
    case_id: CaseId,
    *,
    viewer: AnalystId | None = None,
    reader: UUID | None = None,
    around: ItemId | None = None,
) -> CaseView:
    """Return what is known of a case. viewer: whose assessments are shown before an outcome stands.

    reader: what was found elsewhere is shown as far as this person may know of the case there. around: an
    item that is among those returned; without it, the first that waits for the viewer is. The caller
    appends the audit record of the view. Raises NotFound, also where `around` is not in the case.
    """
    case = existing_case(tx, case_id)
    waits = case_queue.next_item(tx, case_id, viewer) if viewer is not None else None
    wanted = around or waits
    place = case_rows.place_of(tx, case_id, wanted) if wanted is not None else 0
    if place is None:
        raise NotFound("There is no such item in this case.")
    first = place - place % PAGE
    places = case_rows.items_of(tx, case_id, first=first, most=PAGE)
    objects = [f"case:{case_id}", *(f"item:{place.item_id}" for place in places)]
    items = _item_views(tx, case_id, places, viewer, reader)
    shown = {str(one.id) for item in items for one in item.assessments}
    return CaseView(
        case=case,
        items=items,
        subjects=tuple(subject_rows.of_case(tx, case_id)),
        history=tuple(_kept_blind(line, shown) for line in case_facts.history_of(tx, objects, most=HISTORY)),
        first=first,
        total=case_rows.size(tx, case_id),
        next_item=waits,
        concerns=viewer is not None and case_queue.concerns(tx, case_id, viewer),
    )


def has_another(tx: Tx, case_id: CaseId, item_id: ItemId, analyst: AnalystId) -> bool:
    """Say whether another item of a case than this one waits for this very person."""
    return case_queue.next_item(tx, case_id, analyst, but=item_id) is not None


def kind_of(tx: Tx, item_id: ItemId) -> ItemKind:
    """Return what an item is. Raises NotFound."""
    item = item_rows.get_bare(tx, item_id)
    if item is None:
        raise NotFound("There is no such item in this case.")
    return item.kind


def item_at(tx: Tx, case_id: CaseId, place: int) -> ItemId | None:
    """Return the item that joined a case after so many others, None where it has not so many."""
    found = case_rows.items_of(tx, case_id, first=place, most=1)
    return found[0].item_id if found else None


def standing_of_item(tx: Tx, item_id: ItemId) -> ItemStanding:
    """Return how an item stands with review; empty while no case has been opened for it."""
    return ItemStanding(
        cases=tuple(case_rows.of_item(tx, item_id)),
        outcomes=tuple(assessment_rows.standing_outcomes_of_item(tx, item_id)),
        case_id=case_rows.current_of_item(tx, item_id),
    )


def _item_views(
    tx: Tx, case_id: CaseId, places: list[CaseItem], viewer: AnalystId | None, reader: UUID | None
) -> tuple[ItemView, ...]:
    item_ids = [place.item_id for place in places]
    stored = item_rows.get_many(tx, item_ids)
    media_ids = [one.item.media_id for one in stored.values() if one.item.media_id is not None]
    media, destroyed = media_rows.facts_of(tx, media_ids), evidence_rows.destroyed(tx, media_ids)
    matches = _grouped((match.item_id, match) for match in case_facts.matches_of(tx, item_ids))
    flags, cues = _grouped(case_facts.flags_of(tx, item_ids)), flag_cues.of_items(tx, item_ids)
    pages, reports = item_rows.pages_of(tx, item_ids), report_rows.of_items(tx, item_ids)
    holds = case_facts.holds_of(tx, item_ids)
    earlier = _grouped(case_facts.earlier_outcomes(tx, media_ids, reader=reader))
    settled = assessment_rows.outcomes_of_case(tx, case_id, item_ids)
    outcomes = _grouped((one.outcome.item_id, one) for one in settled)
    contested = appeal_rows.contested(tx, item_ids)
    kept_from = recusals.kept_from(tx, case_id, item_ids, viewer) if viewer is not None else set()
    leads = viewer is not None and is_lead(tx, viewer)
    assessed = _grouped((one.item_id, one) for one in assessment_rows.of_case(tx, case_id, item_ids))

    def view(place: CaseItem) -> ItemView:
        item = stored[place.item_id].item
        recused = (place.item_id, place.round) in kept_from
        turn = _turn(place, assessed[item.id], viewer, leads=leads, recused=recused)
        shown = _shown(assessed[item.id], viewer, all_of_them=turn in (Turn.OVER, Turn.INFORMED))
        hidden = len(assessed[item.id]) - len(shown)
        return ItemView(
            item=item,
            waits_for=place.waits_for,
            media=media.get(item.media_id) if item.media_id is not None else None,
            destroyed=destroyed.get(item.media_id) if item.media_id is not None else None,
            context=stored[item.id].context,
            page=pages.get(item.id),
            report=reports.get(item.id),
            matches=tuple(matches[item.id]),
            flags=tuple(flags[item.id]),
            hold=holds.get(item.id),
            assessments=shown,
            hidden_assessments=hidden,
            outcomes=tuple(outcomes[item.id]),
            earlier=() if turn is Turn.BLIND and hidden else _of_other_appearances(earlier, stored[item.id]),
            appeals=tuple(appeal_rows.of_item(tx, item.id)) if item.id in contested else (),
            turn=turn,
            cues=tuple(cues.get(item.id, ())),
        )

    return tuple(view(place) for place in places)


def _turn(
    place: CaseItem, filed: list[StoredAssessment], viewer: AnalystId | None, *, leads: bool, recused: bool
) -> Turn:
    if viewer is None:
        return Turn.OVER if place.waits_for is None else Turn.OF_OTHERS
    in_this_round = [one for one in filed if one.round == place.round]
    return turn_of(place.waits_for, in_this_round, viewer, is_lead=leads, recused=recused)


def _shown(
    filed: list[StoredAssessment], viewer: AnalystId | None, *, all_of_them: bool
) -> tuple[Assessment, ...]:
    return tuple(
        Assessment(
            id=one.id,
            case_id=one.case_id,
            item_id=one.item_id,
            by=one.analyst_id,
            form=readable(one.form, one.answers, finding=one.finding),
            tier=one.tier,
            policy_version=one.policy_version,
            filed_at=one.filed_at,
        )
        for one in filed
        if all_of_them or one.analyst_id == viewer
    )


def _kept_blind(line: HistoryLine, shown: set[str]) -> HistoryLine:
    """Leave out what an assessment found while the assessment itself is not shown."""
    named = line.detail.get("assessment")
    if named is None or str(named) in shown:
        return line
    detail = {key: value for key, value in line.detail.items() if key not in ("finding", "tier")}
    return replace(line, detail=detail)


def _of_other_appearances(
    earlier: dict[MediaId, list[EarlierOutcome]], stored: StoredItem
) -> tuple[EarlierOutcome, ...]:
    if stored.item.media_id is None:
        return ()
    return tuple(one for one in earlier[stored.item.media_id] if one.item_id != stored.item.id)


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    groups: defaultdict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups
