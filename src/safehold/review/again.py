"""Second exposure: the same person is shown the same or nearly the same picture again. The goal is none.

Somebody who has seen a picture at one place is shown it at another only on an appeal, or because they ask
for it knowing that they have seen it. Each is recorded with its reason and counted. Looking again at the same
item is one sitting.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from safehold.model.errors import SeenBefore
from safehold.model.exposure import Again
from safehold.model.ids import UserId
from safehold.model.item import Item
from safehold.storage import appeals as appeal_rows
from safehold.storage import seen as rows
from safehold.storage.database import Tx

__all__ = [
    "LATELY",
    "NEARLY_THE_SAME",
    "Again",
    "SecondExposures",
    "last_seen",
    "second_exposures",
    "why_again",
]

NEARLY_THE_SAME = 8
"""Bits of PDQ, inclusive, within which two pictures are copies of one. Plain pictures are not compared so."""

LATELY = timedelta(days=30)
"""How far back nearly the same pictures are looked for; the very same are at any time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondExposures:
    """How often somebody was shown again what they had seen elsewhere: by reason, and for none at all."""

    unasked: int
    own_request: int
    appeal: int


def last_seen(tx: Tx, user_id: UserId, item: Item, *, now: datetime) -> datetime | None:
    """Return when this person last saw the picture as another item, or lately nearly the same; None if never.

    A showing that is open and may still be fetched counts as seen.
    """
    if item.media_id is None:
        return None
    lately = now - LATELY
    return rows.last_seen(tx, user_id, item.id, item.media_id, bits=NEARLY_THE_SAME, lately=lately, now=now)


def why_again(tx: Tx, user_id: UserId, item: Item, *, own_request: bool, now: datetime) -> Again | None:
    """Return why this person may be shown again what they have seen elsewhere; None where they have not.

    Raises SeenBefore where they have, nobody appealed, and they did not ask for it knowingly.
    """
    at = last_seen(tx, user_id, item, now=now)
    if at is None:
        return None
    if appeal_rows.of_item(tx, item.id):
        return Again.APPEAL
    if not own_request:
        raise SeenBefore(at)
    return Again.OWN_REQUEST


def second_exposures(tx: Tx, *, since: datetime, until: datetime) -> SecondExposures:
    """Count second exposures from since, inclusive, to until, exclusive.

    unasked is reckoned from what was shown, not from what was recorded as a reason: the same bytes, shown to
    the same person as another item before, or lately nearly the same. Pictures are compared one by one, so
    this takes seconds where people look a lot.
    """
    counted = rows.count_again(tx, since=since, until=until, bits=NEARLY_THE_SAME, lately=LATELY)
    return SecondExposures(
        unasked=counted.get(None, 0),
        own_request=counted.get(Again.OWN_REQUEST, 0),
        appeal=counted.get(Again.APPEAL, 0),
    )
