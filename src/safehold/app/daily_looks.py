"""The daily looks: how the budget for what machines alone flag stands, and what it is expected to find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safehold.detect.classifiers.evaluation import AtBudget, at_budget
from safehold.model.band import Band
from safehold.model.hash_list import Purpose
from safehold.review import looks
from safehold.review.looks import Looks
from safehold.storage.database import Tx


@dataclass(frozen=True, slots=True)
class DailyLooks:
    """How the budget stands. expected: what so many looks find in a day, None where no budget is set."""

    standing: Looks
    expected: AtBudget | None


def daily_looks(
    tx: Tx, *, purposes: Iterable[Purpose], person: UUID | None, looks_a_day: int | None, now: datetime
) -> DailyLooks:
    """Return how the budget stands for this person's queues, with the precision to be expected of it.

    What is expected is reckoned from the outcomes of cases that were looked at, by their bands then, of all
    queues together: see `at_budget`.
    """
    standing = looks.looks(tx, purposes=purposes, person=person, looks_a_day=looks_a_day, now=now)
    if looks_a_day is None:
        return DailyLooks(standing, None)
    expected = at_budget(looks_a_day, looks.opened_a_day(tx, now), looks.judged(tx), flags_from=Band.LOW)
    return DailyLooks(standing, expected)
