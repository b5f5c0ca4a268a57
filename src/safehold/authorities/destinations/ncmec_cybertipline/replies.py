"""What the CyberTipline answers, read as if it meant ill; and what each answer asks of us."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from safehold.authorities.destinations.ncmec_cybertipline.wire import Code

MOST_BYTES = 1024 * 1024
"""Of an answer that are read."""


class Course(Enum):
    """What an answer asks of us."""

    GO_ON = auto()
    TRY_AGAIN = auto()
    """Later: the fault is theirs, or on the way."""
    STOP_ALLOWED = auto()
    """They do not know us, or do not permit it: a person must look, and nothing is lost by waiting."""
    STOP_MENDED = auto()
    """What we sent is wrong and stays wrong: a person must look."""
    GONE = auto()
    """There is no such report, or file, with them any more."""
    FINISHED = auto()
    """It had been finished before."""
    RETRACTED = auto()
    """It had been retracted before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer. code: of the body, None where none can be read. file_ids: those of a finished report.

    retry_after: how long they ask to be left in peace. body: as it came.
    """

    status: int
    code: int | None
    report_id: int | None = None
    file_id: str | None = None
    md5: str | None = None
    file_ids: tuple[str, ...] = ()
    retry_after: timedelta | None = None
    body: bytes = b""

    @property
    def course(self) -> Course:
        """What it asks of us."""
        if self.code is not None:
            return _COURSES.get(self.code, Course.STOP_MENDED)
        if self.status in (401, 403):
            return Course.STOP_ALLOWED
        # What has no code comes from something in between, or was cut off.
        return Course.TRY_AGAIN

    def __repr__(self) -> str:
        """Name what is ours to log: the digest is not."""
        return f"Reply(status={self.status}, code={self.code})"


_COURSES: dict[int, Course] = {
    Code.SUCCESS: Course.GO_ON,
    Code.SERVER: Course.TRY_AGAIN,
    Code.SAVE: Course.TRY_AGAIN,
    Code.UPLOAD: Course.TRY_AGAIN,
    Code.FILE_UPLOAD: Course.TRY_AGAIN,
    Code.RESOURCE: Course.TRY_AGAIN,
    Code.UPDATE: Course.TRY_AGAIN,
    Code.NOT_AUTHENTICATED: Course.STOP_ALLOWED,
    Code.NOT_AUTHORISED: Course.STOP_ALLOWED,
    Code.MAY_NOT_SUBMIT: Course.STOP_ALLOWED,
    Code.MAY_NOT_UPDATE: Course.STOP_ALLOWED,
    Code.NO_SUCH_REPORT: Course.GONE,
    Code.NO_SUCH_FILE: Course.GONE,
    Code.ALREADY_RETRACTED: Course.RETRACTED,
    Code.ALREADY_FINISHED: Course.FINISHED,
}
"""Any other code: what we sent is wrong."""


def read(status: int, body: bytes, *, retry_after: str = "") -> Reply:
    """Read an answer; one that is no XML of theirs, holds a DOCTYPE or was cut off has no code.

    retry_after: of the header of this name, in seconds, at most a day; its date form is not read.
    """
    unread = Reply(status=status, code=None, retry_after=_asked_for(retry_after), body=body)
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return unread
    if root.tag not in ("reportResponse", "reportDoneResponse"):
        return unread
    return replace(
        unread,
        code=_number(root, "responseCode"),
        report_id=_number(root, "reportId"),
        file_id=root.findtext("fileId"),
        md5=root.findtext("hash"),
        file_ids=tuple(each.text or "" for each in root.findall("files/fileId")),
    )


def _asked_for(seconds: str) -> timedelta | None:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 9):
        return None
    return min(timedelta(seconds=int(seconds)), timedelta(days=1))


def _number(root: Element, name: str) -> int | None:
    text = (root.findtext(name) or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
