"""What a page shows, for whoever assesses it: what was seen of it, what lists say, and what rests on it.

Nothing of a page itself is ever here. What counts is what lies in the same case and appears on it: a page is
as severe as the most severe of these that somebody found, and was seen as clearly as that was.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from safehold.jobs.record import Record
from safehold.model.assessment import Category, Finding, Tier
from safehold.model.case import Outcome
from safehold.model.events import BasisReversed
from safehold.model.ids import AnalystId, CaseId, ItemId
from safehold.review.viewing import clearest_seen
from safehold.storage import assessments as assessment_rows
from safehold.storage import cases as case_rows
from safehold.storage import items as item_rows
from safehold.storage import reported_items
from safehold.storage.database import Tx

__all__ = [
    "Verdict",
    "found_of",
    "is_supported",
    "rests_on_nothing",
    "seen_of_page",
    "showing",
    "shown_within",
    "tell_pages",
    "tell_unsupported",
]

Verdict = tuple[Finding, Category | None]
"""A finding, and its category where it has one."""

_CLEAREST = (Tier.CLEAR, Tier.BLURRED, Tier.NONE)


def shown_within(tx: Tx, page_id: ItemId, case_id: CaseId) -> list[ItemId]:
    """Return what a page shows and lies in this case, in the order in which it joined; of others, nothing."""
    return reported_items.shown_within(tx, page_id, case_id)


def showing(tx: Tx, item_id: ItemId) -> list[ItemId]:
    """Return the pages that show an item, as the items that they are, in whichever cases they lie."""
    return reported_items.pages_of(tx, item_id)


def found_of(tx: Tx, case_id: CaseId, item_id: ItemId, by: AnalystId) -> Verdict | None:
    """Return what an item counts as for this person's assessment of a page that shows it, None for nothing.

    While it waits, what they last found of it in its present round; else what stands for it in this case,
    which may be contested.
    """
    place = case_rows.item_in(tx, case_id, item_id)
    if place is not None and place.waits_for is not None:
        filed = assessment_rows.of_round(tx, case_id, item_id, place.round)
        own = [one for one in filed if one.analyst_id == by]
        if own:
            return own[-1].finding, own[-1].category
    settled = assessment_rows.standing_outcome(tx, case_id, item_id)
    return (settled.finding, settled.category) if settled is not None else None


def rests_on_nothing(
    tx: Tx, case_id: CaseId, page_id: ItemId, found: Verdict, people: Iterable[AnalystId]
) -> bool:
    """Say whether a page was confirmed by what it shows here, and nothing of that is found so any more.

    Nothing stands for any of it that is the same, and none of these people found so of what still waits. A
    page that shows nothing here was confirmed by something else.
    """
    shown = shown_within(tx, page_id, case_id) if found[0].confirms else []
    return bool(shown) and not any(
        found_of(tx, case_id, each, one) == found for one in people for each in shown
    )


def is_supported(tx: Tx, outcome: Outcome) -> bool:
    """Say whether an outcome needs nothing that its item shows, or something of that is still found so."""
    people = assessment_rows.people_of(tx, outcome.id)
    found = (outcome.finding, outcome.category)
    return not rests_on_nothing(tx, outcome.case_id, outcome.item_id, found, people)


def seen_of_page(tx: Tx, case_id: CaseId, page_id: ItemId, found: Verdict, *, by: AnalystId) -> Tier:
    """Return the tier of an assessment of a page by this person.

    Where it confirms, the clearest in which they were sent something that it shows and that was found to be
    the same; else the least clear of all that it shows. none where it shows nothing that is here.
    """
    shown = [each for each in shown_within(tx, page_id, case_id) if _has_media(tx, each)]
    if found[0].confirms:
        seen = {clearest_seen(tx, each, by=by) for each in shown if found_of(tx, case_id, each, by) == found}
        return next((tier for tier in _CLEAREST if tier in seen), Tier.NONE)
    seen = {clearest_seen(tx, each, by=by) for each in shown} or {Tier.NONE}
    return next(tier for tier in reversed(_CLEAREST) if tier in seen)


def tell_pages(tx: Tx, reversed_: Outcome, *, record: Record, now: datetime) -> None:
    """Record which pages were confirmed by what they show, where that was confirmed and is reversed."""
    if not reversed_.finding.confirms:
        return
    for standing in _confirmed_pages(tx, reversed_):
        record(tx, _fallen(standing, reversed_, now))


def tell_unsupported(tx: Tx, settled: Outcome, *, record: Record, now: datetime) -> None:
    """Record which pages were confirmed by what they show, where nothing of that is found so any more.

    settled: the outcome of something that they show. A page may be settled while what it was confirmed by
    still waits for others, who then find something else.
    """
    for standing in _confirmed_pages(tx, settled):
        if not is_supported(tx, standing):
            record(tx, _fallen(standing, settled, now))


def _confirmed_pages(tx: Tx, part: Outcome) -> list[Outcome]:
    standing = (
        one
        for page_id in showing(tx, part.item_id)
        for one in assessment_rows.standing_outcomes_of_item(tx, page_id)
    )
    return [one for one in standing if one.finding.confirms and one.case_id == part.case_id]


def _fallen(page: Outcome, part: Outcome, now: datetime) -> BasisReversed:
    return BasisReversed(at=now, item_id=page.item_id, case_id=page.case_id, outcome_id=page.id, of=part.id)


def _has_media(tx: Tx, item_id: ItemId) -> bool:
    item = item_rows.get_bare(tx, item_id)
    return item is not None and item.media_id is not None
