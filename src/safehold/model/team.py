"""How many people work here: what a rule that needs several of them can ask for."""

from __future__ import annotations

from enum import StrEnum


class TeamSize(StrEnum):
    """How many people assess."""

    FULL = "full"
    """Four or more: a third is there for whoever disagrees."""
    SMALL = "small"
    """Two or three: a second is there, perhaps only tomorrow; where they disagree, a lead decides."""
    SINGLE = "single"
    """One: nobody else can look, own lists cannot be published, and what goes out says so."""
