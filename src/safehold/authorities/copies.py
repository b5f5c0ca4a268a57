"""Papers of a report, opened: what was sent and what came back, as lines to read. No media is among them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from safehold.authorities.contents import details_of
from safehold.authorities.destinations.ncmec_cybertipline import elements, wire
from safehold.authorities.outline import Said, of_json, of_xml
from safehold.model.authority_report import DestinationKind
from safehold.model.errors import Damaged
from safehold.storage.authority_papers import PaperKind

Reader = Callable[[bytes], tuple[Said, ...]]
_OTHERWISE = (ParseError, DefusedXmlException, ValueError, RecursionError)
"""What is raised for bytes that are in another form."""
_NOT_OURS = frozenset({"report id", "file id"})
"""Ids that only they could give stand in no paper: they are put in when it is sent."""


def read(kind: PaperKind, paper: bytes, *, to: DestinationKind) -> tuple[Said, ...]:
    """Return what a paper says. to: how the destination of its report takes reports.

    Raises Damaged where it is not in the form in which its kind is written.
    """
    readers = _OF_A_PARCEL if to is DestinationKind.PARCEL else _READERS
    try:
        return readers[kind](paper)
    except _OTHERWISE:
        raise Damaged("A paper is not in the form in which it was written.") from None


def _report(paper: bytes) -> tuple[Said, ...]:
    return elements.said_in(wire.Report, fromstring(paper, forbid_dtd=True))


def _files(paper: bytes) -> tuple[Said, ...]:
    return tuple(Said(str(at), "", _file(each)) for at, each in enumerate(details_of(paper), 1))


def _file(details: str) -> tuple[Said, ...]:
    said = elements.said_in(wire.FileDetails, fromstring(details, forbid_dtd=True))
    return tuple(each for each in said if each.name not in _NOT_OURS)


def _answer(form: Reader) -> Reader:
    """Return what reads what they wrote: whatever is not in this form is shown as the text that it is."""

    def read_answer(paper: bytes) -> tuple[Said, ...]:
        try:
            return form(paper)
        except _OTHERWISE:
            return _text(paper)

    return read_answer


def _xml(paper: bytes) -> tuple[Said, ...]:
    return of_xml(fromstring(paper, forbid_dtd=True))


def _text(paper: bytes) -> tuple[Said, ...]:
    rows = paper.decode(errors="replace").splitlines()
    return tuple(Said(str(at), row) for at, row in enumerate(rows, 1))


def _json(paper: bytes) -> tuple[Said, ...]:
    return of_json(json.loads(paper))


def _json_files(paper: bytes) -> tuple[Said, ...]:
    return tuple(Said(str(at), "", of_json(json.loads(each))) for at, each in enumerate(details_of(paper), 1))


_READERS: Mapping[PaperKind, Reader] = {
    PaperKind.REPORT: _report,
    PaperKind.FILE_DETAILS: _files,
    PaperKind.TRANSCRIPT: _text,
    PaperKind.RECEIPT: _answer(_xml),
    PaperKind.PACK: _json,
}
_OF_A_PARCEL = {
    **_READERS,
    PaperKind.REPORT: _json,
    PaperKind.FILE_DETAILS: _json_files,
    PaperKind.RECEIPT: _answer(_json),
}
