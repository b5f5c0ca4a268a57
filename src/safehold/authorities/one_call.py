"""One call of one filing: who holds it makes it, and puts down before and after it what is so.

Before each call it is asked anew whether a person still wants the report sent, and whether it may go where it
is going. Whoever was overtaken by another process is refused at that moment, by the filing's revision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from safehold.authorities import contents as content
from safehold.authorities import decisions, papers, pauses, production
from safehold.authorities.contents import Contents, Written
from safehold.authorities.destinations.ncmec_cybertipline import filing
from safehold.authorities.destinations.ncmec_cybertipline.client import Access, CyberTipline
from safehold.authorities.destinations.ncmec_cybertipline.filing import Call, Progress, Stage
from safehold.authorities.destinations.ncmec_cybertipline.replies import Course
from safehold.authorities.destinations.ncmec_cybertipline.runner import Documents, Exchange, Runner
from safehold.authorities.halts import MustLook, NotWanted, Waits, Without
from safehold.authorities.means import (
    NOT_OPENED,
    REPORT_INCOMPLETE,
    REPORT_STUCK,
    REPORT_WAITS,
    Means,
    is_alarming,
)
from safehold.authorities.progress import UNHINDERED, fields_of, progress_of
from safehold.authorities.sheets import Sheets
from safehold.model.authority_report import AuthorityReport, AuthorityReportState
from safehold.model.errors import AddressRefused, ErasedEvidence, SafeholdError, StaleRevision, Unavailable
from safehold.model.ids import AuthorityReportId, ItemId, PaperId
from safehold.model.permissions import system_actor
from safehold.storage import audit, report_files
from safehold.storage import authority_papers as paper_rows
from safehold.storage import authority_reports as reports
from safehold.storage import filings as rows
from safehold.storage.authority_papers import PaperKind
from safehold.storage.database import Tx
from safehold.storage.filings import Filing, FilingFile, FilingSent
from safehold.vault.vault import Vault

HELD_BETWEEN = timedelta(minutes=3)
"""How long others are held off while nothing is being called: contents are made, a file is opened."""
HELD_LONGER = timedelta(minutes=1)
"""How much longer than a call may take they are held off during it."""
TRIED_TOO_LONG = "tried_too_long"

_ACTOR = system_actor("authorities").label
_SENDING = AuthorityReportState.SENDING
_log = structlog.get_logger()


class OneCall:
    """Holds one filing for one call. sheets: what an earlier call of this process had opened, used again."""

    def __init__(
        self, means: Means, taken: Filing, report: AuthorityReport, access: Access, sheets: Sheets
    ) -> None:
        self._means = means
        self._filing = taken
        self._report = report
        self._access = access
        self._sheets = sheets
        self._runner = Runner(
            client=CyberTipline(means.egress, access),
            documents=Documents(
                report=lambda: sheets.report(self._filing),
                read=lambda at: sheets.file(self._filing, at),
                details=lambda at, *ids: sheets.details(self._filing, at, *ids),
            ),
            keep=self._keep,
        )

    def go_on(self) -> None:
        """Make the next call, and put down how that went. Raises Unavailable where the database is away."""
        try:
            self._go_on_or_halt()
        except StaleRevision:
            # Another process went on meanwhile; what this one did is found out by that one.
            _log.info("filing_overtaken", report_id=str(self._filing.report_id))

    def _go_on_or_halt(self) -> None:
        try:
            self._go_on()
        except NotWanted:
            with self._means.database.begin() as tx:
                rows.keep(tx, self._filing, held_until=None)
        except Without as without:
            self._leave_out(without.why)
        except Waits as waits:
            if self._report.emergency_id is not None and self._filing.stage == Stage.PREPARED.value:
                self._begin_without_reader(waits.why)
            else:
                self._wait(waits.why)
        except MustLook as must:
            self._stop(must.why, **must.detail)
        except AddressRefused as refused:
            self._stop(refused.code)

    def _go_on(self) -> None:
        progress = progress_of(self._filing)
        if self._report.state is not _SENDING:
            self._runner.go_on(filing.given_up(progress))
            return
        if progress.stage is Stage.PREPARED and (self._filing.anew or self._filing.report_paper is None):
            progress = self._with_contents()
        self._runner.go_on(progress)

    def _with_contents(self) -> Progress:
        """Make the contents, seal them, and begin with them."""
        now, vault = self._means.clock(), self._means.vault
        with self._means.database.begin() as tx:
            report = self._wanted(tx)
            made = self._made(tx, report, now)
            written = content.write(made)
            report_paper = papers.add(tx, vault, report.id, PaperKind.REPORT, written.report, now=now)
            details_paper = papers.add(tx, vault, report.id, PaperKind.FILE_DETAILS, written.sheet(), now=now)
            files, sent = _files(tx, vault, report.id, made, now)
            kept = rows.keep(
                tx,
                self._filing,
                files=files,
                sent=sent,
                report_paper=report_paper,
                details_paper=details_paper,
                anew=False,
            )
            self._audit_contents(tx, written, sent, now)
        self._filing = kept
        self._sheets.remember(report_paper, written)
        return progress_of(kept)

    def _made(self, tx: Tx, report: AuthorityReport, now: datetime) -> Contents:
        try:
            made = self._means.contents_of(tx, report, reports.items_of(tx, report.id), now)
        except Unavailable:
            raise
        except SafeholdError as error:
            raise MustLook(f"contents:{error.code}") from error
        found = content.problems(made, now=now)
        if found:
            raise MustLook("invalid", problems=[f"{each.where}: {each.why}" for each in found[:20]])
        return made

    def _audit_contents(self, tx: Tx, written: Written, sent: Sequence[FilingSent], now: datetime) -> None:
        detail = {
            "files": len(sent),
            "left_out": sum(each.left_out is not None for each in sent),
            "report_sha256": hashlib.sha256(written.report).hexdigest(),
            "details_sha256": hashlib.sha256(written.sheet()).hexdigest(),
        }
        self._audit(tx, "authority.seal_contents", detail, now)

    def _wanted(self, tx: Tx) -> AuthorityReport:
        report = reports.get(tx, self._filing.report_id, for_change=True)
        assert report is not None
        if report.state is not _SENDING:
            raise NotWanted(report.state.value)
        return report

    def _keep(self, progress: Progress, exchange: Exchange) -> None:
        """Put down what is about to be called, or what came of it, with all that follows from that."""
        now = self._means.clock()
        with self._means.database.begin() as tx:
            report = reports.get(tx, self._filing.report_id, for_change=True)
            assert report is not None
            if exchange.is_before:
                self._permit(tx, report, exchange.call)
                times = self._before(exchange.call, now)
            else:
                progress, times = self._after(progress, exchange, report, now)
            progress = _let_lie(progress, report)
            kept = rows.keep(tx, self._filing, **fields_of(progress), **times)
            self._audit_call(tx, progress, exchange, now)
            if progress.stage is Stage.FILED:
                self._file(tx, report, progress, exchange, now)
            elif progress.stage is Stage.STUCK:
                self._stick(tx, report, progress.why or "", now)
        self._filing = kept

    def _permit(self, tx: Tx, report: AuthorityReport, call: Call) -> None:
        """Let a call be made. Raises NotWanted, MustLook. Taking back is always right."""
        if call is Call.TAKE_BACK:
            return
        if report.state is not _SENDING:
            raise NotWanted(report.state.value)
        going = [
            one
            for one, sent in zip(self._filing.files, self._filing.sent, strict=True)
            if sent.left_out is None and (call is Call.OPEN or sent.file_id is None)
        ]
        if call not in (Call.OPEN, Call.UPLOAD):
            going = []
        why = production.refusal(
            tx,
            report,
            self._access,
            media={one.media_id for one in going if one.media_id is not None},
            digests=self._digests(tx, [one.paper_id for one in going if one.paper_id is not None]),
        )
        if why is not None:
            raise MustLook(why)

    def _digests(self, tx: Tx, wanted: Sequence[PaperId]) -> set[bytes]:
        if not wanted:
            return set()
        found = paper_rows.of_report(tx, self._filing.report_id)
        return {each.sha256 for each in found if each.id in wanted}

    def _before(self, call: Call, now: datetime) -> dict[str, Any]:
        access = self._access
        longest = access.upload_seconds if call is Call.UPLOAD else access.call_seconds
        times: dict[str, Any] = {"held_until": now + timedelta(seconds=longest) + HELD_LONGER}
        if call is Call.OPEN:
            # Before it can have happened: what expires does so later than we say.
            times |= {"opened_at": now, "changed_at": now}
        return times

    def _after(
        self, progress: Progress, exchange: Exchange, report: AuthorityReport, now: datetime
    ) -> tuple[Progress, dict[str, Any]]:
        """Return how far it is, and when it goes on."""
        times: dict[str, Any] = {"held_until": None}
        reply = exchange.reply
        if reply is not None and progress.pending is None and reply.course is not Course.TRY_AGAIN:
            if reply.course is Course.GO_ON and exchange.call in (Call.UPLOAD, Call.DESCRIBE):
                times["changed_at"] = now
            if progress.report_id is None:
                times |= {"opened_at": None, "changed_at": None}
            return progress, times | UNHINDERED | {"next_attempt_at": now}
        attempts = self._filing.attempts + 1
        pause = pauses.pause(
            attempts,
            priority=report.priority,
            chance=self._means.chance(),
            asked_for=reply.retry_after if reply is not None else None,
        )
        waited = self._filing.waited_seconds + int(pause.total_seconds())
        if waited > pauses.HORIZON.total_seconds() and progress.stage is not Stage.STUCK:
            progress = filing.stuck(progress, TRIED_TOO_LONG)
        times |= {"attempts": attempts, "waited_seconds": waited, "next_attempt_at": now + pause}
        return progress, times | {"waits_for": _failure(exchange)}

    def _audit_call(self, tx: Tx, progress: Progress, exchange: Exchange, now: datetime) -> None:
        detail: dict[str, Any] = {
            "call": exchange.call.value,
            "moment": "before" if exchange.is_before else "after",
            "remote": str(progress.report_id) if progress.report_id is not None else None,
        }
        if exchange.sent:
            detail["sent_sha256"] = hashlib.sha256(exchange.sent).hexdigest()
        if exchange.call in (Call.UPLOAD, Call.DESCRIBE):
            detail["file"] = self._filing_place(exchange.call)
        if exchange.reply is not None:
            detail |= {"status": exchange.reply.status, "code": exchange.reply.code}
        if exchange.failed is not None:
            detail["failed"] = exchange.failed
        self._audit(tx, "authority.call", detail, now)

    def _filing_place(self, call: Call) -> int:
        """Return the place of the file that a call is about: as it was before the call."""
        return progress_of(self._filing).next_file

    def _file(
        self, tx: Tx, report: AuthorityReport, progress: Progress, exchange: Exchange, now: datetime
    ) -> None:
        """Record that it is filed, whatever anybody wished meanwhile: they have it."""
        detail: dict[str, Any] = {
            "remote": str(progress.report_id),
            "files": sum(each.file_id is not None for each in progress.files),
            "left_out": sum(each.left_out is not None for each in progress.files),
            "missing": list(progress.missing),
            "unconfirmed": progress.unconfirmed,
        }
        if exchange.reply is not None and exchange.reply.body:
            body = exchange.reply.body
            paper_id = papers.add(tx, self._means.vault, report.id, PaperKind.RECEIPT, body, now=now)
            detail |= {"receipt": str(paper_id), "receipt_sha256": hashlib.sha256(body).hexdigest()}
        if report.state is not _SENDING:
            rows.told_after_all(tx, report.id)
            detail["although"] = report.state.value
        if owed := self._owed(progress):
            reports.owe_files(tx, report.id, owed)
            detail["owed"] = len(owed)
        if progress.missing:
            self._means.alarm(tx, REPORT_INCOMPLETE, report.id)
        self._audit(tx, "authority.file", detail, now)
        reference, record = str(progress.report_id), self._means.record
        decisions.filed(tx, report, reference, actor_label=_ACTOR, record=record, now=now)

    def _owed(self, progress: Progress) -> list[ItemId]:
        """Return the items whose files could not be opened, or are not among those that they name."""
        return [
            one.item_id
            for at, (one, sent) in enumerate(zip(self._filing.files, progress.files, strict=True))
            if one.item_id and (sent.left_out in NOT_OPENED or at in progress.missing)
        ]

    def _stick(self, tx: Tx, report: AuthorityReport, why: str, now: datetime, **more: Any) -> None:
        self._audit(tx, "authority.stuck", {"why": why, **more}, now)
        if report.state is _SENDING:
            reports.change(tx, report, state=AuthorityReportState.STUCK)
            self._means.alarm(tx, REPORT_STUCK, report.id)

    def _stop(self, why: str, **detail: Any) -> None:
        """Put down that a person must look; nothing was called."""
        now = self._means.clock()
        with self._means.database.begin() as tx:
            report = reports.get(tx, self._filing.report_id, for_change=True)
            assert report is not None
            stopped = _let_lie(filing.stuck(progress_of(self._filing), why), report)
            kept = rows.keep(tx, self._filing, **fields_of(stopped), held_until=None, waits_for=None)
            self._stick(tx, report, why, now, **detail)
        self._filing = kept

    def _leave_out(self, why: str) -> None:
        """Put down that the report goes without its next file."""
        now, progress = self._means.clock(), progress_of(self._filing)
        one = self._filing.files[progress.next_file]
        what = {"item": str(one.item_id)} if one.item_id else {"paper": str(one.paper_id)}
        with self._means.database.begin() as tx:
            without = fields_of(filing.left_out(progress, why))
            kept = rows.keep(tx, self._filing, **without, held_until=None, **UNHINDERED)
            self._audit(tx, "authority.leave_out", {**what, "why": why}, now)
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


def _let_lie(progress: Progress, report: AuthorityReport) -> Progress:
    """Leave alone what cannot be taken back of a report that nobody wants sent: they delete it themselves."""
    if progress.stage is Stage.STUCK and report.state is not _SENDING:
        return replace(progress, report_id=None)
    return progress


def _files(
    tx: Tx, vault: Vault, report_id: AuthorityReportId, made: Contents, now: datetime
) -> tuple[tuple[FilingFile, ...], tuple[FilingSent, ...]]:
    """Return the files that go, in order, and which of them go missing: extra ones are sealed as papers."""
    held = report_files.held(tx, [one.media_id for one in made.files if one.media_id is not None])
    files = [FilingFile(item_id=one.item_id, media_id=one.media_id, size=one.size) for one in made.files]
    sent = [
        FilingSent(left_out=_why_left_out(held.get(one.media_id) if one.media_id else None))
        for one in made.files
    ]
    for extra in made.extra:
        paper_id = papers.add(tx, vault, report_id, PaperKind.TRANSCRIPT, extra.data, now=now)
        files.append(FilingFile(paper_id=paper_id, size=len(extra.data)))
        sent.append(FilingSent())
    return tuple(files), tuple(sent)


def _why_left_out(is_held: bool | None) -> str | None:
    if is_held is None:
        return "not_held"
    return None if is_held else ErasedEvidence.code


def _failure(exchange: Exchange) -> str:
    if exchange.reply is None:
        return f"fetch:{exchange.failed}"
    if exchange.reply.code is not None:
        return f"code:{exchange.reply.code}"
    return f"status:{exchange.reply.status}"
