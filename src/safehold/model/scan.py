"""What a scan answers, and the codes that say what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from safehold.model.ids import CaseId, ItemId, ScanId
from safehold.model.match import Flag, Match
from safehold.model.media import HashMode
from safehold.model.signal import Signal
from safehold.model.surface import Advice


class ScanResult(StrEnum):
    """The result of a scan. CLEAR: every enabled check ran, on current lists, and found nothing."""

    CLEAR = "clear"
    HOLD = "hold"
    REVIEW = "review"
    INCOMPLETE = "incomplete"
    NOT_SCANNED = "not_scanned"


class CheckState(StrEnum):
    """How one check fared on one input."""

    OK = "ok"
    STALE = "stale"
    EMPTY = "empty"
    DOWN = "down"
    CANNOT_READ = "cannot_read"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """One check's own account of one scan.

    near_miss: nothing of a holding list matched by a few bits; that is counted and never answered. codes:
    why the state is not OK, such as "list_stale:northland"; empty when it is. limits: what
    ran with little to go on ("low_detail:pdq") or not on everything ("sampled:video"); that alone does not
    change the result.
    """

    name: str
    state: CheckState
    matches: tuple[Match, ...] = ()
    flags: tuple[Flag, ...] = ()
    codes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    near_miss: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanAnswer:
    """What the platform is told. Ids are None where nothing was kept. mode: how signals were made.

    reference_until: the first day (UTC) on which nothing of it is kept for look-back any more; None where
    nothing is.
    """

    scan_id: ScanId
    result: ScanResult
    advice: Advice
    item_id: ItemId | None = None
    case_id: CaseId | None = None
    degraded: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()
    flags: tuple[Flag, ...] = ()
    signals: tuple[Signal, ...] = ()
    mode: HashMode = HashMode.EXACT
    reference_until: date | None = None
