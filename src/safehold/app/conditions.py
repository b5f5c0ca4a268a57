"""The condition of one part of an installation, and whose settings answer for which parts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from safehold.app.home import has_records
from safehold.app.settings import Settings

MEDIA = frozenset({"media"})
EVERYTHING = frozenset({"api", "console", "media", "portal", "reader", "worker"})
"""What settings may be for: every surface, and the processes that answer nobody."""
OF_RECORDS = EVERYTHING - MEDIA
"""What connects to the database."""
OF_THE_STORE = OF_RECORDS - {"portal"}
"""What comes near the evidence store."""
OPENS_FILES = frozenset({"api", "reader"})
"""What has decoders."""


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


def answers_for(settings: Settings) -> frozenset[str]:
    """Return what these settings are for: each process answers for its own walls and for nobody else's.

    That is the surfaces that they name an address of the database for. Those that name the owner's address,
    or that of `all`, or have the embedded server, are for everything; those that name the reader's socket,
    no database, and find none here, are for pictures alone.
    """
    named = settings.database
    if named.url is not None or "all" in named.surface_urls:
        return EVERYTHING
    if named.surface_urls:
        return frozenset(named.surface_urls)
    return MEDIA if settings.reader.socket is not None and not has_records(settings) else EVERYTHING


def looked_at(settings: Settings) -> Condition:
    """Return the line that says whose settings these are, and by what that was seen."""
    found = answers_for(settings)
    if found == EVERYTHING:
        said = "everything: these settings name no surface alone"
    elif found == MEDIA:
        said = "media alone: these settings name a reader and no database"
    else:
        said = f"{' and '.join(sorted(found))} alone, as named in database.surface_urls"
    return Condition("looked at", Level.OK, said)
