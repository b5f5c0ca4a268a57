"""What a report says and which files go with it, made once and then sealed: what is sent is what was made."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from xml.etree import ElementTree as ET

from defusedxml.ElementTree import fromstring

from safehold.authorities.destinations.ncmec_cybertipline import rules, wire
from safehold.authorities.destinations.ncmec_cybertipline.elements import Problem, to_xml
from safehold.model.authority_report import AuthorityReport, ReportedItem
from safehold.model.errors import Damaged
from safehold.model.ids import ItemId, MediaId
from safehold.storage.database import Tx

DetailsOf = Callable[[int, str], wire.FileDetails]
"""What is said of a file, for the ids by which they call the report and the file."""

# What stands for ids that only they can give.
_ANY_REPORT, _ANY_FILE = 1, "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFile:
    """An item whose bytes are sent. media_id: None where we never had any. size: in bytes."""

    item_id: ItemId
    media_id: MediaId | None
    size: int
    details: DetailsOf = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraFile:
    """A file that we made, such as a transcript."""

    data: bytes = field(repr=False)
    details: DetailsOf = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """All that a report says. Its files are sent in this order, the extra ones after them."""

    report: wire.Report = field(repr=False)
    files: tuple[ContentFile, ...] = ()
    extra: tuple[ExtraFile, ...] = ()

    @cached_property
    def details(self) -> tuple[wire.FileDetails, ...]:
        """What is said of each file, with something in the place of ids that only they can give.

        It is checked and then written: saying it twice would take as long again.
        """
        files: tuple[ContentFile | ExtraFile, ...] = (*self.files, *self.extra)
        return tuple(each.details(_ANY_REPORT, _ANY_FILE) for each in files)


ContentsOf = Callable[[Tx, AuthorityReport, Sequence[ReportedItem], datetime], Contents]
"""Makes the contents of a report, of those of its items that stand, at an instant; reads alone."""


@dataclass(frozen=True, slots=True)
class Written:
    """Contents as documents: the report, and what is said of each file."""

    report: bytes = field(repr=False)
    details: tuple[str, ...] = field(repr=False)

    def sheet(self) -> bytes:
        """Return what is said of all files as one document of ours."""
        return json.dumps(list(self.details), ensure_ascii=False).encode()


def details_of(sheet: bytes) -> tuple[str, ...]:
    """Read what `Written.sheet` wrote. Raises Damaged where it wrote nothing of the kind."""
    try:
        read = json.loads(sheet)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, list) or not all(isinstance(each, str) for each in read):
        raise Damaged("What is said of the files is not in the form in which it was written.")
    return tuple(read)


def write(contents: Contents) -> Written:
    """Write contents as documents; the same contents give the same bytes."""
    details = (to_xml("fileDetails", each) for each in contents.details)
    return Written(to_xml("report", contents.report), tuple(each.decode() for each in details))


def named(details: str, report_id: int, file_id: str) -> bytes:
    """Return what is said of a file with the ids that they gave the report and the file."""
    root = fromstring(details, forbid_dtd=True)
    for name, said in (("reportId", str(report_id)), ("fileId", file_id)):
        element = root.find(name)
        assert element is not None
        element.text = said
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def problems(contents: Contents, *, now: datetime) -> list[Problem]:
    """Return why it would be refused, nothing where it would be taken."""
    found = rules.of_report(contents.report, now=now)
    for each in contents.details:
        found += rules.of_file(each)
    return found
