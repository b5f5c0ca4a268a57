"""Claims about the pack for the portal: a documented shape, the same bytes, a page that is safe to open."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from safehold.authorities.checklist import EnteredValue, ScheduleItem
from safehold.authorities.destinations.uk_nca.pack import SHAPE, as_json, as_page, pack
from safehold.authorities.priority import Urgency
from safehold.model.authority_report import Priority, Relation
from safehold.model.case import SubjectPart
from safehold.model.errors import Refused
from safehold.model.hash_list import Purpose
from safehold.model.report_facts import ReportFacts
from safehold.testing.report_facts import (
    NOW,
    OPERATOR,
    RISK,
    appeared,
    conversation,
    facts,
    page,
    subject,
    upload,
)

ORDINARY = Urgency(priority=Priority.THREE, reason="Nothing says that harm is near.")
URGENT = Urgency(priority=Priority.ONE, reason="A person declared a risk to life in the case.")
SATURDAY = NOW + timedelta(days=1)


def document(of: ReportFacts, *, urgency: Urgency = ORDINARY, now: datetime = NOW, **entered: Any) -> Any:
    return json.loads(as_json(pack(of, OPERATOR, entered.get("entered", {}), urgency, now=now)))


def shown(of: ReportFacts, *, urgency: Urgency = ORDINARY, now: datetime = NOW) -> str:
    """Return what somebody reads on the page."""
    reader = _Reader()
    reader.feed(as_page(pack(of, OPERATOR, {}, urgency, now=now)).decode())
    return " ".join(" ".join(reader.said).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag in ("style", "title")
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)


def test_the_document_has_the_fields_that_its_page_of_documentation_names() -> None:
    made = document(facts())
    assert (made["shape"], made["version"]) == (SHAPE, 1)
    assert list(made) == [
        *("shape", "version", "made_at", "case", "rehearsal", "unverified", "correction"),
        *("earlier_references", "priority", "statements", "reporter", "happened", "accounts", "items"),
        *("checklist", "completeness", "remarks"),
    ]
    [item] = made["items"]
    assert (item["sha256"], item["ip"], item["port"]) == ("ab" * 32, "192.0.2.7", 50_000)
    assert item["viewed"] == {"clearest": "clear", "whole": True}
    assert made["completeness"]["of"] == len(ScheduleItem)


def test_the_same_facts_make_the_same_bytes() -> None:
    of = facts(upload(), conversation(), page("https://a.example/1"))
    one, other = (pack(of, OPERATOR, {}, ORDINARY, now=NOW) for _ in range(2))
    assert as_json(one) == as_json(other)
    assert as_page(one) == as_page(other)


def test_accounts_stand_with_their_part_and_nobody_is_reported_while_it_is_unknown() -> None:
    parts = (
        *(subject("ann", SubjectPart.SUSPECTED), subject("bo", SubjectPart.VICTIM)),
        subject("uploader", SubjectPart.UNKNOWN),
    )
    assert document(facts(subjects=parts))["accounts"] == [
        {"account": "ann", "as": "reported"},
        {"account": "bo", "as": "victim"},
        {"account": "uploader", "as": "part_not_determined"},
    ]
    assert "nobody has determined their part; not reported" in shown(facts())


def test_what_is_unverified_is_marked_in_both_and_said_first() -> None:
    urgent = facts(upload(outcome=None), risk_to_life=RISK)
    made = document(urgent, urgency=URGENT)
    assert made["unverified"]
    assert made["items"][0]["unverified"]
    assert made["statements"][0].startswith("Unverified")
    assert shown(urgent).index("Unverified") < shown(urgent).index("Priority")
    assert not document(facts())["unverified"]


@pytest.mark.parametrize(
    ("urgency", "now", "late", "call"),
    [
        (ORDINARY, NOW, False, False),
        (ORDINARY, SATURDAY, True, False),
        (URGENT, NOW, False, False),
        (URGENT, SATURDAY, True, True),
    ],
)
def test_out_of_hours_is_said_and_what_is_urgent_takes_a_call_too(
    urgency: Urgency, now: datetime, late: bool, call: bool
) -> None:
    said = document(facts(), urgency=urgency, now=now)["priority"]
    assert (said["number"], said["reason"]) == (int(urgency.priority), urgency.reason)
    assert (said["out_of_hours"], said["call_as_well"]) == (late, call)
    assert ("call the agency as well" in shown(facts(), urgency=urgency, now=now)) is call


def test_a_rehearsal_and_a_correction_are_marked() -> None:
    assert "do not send this" in shown(facts(rehearsal=True, purpose=Purpose.TEST))
    cleared = facts(upload(outcome=None), prior=("NCA-7",), risk_to_life=RISK, relation=Relation.CORRECTION)
    made = document(cleared)
    assert (made["earlier_references"], made["correction"], made["unverified"]) == (["NCA-7"], True, False)
    assert "was taken back" in made["items"][0]["said"][0]
    assert "Correction of an earlier report." in shown(cleared)


def test_what_somebody_entered_is_in_the_pack() -> None:
    entered = {ScheduleItem.BILLING: EnteredValue(values=("a card",))}
    [line] = [each for each in document(facts(), entered=entered)["checklist"] if each["item"] == "billing"]
    assert (line["state"], line["values"]) == ("value", ["a card"])


def test_the_page_runs_nothing_fetches_nothing_and_shows_what_was_written_as_it_was_written() -> None:
    evil = '<script>alert(1)</script><img src=x onerror=y>"&'
    of = facts(upload(evil, context=appeared(evil, original_name=evil)), subjects=())
    data = as_page(pack(of, replace(OPERATOR, name=evil), {}, ORDINARY, now=NOW)).decode()
    reader = _Reader()
    reader.feed(data)
    assert not {"script", "img", "link", "iframe", "object", "form", "a"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name in ("src", "href")]
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in reader.attributes
    assert evil in "".join(reader.said)


def test_control_characters_are_replaced_and_that_is_said() -> None:
    made = document(facts(upload(context=appeared(original_name="a\x00b"))))
    assert made["items"][0]["original_name"] == "a\ufffdb"
    assert made["remarks"] == ["A text in this pack: characters that cannot be written were replaced."]


def test_where_there_is_nothing_to_report_there_is_no_pack() -> None:
    with pytest.raises(Refused):
        pack(facts(upload(outcome=None)), OPERATOR, {}, ORDINARY, now=NOW)


def test_a_pack_in_a_log_says_nothing_of_what_is_in_it() -> None:
    assert repr(pack(facts(), OPERATOR, {}, ORDINARY, now=NOW)) == f"Pack({SHAPE} 1)"
