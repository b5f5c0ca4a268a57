"""What was measured, as lines for people and JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. unit: "" for counts. goal: what to reach, with at_most not to exceed; None: none."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    def line(self) -> str:
        """Return it as one line of a table."""
        goal = "" if self.goal is None else f"{'at most' if self.at_most else 'at least'} {self.goal:g}"
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        return f"{self.name:<52} {self.value:>10.4g} {self.unit:<5} {goal:<14} {verdict}".rstrip()


def machine() -> dict[str, Any]:
    """Return what a figure depends on: processor cores, architecture, versions; no name of the machine."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "architecture": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def as_json(sections: Mapping[str, Iterable[Row]], now: datetime) -> dict[str, Any]:
    """Return everything as JSON values."""
    return {
        "measured_at": now.isoformat(),
        "machine": machine(),
        "sections": {
            name: [{**asdict(row), "met": row.met} for row in rows] for name, rows in sections.items()
        },
    }
