"""What a person in the console is shown of the copies of a picture that they assessed. On record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from safehold.app.review_policy import review_policy
from safehold.app.settings import Settings
from safehold.model.case import Case, WaitsFor
from safehold.model.ids import CaseId, ItemId, UserId
from safehold.model.permissions import Actor, Permission
from safehold.review import alike, wellbeing
from safehold.review.alike import Basis, Copy, Offer
from safehold.review.facts import ItemView
from safehold.storage import alike as alike_rows
from safehold.storage import audit
from safehold.storage import cases as case_rows
from safehold.storage import media as media_rows
from safehold.storage.alike import Alike
from safehold.storage.database import Tx
from safehold.storage.media import MediaFacts

__all__ = ["AlikeSheet", "Beside", "Line", "beside", "has_copies", "sheet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A copy. place: of the item in its case, from 1. is_held: this person holds the case, and can look."""

    copy: Copy
    place: int
    media: MediaFacts | None
    is_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikeSheet:
    """What was found, and what else can be decided so.

    number: of the case. more: whether others are left. press: this person presses once instead of holding.
    """

    basis: Basis
    number: int
    lines: tuple[Line, ...]
    more: bool
    press: bool

    @property
    def cases(self) -> int:
        """In how many cases the copies are."""
        return len({line.copy.case.id for line in self.lines})


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a case page says of an item. copies: others can be decided so. decided: one that was, like it."""

    copies: bool = False
    decided: Alike | None = None


def beside(tx: Tx, settings: Settings, case: Case, shown: ItemView, *, actor: Actor, now: datetime) -> Beside:
    """Return what this person can decide by likeness from the page of an item."""
    if shown.item.media_id is None or not actor.may(Permission.CASE_ASSESS):
        return Beside()
    if shown.outcome is not None or shown.waits_for is not WaitsFor.ASSESSMENT:
        return Beside(copies=has_copies(tx, settings, case.id, shown.item.id, actor=actor, now=now))
    decided = alike.decided_nearby(
        tx,
        case,
        shown.item,
        by=actor.analyst(),
        policy=review_policy(settings),
        bits=settings.review.alike_bits,
        now=now,
    )
    return Beside(decided=decided)


def has_copies(
    tx: Tx, settings: Settings, case_id: CaseId, item_id: ItemId, *, actor: Actor, now: datetime
) -> bool:
    """Say whether this person can decide something else as they decided this item."""
    return _offered(tx, settings, case_id, item_id, actor=actor, now=now, most=1) is not None


def sheet(
    tx: Tx, settings: Settings, case_id: CaseId, item_id: ItemId, *, actor: Actor, now: datetime
) -> AlikeSheet | None:
    """Return what this person can decide as they decided this item, None for nothing; see `review.alike`.

    Which cases they were told of is on record. Raises NotAllowed.
    """
    actor.require(Permission.CASE_ASSESS)
    found = _offered(tx, settings, case_id, item_id, actor=actor, now=now, most=alike.MOST)
    if found is None:
        return None
    media_ids = {copy.item.media_id for copy in found.copies if copy.item.media_id is not None}
    media = media_rows.facts_of(tx, media_ids)
    places = alike_rows.numbers_in(tx, [(copy.case.id, copy.item.id) for copy in found.copies])
    lines = tuple(
        Line(
            copy=copy,
            place=places.get((copy.case.id, copy.item.id), 0) + 1,
            media=media.get(copy.item.media_id) if copy.item.media_id is not None else None,
            is_held=copy.case.holder(now) == actor.user_id,
        )
        for copy in found.copies
    )
    told = sorted({str(copy.case.id) for copy in found.copies})
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="item.find_alike",
        object=f"item:{item_id}",
        detail={"case": str(case_id), "cases": told},
    )
    number = case_rows.numbers(tx, [case_id])[case_id]
    return AlikeSheet(
        basis=found.basis,
        number=number,
        lines=lines,
        more=found.more,
        press=wellbeing.choices_of(tx, UserId(actor.analyst())).press_to_show,
    )


def _offered(
    tx: Tx, settings: Settings, case_id: CaseId, item_id: ItemId, *, actor: Actor, now: datetime, most: int
) -> Offer | None:
    return alike.offered(
        tx,
        case_id,
        item_id,
        by=actor.analyst(),
        policy=review_policy(settings),
        bits=settings.review.alike_bits,
        now=now,
        most=most,
    )
