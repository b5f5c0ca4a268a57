"""What a page shows, for whoever assesses it: what was seen of it, what lists say, and what rests on it.

Nothing of a page itself is ever here. What counts is what lies in the same case and appears on it: a page is
as severe as the most severe of these that somebody found, and was seen as clearly as that was.
"""

from __future__ import annotations

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

__all__ = ["Verdict", "found_of", "seen_of_page", "showing", "shown_within", "tell_pages"]

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
    """Return what stands for an item in this case, else what this person last found of it, else None."""
    standing = assessment_rows.standing_outcomes_of_item(tx, item_id)
    settled = next((one for one in standing if one.case_id == case_id), None)
    if settled is not None:
        return settled.finding, settled.category
    place = case_rows.item_in(tx, case_id, item_id)
    filed = assessment_rows.of_round(tx, case_id, item_id, place.round) if place is not None else []
    own = [one for one in filed if one.analyst_id == by]
    return (own[-1].finding, own[-1].category) if own else None


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
    for page_id in showing(tx, reversed_.item_id):
        for standing in assessment_rows.standing_outcomes_of_item(tx, page_id):
            if standing.finding.confirms and standing.case_id == reversed_.case_id:
                fallen = BasisReversed(
                    at=now,
                    item_id=page_id,
                    case_id=standing.case_id,
                    outcome_id=standing.id,
                    of=reversed_.id,
                )
                record(tx, fallen)


def _has_media(tx: Tx, item_id: ItemId) -> bool:
    item = item_rows.get_bare(tx, item_id)
    return item is not None and item.media_id is not None
