"""One turn at one filing, wherever it goes: what is asked before a call, and what follows from its end.

Before each call it is asked anew whether a person still wants the report sent. Whoever was overtaken by
another process is refused at that moment, by the filing's revision.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from safehold.authorities import decisions, papers, pauses
from safehold.authorities.halts import MustLook, NotWanted, Waits
from safehold.authorities.means import REPORT_STUCK, REPORT_WAITS, Means, is_alarming
from safehold.authorities.sheets import Sheets
from safehold.model.authority_report import AuthorityReport, AuthorityReportState
from safehold.model.errors import AddressRefused, ErasedEvidence, StaleRevision
from safehold.model.ids import ItemId, MediaId
from safehold.model.permissions import system_actor
from safehold.storage import audit, report_files
from safehold.storage import authority_reports as reports
from safehold.storage import filings as rows
from safehold.storage.authority_papers import PaperKind
from safehold.storage.database import Tx
from safehold.storage.filings import Filing

HELD_BETWEEN = timedelta(minutes=3)
"""How long others are held off while nothing is being called: contents are made, a file is opened."""
HELD_LONGER = timedelta(minutes=1)
"""How much longer than a call may take they are held off during it."""
TRIED_TOO_LONG = "tried_too_long"

_ACTOR = system_actor("authorities").label
SENDING = AuthorityReportState.SENDING
_log = structlog.get_logger()


class Turn(ABC):
    """Holds one filing for one call. sheets: what an earlier call of this process had opened, used again."""

    def __init__(self, means: Means, taken: Filing, report: AuthorityReport, sheets: Sheets) -> None:
        self._means = means
        self._filing = taken
        self._report = report
        self._sheets = sheets

    def go_on(self) -> None:
        """Make the next call, and put down how that went. Raises Unavailable where the database is away."""
        try:
            self._go_on_or_halt()
        except StaleRevision:
            # Another process went on meanwhile; what this one did is found out by that one.
            _log.info("filing_overtaken", report_id=str(self._filing.report_id))

    @abstractmethod
    def _go_on(self) -> None:
        """Make the next call. Raises a Halt where it is not made."""

    @abstractmethod
    def _stopped(self, report: AuthorityReport, why: str) -> dict[str, Any]:
        """Return what is kept of the filing where a person must look, and nothing was called."""

    def _go_on_or_halt(self) -> None:
        try:
            self._go_on()
        except NotWanted:
            with self._means.database.begin() as tx:
                rows.keep(tx, self._filing, held_until=None)
        except Waits as waits:
            if self._report.emergency_id is not None and self._filing.stage == "prepared":
                self._begin_without_reader(waits.why)
            else:
                self._wait(waits.why)
        except MustLook as must:
            self._stop(must.why, **must.detail)
        except AddressRefused as refused:
            self._stop(refused.code)

    def _wanted(self, tx: Tx) -> AuthorityReport:
        report = reports.get(tx, self._filing.report_id, for_change=True)
        assert report is not None
        if report.state is not SENDING:
            raise NotWanted(report.state.value)
        return report

    def _tried(
        self, report: AuthorityReport, why: str, asked_for: timedelta | None, now: datetime
    ) -> tuple[dict[str, Any], bool]:
        """Return when a call is made again that led nowhere, and whether that went on for too long."""
        attempts = self._filing.attempts + 1
        pause = pauses.pause(
            attempts, priority=report.priority, chance=self._means.chance(), asked_for=asked_for
        )
        waited = self._filing.waited_seconds + int(pause.total_seconds())
        times = {"attempts": attempts, "waited_seconds": waited, "next_attempt_at": now + pause}
        return {**times, "waits_for": why}, waited > pauses.HORIZON.total_seconds()

    def _filed(
        self,
        tx: Tx,
        report: AuthorityReport,
        reference: str,
        *,
        receipt: bytes,
        owed: Sequence[ItemId],
        detail: dict[str, Any],
        now: datetime,
    ) -> None:
        """Record that it is filed, whatever anybody wished meanwhile: they have it."""
        if receipt:
            paper_id = papers.add(tx, self._means.vault, report.id, PaperKind.RECEIPT, receipt, now=now)
            detail |= {"receipt": str(paper_id), "receipt_sha256": hashlib.sha256(receipt).hexdigest()}
        if report.state is not SENDING:
            rows.told_after_all(tx, report.id)
            detail["although"] = report.state.value
        if owed:
            reports.owe_files(tx, report.id, owed)
            detail["owed"] = len(owed)
        self._audit(tx, "authority.file", detail, now)
        decisions.filed(tx, report, reference, actor_label=_ACTOR, record=self._means.record, now=now)

    def _stick(self, tx: Tx, report: AuthorityReport, why: str, now: datetime, **more: Any) -> None:
        self._audit(tx, "authority.stuck", {"why": why, **more}, now)
        if report.state is SENDING:
            reports.change(tx, report, state=AuthorityReportState.STUCK)
            self._means.alarm(tx, REPORT_STUCK, report.id)

    def _stop(self, why: str, **detail: Any) -> None:
        """Put down that a person must look; nothing was called."""
        now = self._means.clock()
        with self._means.database.begin() as tx:
            report = reports.get(tx, self._filing.report_id, for_change=True)
            assert report is not None
            stopped = self._stopped(report, why)
            kept = rows.keep(tx, self._filing, **stopped, held_until=None, waits_for=None)
            self._stick(tx, report, why, now, **detail)
        self._filing = kept

    def _wait(self, why: str) -> None:
        """Put down what it waits for; a person hears of it where it does not come by itself."""
        now, attempts = self._means.clock(), self._filing.attempts + 1
        with self._means.database.begin() as tx:
            kept = rows.keep(
                tx,
                self._filing,
                attempts=attempts,
                waits_for=why,
                next_attempt_at=now + pauses.pause_for_ours(attempts),
                held_until=None,
            )
            if is_alarming(why, attempts):
                self._means.alarm(tx, REPORT_WAITS, self._filing.report_id)
        self._filing = kept

    def _begin_without_reader(self, why: str) -> None:
        """Have the contents made anew, in memory: where somebody is in danger nothing waits for a reader."""
        now = self._means.clock()
        with self._means.database.begin() as tx:
            kept = rows.keep(tx, self._filing, anew=True, next_attempt_at=now, held_until=None)
            self._audit(tx, "authority.begin_without_reader", {"why": why}, now)
        self._filing = kept

    def _audit(self, tx: Tx, verb: str, detail: dict[str, Any], now: datetime) -> None:
        about = f"authority_report:{self._filing.report_id}"
        audit.append(tx, at=now, actor=_ACTOR, verb=verb, object=about, detail=detail)


def why_left_out(tx: Tx, media: Collection[MediaId | None]) -> dict[MediaId | None, str | None]:
    """Say of each of these media why its bytes do not go, None where they are held. None: it never came."""
    held = report_files.held(tx, [each for each in media if each is not None])
    return {each: _why(held.get(each) if each is not None else None) for each in media}


def _why(is_held: bool | None) -> str | None:
    if is_held is None:
        return "not_held"
    return None if is_held else ErasedEvidence.code
