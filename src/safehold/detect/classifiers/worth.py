"""Everything that is known of what a classifier is worth: read once, for its page and its command."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from safehold.detect.classifiers import drift, evaluation
from safehold.detect.classifiers.drift import REFERENCE, Drift
from safehold.detect.classifiers.evaluation import AtBudget, BandWorth, Recall, TenthWorth
from safehold.model.band import Band
from safehold.model.classifier import Answered
from safehold.model.figures import Figure
from safehold.storage import classifier_counts
from safehold.storage.database import Tx
from safehold.storage.judged import judged

T = TypeVar("T")

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What it said of the uploads of four weeks that no list knew. days: on how many of them it was asked.

    in_shadow: how many of the uploads it heard in the shadow. today: how many it was asked about today, which
    is not among the others; of all processes together.
    """

    today: int
    days: int
    uploads: int
    in_shadow: int
    answers: dict[Answered, int]
    bands: dict[Band, int]

    def a_day(self) -> dict[Band, float]:
        """Return how many uploads lie in each band on a day on which it is asked."""
        return {band: uploads / self.days for band, uploads in self.bands.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What one version is worth. at_budget: None where nobody has said how many people can look at."""

    bands: tuple[BandWorth, ...]
    tenths: tuple[TenthWorth, ...]
    false_alarms: Figure
    false_alarms_listed: Figure
    recall: Recall
    counted: Counted
    at_budget: AtBudget | None
    drift: Drift


def worth_of(tx: Tx, name: str, *, version: str, flags_from: Band, looks: int | None, now: datetime) -> Worth:
    """Return what a version of a classifier is worth. What another version said is not counted.

    flags_from: the band from which on it asks, or would once it leaves the shadow. looks: how many of what it
    asks for people can look at in a day.
    """
    known = judged(tx, name, version)
    counted = _counted(tx, name, version, now)
    return Worth(
        bands=evaluation.band_worths(known),
        tenths=evaluation.tenth_worths(known),
        false_alarms=evaluation.false_alarms(known, flags_from, listed=False),
        false_alarms_listed=evaluation.false_alarms(known, flags_from, listed=True),
        recall=evaluation.recall(known, flags_from),
        counted=counted,
        at_budget=(
            None
            if looks is None
            else evaluation.at_budget(looks, counted.a_day(), known, flags_from=flags_from)
        ),
        drift=drift.of(tx, name, now),
    )


def _counted(tx: Tx, name: str, version: str, now: datetime) -> Counted:
    today = now.date()
    said = classifier_counts.counted(tx, name, since=today - REFERENCE, before=today + DAY)
    asked_today = sum(uploads for each, uploads in said.items() if each.day == today)
    # One that did not answer says nothing of its version.
    ours = {
        each: uploads
        for each, uploads in said.items()
        if not each.known and each.version in ("", version) and each.day < today
    }
    return Counted(
        today=asked_today,
        days=len({each.day for each in ours}),
        uploads=sum(ours.values()),
        in_shadow=sum(uploads for each, uploads in ours.items() if each.in_shadow),
        answers=_summed([(each.answered, uploads) for each, uploads in ours.items()]),
        bands=_summed([(each.band, uploads) for each, uploads in ours.items() if each.band is not None]),
    )


def _summed(counts: Sequence[tuple[T, int]]) -> dict[T, int]:
    summed: defaultdict[T, int] = defaultdict(int)
    for key, uploads in counts:
        summed[key] += uploads
    return dict(summed)
