"""The counting rules for a whole that shows several things: a page its items, media its appearances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from safehold.model.assessment import AgeBand, Category, Sex

_AGES = {each.value: place for place, each in enumerate(AgeBand)}
_CATEGORIES = {each.value: place for place, each in enumerate(Category)}


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing that a whole shows, each answer None where it is not said."""

    age_band: str | None = None
    category: str | None = None
    sex: str | None = None


def of_whole(shows: Iterable[Shown]) -> dict[str, str | None]:
    """Return the age, category and sex of a whole: the youngest, the most severe, and all sexes seen.

    The first two are found independently. A whole that shows nothing says nothing.
    """
    seen = list(shows)
    ages = [each.age_band for each in seen if each.age_band is not None]
    categories = [each.category for each in seen if each.category is not None]
    return {
        "age_band": min(ages, key=_AGES.__getitem__, default=None),
        "category": min(categories, key=_CATEGORIES.__getitem__, default=None),
        "sex": sex_of(each.sex for each in seen),
    }


def sex_of(seen: Iterable[str | None]) -> str | None:
    """Return girls or boys where only they are seen, both where both are, in one thing or in several."""
    said = {each for each in seen if each is not None}
    known = said - {Sex.UNKNOWN.value}
    if Sex.BOTH.value in known or {Sex.GIRLS.value, Sex.BOYS.value} <= known:
        return Sex.BOTH.value
    return next(iter(known), Sex.UNKNOWN.value if said else None)
