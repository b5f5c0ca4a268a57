"""A surface is a place of a platform where items appear."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Visibility(StrEnum):
    """Who can see what appears on a surface."""

    PUBLIC = "public"
    PRIVATE = "private"


class Advice(StrEnum):
    """What we tell a platform to do with an upload now."""

    PUBLISH = "publish"
    HOLD = "hold"
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalBasis:
    """The law under which a private surface may be scanned in one region.

    expires_at: from this instant on (inclusive) the basis no longer stands; None: open-ended.
    """

    region: str
    name: str
    expires_at: datetime | None = None

    def stands(self, now: datetime) -> bool:
        """Say whether the basis is in force at this instant."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """A declared surface.

    regions: those in which it exists; an item from another or an unknown region counts as the
    strictest. on_incomplete: advice per code prefix (such as "list_stale"), "*" for the others.
    rehearsal: test lists may match and hold here, and nothing from here can be filed, noticed,
    published or counted.
    """

    name: str
    visibility: Visibility = Visibility.PUBLIC
    regions: tuple[str, ...] = ()
    legal_bases: tuple[LegalBasis, ...] = ()
    on_incomplete: dict[str, Advice] = field(default_factory=dict)
    rehearsal: bool = False

    def may_scan(self, region: str | None, now: datetime) -> bool:
        """Say whether an item of this region may be scanned here now.

        A public surface always may. A private one needs a current legal basis for the region; an
        unknown region counts as the strictest, so every declared region must have one. Regions are compared
        without regard to case.
        """
        if self.visibility is Visibility.PUBLIC:
            return True
        covered = {basis.region.casefold() for basis in self.legal_bases if basis.stands(now)}
        declared = {each.casefold() for each in self.regions}
        asked = region.casefold() if region is not None else None
        wanted = {asked} if asked in declared else declared
        return bool(wanted) and wanted <= covered

    def advice_when_incomplete(self, codes: tuple[str, ...]) -> Advice:
        """Return the most careful advice that any of the codes calls for: hold, then retry, then publish."""
        chosen = {self._advice_for(code) for code in codes}
        return next(advice for advice in (Advice.HOLD, Advice.RETRY, Advice.PUBLISH) if advice in chosen)

    def _advice_for(self, code: str) -> Advice:
        for key in (code, code.partition(":")[0], "*"):
            if key in self.on_incomplete:
                return self.on_incomplete[key]
        return Advice.HOLD
