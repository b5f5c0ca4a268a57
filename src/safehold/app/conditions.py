"""The condition of one part of an installation: what the doctor says of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. Advice changes no exit code."""

    OK = "ok"
    ADVICE = "advice"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Condition:
    """How one part fares, in words."""

    part: str
    level: Level
    what: str

    @property
    def ok(self) -> bool:
        """Whether nothing has to be done about it now."""
        return self.level is not Level.RED
