"""A surface is a place of a platform where items appear."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Names of surfaces that may be names of folders."""
LONGEST_TERM = 30
"""Days: no signal of a harmless upload is kept for longer."""
LARGEST_SHARE = 0.01
"""Of clear uploads, at most so many are drawn for a person to look at."""
LONGEST_UNSEEN = 7
"""Days: what was drawn, and nobody has looked at, is kept for no longer."""


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


def are_covered(
    regions: Iterable[str], bases: Iterable[LegalBasis], region: str | None, now: datetime
) -> bool:
    """Say whether a basis stands for a region; an unknown one counts as the strictest: every one needs one.

    regions: those in which the surface exists. Regions are compared without regard to case.
    """
    covered = {basis.region.casefold() for basis in bases if basis.stands(now)}
    declared = {each.casefold() for each in regions}
    asked = region.casefold() if region is not None else None
    wanted = {asked} if asked in declared else declared
    return bool(wanted) and wanted <= covered


@dataclass(frozen=True, slots=True, kw_only=True)
class LookBack:
    """That signals of harmless uploads are kept for some days: the law that allows it, and the term.

    days: 1 to LONGEST_TERM; the day of the scan is the first. expires_at: as in LegalBasis.
    """

    basis: str
    days: int
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSample:
    """That a random share of what every check passed is kept for a person to look at: so misses are counted.

    basis: the law that allows it. share: of the clear uploads, above 0, at most LARGEST_SHARE. a_day: at most
    so many in a day (UTC). days: for how long one that nobody has looked at is kept. expires_at: as in
    LegalBasis.
    """

    basis: str
    share: float
    a_day: int
    days: int
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """A declared surface.

    regions: those in which it exists; an item from another or an unknown region counts as the
    strictest. on_incomplete: advice per code prefix (such as "list_stale"), "*" for the others.
    rehearsal: test lists may match and hold here, and nothing from here can be filed, noticed,
    published or counted. lookback: None where nothing is kept of what is harmless, as nothing is by default.
    classifiers: names of those that are asked about what no list knows. audit_sample: None where nothing is
    drawn, as nothing is by default.
    """

    name: str
    visibility: Visibility = Visibility.PUBLIC
    regions: tuple[str, ...] = ()
    legal_bases: tuple[LegalBasis, ...] = ()
    on_incomplete: dict[str, Advice] = field(default_factory=dict)
    rehearsal: bool = False
    lookback: LookBack | None = None
    classifiers: tuple[str, ...] = ()
    audit_sample: AuditSample | None = None

    def sampled(self, now: datetime) -> AuditSample | None:
        """Return on which terms clear uploads are drawn here now, None where none may be.

        Never on a private surface, whatever the law lets be scanned there: the basis of a scan covers what a
        check finds, and not what somebody would like to know. On a public one its own basis must stand.
        """
        drawn = self.audit_sample
        if drawn is None or self.visibility is not Visibility.PUBLIC:
            return None
        return drawn if drawn.expires_at is None or now < drawn.expires_at else None

    def lookback_term(self, now: datetime) -> int | None:
        """Return for how many days signals are kept here now, None where none may be.

        The basis of look-back must stand, and the surface must be one that may be scanned wherever it exists:
        a private one needs a current legal basis for every region.
        """
        kept = self.lookback
        if kept is None or (kept.expires_at is not None and now >= kept.expires_at):
            return None
        return kept.days if self.may_scan(None, now) else None

    def may_scan(self, region: str | None, now: datetime) -> bool:
        """Say whether an item of this region may be scanned here now.

        A public surface always may. A private one needs a current legal basis for the region; an
        unknown region counts as the strictest, so every declared region must have one. Regions are compared
        without regard to case.
        """
        if self.visibility is Visibility.PUBLIC:
            return True
        return are_covered(self.regions, self.legal_bases, region, now)

    def advice_when_incomplete(self, codes: tuple[str, ...]) -> Advice:
        """Return the most careful advice that any of the codes calls for: hold, then retry, then publish."""
        chosen = {self._advice_for(code) for code in codes}
        return next(advice for advice in (Advice.HOLD, Advice.RETRY, Advice.PUBLISH) if advice in chosen)

    def _advice_for(self, code: str) -> Advice:
        for key in (code, code.partition(":")[0], "*"):
            if key in self.on_incomplete:
                return self.on_incomplete[key]
        return Advice.HOLD
