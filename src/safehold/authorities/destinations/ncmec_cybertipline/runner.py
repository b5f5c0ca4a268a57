"""Going on with a filing by one call: what is about to be called is kept, then what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from safehold.authorities.destinations.ncmec_cybertipline import filing
from safehold.authorities.destinations.ncmec_cybertipline.client import CyberTipline
from safehold.authorities.destinations.ncmec_cybertipline.filing import Call, Progress
from safehold.authorities.destinations.ncmec_cybertipline.replies import Reply
from safehold.model.errors import FetchFailed

_NEVER_LEFT = frozenset({"dns", "connect", "tls"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What a report is made of, as documents that are sent as they are.

    report: the report before its files. read: gives the bytes of the file at a place. details: gives what is
    said of the file at a place, for the ids of the report and of the file with them.
    """

    report: Callable[[], bytes] = field(repr=False)
    read: Callable[[int], bytes] = field(repr=False)
    details: Callable[[int, int, str], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A call, before it and after it. sent: the document that it carries, b"" for none.

    reply: None before the call, and where none came; then failed says why, in a word of FetchFailed.
    """

    call: Call
    sent: bytes = field(repr=False)
    reply: Reply | None = None
    failed: str | None = None

    @property
    def is_before(self) -> bool:
        """Whether it is only about to be made."""
        return self.reply is None and self.failed is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Files one report. keep: writes progress down for good, with the call it is about, before it returns."""

    client: CyberTipline
    documents: Documents = field(repr=False)
    keep: Callable[[Progress, Exchange], None] = field(repr=False)

    def go_on(self, progress: Progress) -> Progress:
        """Make the next call and return how far it is then; what is filed or stuck stays as it is.

        Whether it should be tried again later can be seen from it: it has not come any further. Raises what
        `documents` and `keep` raise; before the call that is before anything is called. And AddressRefused.
        """
        call = filing.next_call(progress)
        if call is None:
            return progress
        data, document = self._prepared(call, progress)
        before = filing.about_to(progress, call)
        self.keep(before, Exchange(call=call, sent=document))
        try:
            reply = self._made(call, before, data, document)
        except FetchFailed as failure:
            after = filing.not_sent(before) if failure.reason in _NEVER_LEFT else before
            self.keep(after, Exchange(call=call, sent=document, failed=failure.reason))
        else:
            digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
            after = filing.answered(before, reply, md5=digest)
            self.keep(after, Exchange(call=call, sent=document, reply=reply))
        return after

    def _prepared(self, call: Call, progress: Progress) -> tuple[bytes, bytes]:
        """Return the bytes of the file and the document that the call carries, b"" for none."""
        at = progress.next_file
        if call is Call.UPLOAD:
            return self.documents.read(at), b""
        if call is Call.OPEN:
            return b"", self.documents.report()
        if call is Call.DESCRIBE:
            report_id, file_id = progress.report_id, progress.files[at].file_id
            assert report_id is not None
            assert file_id is not None
            return b"", self.documents.details(at, report_id, file_id)
        return b"", b""

    def _made(self, call: Call, progress: Progress, data: bytes, document: bytes) -> Reply:
        if call is Call.OPEN:
            return self.client.open(document)
        if call is Call.DESCRIBE:
            return self.client.describe(document)
        report_id = progress.report_id
        assert report_id is not None
        if call is Call.UPLOAD:
            return self.client.upload(report_id, data)
        return self.client.finish(report_id) if call is Call.FINISH else self.client.retract(report_id)
