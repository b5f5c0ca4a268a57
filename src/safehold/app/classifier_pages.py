"""What the console shows of classifiers: what each is, where it is asked, how it stands, what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from safehold.app.classifiers import card_of
from safehold.app.settings import Settings
from safehold.app.settings_classifiers import ClassifierSettings
from safehold.detect.classifiers.standing import Standing, standing
from safehold.detect.classifiers.worth import Worth, worth_of
from safehold.model.classifier import ClassifierInfo
from safehold.model.errors import BadSettings, NotFound
from safehold.storage.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A classifier of the settings. info: None where its card cannot be read on this machine."""

    name: str
    terms: ClassifierSettings
    surfaces: tuple[str, ...]
    info: ClassifierInfo | None
    stands: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One classifier with all that is known of it. worth: None where nobody knows which version runs."""

    declared: Declared
    worth: Worth | None
    looks: int | None


def every(tx: Tx, settings: Settings, *, now: datetime) -> list[Declared]:
    """Return every classifier that the settings declare, in their order."""
    return [_declared(tx, settings, name, now) for name in settings.classifiers]


def one(tx: Tx, settings: Settings, name: str, *, looks: int | None, now: datetime) -> Shown:
    """Return one classifier. looks: how many flags people can look at in a day, None: as settings say.

    Raises NotFound.
    """
    if name not in settings.classifiers:
        raise NotFound("The settings declare no classifier of this name.")
    found = _declared(tx, settings, name, now)
    can_look = settings.review.flags_a_day if looks is None else looks
    worth = None
    if found.info is not None:
        worth = worth_of(
            tx,
            name,
            version=found.info.version,
            flags_from=found.terms.flags_from,
            looks=can_look,
            now=now,
        )
    return Shown(declared=found, worth=worth, looks=can_look)


def _declared(tx: Tx, settings: Settings, name: str, now: datetime) -> Declared:
    try:
        info = card_of(settings, name)
    except BadSettings:
        # Its card lies where uploads are scanned, which may be another machine.
        info = None
    where = (surface for surface, each in settings.surfaces.items() if name in each.classifiers)
    return Declared(
        name=name,
        terms=settings.classifiers[name],
        surfaces=tuple(sorted(where)),
        info=info,
        stands=standing(tx, name, now=now),
    )
