"""An upload, read from a multipart form."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from io import BytesIO

from python_multipart import parse_form
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File

from safehold.authorities.destinations.ncmec_cybertipline.wire import Code
from safehold.testing.cybertipline.answers import NotTaken
from safehold.testing.servers import Received


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The bytes of a file for a report, as fingerprints: they are kept nowhere."""

    report_id: int
    size: int
    sha256: str = field(repr=False)
    md5: str = field(repr=False)


def read_upload(received: Received) -> Upload:
    """Read the form of a request. Raises NotTaken for one that has not just an id and then a file."""
    parts: list[Field | File] = []
    headers = {name.title(): value.encode() for name, value in received.headers.items()}
    try:
        parse_form(headers, BytesIO(received.body), parts.append, parts.append)
        [named, file] = parts
        report_id = int((named.value or b"") if isinstance(named, Field) else b"")
    except (FormParserError, ValueError):
        raise NotTaken(Code.INVALID, "the form is not an id and a file") from None
    if not isinstance(file, File) or named.field_name != b"id" or file.field_name != b"file":
        raise NotTaken(Code.INVALID, "the form is not an id and a file")
    file.file_object.seek(0)
    data = file.file_object.read()
    file.close()
    return Upload(
        report_id=report_id,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
    )
