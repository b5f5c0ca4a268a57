"""The answers, as documents, and the refusal that becomes one."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from safehold.authorities.destinations.ncmec_cybertipline.wire import Code

XML = "text/xml; charset=utf-8"


class NotTaken(Exception):
    """A call that is refused. why: in words that hold nothing of what was sent."""

    def __init__(self, code: Code, why: str, *, report_id: int | None = None) -> None:
        self.code, self.why, self.report_id = code, why, report_id
        super().__init__(why)


def report(
    code: int, *, report_id: int | None = None, file_id: str | None = None, md5: str | None = None
) -> bytes:
    """Return the answer to every call but the last."""
    root = ET.Element("reportResponse")
    _put(root, "responseCode", str(int(code)))
    _put(root, "responseDescription", "Success" if code == 0 else "Failure")
    for name, said in (("reportId", report_id), ("fileId", file_id), ("hash", md5)):
        if said is not None:
            _put(root, name, str(said))
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def done(code: int, report_id: int | None, file_ids: Sequence[str]) -> bytes:
    """Return the answer to the call that finishes a report."""
    root = ET.Element("reportDoneResponse")
    _put(root, "responseCode", str(int(code)))
    if report_id is not None:
        _put(root, "reportId", str(report_id))
    files = ET.SubElement(root, "files")
    for file_id in file_ids:
        _put(files, "fileId", file_id)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _put(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text
