"""The server: what it holds, what it refuses, and what goes wrong with it on demand."""

from __future__ import annotations

import secrets
import threading
from base64 import b64decode
from binascii import Error as NotBase64
from collections import Counter
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from safehold.authorities.destinations.ncmec_cybertipline.wire import Code
from safehold.testing.cybertipline import answers, schema
from safehold.testing.cybertipline.answers import NotTaken
from safehold.testing.cybertipline.holdings import FIRST_ID, FiledFile, FiledReport, Holdings
from safehold.testing.cybertipline.uploads import Upload, read_upload
from safehold.testing.servers import Answer, LocalServer, Received, Route, reply, reset, silence

__all__ = ["CyberTiplineServer", "Fault", "FiledFile", "FiledReport", "Moment"]

BASE = "/ispws"


class Moment(StrEnum):
    """A call."""

    STATUS = "status"
    SCHEMA = "xsd"
    OPEN = "submit"
    UPLOAD = "upload"
    DESCRIBE = "fileinfo"
    FINISH = "finish"
    RETRACT = "retract"


class Fault(StrEnum):
    """What goes wrong with a call."""

    REQUEST_LOST = "the connection breaks before anything is done"
    REPLY_LOST = "it is done, and the connection breaks before the answer"
    REPLY_CUT = "it is done, and half of the answer arrives"
    NO_ANSWER = "it is done, and no answer comes"
    STATUS_500 = "status 500 without a body, nothing is done"
    STATUS_429 = "status 429, nothing is done"
    EMPTY_401 = "status 401 without a body"
    CODE_SERVER = "status 200 with the code for a fault of the server, nothing is done"
    CODE_VALIDATION = "status 200 with the code for a document that breaks the schema"
    WRONG_MD5 = "the answer names another digest than that of the bytes"
    FILE_FORGOTTEN = "the list of a finished report lacks its last file"


_NOTHING_DONE = {
    Fault.REQUEST_LOST: reset(),
    Fault.STATUS_500: reply(status=500),
    Fault.STATUS_429: reply(status=429, retry_after="1"),
    Fault.EMPTY_401: reply(status=401),
    Fault.CODE_SERVER: reply(answers.report(Code.SERVER), media_type=answers.XML),
    Fault.CODE_VALIDATION: reply(answers.report(Code.VALIDATION), media_type=answers.XML),
}


