"""What was measured, as lines for people and JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from safehold.testing.bench import peers

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. unit: "" for counts. goal: what to reach, with at_most not to exceed; None: none.

    value: None where it was not measured; why says the reason.
    """

    name: str
    value: float | None
    unit: str
    goal: float | None = None
    at_most: bool = False
    why: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none, or nothing was measured."""
        if self.goal is None or self.value is None:
            return None
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    @property
    def missed_by(self) -> str:
        """By how much the goal is missed: what it falls short or is over by, in per cent where it can be."""
        if self.met is not False or self.goal is None or self.value is None:
            return ""
        away = abs(self.value - self.goal)
        share = f"{100 * away / self.goal:.0f} %" if self.goal else f"{away:g}"
        return f"over by {share}" if self.at_most else f"{share} short"

    def line(self) -> str:
        """Return it as one line of a table."""
        goal = "" if self.goal is None else f"{'at most' if self.at_most else 'at least'} {self.goal:g}"
        verdict = {None: "", True: "met", False: f"MISSED, {self.missed_by}"}[self.met]
        value = "-" if self.value is None else f"{self.value:.4g}"
        verdict = f"not measured: {self.why}" if self.value is None else verdict
        return f"{self.name:<58} {value:>9} {self.unit:<5} {goal:<15} {verdict}".rstrip()


def unmeasured(name: str, unit: str, why: str, goal: float | None = None, *, at_most: bool = False) -> Row:
    """Return the row of a figure that was not measured."""
    return Row(name, None, unit, goal, at_most, why)


@dataclass(slots=True)
class Report:
    """Everything that one run found. curves: by name of the plot and of the line, (x, y)."""

    sections: dict[str, list[Row]] = field(default_factory=dict)
    curves: dict[str, dict[str, Points]] = field(default_factory=dict)

    def add(self, section: str, row: Row) -> None:
        """Take a row in."""
        self.sections.setdefault(section, []).append(row)

    def point(self, plot: str, line: str, x: float, y: float) -> None:
        """Take a point of a curve in."""
        self.curves.setdefault(plot, {}).setdefault(line, []).append((x, y))

    def summary(self) -> Iterator[str]:
        """Yield, in lines, how many goals were met, and each that was missed or not measured."""
        rows = [(name, row) for name, found in self.sections.items() for row in found if row.goal is not None]
        met, missed = (sum(row.met is verdict for _, row in rows) for verdict in (True, False))
        yield f"{met} goals met, {missed} missed, {len(rows) - met - missed} not measured"
        for name, row in rows:
            if row.met is not True:
                yield f"  {name.partition(':')[0]:<8} {row.line()}"

    def as_json(self, now: datetime) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "measured_at": now.isoformat(),
            "machine": machine(),
            "sections": {
                name: [{**asdict(row), "met": row.met, "missed_by": row.missed_by} for row in rows]
                for name, rows in self.sections.items()
            },
            "curves": self.curves,
        }


def peers_here() -> Iterator[str]:
    """Yield a line for each peer: its version, or that it is absent."""
    for name in peers.NAMES:
        version = peers.version(name)
        yield f"{name} {version}" if version else peers.absent(name)


def machine() -> dict[str, Any]:
    """Return what a figure depends on: processor cores, architecture, versions; no name of the machine."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "architecture": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "peers": {name: peers.version(name) for name in peers.NAMES},
    }
