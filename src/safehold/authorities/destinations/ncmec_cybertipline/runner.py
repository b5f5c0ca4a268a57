"""Going on with a filing by one call: what is about to be called is kept, then what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from safehold.authorities.destinations.ncmec_cybertipline import filing
from safehold.authorities.destinations.ncmec_cybertipline.client import CyberTipline
from safehold.authorities.destinations.ncmec_cybertipline.filing import Call, Progress
from safehold.authorities.destinations.ncmec_cybertipline.replies import Reply
from safehold.authorities.destinations.ncmec_cybertipline.wire import FileDetails, Report
from safehold.model.errors import FetchFailed

_NEVER_LEFT = frozenset({"dns", "connect", "tls"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """A file of a report. read: gives its bytes, once for each time it is uploaded.

    details: gives what is said of it, for the ids of the report and of the file with them.
    """

    read: Callable[[], bytes] = field(repr=False)
    details: Callable[[int, str], FileDetails] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Files one report. keep: writes progress down for good, before it returns."""

    client: CyberTipline
    report: Report = field(repr=False)
    files: Sequence[ReportFile] = field(repr=False)
    keep: Callable[[Progress], None] = field(repr=False)

    def go_on(self, progress: Progress) -> Progress:
        """Make the next call and return how far it is then; what is filed or stuck stays as it is.

        Whether it should be tried again later can be seen from it: it has not come any further. Raises what
        `read` of a file raises, before anything is called; and AddressRefused.
        """
        call = filing.next_call(progress)
        if call is None:
            return progress
        data = self.files[progress.next_file].read() if call is Call.UPLOAD else b""
        before = filing.about_to(progress, call)
        self.keep(before)
        try:
            reply = self._made(call, before, data)
        except FetchFailed as failure:
            after = filing.not_sent(before) if failure.reason in _NEVER_LEFT else before
        else:
            digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
            after = filing.answered(before, reply, md5=digest)
        self.keep(after)
        return after

    def _made(self, call: Call, progress: Progress, data: bytes) -> Reply:
        if call is Call.OPEN:
            return self.client.open(self.report)
        report_id = progress.report_id
        assert report_id is not None
        if call is Call.UPLOAD:
            return self.client.upload(report_id, data)
        if call is Call.DESCRIBE:
            at = progress.next_file
            file_id = progress.files[at].file_id
            assert file_id is not None
            return self.client.describe(self.files[at].details(report_id, file_id))
        return self.client.finish(report_id) if call is Call.FINISH else self.client.retract(report_id)
