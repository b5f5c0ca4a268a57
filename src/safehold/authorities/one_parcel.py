"""One sending of a parcel, and what is put down before and after it.

A receiver knows a repeat by the id of the report. So under one id they get one letter and never more files
than the first time: what went missing by then follows in a supplement, under an id of its own.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from safehold.authorities import papers, production
from safehold.authorities.destinations.generic import carriers
from safehold.authorities.destinations.generic.carriers import End, Reply
from safehold.authorities.destinations.generic.parcel import Order, OrderedFile, Packed, ParcelContents
from safehold.authorities.destinations.generic.way import Way
from safehold.authorities.halts import MustLook, NotWanted, Waits
from safehold.authorities.means import NO_READER, NOT_OPENED, Means
from safehold.authorities.progress import UNHINDERED
from safehold.authorities.sheets import Sheets
from safehold.authorities.turn import HELD_BETWEEN, HELD_LONGER, SENDING, TRIED_TOO_LONG, Turn, why_left_out
from safehold.model.authority_report import AuthorityReport
from safehold.model.errors import NotAllowed, SafeholdError, Unavailable
from safehold.model.ids import ItemId
from safehold.storage import authority_reports as reports
from safehold.storage import filings as rows
from safehold.storage.authority_papers import PaperKind
from safehold.storage.database import Tx
from safehold.storage.filings import Filing, FilingFile, FilingSent

SEND = "send"
PACKED_A_SECOND = 2 << 20
"""So many bytes are packed in a second, at the least."""


class OneParcel(Turn):
    """A turn at a report that goes as a parcel: one sending."""

    def __init__(
        self, means: Means, taken: Filing, report: AuthorityReport, way: Way, sheets: Sheets
    ) -> None:
        super().__init__(means, taken, report, sheets)
        self._way = way

    def _go_on(self) -> None:
        if self._filing.anew or self._filing.report_paper is None:
            self._make_contents()
        with self._means.database.begin() as tx:
            sent = self._still_told(tx)
            self._permit(tx, self._wanted(tx), sent)
            until = self._means.clock() + HELD_BETWEEN + self._packing_lasts(sent)
            kept = rows.keep(tx, self._filing, held_until=until)
        self._filing = kept
        with ExitStack() as open_files:
            packed, sent = self._pack(sent, open_files)
            repeats = self._repeats
            self._keep_before(packed, sent)
            reply = carriers.send(
                self._means.egress,
                self._way,
                packed,
                report_id=self._report.id,
                repeats=repeats,
                now=self._means.clock(),
            )
            self._keep_after(packed, reply, repeats)

    @property
    def _repeats(self) -> int:
        """How often it was sent without anybody knowing what became of that."""
        return self._filing.beginnings + (self._filing.pending is not None)

    def _packing_lasts(self, sent: tuple[FilingSent, ...]) -> timedelta:
        """Return how long packing may take on a slow machine: nobody else is to begin it meanwhile."""
        both = zip(self._filing.files, sent, strict=True)
        size = sum(one.size for one, each in both if each.left_out is None)
        return timedelta(seconds=size / PACKED_A_SECOND)

    def _make_contents(self) -> None:
        """Make the contents and seal them: what is sent, however often, is this."""
        now, vault = self._means.clock(), self._means.vault
        with self._means.database.begin() as tx:
            report = self._wanted(tx)
            made = self._made(tx, report, now)
            written = made.written()
            report_paper = papers.add(tx, vault, report.id, PaperKind.REPORT, written.report, now=now)
            details_paper = papers.add(tx, vault, report.id, PaperKind.FILE_DETAILS, written.sheet(), now=now)
            files, sent = _files(tx, made)
            kept = rows.keep(
                tx,
                self._filing,
                files=files,
                sent=sent,
                report_paper=report_paper,
                details_paper=details_paper,
                anew=False,
            )
            detail = {
                "files": len(sent),
                "left_out": sum(each.left_out is not None for each in sent),
                "report_sha256": hashlib.sha256(written.report).hexdigest(),
            }
            self._audit(tx, "authority.seal_contents", detail, now)
        self._filing = kept
        self._sheets.remember(report_paper, written)

    def _made(self, tx: Tx, report: AuthorityReport, now: datetime) -> ParcelContents:
        try:
            return self._means.parcels.contents_of(tx, report, now)
        except Unavailable:
            raise
        except SafeholdError as error:
            raise MustLook(f"contents:{error.code}") from error

    def _still_told(self, tx: Tx) -> tuple[FilingSent, ...]:
        """Return how far each file is, without those of items that were reversed since it was sent on."""
        told = {each.item_id for each in reports.items_of(tx, self._filing.report_id)}
        return tuple(
            replace(sent, left_out=sent.left_out or (None if one.item_id in told else "fell"))
            for one, sent in zip(self._filing.files, self._filing.sent, strict=True)
        )

    def _permit(self, tx: Tx, report: AuthorityReport, sent: tuple[FilingSent, ...]) -> None:
        """Let it be sent. Raises NotWanted, MustLook."""
        if report.state is not SENDING:
            raise NotWanted(report.state.value)
        going = zip(self._filing.files, sent, strict=True)
        media = {one.media_id for one, each in going if each.left_out is None and one.media_id is not None}
        why = production.refusal(tx, report, self._way, media=media)
        if why is not None:
            raise MustLook(why)

    def _pack(
        self, sent: tuple[FilingSent, ...], open_files: ExitStack
    ) -> tuple[Packed, tuple[FilingSent, ...]]:
        """Pack it, and return with it how far each file is by then. Raises Waits, MustLook."""
        order = self._order(sent)
        try:
            if self._means.opening is None and order.going:
                raise Waits(NO_READER)
            packed = open_files.enter_context(self._means.parcels.pack(order))
        except (Unavailable, NotAllowed, Waits) as error:
            why = error.why if isinstance(error, Waits) else error.code
            if self._report.emergency_id is None or not order.going:
                raise Waits(why) from error
            # Where somebody is in danger nothing waits for a picture: it follows in a supplement.
            return self._pack(tuple(replace(one, left_out=one.left_out or why) for one in sent), open_files)
        except SafeholdError as error:
            raise MustLook(f"parcel:{error.code}") from error
        missing = [packed.missing.get(one.item_id) if one.item_id else None for one in self._filing.files]
        return packed, tuple(
            replace(one, left_out=one.left_out or why) for one, why in zip(sent, missing, strict=True)
        )

    def _order(self, sent: tuple[FilingSent, ...]) -> Order:
        files = []
        said = self._sheets.said_of_files(self._filing)
        for one, each, words in zip(self._filing.files, sent, said, strict=True):
            assert one.item_id is not None
            files.append(OrderedFile(item_id=one.item_id, said=words, left_out=each.left_out))
        return Order(
            report_id=self._report.id,
            recipients=self._way.recipients,
            letter=self._sheets.report(self._filing),
            files=tuple(files),
        )

    def _keep_before(self, packed: Packed, sent: tuple[FilingSent, ...]) -> None:
        """Put down what is about to be sent. Raises NotWanted, MustLook."""
        now = self._means.clock()
        with self._means.database.begin() as tx:
            self._permit(tx, self._wanted(tx), sent)
            kept = rows.keep(
                tx,
                self._filing,
                pending=SEND,
                beginnings=self._repeats,
                sent=sent,
                held_until=now + self._way.lasts(packed.size) + HELD_LONGER,
            )
            self._audit_call(tx, packed, None, now)
        self._filing = kept

    def _keep_after(self, packed: Packed, reply: Reply, repeats: int) -> None:
        """Put down what came of it, with all that follows from that."""
        now = self._means.clock()
        unknown = repeats + (reply.end is End.UNKNOWN or reply.may_be_there)
        ended: dict[str, Any] = {"pending": None, "beginnings": unknown, "held_until": None}
        with self._means.database.begin() as tx:
            report = reports.get(tx, self._filing.report_id, for_change=True)
            assert report is not None
            self._audit_call(tx, packed, reply, now)
            if reply.end is End.TAKEN:
                ended |= {"stage": "filed", "remote_id": reply.reference, "sent": self._arrived(packed)}
                rows.keep(tx, self._filing, **ended, **UNHINDERED)
                self._file(tx, report, packed, reply, repeats, now)
                return
            tried, too_long = self._tried(report, reply.why, reply.retry_after, now)
            why = reply.why if reply.end is End.REFUSED else TRIED_TOO_LONG if too_long else None
            if why is not None:
                ended |= {"stage": "stuck", "why": why}
                self._stick(tx, report, why, now)
            rows.keep(tx, self._filing, **ended, **tried)

    def _arrived(self, packed: Packed) -> tuple[FilingSent, ...]:
        """Return how far each file is once they have the parcel: by the name that it has in there."""
        return tuple(
            replace(sent, file_id=packed.names.get(one.item_id) if one.item_id is not None else None)
            for one, sent in zip(self._filing.files, self._filing.sent, strict=True)
        )

    def _file(
        self, tx: Tx, report: AuthorityReport, packed: Packed, reply: Reply, repeats: int, now: datetime
    ) -> None:
        assert reply.reference is not None
        detail: dict[str, Any] = {
            "files": len(packed.names),
            "left_out": len(self._filing.files) - len(packed.names),
            "repeats": repeats,
        }
        self._filed(
            tx, report, reply.reference, receipt=reply.body, owed=self._owed(), detail=detail, now=now
        )

    def _owed(self) -> list[ItemId]:
        """Return the items whose files could not be opened, and are still held."""
        both = zip(self._filing.files, self._filing.sent, strict=True)
        return [one.item_id for one, sent in both if one.item_id and sent.left_out in NOT_OPENED]

    def _stopped(self, report: AuthorityReport, why: str) -> dict[str, Any]:
        return {"stage": "stuck", "why": why, "pending": None, "beginnings": self._repeats}

    def _audit_call(self, tx: Tx, packed: Packed, reply: Reply | None, now: datetime) -> None:
        detail: dict[str, Any] = {
            "call": SEND,
            "moment": "before" if reply is None else "after",
            "by": self._way.by.place[0],
            "sums_sha256": packed.signed.hex(),
            "size": packed.size,
        }
        if reply is not None:
            detail |= {"end": reply.end.value, "why": reply.why}
        self._audit(tx, "authority.call", detail, now)


def _files(tx: Tx, made: ParcelContents) -> tuple[tuple[FilingFile, ...], tuple[FilingSent, ...]]:
    """Return the files of a parcel in their order, and why some do not go."""
    gone = why_left_out(tx, [one.media_id for one in made.files])
    files = tuple(FilingFile(item_id=one.item_id, media_id=one.media_id, size=one.size) for one in made.files)
    return files, tuple(FilingSent(left_out=one.left_behind or gone[one.media_id]) for one in made.files)
