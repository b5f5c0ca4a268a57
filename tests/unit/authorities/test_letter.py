"""Claims about the letter that a person reads before a report goes: whole, in our words, with its doubts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from safehold.authorities.checklist import checklist
from safehold.authorities.destinations.ncmec_cybertipline import wire
from safehold.authorities.letter import Letter, letter
from safehold.authorities.priority import suggested
from safehold.model.assessment import Finding, Grown, ImageryForm, SelfGenerated
from safehold.model.case import SubjectPart
from safehold.model.errors import Refused
from safehold.model.report_facts import Bytes, ReportFacts, Viewing
from safehold.testing.report_facts import (
    APPROACH,
    ILLEGAL,
    NOW,
    OPERATOR,
    RISK,
    conversation,
    facts,
    found,
    page,
    subject,
    upload,
)


def of(told: ReportFacts, *, with_checklist: bool = False) -> Letter:
    held = checklist(told, OPERATOR, {}) if with_checklist else None
    return letter(told, OPERATOR, suggested(told), to="the authority", now=NOW, held=held)


def section(made: Letter, heading: str) -> str:
    """Return all that a section says."""
    [found] = [each for each in made.sections if each.heading == heading]
    return " | ".join([*found.paragraphs, *(f"{row.label}: {row.value}" for row in found.rows)])


def everything(made: Letter) -> str:
    return " ".join(section(made, each.heading) for each in made.sections)


def test_a_letter_says_who_reports_whom_how_urgent_what_where_when_with_what_and_what_is_missing() -> None:
    assert [each.heading for each in of(facts()).sections] == [
        "Who reports whom",
        "How urgent it is",
        "What is reported",
        "Where",
        "When",
        "Files, and what was viewed",
        "What is missing",
        "Reported before",
    ]


def test_it_says_that_nobody_is_reported_while_nobody_knows_their_part() -> None:
    said = section(of(facts()), "Who reports whom")
    assert "Example Photos Ltd reports to the authority." in said
    assert "Nobody is reported" in said
    assert "Part not determined, a detail of the incident: uploader" in said


def test_it_names_whom_it_reports_and_the_victim_apart() -> None:
    parts = (subject("ann", SubjectPart.SUSPECTED), subject("bo", SubjectPart.VICTIM))
    said = section(of(facts(upload("ann"), subjects=parts)), "Who reports whom")
    assert "Reported: ann" in said
    assert "Victim: bo" in said
    assert "Nobody is reported" not in said


def test_it_asks_to_think_again_where_the_one_who_is_reported_may_be_a_child() -> None:
    suspected = (subject("ann", SubjectPart.SUSPECTED),)
    own = upload("ann", outcome=found(replace(ILLEGAL, self_generated=SelfGenerated.YES)))
    assert "not the child" in section(of(facts(own, subjects=suspected)), "Who reports whom")
    assert "not the child" not in section(of(facts(own)), "Who reports whom")
    between = conversation(replace(APPROACH, by="ann", by_grown=Grown.CHILD))
    assert "a child too" in section(of(facts(between, subjects=suspected)), "Who reports whom")


def test_it_says_of_each_file_what_was_viewed_and_of_each_item_without_one_why() -> None:
    said = section(
        of(facts(upload(), upload(viewing=Viewing()), upload(bytes=Bytes.DESTROYED))),
        "Files, and what was viewed",
    )
    assert said.startswith("2 files go along.")
    assert "Item 1: Assessed as illegal, category B (United Kingdom) by one person" in said
    assert "viewed the whole file" in said
    assert "Nobody here viewed this file." in said
    assert "No file goes along: its bytes were destroyed" in said


def test_one_file_is_not_counted_as_several() -> None:
    made = of(facts(upload(viewing=Viewing())))
    assert section(made, "Files, and what was viewed").startswith("1 file goes along.")
    assert "Viewed here as a whole: 0 of 1 file;" in section(made, "What is reported")


def test_it_says_where_and_what_is_missing() -> None:
    harmless = upload(outcome=found(ImageryForm(finding=Finding.NOT_ILLEGAL)))
    told = facts(upload(), page("https://a.example/1"), upload(outcome=None), harmless)
    made = of(told, with_checklist=True)
    assert "Item 1: public_uploads, public, content 1" in section(made, "Where")
    assert "https://a.example/1" in section(made, "Where")
    missing = section(made, "What is missing")
    assert "nobody has settled what they are: 1 item." in missing
    assert "people found something else: 1 item." in missing
    assert "Without a file: 1 item." in missing
    assert "Billing details: not looked for yet" in missing
    assert section(of(facts()), "What is missing") == "Nothing."


def test_it_names_earlier_reports() -> None:
    assert "Earlier report: 4564000" in section(of(facts(prior=("4564000",))), "Reported before")
    assert "No earlier report" in section(of(facts()), "Reported before")


def test_what_is_unverified_comes_first_of_what_is_reported() -> None:
    urgent = facts(upload(outcome=None), risk_to_life=RISK)
    assert section(of(urgent), "What is reported").startswith("Unverified")
    assert section(of(urgent), "How urgent it is").startswith("Priority 1. A person declared")


def test_no_word_of_a_schema_is_on_the_screen() -> None:
    said = everything(of(facts(upload(), conversation(), subjects=(subject("x", SubjectPart.SUSPECTED),))))
    assert not [each for each in wire.IncidentType if each.value in said]


def test_what_was_changed_is_said_at_the_end() -> None:
    made = of(facts(upload("a\x00b")))
    assert made.sections[-1].heading == "What was changed"


def test_where_there_is_nothing_to_report_there_is_no_letter() -> None:
    with pytest.raises(Refused):
        of(facts(upload(outcome=None)))


def test_a_letter_in_a_log_says_nothing_of_what_is_in_it() -> None:
    assert "uploader" not in repr(of(facts()))
