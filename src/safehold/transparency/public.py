"""Figures for everybody: error rates, complaints, reversals. Small numbers are withheld before they leave."""

from __future__ import annotations

from typing import Any

from safehold.storage.database import Tx
from safehold.transparency.attributes import Rule
from safehold.transparency.counting import Year, count
from safehold.transparency.exports import as_object
from safehold.transparency.measures import Catalogue, Measure, Window
from safehold.transparency.packs.pack import Period
from safehold.transparency.practice import facts
from safehold.transparency.shares import whole_of
from safehold.transparency.units import Appeals, Holds, Matches, Outcomes, Reports, Reversals, Unit
from safehold.transparency.withholding import withhold


def _measure(
    name: str, unit: type[Unit], title: str, means: str, *by: str, **where: tuple[str, ...]
) -> Measure:
    return Measure(
        id=f"public.{name}",
        unit=unit,
        title=title,
        means=means,
        counts=Rule.EACH,
        window=Window.DURING,
        by=by,
        where=where,
    )


PUBLIC = Catalogue(
    (
        _measure(
            "matches", Matches, "Matches", "Items that matched a list, and what became of them.", "became"
        ),
        _measure(
            "matches.decided",
            Matches,
            "How often lists were right",
            "Matches that people decided. The share that they cleared is the error rate of the lists.",
            "became",
            became=("confirmed", "cleared"),
        ),
        _measure("outcomes", Outcomes, "What people decided", "Outcomes, by finding.", "finding"),
        _measure("holds", Holds, "Held until people decide", "Items held on a match.", stage=("placed",)),
        _measure("holds.released", Holds, "Released again", "Holds that ended.", stage=("released",)),
        _measure("reports", Reports, "Reports", "What people told us about.", stage=("received",)),
        _measure(
            "complaints",
            Appeals,
            "Complaints",
            "Times that somebody contested an outcome.",
            stage=("received",),
        ),
        _measure(
            "complaints.decided",
            Appeals,
            "Complaints that had an answer",
            "Complaints that were decided by somebody else than before, by the result.",
            "upheld",
            stage=("decided",),
        ),
        _measure("reversals", Reversals, "Outcomes reversed", "Outcomes that were reversed, for any reason."),
    )
)
"""What is published of a period."""


def figures(tx: Tx, period: Period) -> list[dict[str, Any]]:
    """Return the tables of a period as they may be published, with their definitions."""
    told = Year(number=period.last.year, facts=facts(tx, period.span, period.zone.key))
    tables = withhold(count(PUBLIC, told))
    return [as_object(each, period.named, whole=whole_of(each, tables)) for each in tables.values()]
