"""A sitting: a page and what it shows, assessed in one go and filed together, each with a finding of its own.

What is the same as the page gets all its answers; what differs, a finding and an age band. The page is as
severe as the most severe that it shows, and as young as the youngest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from safehold.jobs.record import Record
from safehold.model.answers import Form
from safehold.model.assessment import AgeBand, Category, Finding, ImageryForm
from safehold.model.errors import BadForm, NotFound
from safehold.model.ids import AnalystId, CaseId, ItemId
from safehold.model.item import Item, ItemKind
from safehold.review import pages
from safehold.review.assess import file_assessment
from safehold.review.pages import Verdict
from safehold.review.turns import Turn, turn_of
from safehold.storage import assessments as assessment_rows
from safehold.storage import case_facts, case_queue, recusals
from safehold.storage import cases as case_rows
from safehold.storage import events as event_rows
from safehold.storage.cases import CaseItem
from safehold.storage.database import Tx
from safehold.storage.turns import is_lead

__all__ = ["Shown", "Sitting", "alike", "file_sitting", "shown_for", "sitting_of"]

_SEVERITY: Mapping[Verdict, int] = {
    (Finding.AGAINST_TERMS, None): 1,
    (Finding.ILLEGAL, Category.PROHIBITED): 2,
    (Finding.ILLEGAL, Category.C): 3,
    (Finding.ILLEGAL, Category.B): 4,
    (Finding.ILLEGAL, Category.A): 5,
    (Finding.ILLEGAL, None): 5,
}
"""Of what confirms, the more severe the higher; everything else is 0."""
_AGES = tuple(age for age in AgeBand if age is not AgeBand.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A page and what it shows. shown: in this case. pages: that show an item, where it is none itself."""

    shown: tuple[Shown, ...] = ()
    pages: tuple[ItemId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Something that a page shows, in the same case, as it stands towards one person.

    place: how many items joined the case before it. found: what they found by themselves while it waits,
    else what stands for it. turn: what they may do about it now. vouched: whether a vetted list knows it.
    """

    item_id: ItemId
    place: int
    found: Verdict | None
    turn: Turn
    vouched: bool


def shown_for(tx: Tx, case_id: CaseId, page_id: ItemId, *, viewer: AnalystId) -> tuple[Shown, ...]:
    """Return what a page shows and lies in this case, in the order in which it joined; of others, nothing.

    What others found before an outcome stands is not among it.
    """
    ids = pages.shown_within(tx, page_id, case_id)
    if not ids:
        return ()
    vouched = {match.item_id for match in case_facts.matches_of(tx, ids) if match.vouched}
    places = {place.item_id: (at, place) for at, place in enumerate(case_rows.items_of(tx, case_id))}
    return tuple(
        Shown(
            item_id=each,
            place=places[each][0],
            found=pages.found_of(tx, case_id, each, viewer),
            turn=_turn(tx, places[each][1], viewer),
            vouched=each in vouched,
        )
        for each in ids
    )


def sitting_of(tx: Tx, case_id: CaseId, item: Item, *, viewer: AnalystId) -> Sitting:
    """Return what a page shows, or which pages show an item, as far as they lie in this case."""
    if item.kind is ItemKind.PAGE:
        return Sitting(shown=shown_for(tx, case_id, item.id, viewer=viewer))
    beside = (each for each in pages.showing(tx, item.id) if case_rows.item_in(tx, case_id, each) is not None)
    return Sitting(pages=tuple(beside))


def alike(form: ImageryForm) -> ImageryForm:
    """Return the form of something that is the same as its page: all answers but those about the site."""
    return replace(form, site_type=None)


def file_sitting(  # noqa: PLR0913 - a signed form names all that it rests on
    tx: Tx,
    case_id: CaseId,
    page_id: ItemId,
    form: Form,
    items: Mapping[ItemId, ImageryForm],
    *,
    by: AnalystId,
    policy_version: str,
    case_revision: int,
    record: Record,
    now: datetime,
) -> bool:
    """File an assessment of a page and of what it shows, all or none; say whether more waits for this person.

    items: those that are assessed now; what is left out goes on waiting. Each is an assessment as any other,
    with a tier of its own; what is no page shows nothing, and is filed by itself. Raises BadForm where the
    page is less severe or older than something that it shows, or more severe than all of it; NotFound where
    one of them is not on the page in this case; and what `file_assessment` raises.
    """
    shown = pages.shown_within(tx, page_id, case_id)
    if not items.keys() <= set(shown):
        raise NotFound("There is no such item on this page.")
    # Every item before the case, in one order: steps and other people lock as we do.
    for each in sorted({page_id, *shown}):
        event_rows.current_revision(tx, each, for_update=True)
    if isinstance(form, ImageryForm) and shown:
        _check_whole(form, items, _found_before(tx, case_id, shown, items, by))
    together: list[tuple[ItemId, Form]] = [*items.items(), (page_id, form)]
    for raised, (item_id, one) in enumerate(together):
        file_assessment(
            tx,
            case_id,
            item_id,
            one,
            by=by,
            policy_version=policy_version,
            case_revision=case_revision + raised,
            record=record,
            now=now,
        )
    return case_queue.next_item(tx, case_id, by) is not None


def _found_before(
    tx: Tx, case_id: CaseId, shown: Iterable[ItemId], items: Mapping[ItemId, ImageryForm], by: AnalystId
) -> list[Verdict]:
    found = (pages.found_of(tx, case_id, each, by) for each in shown if each not in items)
    return [each for each in found if each is not None]


def _check_whole(form: ImageryForm, items: Mapping[ItemId, ImageryForm], before: list[Verdict]) -> None:
    parts = [(one.finding, one.category) for one in items.values()] + before
    most = max((_severity(each) for each in parts), default=0)
    page = _severity((form.finding, form.category))
    if page < most:
        raise BadForm("finding: something on the page was found more severe than the page.", field="finding")
    if page > most:
        raise BadForm("finding: nothing on the page was found as severe as the page.", field="finding")
    ages = [one.age_band for one in items.values() if one.finding.confirms and one.age_band in _AGES]
    if form.age_band in _AGES and any(_AGES.index(age) < _AGES.index(form.age_band) for age in ages):
        raise BadForm("age_band: somebody on the page was found younger.", field="age_band")


def _severity(found: Verdict) -> int:
    return _SEVERITY.get(found, 0)


def _turn(tx: Tx, place: CaseItem, viewer: AnalystId) -> Turn:
    filed = assessment_rows.of_round(tx, place.case_id, place.item_id, place.round)
    recused = recusals.stands(tx, place.case_id, place.item_id, round=place.round, analyst=viewer)
    return turn_of(place.waits_for, filed, viewer, is_lead=is_lead(tx, viewer), recused=recused)
