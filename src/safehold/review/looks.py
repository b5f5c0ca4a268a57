"""Looks: how many cases for which machines alone ask are looked at in a day, and how many of them wait.

What a list knows, what a person reported, a threat, a live stream, a child at risk and what the lot fell on
are not among these: no budget keeps them back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from safehold.model.band import Band
from safehold.model.hash_list import Purpose
from safehold.model.judged import Judged
from safehold.model.queue import COUNTED_TO, Stage
from safehold.review import lanes
from safehold.review.admission import queues_of
from safehold.storage import case_queue, review_bands
from safehold.storage.database import Tx

_WEEKS = timedelta(days=28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How the budget of a day stands. a_day: None where none is set. taken: since midnight, UTC.

    waiting: open cases that nobody has looked at, of those that this person may know, by band; of each as far
    as COUNTED_TO is counted.
    """

    a_day: int | None
    taken: int
    waiting: dict[Band, int]

    @property
    def left(self) -> int | None:
        """How many more are offered today; None where no budget is set."""
        return None if self.a_day is None else max(0, self.a_day - self.taken)


def is_spent(tx: Tx, looks_a_day: int | None, now: datetime) -> bool:
    """Say whether no more of these cases are offered today."""
    return looks_a_day is not None and review_bands.looks_since(tx, _midnight(now)) >= looks_a_day


def looks(
    tx: Tx, *, purposes: Iterable[Purpose], person: UUID | None, looks_a_day: int | None, now: datetime
) -> Looks:
    """Return how the budget stands, and what waits for it in the queues of this person. None: in all."""
    among = set(purposes)
    found = [
        each for each in case_queue.lanes(tx) if each.purpose in among and each.stage is not Stage.NOBODY
    ]
    known = lanes.known_to(found, queues_of(tx, person))
    waiting = {}
    for band in sorted({each.band for each in known if each.band is not None}, key=lambda one: -one.rank):
        of_band = [each for each in known if each.band is band]
        waiting[band] = len(case_queue.some_ids(tx, of_band, COUNTED_TO))
    return Looks(a_day=looks_a_day, taken=review_bands.looks_since(tx, _midnight(now)), waiting=waiting)


def judged(tx: Tx) -> list[Judged]:
    """Return what came of the cases that machines alone had asked for, by band."""
    return review_bands.judged(tx)


def opened_a_day(tx: Tx, now: datetime) -> dict[Band, float]:
    """Return how many such cases are opened on a day in each band: of four weeks, or as long as there are."""
    counted, first = review_bands.opened_since(tx, now - _WEEKS)
    if first is None:
        return {}
    days = max(1.0, (now - first) / timedelta(days=1))
    return {band: cases / days for band, cases in counted.items()}


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
