"""Shares and comparisons between tables: of the one whole that a measure names, and with the year before."""

from __future__ import annotations

from collections.abc import Mapping

from safehold.model.figure_errors import WrongWhole
from safehold.transparency.rounding import change, percent
from safehold.transparency.tables import Cell, Known, Table


def whole_of(table: Table, tables: Mapping[str, Table]) -> Cell:
    """Return that of which the shares of a table are taken: its own total, or what its measure names."""
    return tables[table.measure.of].total if table.measure.of is not None else table.total


def share(cell: Cell, whole: Cell, *, places: int = 1) -> str | None:
    """Return which part of a whole a cell is, in per cent; None where either is unknown or the whole is 0.

    Raises MixedUnits where they do not count the same.
    """
    if not isinstance(cell, Known) or not isinstance(whole, Known):
        return None
    if cell.amount.share_of(whole.amount) is None:
        return None
    return percent(cell.amount.number, whole.amount.number, places=places)


def claimed_share(part: Table, whole: Table, *, places: int = 1) -> str | None:
    """Return the share of one measure in another.

    Raises MixedUnits where they count different things, and WrongWhole where the second is not the whole that
    the first one's definition names: 92 per cent of all pages are not 92 per cent of those that are the part.
    """
    if isinstance(part.total, Known) and isinstance(whole.total, Known):
        part.total.amount.share_of(whole.total.amount)
    if (part.measure.of or part.measure.id) != whole.measure.id:
        raise WrongWhole(
            f"“{part.measure.title}” is a share of {part.measure.of}, and not of {whole.measure.id}."
        )
    return share(part.total, whole.total, places=places)


def changed(now: Cell, before: Cell | None, *, places: int = 1) -> str | None:
    """Return by how many per cent a cell has changed; None where either is unknown or there was nothing."""
    if not isinstance(now, Known) or not isinstance(before, Known) or not before.amount.number:
        return None
    difference = now.amount - before.amount
    return change(before.amount.number + difference.number, before.amount.number, places=places)
