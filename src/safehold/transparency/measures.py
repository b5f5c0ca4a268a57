"""What a figure is: a named, versioned definition. Its value, its query and its words follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from safehold.model.wording import worded
from safehold.transparency.attributes import ATTRIBUTES, RULES, Rule
from safehold.transparency.units import Unit


class Window(StrEnum):
    """Which time a measure is about."""

    DURING = "during"
    AT_END = "at_end"


TIMED = "Time is %(span)s."
"""What is said of a measure that is timed."""

WINDOWS = {Window.DURING: "during the period", Window.AT_END: "as it was at the end of the period"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is counted, which of it, when, by which rule, and what that means in words.

    id: of its files, such as "pages.confirmed.by_age"; it keeps its meaning for ever. version: raised when
    what it counts changes. where: which answers count, by question; several answers are any of them. by: at
    most two questions by which it is divided. of: the id of the measure of whose total its own is a share.
    about_children: whether small numbers are withheld, for they could single out a child. timed: from when to
    when each of them takes, or has waited, where that is measured besides.
    """

    id: str
    unit: type[Unit]
    title: str
    means: str
    counts: Rule = Rule.ACTIONED
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    of: str | None = None
    window: Window = Window.DURING
    version: int = 1
    about_children: bool = True
    timed: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for a question that does not exist, or for more than two divisions."""
        unknown = (set(self.where) | set(self.by)) - set(ATTRIBUTES)
        if unknown or len(self.by) > 2:
            raise ValueError(f"{self.id}: it asks what cannot be asked: {sorted(unknown) or self.by}")
        object.__setattr__(self, "where", MappingProxyType(dict(self.where)))

    @property
    def conditions(self) -> dict[str, tuple[str, ...]]:
        """All that has to hold, its basic rule too."""
        basic = {"actioned": ("yes",)} if self.counts is Rule.ACTIONED else {}
        return {**basic, **self.where}

    def counts_what_says(self, says: Mapping[str, str | None]) -> bool:
        """Say whether it counts that of its unit of which this is said."""
        if self.counts is Rule.ACTIONED and says.get("actioned") != "yes":
            return False
        return all(says.get(name) in values for name, values in self.where.items())

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule that bears upon it, its basic one first."""
        asked = (ATTRIBUTES[name].rule for name in (*self.where, *self.by))
        return tuple(dict.fromkeys([self.counts, *(rule for rule in asked if rule is not None)]))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What it means, with its rules: whole sentences, each of which can be translated by itself."""
        timed = [worded(TIMED, span=worded(self.timed))] if self.timed else []
        return (self.means, *timed, *(RULES[rule] for rule in self.rules))

    @property
    def definition(self) -> str:
        """The same as one text."""
        return " ".join(self.sentences)

    @property
    def query(self) -> str:
        """The same as a query, from which everybody can see what is counted."""
        chosen = " and ".join(
            f"{name} = {values[0]}" if len(values) == 1 else f"{name} in ({', '.join(values)})"
            for name, values in self.conditions.items()
        )
        divided = f" by {' and '.join(self.by)}" if self.by else ""
        return (
            f"count {self.unit.name} {WINDOWS[self.window]}"
            + (f" where {chosen}" if chosen else "")
            + divided
        )


def is_part(part: Measure, whole: Measure) -> bool:
    """Say whether whatever a measure counts, another counts as well: then it has a share of it."""
    allowed = whole.conditions
    return (part.unit, part.window) == (whole.unit, whole.window) and all(
        name in part.conditions and set(part.conditions[name]) <= set(values)
        for name, values in allowed.items()
    )


class Catalogue:
    """Measures by id, in their order."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        """Raise ValueError where two have one id, or one is a share of none that exists or counts alike."""
        self._by_id: dict[str, Measure] = {}
        for each in measures:
            if each.id in self._by_id:
                raise ValueError(f"Two measures are named {each.id}.")
            self._by_id[each.id] = each
        for each in self:
            whole = self._by_id.get(each.of) if each.of is not None else each
            if whole is None or not is_part(each, whole):
                raise ValueError(f"{each.id} is no part of {each.of}, and so has no share of it.")

    def __iter__(self) -> Iterator[Measure]:
        """Yield the measures in their order."""
        return iter(self._by_id.values())

    def __getitem__(self, measure_id: str) -> Measure:
        """Return the measure of this id. Raises KeyError."""
        return self._by_id[measure_id]

    def __contains__(self, measure_id: str) -> bool:
        """Say whether there is such a measure."""
        return measure_id in self._by_id

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._by_id)
