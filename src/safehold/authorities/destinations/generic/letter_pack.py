"""The letter to a hotline or another authority: one JSON document, and a page of the same to read and print.

It says what the person who sends it has read, in the same order, and nothing besides: no checklist of one
country's law. It holds no media, and is the same bytes for the same letter.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from safehold.authorities.destinations.pages import page
from safehold.authorities.fitting import shown
from safehold.authorities.letter import Letter
from safehold.authorities.said import is_unverified
from safehold.model.ids import AuthorityReportId
from safehold.model.report_facts import ItemOnRecord, ReportFacts

SHAPE = "safehold.authority-letter"
VERSION = 1
"""Of the shape. It rises when a field changes its meaning or goes; fields may be added at any time."""


def content_of(
    facts: ReportFacts, letter: Letter, report_id: AuthorityReportId, *, to: str, now: datetime
) -> dict[str, Any]:
    """Return the document of a letter. report_id: by which whoever gets it twice knows that. to: its name."""
    return {
        "shape": SHAPE,
        "version": VERSION,
        "report": str(report_id),
        "to": to,
        "made_at": shown(now),
        "case": facts.case_number,
        "rehearsal": facts.rehearsal,
        "unverified": is_unverified(facts),
        "correction": facts.is_correction,
        "earlier_references": list(facts.prior),
        "letter": [
            {
                "heading": part.heading,
                "paragraphs": list(part.paragraphs),
                "rows": [{"label": row.label, "value": row.value} for row in part.rows],
            }
            for part in letter.sections
        ],
        "files": [_file(item) for item in items_with_media(facts)],
    }


def items_with_media(facts: ReportFacts) -> tuple[ItemOnRecord, ...]:
    """Return the items that "files" is about, in its order."""
    return tuple(item for item in facts.told or facts.corrected if item.media is not None)


def as_json(content: dict[str, Any]) -> bytes:
    """Return the JSON document, in UTF-8, its fields in their order."""
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def as_page(content: dict[str, Any]) -> bytes:
    """Return the page, in UTF-8."""
    return page("generic", "letter_pack.html").render(pack=content).encode()


def _file(item: ItemOnRecord) -> dict[str, Any]:
    assert item.media is not None
    return {
        "sha256": item.media.sha256,
        "md5": item.media.md5,
        "media_type": item.media.media_type,
        "size_bytes": item.media.size_bytes,
        "bytes": item.bytes.value,
        "unverified": item.is_unverified,
    }
