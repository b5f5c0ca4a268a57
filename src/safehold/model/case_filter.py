"""Filters: which open cases somebody wants to see. Of choices alone, so that no address holds content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from safehold.model.errors import BadForm
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import ListId
from safehold.model.queue import Stage, checked_skills

MOST_HOURS = 24 * 366
HIGHEST_NEED = 100
_LONGEST_NAME = 100

Said = Mapping[str, Sequence[str]]
"""What a form or an address says: the values of each field."""

One = TypeVar("One")


class Reason(StrEnum):
    """A reason why a case comes before another, as far as one is asked for by name."""

    AT_RISK = "at_risk"
    """A person says that a child is at risk now."""
    CLOCK = "clock"
    """A date comes near, or has passed."""
    REACH = "reach"
    """Others may still see it, or it is held on nothing any more."""
    VETTED = "vetted"
    """A vetted list matches."""
    SEVERAL = "several"
    """It has several items."""


class Holder(StrEnum):
    """Who works on a case."""

    NOBODY = "nobody"
    ME = "me"
    OTHERS = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """What is asked of a case; what is empty or None asks nothing.

    queues, kinds, stages, signals: any of them will do. reasons: all of them hold. need_from: its priority
    at least. held: who works on it. open_hours: open for so long at least. due_hours: due within so many,
    0 for what is past its date. surface, list_id, signals: of any of its items, or of what they matched.
    skill: it asks for it. for_lead, practice: whether it is so.
    """

    queues: frozenset[Purpose] = frozenset()
    kinds: frozenset[ExposureKind] = frozenset()
    stages: frozenset[Stage] = frozenset()
    reasons: frozenset[Reason] = frozenset()
    need_from: int = 0
    held: Holder | None = None
    open_hours: int = 0
    due_hours: int | None = None
    surface: str = ""
    list_id: ListId | None = None
    signals: frozenset[str] = frozenset()
    skill: str = ""
    for_lead: bool | None = None
    practice: bool | None = None

    @property
    def asks_items(self) -> bool:
        """Whether something is asked of the items of a case: these whoever knows somebody is not told."""
        return bool(self.surface or self.signals or self.list_id)


ANYTHING = CaseFilter()
"""Asks nothing: every open case."""


def filter_from(said: Said) -> CaseFilter:
    """Return the filter of a form, an address or a stored row. Unknown and empty fields ask nothing.

    Raises BadForm, naming the field, where a value is none that can be chosen.
    """
    return CaseFilter(
        queues=_several(said, "queue", Purpose),
        kinds=_several(said, "kind", ExposureKind),
        stages=_several(said, "stage", Stage),
        reasons=_several(said, "why", Reason),
        need_from=_one(said, "need", _number(HIGHEST_NEED)) or 0,
        held=_one(said, "held", Holder),
        open_hours=_one(said, "open", _number(MOST_HOURS)) or 0,
        due_hours=_one(said, "due", _number(MOST_HOURS)),
        surface=_one(said, "surface", _name) or "",
        list_id=_one(said, "list", lambda value: ListId(UUID(value))),
        signals=_several(said, "signal", _name),
        skill=_one(said, "skill", _skill) or "",
        for_lead=_one(said, "lead", _yes_or_no),
        practice=_one(said, "practice", _yes_or_no),
    )


def fields_of(wanted: CaseFilter) -> dict[str, list[str]]:
    """Return the fields that `filter_from` makes this filter of, the empty ones left out."""
    yes_no = {True: ["yes"], False: ["no"], None: []}
    every: dict[str, Sequence[object]] = {
        "queue": sorted(wanted.queues),
        "kind": sorted(wanted.kinds),
        "stage": sorted(wanted.stages),
        "why": sorted(wanted.reasons),
        "need": [str(wanted.need_from)] if wanted.need_from else [],
        "held": [wanted.held] if wanted.held else [],
        "open": [str(wanted.open_hours)] if wanted.open_hours else [],
        "due": [] if wanted.due_hours is None else [str(wanted.due_hours)],
        "surface": [wanted.surface] if wanted.surface else [],
        "list": [str(wanted.list_id)] if wanted.list_id else [],
        "signal": sorted(wanted.signals),
        "skill": [wanted.skill] if wanted.skill else [],
        "lead": yes_no[wanted.for_lead],
        "practice": yes_no[wanted.practice],
    }
    return {name: [str(value) for value in values] for name, values in every.items() if values}


def _several(said: Said, name: str, read: Callable[[str], One]) -> frozenset[One]:
    return frozenset(_read(name, value, read) for value in said.get(name, ()) if value)


def _one(said: Said, name: str, read: Callable[[str], One]) -> One | None:
    given = [value for value in said.get(name, ()) if value]
    return _read(name, given[0], read) if given else None


def _read(name: str, value: str, read: Callable[[str], One]) -> One:
    try:
        return read(value)
    except ValueError:
        raise BadForm(f"{name}: choose one of those that are there.", field=name) from None


def _number(most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not (value.isascii() and value.isdecimal() and len(value) < 6 and int(value) <= most):
            raise ValueError
        return int(value)

    return read


def _name(value: str) -> str:
    if len(value) > _LONGEST_NAME:
        raise ValueError
    return value


def _skill(value: str) -> str:
    try:
        [skill] = checked_skills([value])
    except BadForm:
        raise ValueError from None
    return skill


def _yes_or_no(value: str) -> bool:
    if value not in ("yes", "no"):
        raise ValueError
    return value == "yes"
