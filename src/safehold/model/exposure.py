"""Exposure: what kinds of material there are to look at, and what each person chooses for themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from safehold.model.assessment import Category
from safehold.model.hash_list import Purpose
from safehold.model.ids import UserId

MINUTES_OF_A_DAY = 24 * 60


class ExposureKind(StrEnum):
    """What somebody would look at, as it is known before anybody looks. Policy labels, no descriptions."""

    A = "A"
    B = "B"
    C = "C"
    PROHIBITED = "prohibited"
    UNKNOWN = "unknown"
    """No list names a category: it may be anything, and most of it is harmless."""
    INTIMATE_IMAGES = "intimate_images"
    OWN_TERMS = "own_terms"
    CONVERSATION = "conversation"


class Again(StrEnum):
    """Why somebody is shown a picture that they have seen elsewhere."""

    OWN_REQUEST = "own_request"
    APPEAL = "appeal"


_OF_PURPOSE = {
    Purpose.INTIMATE_IMAGES: ExposureKind.INTIMATE_IMAGES,
    Purpose.OWN_TERMS: ExposureKind.OWN_TERMS,
}
_OF_CATEGORY = {category.value: ExposureKind(category.value) for category in Category}


def kind_of(purpose: Purpose, categories: Iterable[str | None], *, conversation: bool) -> ExposureKind:
    """Return the kind of one item: the most severe category that a list of this purpose names, else unknown.

    categories: what lists call it, in the lists' own words; words that are no category of ours count as none.
    """
    if conversation:
        return ExposureKind.CONVERSATION
    if purpose in _OF_PURPOSE:
        return _OF_PURPOSE[purpose]
    known = {_OF_CATEGORY[one] for one in categories if one in _OF_CATEGORY}
    return next((kind for kind in ExposureKind if kind in known), ExposureKind.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureChoices:
    """What one person has chosen for themselves; None and empty: as the organisation has it.

    day_minutes, spell_minutes: at most so long. break_minutes: at least so long. day_begins: when their own
    day begins, in minutes after midnight UTC. opted_out: kinds that they are not offered. contact: who may
    see their figures. press_to_show: a press shows for three seconds, where holding a key is hard.
    """

    day_minutes: int | None = None
    spell_minutes: int | None = None
    break_minutes: int | None = None
    day_begins: int = 0
    opted_out: frozenset[ExposureKind] = field(default=frozenset(), repr=False)
    contact: UserId | None = None
    press_to_show: bool = False
