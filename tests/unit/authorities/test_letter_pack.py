"""Claims about the letter to hotlines: a shape of its own, the same bytes, nothing but what was read."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from safehold.authorities.destinations.generic import letter_pack
from safehold.authorities.destinations.uk_nca.pack import SHAPE as OF_THE_NCA
from safehold.authorities.letter import letter
from safehold.authorities.priority import Urgency
from safehold.model.authority_report import Priority, Relation
from safehold.model.ids import AuthorityReportId
from safehold.model.report_facts import Bytes, ReportFacts
from safehold.testing.report_facts import NOW, OPERATOR, appeared, facts, upload

REPORT = AuthorityReportId(UUID("01890000-0000-7000-8000-000000000001"))
ORDINARY = Urgency(priority=Priority.THREE, reason="Nothing says that harm is near.")
SCRIPT = '<script>alert("x")</script>'


def content(of: ReportFacts) -> Any:
    written = letter(of, OPERATOR, ORDINARY, to="hotline", now=NOW)
    return letter_pack.content_of(of, written, REPORT, to="hotline", now=NOW)


def test_it_says_what_the_letter_says_in_its_order_and_nothing_of_one_countrys_checklist() -> None:
    of = facts(upload(), prior=("IN-7",))
    written = letter(of, OPERATOR, ORDINARY, to="hotline", now=NOW)
    said = json.loads(letter_pack.as_json(content(of)))
    assert (said["shape"], said["version"]) == ("safehold.authority-letter", 1)
    assert said["shape"] != OF_THE_NCA
    assert (said["report"], said["to"], said["earlier_references"]) == (str(REPORT), "hotline", ["IN-7"])
    assert [each["heading"] for each in said["letter"]] == [part.heading for part in written.sections]
    assert [each["paragraphs"] for each in said["letter"]] == [
        list(part.paragraphs) for part in written.sections
    ]
    assert "checklist" not in said


def test_files_are_named_by_their_digests_and_whether_their_bytes_are_held() -> None:
    [held, gone] = content(facts(upload(), upload(bytes=Bytes.DESTROYED)))["files"]
    assert len(held["sha256"]) == 64
    assert (held["bytes"], gone["bytes"]) == ("sealed", "destroyed")


def test_the_same_letter_is_the_same_bytes() -> None:
    of = facts(upload())
    assert letter_pack.as_json(content(of)) == letter_pack.as_json(content(of))
    assert letter_pack.as_page(content(of)) == letter_pack.as_page(content(of))


def test_what_comes_from_others_is_text_on_the_page_and_nothing_is_fetched() -> None:
    page = letter_pack.as_page(content(facts(upload(context=appeared(content_id=SCRIPT))))).decode()
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert " src=" not in page


def test_a_rehearsal_and_a_correction_say_so_above_everything() -> None:
    page = letter_pack.as_page(content(facts(upload(), rehearsal=True))).decode()
    assert "Rehearsal: do not send this." in page
    plain = letter_pack.as_page(content(facts(upload()))).decode()
    assert "Rehearsal" not in plain
    corrected = facts(upload(outcome=None), relation=Relation.CORRECTION)
    assert corrected.is_correction is content(corrected)["correction"]
