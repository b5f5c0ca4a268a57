"""The pack that a person takes to the portal: one JSON document, and a page of the same to read and print.

Both say what is not verified first, hold no media, and are the same bytes for the same facts. The page is by
itself: no script, nothing that is fetched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from safehold.authorities.checklist import TITLES, Checklist, Entered, Line, checklist
from safehold.authorities.destinations.pages import page
from safehold.authorities.fitting import Remarks, sentences, shown, writable
from safehold.authorities.hours import in_london, is_out_of_hours
from safehold.authorities.incident import check_reportable
from safehold.authorities.operator import Operator
from safehold.authorities.priority import Urgency
from safehold.authorities.said import is_unverified, of_item, of_report
from safehold.authorities.when import happened
from safehold.authorities.whom import Whom, whom
from safehold.model.authority_report import Priority
from safehold.model.report_facts import ItemOnRecord, ReportFacts

SHAPE = "safehold.uk-nca-pack"
VERSION = 1
"""Of the shape. It rises when a field changes its meaning or goes; fields may be added at any time."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack. content: as the JSON document has it."""

    content: Mapping[str, Any]

    def __repr__(self) -> str:
        """Name the shape only: what is in it does not belong in a log."""
        return f"Pack({self.content['shape']} {self.content['version']})"


def pack(
    facts: ReportFacts, operator: Operator, entered: Entered, urgency: Urgency, *, now: datetime
) -> Pack:
    """Return the pack of a case. urgency: as a person chose it. now: when it is made.

    Raises Refused where there is nothing to report, or the case is of a purpose that is not reported.
    """
    check_reportable(facts)
    named, remarks = whom(facts), Remarks()
    told = facts.told or facts.corrected
    when = happened(facts, now=now)
    held = checklist(facts, operator, entered)
    content = {
        "shape": SHAPE,
        "version": VERSION,
        "made_at": shown(now),
        "case": facts.case_number,
        "rehearsal": facts.rehearsal,
        "unverified": is_unverified(facts),
        "correction": facts.is_correction,
        "earlier_references": list(facts.prior),
        "priority": _priority(urgency, now),
        "statements": of_report(facts, named, remarks),
        "reporter": _reporter(operator),
        "happened": {"at": shown(when.at), "described": when.described},
        "accounts": _accounts(named),
        "items": [_item(facts, number, item, named, remarks) for number, item in enumerate(told, 1)],
        "checklist": [_line(line) for line in held.lines],
        "completeness": _completeness(held),
    }
    cleaned = _cleaned(content, remarks)
    return Pack({**cleaned, "remarks": list(sentences(remarks))})


def as_json(made: Pack) -> bytes:
    """Return the JSON document, in UTF-8, its fields in their order."""
    return (json.dumps(made.content, ensure_ascii=False, indent=2) + "\n").encode()


def as_page(made: Pack) -> bytes:
    """Return the page, in UTF-8."""
    return page("uk_nca", "pack.html").render(pack=made.content).encode()


def _priority(urgency: Urgency, now: datetime) -> dict[str, Any]:
    late = is_out_of_hours(now)
    return {
        "number": int(urgency.priority),
        "reason": urgency.reason,
        "made_at_in_london": in_london(now),
        "out_of_hours": late,
        "call_as_well": late and urgency.priority is not Priority.THREE,
    }


def _reporter(operator: Operator) -> dict[str, str]:
    person = operator.reporting_person
    return {
        "organisation": operator.name,
        "platform": operator.platform,
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
    }


def _accounts(named: Whom) -> list[dict[str, str]]:
    parts = (
        ("reported", (named.reported,) if named.reported is not None else ()),
        ("suspected", named.suspected),
        ("victim", named.victims),
        ("recipient", named.recipients),
        ("part_not_determined", named.unknown),
    )
    return [{"account": each, "as": part} for part, accounts in parts for each in accounts]


def _item(
    facts: ReportFacts, number: int, item: ItemOnRecord, named: Whom, remarks: Remarks
) -> dict[str, Any]:
    return {
        "number": number,
        "kind": item.kind.value,
        "unverified": item.is_unverified,
        "finding": item.outcome.finding.value if item.outcome else None,
        "category": item.outcome.category.value if item.outcome and item.outcome.category else None,
        "surface": item.surface,
        "visibility": item.visibility.value if item.visibility else None,
        "received_at": shown(item.received_at),
        "address": item.page_url,
        **_context(item),
        **_media(item),
        "bytes": item.bytes.value,
        "viewed": {"clearest": item.viewing.tier.value, "whole": item.viewing.whole},
        "said": of_item(facts, item, named, remarks),
    }


def _context(item: ItemOnRecord) -> dict[str, Any]:
    context = item.context
    return {
        "content_id": context.content_id if context else None,
        "account": context.account_id if context else None,
        "uploaded_at": shown(context.uploaded_at) if context and context.uploaded_at else None,
        "ip": context.ip if context else None,
        "port": context.port if context else None,
        "original_name": context.original_name if context else None,
        "region": context.region if context else None,
    }


def _media(item: ItemOnRecord) -> dict[str, Any]:
    media = item.media
    return {
        "media_type": media.media_type if media else None,
        "size_bytes": media.size_bytes if media else None,
        "sha256": media.sha256 if media else None,
        "md5": media.md5 if media else None,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "item": line.item.value,
        "title": TITLES[line.item],
        "state": line.state.value,
        "values": list(line.values),
        "reason": line.reason,
        "lacking": line.lacking,
    }


def _completeness(held: Checklist) -> dict[str, Any]:
    return {"answered": held.answered, "of": len(held.lines), "score": round(held.score, 3)}


def _cleaned(value: Any, remarks: Remarks) -> Any:
    """Return a value whose texts hold nothing that no document can."""
    if isinstance(value, str):
        return writable(value, "A text in this pack", remarks) or ""
    if isinstance(value, list):
        return [_cleaned(each, remarks) for each in value]
    if isinstance(value, dict):
        return {name: _cleaned(each, remarks) for name, each in value.items()}
    return value
