"""One call of a report to the CyberTipline, and what is put down before and after it.

Before each call it is asked anew whether a person still wants the report sent, and whether it may go where it
is going.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from safehold.authorities import contents as content
from safehold.authorities import papers, production
from safehold.authorities.contents import Contents, Written
from safehold.authorities.destinations.ncmec_cybertipline import filing
from safehold.authorities.destinations.ncmec_cybertipline.client import Access, CyberTipline
from safehold.authorities.destinations.ncmec_cybertipline.filing import Call, Progress, Stage
from safehold.authorities.destinations.ncmec_cybertipline.replies import Course
from safehold.authorities.destinations.ncmec_cybertipline.runner import Documents, Exchange, Runner
from safehold.authorities.halts import MustLook, NotWanted, Without
from safehold.authorities.means import NOT_OPENED, REPORT_INCOMPLETE, Means
from safehold.authorities.progress import UNHINDERED, fields_of, progress_of
from safehold.authorities.sheets import Sheets
from safehold.authorities.turn import HELD_LONGER, SENDING, TRIED_TOO_LONG, Turn, why_left_out
from safehold.model.authority_report import AuthorityReport
from safehold.model.errors import SafeholdError, Unavailable
from safehold.model.ids import AuthorityReportId, ItemId, PaperId
from safehold.storage import authority_papers as paper_rows
from safehold.storage import authority_reports as reports
from safehold.storage import filings as rows
from safehold.storage.authority_papers import PaperKind
from safehold.storage.database import Tx
from safehold.storage.filings import Filing, FilingFile, FilingSent
from safehold.vault.vault import Vault


class OneCall(Turn):
    """A turn at a report to the CyberTipline: one call."""

    def __init__(
        self, means: Means, taken: Filing, report: AuthorityReport, access: Access, sheets: Sheets
    ) -> None:
        super().__init__(means, taken, report, sheets)
        self._access = access
        self._runner = Runner(
            client=CyberTipline(means.egress, access),
            documents=Documents(
                report=lambda: sheets.report(self._filing),
                read=lambda at: sheets.file(self._filing, at),
                details=lambda at, *ids: sheets.details(self._filing, at, *ids),
            ),
            keep=self._keep,
        )

    def _go_on(self) -> None:
        try:
            self._next()
        except Without as without:
            self._leave_out(without.why)

    def _next(self) -> None:
        progress = progress_of(self._filing)
        if self._report.state is not SENDING:
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
        if report.state is not SENDING:
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
        asked_for = reply.retry_after if reply is not None else None
        tried, too_long = self._tried(report, _failure(exchange), asked_for, now)
        if too_long and progress.stage is not Stage.STUCK:
            progress = filing.stuck(progress, TRIED_TOO_LONG)
        return progress, times | tried

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
        if progress.missing:
            self._means.alarm(tx, REPORT_INCOMPLETE, report.id)
        self._filed(
            tx,
            report,
            str(progress.report_id),
            receipt=exchange.reply.body if exchange.reply is not None else b"",
            owed=self._owed(progress),
            detail=detail,
            now=now,
        )

    def _owed(self, progress: Progress) -> list[ItemId]:
        """Return the items whose files could not be opened, or are not among those that they name."""
        return [
            one.item_id
            for at, (one, sent) in enumerate(zip(self._filing.files, progress.files, strict=True))
            if one.item_id and (sent.left_out in NOT_OPENED or at in progress.missing)
        ]

    def _stopped(self, report: AuthorityReport, why: str) -> dict[str, Any]:
        return fields_of(_let_lie(filing.stuck(progress_of(self._filing), why), report))

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


def _let_lie(progress: Progress, report: AuthorityReport) -> Progress:
    """Leave alone what cannot be taken back of a report that nobody wants sent: they delete it themselves."""
    if progress.stage is Stage.STUCK and report.state is not SENDING:
        return replace(progress, report_id=None)
    return progress


def _files(
    tx: Tx, vault: Vault, report_id: AuthorityReportId, made: Contents, now: datetime
) -> tuple[tuple[FilingFile, ...], tuple[FilingSent, ...]]:
    """Return the files that go, in order, and which of them go missing: extra ones are sealed as papers."""
    gone = why_left_out(tx, [one.media_id for one in made.files])
    files = [FilingFile(item_id=one.item_id, media_id=one.media_id, size=one.size) for one in made.files]
    sent = [FilingSent(left_out=gone[one.media_id]) for one in made.files]
    for extra in made.extra:
        paper_id = papers.add(tx, vault, report_id, PaperKind.TRANSCRIPT, extra.data, now=now)
        files.append(FilingFile(paper_id=paper_id, size=len(extra.data)))
        sent.append(FilingSent())
    return tuple(files), tuple(sent)


def _failure(exchange: Exchange) -> str:
    if exchange.reply is None:
        return f"fetch:{exchange.failed}"
    if exchange.reply.code is not None:
        return f"code:{exchange.reply.code}"
    return f"status:{exchange.reply.status}"
