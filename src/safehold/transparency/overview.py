"""The overview: how the work goes, in any period and slice, from what was counted of each day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from safehold.model.errors import BadForm
from safehold.model.period import Period, instants_of
from safehold.model.wording import Wording, worded
from safehold.storage import day_facts
from safehold.storage.database import Tx
from safehold.storage.day_facts import Added, Counted
from safehold.transparency.attributes import ATTRIBUTES
from safehold.transparency.counting import Fact, Year, count
from safehold.transparency.live_catalogue import LIVE_SECTIONS, PRACTICE, LiveSection
from safehold.transparency.measures import Catalogue, Measure, Window
from safehold.transparency.tables import Cell, Known, Place, Table
from safehold.transparency.units import UNITS, Notices, Pairs
from safehold.transparency.waits import Spread, spreads
from safehold.transparency.withholding import withhold

SLICES = ("purpose", "surface", "source", "category", PRACTICE)
"""The questions by which the overview can be sliced."""
ABOUT_CHILDREN = frozenset({"category"})
"""Sliced by one of these, every number is about children, and small ones are withheld."""
LONGEST_NAME = 100

_UNITS = {unit.name: unit for unit in UNITS}
_NOT_COUNTED = worded("No day of the period was counted yet. A worker counts once a minute.")
_NOT_SEEN = worded("Nobody looked at what waits on the last day of the period: that cannot be counted later.")
_AHEAD = worded("The period has not begun.")
_OUTSIDE = worded("Nothing of this slice is counted here.")
_NO_LINKS = worded("Whether a link is still up is not recorded yet.")
_FEW_PEOPLE = worded("In no whole week that ended in the period did five people assess the same things.")

Slice = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is aimed at: a part of one measure in another, at least. share: 0 to 1, None where nothing is."""

    id: str
    title: str
    part: str
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attainment:
    """How far a target is met. reached: None where it is not known, or there was nothing. of: so many."""

    target: Target
    reached: float | None
    of: Cell

    @property
    def met(self) -> bool | None:
        """Whether it is; None where nothing is aimed at, or nothing is known."""
        if self.reached is None or self.target.share is None:
            return None
        return self.reached >= self.target.share


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Figures of a period and a slice. spreads: of timed measures, by place. whole: every day was counted.

    counted_at: when the newest of them was counted; seen_at: when what waits was last looked at.
    """

    period: Period
    zone: str
    sliced: Slice
    tables: Mapping[str, Table]
    spreads: Mapping[str, Mapping[Place, Spread]]
    attained: tuple[Attainment, ...] = ()
    counted_at: datetime | None = None
    seen_at: datetime | None = None
    whole: bool = True


def slice_from(said: Mapping[str, str], *, practice: bool = False) -> dict[str, str]:
    """Return the slice that a form, an address or a command says; empty fields ask nothing.

    practice: whether it is of practice where it does not say; else it is of real work. Raises BadForm, naming
    the field, where a value is none that can be chosen.
    """
    chosen = {name: value for name in SLICES if (value := said.get(name, "").strip())}
    for name, value in chosen.items():
        values = ATTRIBUTES[name].values
        if (values and value not in values) or len(value) > LONGEST_NAME:
            raise BadForm(f"{name}: choose one of those that are there.", field=name)
    return {PRACTICE: "yes" if practice else "no"} | chosen


def read(
    tx: Tx, period: Period, sliced: Slice, *, zone: ZoneInfo, now: datetime, targets: Sequence[Target] = ()
) -> Overview:
    """Return the figures of a period and a slice, small numbers withheld."""
    known = day_facts.counted(tx, period.first, period.last, zone.key)
    facts = [
        _fact(one)
        for days in (day_facts.happened, day_facts.waited)
        for one in days(tx, period.first, period.last)
    ]
    catalogue = _sliced(sliced)
    missing = dict(_missing(catalogue, period, sliced, known, zone=zone, now=now))
    if not any(fact.unit is Pairs for fact in facts):
        missing[Pairs.name] = _FEW_PEOPLE
    tables = withhold(count(catalogue, Year(number=period.first.year, facts=facts, missing=missing)))
    return Overview(
        period=period,
        zone=zone.key,
        sliced=sliced,
        tables=tables,
        spreads=spreads(catalogue, facts, tables),
        attained=tuple(_attained(tables, target) for target in targets),
        counted_at=known.counted_at,
        seen_at=known.seen_at,
        whole=known.days == _days_so_far(period, zone, now),
    )


def _fact(stored: Added) -> Fact:
    return Fact(_UNITS[stored.unit], stored.many, stored.says, stored.took)


def _sliced(sliced: Slice) -> Catalogue:
    """Return the measures as they count in a slice; those that know nothing of it as they are."""
    return Catalogue(
        measure if _unknown(section, sliced) else _in_slice(measure, section, sliced)
        for section in LIVE_SECTIONS
        for measure in section.measures
    )


def _unknown(section: LiveSection, sliced: Slice) -> list[str]:
    """Return the questions of a slice to which the records of a section know no answer."""
    return [name for name in sliced if name not in (*section.sliced_by, PRACTICE)]


def _in_slice(measure: Measure, section: LiveSection, sliced: Slice) -> Measure:
    asked = {
        name: tuple(value for value in measure.where.get(name, (chosen,)) if value == chosen)
        for name, chosen in sliced.items()
        if name in section.sliced_by
    }
    guarded = measure.about_children or not ABOUT_CHILDREN.isdisjoint(sliced)
    return replace(measure, where={**measure.where, **asked}, about_children=guarded)


def _missing(
    catalogue: Catalogue,
    period: Period,
    sliced: Slice,
    known: Counted,
    *,
    zone: ZoneInfo,
    now: datetime,
) -> Iterator[tuple[str | tuple[str, str], str]]:
    nothing = _AHEAD if now < instants_of(period.first, zone)[0] else "" if known.days else _NOT_COUNTED
    for section in LIVE_SECTIONS:
        unknown = [worded(ATTRIBUTES[name].title) for name in _unknown(section, sliced)]
        unsaid = worded("It is not recorded by this: %(questions)s.", questions=_listed(unknown))
        for each in section.measures:
            unseen = _NOT_SEEN if each.window is Window.AT_END and known.seen_at is None else ""
            outside = _OUTSIDE if () in catalogue[each.id].where.values() else ""
            if why := nothing or (unsaid if unknown else "") or outside or unseen:
                yield each.id, why
    yield Notices.name, _NO_LINKS


def _listed(names: Sequence[Wording]) -> Wording:
    """Return names one after the other, as each language sets them apart; nothing of none."""
    said = names[0] if names else worded("")
    for name in names[1:]:
        said = worded("%(before)s, %(name)s", before=said, name=name)
    return said


def _days_so_far(period: Period, zone: ZoneInfo, now: datetime) -> int:
    return max(0, (min(period.last, now.astimezone(zone).date()) - period.first).days + 1)


def _attained(tables: Mapping[str, Table], target: Target) -> Attainment:
    part = tables[target.part]
    whole = tables[part.measure.of or part.measure.id].total
    reached = None
    if isinstance(part.total, Known) and isinstance(whole, Known):
        reached = part.total.amount.share_of(whole.amount)
    return Attainment(target=target, reached=reached, of=whole)
