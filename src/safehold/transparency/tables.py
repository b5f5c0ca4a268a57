"""Cells and tables: what a measure amounts to in a year, or why nobody can say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from safehold.transparency.attributes import ATTRIBUTES
from safehold.transparency.measures import Measure
from safehold.transparency.rounding import exact
from safehold.transparency.units import Amount, Unit

ALL = "*"
"""Stands in a place for every answer together."""

Place = tuple[str, ...]
"""One answer for each question by which a measure is divided, or ALL."""


@dataclass(frozen=True, slots=True)
class Known:
    """A figure."""

    amount: Amount[Unit]

    @property
    def words(self) -> str:
        """The number as it is read."""
        return exact(self.amount.number)


@dataclass(frozen=True, slots=True)
class Missing:
    """No figure, and why. It is never zero."""

    why: str
    words = "not available"


@dataclass(frozen=True, slots=True)
class Withheld:
    """A figure that is kept back.

    It, or what could be reckoned from it, is so small that it could tell of one child. Which is not told.
    """

    words = "withheld"


Cell = Known | Missing | Withheld


@dataclass(frozen=True, slots=True)
class Table:
    """A measure in one year. cells: by place, that of all answers together always among them."""

    measure: Measure
    cells: dict[Place, Cell]

    @property
    def top(self) -> Place:
        """The place of everything together."""
        return (ALL,) * len(self.measure.by)

    @property
    def total(self) -> Cell:
        """Everything together."""
        return self.cells[self.top]

    @property
    def missing(self) -> str | None:
        """Why there is nothing at all, None where there is something."""
        return self.total.why if isinstance(self.total, Missing) else None

    def answers(self, axis: int) -> list[str]:
        """Return the answers along one division in their order, ALL left out."""
        found = dict.fromkeys(place[axis] for place in self.cells if place[axis] != ALL)
        order = list(ATTRIBUTES[self.measure.by[axis]].values)
        known = [value for value in order if value in found]
        return known + [value for value in found if value not in order]

    def __getitem__(self, place: Place | str) -> Cell:
        """Return one cell; of a table with one division its answer is enough. Raises KeyError."""
        return self.cells[(place,) if isinstance(place, str) else place]

    def places(self) -> Iterator[tuple[Place, Cell]]:
        """Yield the cells in the order of reading, totals last."""
        if not self.measure.by:
            yield (), self.total
            return
        axes = [[*self.answers(axis), ALL] for axis in range(len(self.measure.by))]
        for place in _product(axes):
            yield place, self.cells[place]


def _product(axes: list[list[str]]) -> Iterator[Place]:
    if len(axes) == 1:
        yield from ((value,) for value in axes[0])
        return
    yield from ((first, second) for first in axes[0] for second in axes[1])
