"""Drift: whether what a classifier says of a surface's uploads has shifted, or what it is worth has.

The week that is over is held against the four weeks before it, of one version alone. A shift counts where it
is both sure (chi-squared over the bands, at one in a thousand) and large (a band's share changed by half, and
its intervals do not meet): with a million uploads everything is sure, and with twenty everything is large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID, uuid5

from safehold.detect.classifiers.evaluation import BandWorth, band_worths
from safehold.model.band import Band
from safehold.model.figures import Figure, share
from safehold.model.judged import Way
from safehold.storage import classifier_counts
from safehold.storage.classifier_counts import Said
from safehold.storage.database import Tx
from safehold.storage.judged import judged

RECENT = timedelta(days=7)
REFERENCE = timedelta(days=28)
FEWEST = 100
"""So many uploads must be counted in each of the two."""
LARGE = 1.5
"""So many times as large, or as small, a band's share must be."""
_EXPECTED = 5.0
"""Chi-squared is not to be trusted where a cell expects fewer: such a band is counted with its neighbour."""
_CRITICAL = {1: 10.828, 2: 13.816, 3: 16.266, 4: 18.467}
"""By degrees of freedom, the value that chance exceeds once in a thousand."""
_NAMES = UUID("6f1f2c52-7d0c-5b1e-9c39-0a8f7f4f9a53")
"""Alarms are about ids; a classifier has a name alone, and this makes one of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandShift:
    """A band's share of the uploads that no list knew, before and lately."""

    band: Band
    before: Figure
    lately: Figure

    @property
    def is_large(self) -> bool:
        """Whether it changed by half or more, and the intervals do not meet."""
        if not self.before.value or not self.lately.value:
            return _apart(self.before, self.lately)
        times = self.lately.value / self.before.value
        return _apart(self.before, self.lately) and not 1 / LARGE < times < LARGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How the two compare. chi_squared: None where too little was counted. worse: bands worth something
    else."""

    version: str
    bands: tuple[BandShift, ...] = ()
    chi_squared: float | None = None
    critical: float | None = None
    worth: tuple[tuple[Band, Figure, Figure], ...] = ()

    @property
    def is_told(self) -> bool:
        """Whether enough was counted to say anything about bands."""
        return self.chi_squared is not None

    @property
    def shifted(self) -> bool:
        """Whether bands shifted: surely, and by much."""
        if self.chi_squared is None or self.critical is None:
            return False
        return self.chi_squared > self.critical and any(each.is_large for each in self.bands)

    @property
    def worth_changed(self) -> tuple[Band, ...]:
        """The bands of which people found another share than before, surely."""
        return tuple(band for band, before, lately in self.worth if _apart(before, lately))

    @property
    def drifts(self) -> bool:
        """Whether a person should hear of it."""
        return self.shifted or bool(self.worth_changed)


def classifier_id(name: str) -> UUID:
    """Return the id by which alarms know a classifier of this name."""
    return uuid5(_NAMES, name)


def compare(before: Mapping[Band, int], lately: Mapping[Band, int], *, version: str = "") -> Drift:
    """Hold counts of bands against each other; nothing is said where either has fewer than FEWEST."""
    whole, part = sum(before.values()), sum(lately.values())
    bands = tuple(
        BandShift(
            band=band, before=share(before.get(band, 0), whole), lately=share(lately.get(band, 0), part)
        )
        for band in Band
    )
    if min(whole, part) < FEWEST:
        return Drift(version=version, bands=bands)
    columns = _merged(
        [(before.get(band, 0), lately.get(band, 0)) for band in sorted(Band, key=lambda each: -each.rank)]
    )
    if len(columns) < 2:
        return Drift(version=version, bands=bands, chi_squared=0.0, critical=_CRITICAL[1])
    return Drift(
        version=version,
        bands=bands,
        chi_squared=_chi_squared(columns),
        critical=_CRITICAL[len(columns) - 1],
    )


def of(tx: Tx, name: str, now: datetime) -> Drift:
    """Return how a classifier compares now, by the version that was asked most in the week that is over."""
    today = now.date()
    turn = today - RECENT
    counts = classifier_counts.counted(tx, name, since=turn - REFERENCE, before=today)
    unlisted = {said: uploads for said, uploads in counts.items() if said.band and not said.known}
    version = _version({said: uploads for said, uploads in unlisted.items() if said.day >= turn})
    ours = {said: uploads for said, uploads in unlisted.items() if said.version == version}
    found = compare(
        _by_band({said: uploads for said, uploads in ours.items() if said.day < turn}),
        _by_band({said: uploads for said, uploads in ours.items() if said.day >= turn}),
        version=version,
    )
    turned = datetime.combine(turn, time(), now.tzinfo)
    earlier = _worth(tx, name, version, turned - REFERENCE, turned)
    later = _worth(tx, name, version, turned, turned + RECENT)
    worth = tuple((band, earlier[band], later[band]) for band in Band if band in earlier and band in later)
    return Drift(
        version=version,
        bands=found.bands,
        chi_squared=found.chi_squared,
        critical=found.critical,
        worth=worth,
    )


def drifting(tx: Tx, now: datetime) -> dict[UUID, str]:
    """Return the classifiers that drift now, by the id that alarms know them by."""
    names = classifier_counts.names(tx, since=now.date() - RECENT)
    return {classifier_id(name): name for name in names if of(tx, name, now).drifts}


def _worth(tx: Tx, name: str, version: str, since: datetime, before: datetime) -> dict[Band, Figure]:
    found: Sequence[BandWorth] = band_worths(judged(tx, name, version, since=since, before=before))
    return {each.band: each.found for each in found if each.way is Way.ASKED}


def _version(counts: Mapping[Said, int]) -> str:
    by_version: dict[str, int] = {}
    for said, uploads in counts.items():
        by_version[said.version] = by_version.get(said.version, 0) + uploads
    return max(sorted(by_version), key=lambda each: by_version[each], default="")


def _by_band(counts: Mapping[Said, int]) -> dict[Band, int]:
    by_band: dict[Band, int] = {}
    for said, uploads in counts.items():
        if said.band is not None:
            by_band[said.band] = by_band.get(said.band, 0) + uploads
    return by_band


def _merged(columns: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Put columns together, from the strongest band down, until each expects enough in both rows."""
    rows = [sum(column[row] for column in columns) for row in (0, 1)]
    whole = sum(rows)
    done: list[tuple[int, int]] = []
    held = (0, 0)
    for column in columns:
        held = (held[0] + column[0], held[1] + column[1])
        if min(rows) * sum(held) / whole >= _EXPECTED:
            done.append(held)
            held = (0, 0)
    if sum(held) and done:
        last = done.pop()
        held = (last[0] + held[0], last[1] + held[1])
    return [*done, held] if sum(held) else done


def _chi_squared(columns: Sequence[tuple[int, int]]) -> float:
    rows = [sum(column[row] for column in columns) for row in (0, 1)]
    whole = sum(rows)
    expected = [[rows[row] * sum(column) / whole for row in (0, 1)] for column in columns]
    return sum(
        (column[row] - expected[at][row]) ** 2 / expected[at][row]
        for at, column in enumerate(columns)
        for row in (0, 1)
    )


def _apart(one: Figure, other: Figure) -> bool:
    """Say whether two intervals do not meet."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.high < other.low or other.high < one.low
