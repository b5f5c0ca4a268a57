"""What an authority was told, read again: the sealed papers, opened by the reader, and each call.

Nothing is made anew from the records here: what stands on the page is what was sealed before it went.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from safehold.app.authority_reports import ReportSheet, sheet
from safehold.app.reader.client import ReaderClient
from safehold.authorities import copies
from safehold.authorities.destinations.generic.carriers import End
from safehold.authorities.outline import Said
from safehold.evidence import paper_clocks
from safehold.model.authority_report import DestinationKind
from safehold.model.errors import Damaged, NotAllowed, NotFound, ReaderDown
from safehold.model.ids import AuthorityReportId, PaperId, UserId
from safehold.model.permissions import Actor, Permission
from safehold.model.retention import Basis
from safehold.storage import audit, authority_papers, authority_reports
from safehold.storage.audit import StoredRecord
from safehold.storage.authority_papers import REREAD_KINDS, Paper, PaperKind
from safehold.storage.database import Database, Tx

__all__ = [
    "CallMade",
    "End",
    "OpenPaper",
    "OpenedPaper",
    "PaperKind",
    "Sent",
    "calls_of",
    "opening",
    "read_again",
]

_CALLED = "authority.call"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPaper:
    """A paper, opened. said: None where it could not be; why: the code of what stood in the way.

    fits: whether it is, byte for byte, what was put on record when it was sealed.
    """

    kind: PaperKind
    at: datetime
    said: tuple[Said, ...] | None = field(default=None, repr=False)
    fits: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMade:
    """A call to an authority. ended_at: None where nobody knows whether it arrived.

    file: its place among the files, from 1 on. status, code: of the answer. failed: why there was none.
    end: of a parcel, how far anybody knows that it came; failed: why it did not, "" where it did.
    """

    call: str
    begun_at: datetime
    ended_at: datetime | None = None
    file: int | None = None
    status: int | None = None
    code: int | None = None
    failed: str | None = None
    end: End | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What an authority was told of a report, and what it answered, oldest first.

    gone_at: when its papers were destroyed; kept_for: what they had been kept for. Both are empty while they
    are there.
    """

    sheet: ReportSheet
    papers: tuple[OpenedPaper, ...]
    calls: tuple[CallMade, ...]
    gone_at: datetime | None = None
    kept_for: tuple[Basis, ...] = ()


OpenPaper = Callable[[AuthorityReportId, PaperId, UserId], bytes]
"""Opens a paper for a person. Raises what the reader raises."""


def opening(reader: ReaderClient | None) -> OpenPaper:
    """Return what opens papers. reader: None where this process has none; asking raises ReaderDown then."""

    def open_paper(report_id: AuthorityReportId, paper_id: PaperId, user_id: UserId) -> bytes:
        if reader is None:
            raise ReaderDown("No reader is here that could open what was sent.")
        return reader.reread(report_id, paper_id, user_id=user_id)

    return open_paper


def read_again(
    database: Database, open_paper: OpenPaper, report_id: AuthorityReportId, *, actor: Actor, now: datetime
) -> Sent:
    """Return what was sent, for a person who may know; that they read it is on record before it is opened.

    Raises NotAllowed, ConflictOfInterest, what the reader raises; NotFound, also for those who may not know
    of its case. A paper that is damaged, or went meanwhile, keeps no other from being read.
    """
    actor.require(Permission.AUTHORITY_REREAD)
    if actor.user_id is None:
        raise NotAllowed("Only a person reads what was sent.")
    with database.begin() as tx:
        found, sealed = _on_record(tx, report_id, actor=actor, now=now)
    by = actor.user_id
    to = found.sheet.report.kind
    papers = [_opened(each, to, lambda paper_id: open_paper(report_id, paper_id, by)) for each in sealed]
    return replace(found, papers=tuple(papers))


def _on_record(
    tx: Tx, report_id: AuthorityReportId, *, actor: Actor, now: datetime
) -> tuple[Sent, Sequence[Paper]]:
    known = sheet(tx, report_id, actor=actor)
    sealed = [each for each in authority_papers.of_report(tx, report_id) if each.kind in REREAD_KINDS]
    gone_at = authority_reports.papers_gone_at(tx, report_id)
    about = f"authority_report:{report_id}"
    calls = calls_of(audit.of_object(tx, about))
    detail = {"case": str(known.case.id), "papers": len(sealed)}
    audit.append(tx, at=now, actor=actor.label, verb="authority_report.reread", object=about, detail=detail)
    kept_for = paper_clocks.kept_for(tx, known.report) if gone_at is not None else ()
    return Sent(sheet=known, papers=(), calls=calls, gone_at=gone_at, kept_for=kept_for), sealed


def calls_of(records: Iterable[StoredRecord]) -> tuple[CallMade, ...]:
    """Return the calls that records of a report tell of, in their order, each with its answer."""
    made: list[CallMade] = []
    for record in records:
        if record.verb != _CALLED:
            continue
        said = record.detail
        if said.get("moment") == "before":
            file = int(said["file"]) + 1 if isinstance(said.get("file"), int) else None
            made.append(CallMade(call=str(said["call"]), begun_at=record.at, file=file))
        elif made and made[-1].call == said.get("call") and made[-1].ended_at is None:
            made[-1] = replace(
                made[-1],
                ended_at=record.at,
                status=said.get("status"),
                code=said.get("code"),
                failed=said.get("failed", said.get("why")),
                end=End(said["end"]) if said.get("end") in set(End) else None,
            )
    return tuple(made)


def _opened(paper: Paper, to: DestinationKind, open_paper: Callable[[PaperId], bytes]) -> OpenedPaper:
    shown = OpenedPaper(kind=paper.kind, at=paper.at)
    try:
        opened = open_paper(paper.id)
        said = copies.read(paper.kind, opened, to=to)
    except (Damaged, NotFound) as error:
        return replace(shown, why=error.code)
    return replace(shown, said=said, fits=hashlib.sha256(opened).digest() == paper.sha256)
