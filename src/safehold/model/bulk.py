"""What can be done with many cases at once: arranging them. Nothing here says what anything shows."""

from __future__ import annotations

from enum import StrEnum


class BulkKind(StrEnum):
    """What somebody asks of many cases."""

    NOTE = "note"
    """Leave the same note in each."""
    FOR_LEAD = "for_lead"
    """A lead is to take each."""
    FOR_EVERYBODY = "for_everybody"
    """Anybody may take each again."""
    ASK_SKILL = "ask_skill"
    """Each asks for a skill."""
    DROP_SKILL = "drop_skill"
    """None of them asks for a skill any more."""
    LET_GO = "let_go"
    """Whoever holds one holds it no longer."""
    MERGE = "merge"
    """All of them go on as one."""

    @property
    def opposite(self) -> BulkKind | None:
        """What takes it back for all of them; None where that is done case by case, or not at all."""
        return _OPPOSITES.get(self)

    @property
    def asks_skill(self) -> bool:
        """Whether it is about a skill."""
        return self in (BulkKind.ASK_SKILL, BulkKind.DROP_SKILL)


_OPPOSITES = {
    BulkKind.FOR_LEAD: BulkKind.FOR_EVERYBODY,
    BulkKind.FOR_EVERYBODY: BulkKind.FOR_LEAD,
    BulkKind.ASK_SKILL: BulkKind.DROP_SKILL,
    BulkKind.DROP_SKILL: BulkKind.ASK_SKILL,
}


class LeftOut(StrEnum):
    """Why one of many cases is left as it is."""

    NOT_FOUND = "not_found"
    """There is no such case that this person may know of, any more."""
    SETTLED = "settled"
    """It is not open."""
    CONFLICT = "conflict"
    """This person knows somebody in it."""
    RISK = "risk"
    """A risk to life stands in it: it waits for nothing and nobody."""
    HELD = "held"
    """Somebody else works on it."""
    AT_WORK = "at_work"
    """Whoever holds it did something in it a moment ago."""
    ALREADY = "already"
    """It is so already."""
    CHANGED = "changed"
    """It has changed since it was chosen."""
    CANNOT = "cannot"
    """A rule of the cases themselves forbids it."""
    NOT_ALLOWED = "not_allowed"
    """Whoever asked for it may not arrange cases any more."""