class CyberTiplineServer:
    """Runs on a free loopback port while its `with` block runs.

    username, password: what a client must send. clock: what it goes by; a report that is not finished is
    deleted one hour after its last change. harmless: hexadecimal SHA-256 of the files that it takes, None for
    any: a rehearsal names them. first_id: of the first report, for a server that comes after another.
    filed: what was finished, in that order. refused: a short reason for each
    request that broke the rules of the interface; a test of a client ends with `assert not server.refused`.
    calls: how often each was made, faults included.
    """

    def __init__(
        self,
        *,
        username: str,
        password: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        harmless: Collection[str] | None = None,
        first_id: int = FIRST_ID,
    ) -> None:
        self.refused: list[str] = []
        self.calls: Counter[Moment] = Counter()
        self._secret = (username, password)
        self._clock = clock
        self._harmless = harmless
        self._holdings = Holdings(first_id)
        self._faults: dict[Moment, list[Fault]] = {moment: [] for moment in Moment}
        self._lock = threading.Lock()
        routes = {f"{BASE}/{moment.value}": self._route(moment) for moment in Moment}
        self._server = LocalServer(routes, remember=False)

    @property
    def base(self) -> str:
        """The address below which the calls are."""
        return self._server.url(BASE)

    @property
    def port(self) -> int:
        """The port, for permitting it."""
        return self._server.port

    @property
    def filed(self) -> list[FiledReport]:
        """Return what was finished."""
        with self._lock:
            return self._holdings.finished()

    @property
    def unfinished(self) -> list[int]:
        """Return the ids of reports that are open and were not deleted yet."""
        with self._lock:
            return self._holdings.open_at(self._clock())

    def fail_next(self, moment: Moment, *faults: Fault) -> None:
        """Let the next calls of this kind meet these faults, one each; calls add up in order."""
        with self._lock:
            self._faults[moment].extend(faults)

    def forgive(self, moment: Moment) -> None:
        """Let calls of this kind meet no faults any more."""
        with self._lock:
            self._faults[moment].clear()

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def _route(self, moment: Moment) -> Route:
        def route(answer: Answer) -> None:
            with self._lock:
                self.calls[moment] += 1
                fault = self._faults[moment].pop(0) if self._faults[moment] else None
                if fault in _NOTHING_DONE:
                    respond = _NOTHING_DONE[fault]
                elif not self._is_known(answer.received):
                    respond = reply(status=401)
                else:
                    respond = self._spoilt(fault, self._carry_out(moment, answer.received, fault))
            respond(answer)

        return route

    def _is_known(self, received: Received) -> bool:
        scheme, _, encoded = received.headers.get("authorization", "").partition(" ")
        try:
            name, _, password = b64decode(encoded, validate=True).decode().partition(":")
        except (NotBase64, UnicodeDecodeError):
            return False
        return scheme == "Basic" and secrets.compare_digest(f"{name}:{password}", ":".join(self._secret))

    def _spoilt(self, fault: Fault | None, body: bytes) -> Route:
        whole = reply(body, media_type=answers.XML)
        half = reply(body[: len(body) // 2], media_type=answers.XML)
        return (
            {
                Fault.REPLY_LOST: reset(),
                Fault.REPLY_CUT: half,
                Fault.NO_ANSWER: silence(),
            }.get(fault, whole)
            if fault is not None
            else whole
        )

    def _carry_out(self, moment: Moment, received: Received, fault: Fault | None) -> bytes:
        try:
            return self._carried_out(moment, received, fault)
        except NotTaken as refusal:
            self.refused.append(f"{moment.value}: {refusal.why}")
            if moment is Moment.FINISH:
                return answers.done(refusal.code, refusal.report_id, [])
            return answers.report(refusal.code, report_id=refusal.report_id)

    def _carried_out(self, moment: Moment, received: Received, fault: Fault | None) -> bytes:
        now = self._clock()
        wanted = "GET" if moment in (Moment.STATUS, Moment.SCHEMA) else "POST"
        if received.method != wanted:
            raise NotTaken(Code.INVALID, f"the method is {received.method}")
        if moment is Moment.STATUS:
            return answers.report(Code.SUCCESS)
        if moment is Moment.SCHEMA:
            return schema.schema_text().encode()
        if moment is Moment.OPEN:
            return self._opened(received, now)
        if moment is Moment.UPLOAD:
            return self._uploaded(read_upload(received), now, wrong=fault is Fault.WRONG_MD5)
        if moment is Moment.DESCRIBE:
            return self._described(received, now)
        report_id = _form_id(received)
        if moment is Moment.RETRACT:
            self._holdings.retract(report_id, now)
            return answers.report(Code.SUCCESS, report_id=report_id)
        files = self._holdings.finish(report_id, now)
        return answers.done(Code.SUCCESS, report_id, files[:-1] if fault is Fault.FILE_FORGOTTEN else files)

    def _opened(self, received: Received, now: datetime) -> bytes:
        root = _document(received, "report")
        happened = root.findtext("incidentSummary/incidentDateTime", "")
        if datetime.fromisoformat(happened) >= now:
            raise NotTaken(Code.VALIDATION, "the incident is in the future")
        if root.find("reporter/reportingPerson/email") is None:
            raise NotTaken(Code.VALIDATION, "whoever reports cannot be reached by mail")
        return answers.report(Code.SUCCESS, report_id=self._holdings.open(received.body, now))

    def _uploaded(self, upload: Upload, now: datetime, *, wrong: bool) -> bytes:
        if self._harmless is not None and upload.sha256 not in self._harmless:
            raise NotTaken(Code.BAD_FILE, "the file is not one of those that are rehearsed with")
        file_id = self._holdings.add(upload, now)
        return answers.report(
            Code.SUCCESS,
            report_id=upload.report_id,
            file_id=file_id,
            md5=upload.md5 if not wrong else "0" * 32,
        )

    def _described(self, received: Received, now: datetime) -> bytes:
        root = _document(received, "fileDetails")
        supplemental = root.findtext("fileRelevance") not in (None, "Reported")
        if supplemental and root.find("industryClassification") is not None:
            raise NotTaken(Code.VALIDATION, "a supplemental file has a classification")
        report_id, file_id = int(root.findtext("reportId", "0")), root.findtext("fileId", "")
        self._holdings.describe(report_id, file_id, received.body, now)
        return answers.report(Code.SUCCESS, report_id=report_id)


def _document(received: Received, root: str) -> Element:
    """Return the document of a request. Raises NotTaken for one that breaks the schema."""
    if received.headers.get("content-type", "").replace(" ", "").lower() != "text/xml;charset=utf-8":
        raise NotTaken(Code.INVALID, "the content type")
    try:
        read = fromstring(received.body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise NotTaken(Code.MALFORMED, "it is no XML") from None
    if read.tag != root:
        raise NotTaken(Code.VALIDATION, f"the root is not {root}")
    broken = next(schema.schema().iter_errors(received.body.decode()), None)
    if broken is not None:
        raise NotTaken(Code.VALIDATION, f"{broken.path}: {broken.reason}")
    return read


def _form_id(received: Received) -> int:
    sent = parse_qs(received.body.decode("ascii", "replace"))
    try:
        [text] = sent["id"]
        return int(text)
    except (KeyError, ValueError):
        raise NotTaken(Code.INVALID, "there is no id in the form") from None
