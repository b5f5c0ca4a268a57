"""What the server holds: reports with their files, each open, finished, retracted, or deleted by time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from safehold.authorities.destinations.ncmec_cybertipline.wire import Code
from safehold.testing.cybertipline.answers import NotTaken
from safehold.testing.cybertipline.uploads import Upload

LASTS = timedelta(hours=1)
"""How long a report that is not finished is held after its last change."""
FIRST_ID = 4_564_000


@dataclass(slots=True, kw_only=True)
class FiledFile:
    """A file of a report. details: the document that described it last, b"" for none."""

    file_id: str
    sha256: str = field(repr=False)
    size: int
    details: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledReport:
    """A report that was finished. document: with which it was opened."""

    report_id: int
    document: bytes = field(repr=False)
    files: tuple[FiledFile, ...]
    finished_at: datetime


class _State(StrEnum):
    OPEN = "open"
    FINISHED = "finished"
    RETRACTED = "retracted"


@dataclass(slots=True, kw_only=True)
class _Held:
    document: bytes = field(repr=False)
    changed_at: datetime
    state: _State = _State.OPEN
    files: list[FiledFile] = field(default_factory=list)


class Holdings:
    """All reports, by their ids: first_id and those after it. Not for several threads at once."""

    def __init__(self, first_id: int = FIRST_ID) -> None:
        self._first_id = first_id
        self._held: dict[int, _Held] = {}

    def open(self, document: bytes, now: datetime) -> int:
        """Hold a new report and return its id."""
        report_id = self._first_id + len(self._held)
        self._held[report_id] = _Held(document=document, changed_at=now)
        return report_id

    def add(self, upload: Upload, now: datetime) -> str:
        """Add a file to an open report and return its id. Raises NotTaken."""
        held = self._changing(upload.report_id, now)
        added = FiledFile(file_id=secrets.token_hex(16), sha256=upload.sha256, size=upload.size)
        held.files.append(added)
        return added.file_id

    def describe(self, report_id: int, file_id: str, details: bytes, now: datetime) -> None:
        """Keep what is said of a file. Raises NotTaken."""
        held = self._changing(report_id, now)
        for each in held.files:
            if each.file_id == file_id:
                each.details = details
                return
        raise NotTaken(Code.NO_SUCH_FILE, "there is no such file", report_id=report_id)

    def finish(self, report_id: int, now: datetime) -> list[str]:
        """Finish a report and return the ids of its files. Raises NotTaken."""
        held = self._changing(report_id, now)
        held.state = _State.FINISHED
        return [each.file_id for each in held.files]

    def retract(self, report_id: int, now: datetime) -> None:
        """Take back a report that is open. Raises NotTaken."""
        self._changing(report_id, now).state = _State.RETRACTED

    def finished(self) -> list[FiledReport]:
        """Return what was finished, in the order in which it was opened."""
        return [
            FiledReport(
                report_id=report_id,
                document=held.document,
                files=tuple(held.files),
                finished_at=held.changed_at,
            )
            for report_id, held in self._held.items()
            if held.state is _State.FINISHED
        ]

    def open_at(self, now: datetime) -> list[int]:
        """Return the ids of reports that are open and not deleted."""
        return [
            report_id
            for report_id, held in self._held.items()
            if held.state is _State.OPEN and now < held.changed_at + LASTS
        ]

    def _changing(self, report_id: int, now: datetime) -> _Held:
        """Return an open report, changed now. Raises NotTaken."""
        held = self._held.get(report_id)
        if held is not None and held.state is _State.FINISHED:
            raise NotTaken(Code.ALREADY_FINISHED, "it was finished before", report_id=report_id)
        if held is not None and held.state is _State.RETRACTED:
            raise NotTaken(Code.ALREADY_RETRACTED, "it was retracted before", report_id=report_id)
        if held is None or now >= held.changed_at + LASTS:
            raise NotTaken(Code.NO_SUCH_REPORT, "there is no such report", report_id=report_id)
        held.changed_at = now
        return held
