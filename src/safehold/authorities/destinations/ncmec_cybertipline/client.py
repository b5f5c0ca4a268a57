"""One method for each call of the CyberTipline. It keeps no state and repeats nothing: filing does."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from safehold.authorities.destinations.ncmec_cybertipline import replies
from safehold.authorities.destinations.ncmec_cybertipline.elements import to_xml
from safehold.authorities.destinations.ncmec_cybertipline.replies import Reply
from safehold.authorities.destinations.ncmec_cybertipline.wire import FileDetails, Report
from safehold.egress.addresses import NONE, PermittedNetworks
from safehold.egress.client import Egress

_XML = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How an operator reaches it. base: the address that they were given, without a slash at the end."""

    base: str
    username: str = field(repr=False)
    password: str = field(repr=False)
    permitted: PermittedNetworks = NONE
    call_seconds: float = 60.0
    upload_seconds: float = 900.0

    @property
    def place(self) -> tuple[str, ...]:
        """What production is switched on for: the address and the user name there."""
        return (self.base, self.username)


class CyberTipline:
    """The calls. Each raises AddressRefused, and FetchFailed where no whole answer came.

    After FetchFailed with another reason than "dns", "connect" and "tls" nobody knows whether the call
    was carried out.
    """

    def __init__(self, egress: Egress, access: Access) -> None:
        self._egress = egress
        self._access = access
        basic = b64encode(f"{access.username}:{access.password}".encode()).decode("ascii")
        self._authorization = f"Basic {basic}"

    def status(self) -> Reply:
        """Ask whether it is there and knows us."""
        return self._call("/status")

    def open(self, report: Report | bytes) -> Reply:
        """Open a report. The reply has its report_id; from then on it is deleted unless finished in time.

        report: or the document that was written of one.
        """
        document = report if isinstance(report, bytes) else to_xml("report", report)
        return self._call("/submit", document, _XML)

    def upload(self, report_id: int, data: bytes, *, name: str = "file") -> Reply:
        """Send the bytes of a file. The reply has its file_id, and the md5 of what arrived.

        name: as the schema calls it; what the file was called is said in its details.
        """
        boundary = secrets.token_hex(16)
        return self._call(
            "/upload",
            _form_of_upload(boundary, report_id, data, name),
            f"multipart/form-data; boundary={boundary}",
            seconds=self._access.upload_seconds,
        )

    def describe(self, details: FileDetails | bytes) -> Reply:
        """Say what is known of a file. Doing it again replaces what was said before.

        details: or the document that was written of them.
        """
        document = details if isinstance(details, bytes) else to_xml("fileDetails", details)
        return self._call("/fileinfo", document, _XML)

    def finish(self, report_id: int) -> Reply:
        """Close a report: it is filed. The reply has the file_ids that it holds. There is no way back."""
        return self._call("/finish", *_form(report_id))

    def retract(self, report_id: int) -> Reply:
        """Take back a report that is not finished."""
        return self._call("/retract", *_form(report_id))

    def _call(
        self,
        path: str,
        body: bytes | Sequence[bytes] | None = None,
        media_type: str | None = None,
        *,
        seconds: float | None = None,
    ) -> Reply:
        headers = {"Authorization": self._authorization, "Accept": "text/xml"}
        if media_type is not None:
            headers["Content-Type"] = media_type
        answer = self._egress.send(
            self._access.base + path,
            body=body,
            headers=headers,
            permitted=self._access.permitted,
            deadline_seconds=seconds or self._access.call_seconds,
            answer_bytes=replies.MOST_BYTES,
        )
        return replies.read(answer.status, answer.body, retry_after=answer.headers.get("retry-after", ""))


def _form(report_id: int) -> tuple[bytes, str]:
    return urlencode({"id": report_id}).encode("ascii"), "application/x-www-form-urlencoded"


def _form_of_upload(boundary: str, report_id: int, data: bytes, name: str) -> Sequence[bytes]:
    """Return the body in parts: the bytes of the file are not copied."""
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="id"\r\n\r\n{report_id}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return (head.encode("ascii"), data, f"\r\n--{boundary}--\r\n".encode("ascii"))
