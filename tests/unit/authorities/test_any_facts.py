"""Claims about reports of whatever facts: always valid, nobody named who must not be, nothing from later."""

from __future__ import annotations

import unicodedata
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehold.authorities.checklist import EnteredValue, ScheduleItem, State, checklist
from safehold.authorities.destinations.ncmec_cybertipline import contents, rules, wire
from safehold.authorities.destinations.ncmec_cybertipline.elements import to_xml
from safehold.authorities.destinations.uk_nca.pack import as_json, as_page, pack
from safehold.authorities.incident import REPORTED_PURPOSES
from safehold.authorities.letter import letter
from safehold.authorities.operator import Contact, Operator, Place
from safehold.authorities.priority import suggested
from safehold.authorities.transcript import ConversationKind, Message, to_csv
from safehold.authorities.whom import Whom, whom, written
from safehold.model.assessment import (
    AgeBand,
    Answer,
    Category,
    ConductForm,
    ConductKind,
    Development,
    Finding,
    Grown,
    ImageryForm,
    MadeBy,
    SelfGenerated,
    SeverityTier,
    Tier,
)
from safehold.model.authority_report import Priority, Relation
from safehold.model.case import SubjectPart
from safehold.model.errors import Refused
from safehold.model.hash_list import Purpose
from safehold.model.item import Context, ItemKind
from safehold.model.media import MediaKind
from safehold.model.report_facts import Bytes, ListMatch, ReportFacts, RiskToLife, Viewing, WrongAlarm
from safehold.model.signal import PDQ
from safehold.model.surface import Visibility
from safehold.testing import report_facts as build
from safehold.testing.cybertipline.schema import schema

NOW = build.NOW
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])
TIMES = st.datetimes(timezones=ZONES) | st.timedeltas(timedelta(minutes=-1), timedelta(minutes=1)).map(
    lambda away: NOW + away
)
ANYTHING = st.text(alphabet=st.characters(exclude_categories=()), max_size=12)
LONG = st.builds(lambda text, times: text * times, ANYTHING, st.sampled_from([1, 300, 1000]))
# Few accounts, so that they meet; two that are the same as far as a report has room, one that is nothing.
ACCOUNTS = st.sampled_from(["ann", "bo", "c\x00d", "long " * 80, "long " * 80 + "er", " ", "\ud800"])
MAYBE_ACCOUNT = st.none() | ACCOUNTS


def enum(kind: Any) -> Any:
    return st.sampled_from(list(kind))


MOSTLY_ILLEGAL = st.just(Finding.ILLEGAL) | enum(Finding)
FORMS = st.builds(
    ImageryForm,
    finding=MOSTLY_ILLEGAL,
    category=st.none() | enum(Category),
    age_band=enum(AgeBand),
    self_generated=enum(SelfGenerated),
    made_by=enum(MadeBy),
    livestream=enum(Answer),
    development=st.none() | enum(Development),
    severity_tier=st.none() | enum(SeverityTier),
) | st.builds(
    ConductForm,
    finding=MOSTLY_ILLEGAL,
    kind=enum(ConductKind),
    by=MAYBE_ACCOUNT,
    towards=MAYBE_ACCOUNT,
    age_band=enum(AgeBand),
    by_grown=enum(Grown),
    still_going_on=enum(Answer),
    child_at_risk_now=enum(Answer),
    relied_on=st.tuples(ANYTHING),
)
CONTEXTS = st.builds(
    Context,
    surface=st.just("s"),
    content_id=st.none() | LONG,
    account_id=MAYBE_ACCOUNT,
    uploaded_at=st.none() | TIMES,
    ip=st.none() | ANYTHING | st.sampled_from(["fe80::1%eth0", "2001:db8::1", "192.0.2.1", ""]),
    port=st.none() | st.integers(-1, 70_000),
    original_name=st.none() | LONG,
)
MATCHES = st.builds(
    ListMatch,
    list_name=LONG,
    purpose=enum(Purpose),
    signal_type=st.just(PDQ),
    distance=st.integers(0, 31),
    withdrawn=st.booleans(),
)
MEDIA = st.builds(
    build.photo, kind=enum(MediaKind), md5=st.none() | st.just("cd" * 16), frames=st.integers(0, 9)
)
ITEMS = st.builds(
    build.upload,
    kind=enum(ItemKind),
    surface=LONG,
    received_at=TIMES,
    visibility=st.none() | enum(Visibility),
    held=st.booleans(),
    context=st.none() | CONTEXTS,
    media=st.none() | MEDIA,
    bytes=enum(Bytes),
    viewing=st.builds(Viewing, tier=enum(Tier), whole=st.booleans(), elsewhere=enum(Tier)),
    matches=st.lists(MATCHES, max_size=7).map(tuple),
    flagged_by=st.lists(ANYTHING, max_size=2).map(tuple),
    page_url=st.none() | LONG | st.sampled_from(["https://example.org/a", "https://example.org/a b"]),
    outcome=st.none() | st.builds(build.found, FORMS, people=st.integers(0, 3)),
)
SUBJECTS = st.builds(build.subject, MAYBE_ACCOUNT, enum(SubjectPart))
FACTS = st.builds(
    build.facts,
    purpose=st.just(Purpose.CSAM) | enum(Purpose),
    rehearsal=st.booleans(),
    items=st.lists(ITEMS, max_size=4).map(tuple),
    subjects=st.lists(SUBJECTS, max_size=5).map(tuple),
    prior=st.lists(LONG | st.sampled_from(["0", "4564000", "9" * 30, "٣"]), max_size=3).map(tuple),
    relation=st.none() | enum(Relation),
    risk_to_life=st.none() | st.builds(RiskToLife, declared_at=TIMES, stands=st.booleans()),
    wrong_alarm=st.none() | st.builds(WrongAlarm, declared_at=TIMES, ended_at=TIMES),
)
OPERATORS = st.builds(
    Operator,
    name=LONG,
    service=LONG,
    reporting_person=st.builds(
        Contact, first_name=LONG, last_name=LONG, email=st.just("trust@photos.example"), phone=LONG
    ),
    contact=st.none() | st.builds(Contact, first_name=LONG, email=LONG, phone=LONG),
    company_template=LONG,
    terms=LONG,
    legal_url=LONG,
    places=st.just({}) | st.builds(lambda place: {"": place}, enum(Place)),
)
CHOICES = st.builds(contents.Chosen, priority=enum(Priority), incident=st.none() | enum(wire.IncidentType))


def refused(facts: ReportFacts) -> bool:
    """Say whether there is nothing to report, in the words of the rules and not of the code."""
    illegal = [each.outcome and each.outcome.finding is Finding.ILLEGAL for each in facts.items]
    something = any(illegal) or facts.risk_to_life is not None
    if facts.relation is Relation.CORRECTION:
        something = not all(illegal) or facts.wrong_alarm is not None
    return facts.purpose not in REPORTED_PURPOSES or not something


def texts(xml: bytes) -> str:
    """Return a document's characters as it says them, unescaped."""
    from defusedxml.ElementTree import fromstring

    return "".join(fromstring(xml).itertext())


def has_control(text: str) -> bool:
    return any(unicodedata.category(one) in ("Cc", "Cs") for one in text)


def parts_of(facts: ReportFacts, account: str) -> set[SubjectPart]:
    return {each.part for each in facts.subjects if written(each.account_id or "") == account}


@given(FACTS, OPERATORS, CHOICES)
def test_a_report_of_any_facts_is_taken_by_our_rules_and_by_the_strict_schema(
    facts: ReportFacts, operator: Operator, chosen: contents.Chosen
) -> None:
    if refused(facts):
        with pytest.raises(Refused):
            contents.report(facts, operator, chosen, now=NOW)
        return
    report = contents.report(facts, operator, chosen, now=NOW)
    assert rules.of_report(report, now=NOW) == []
    xml = to_xml("report", report)
    schema().validate(xml.decode())
    assert not has_control(texts(xml))


@given(FACTS, st.integers(1, 10**9))
def test_the_details_of_any_file_are_taken_by_our_rules_and_by_the_strict_schema(
    facts: ReportFacts, report_id: int
) -> None:
    named = whom(facts)
    for item in contents.files(facts):
        details = contents.file(facts, item, named, report_id=report_id, file_id="ab" * 16, now=NOW)
        assert rules.of_file(details) == []
        xml = to_xml("fileDetails", details)
        schema().validate(xml.decode())
        assert not has_control(texts(xml))
        assert details.file_viewed_by_esp is item.viewing.whole
        assert details.uploaded_at is None or details.uploaded_at <= NOW
        assert details.ip_capture_event is None or (details.ip_capture_event.date_time or NOW) <= NOW
        if item.is_unverified:
            assert details.industry_classification is None
            assert details.file_annotations is None
            assert details.additional_info[0].startswith("Unverified")


@given(FACTS, CHOICES)
def test_nobody_is_reported_whose_part_is_unknown_or_who_is_a_victim(
    facts: ReportFacts, chosen: contents.Chosen
) -> None:
    if refused(facts):
        return
    report = contents.report(facts, build.OPERATOR, chosen, now=NOW)
    reported = report.person_or_user_reported
    if reported is not None:
        assert reported.esp_identifier is not None
        assert parts_of(facts, reported.esp_identifier) >= {SubjectPart.SUSPECTED}
        assert not parts_of(facts, reported.esp_identifier) & {SubjectPart.UNKNOWN, SubjectPart.VICTIM}
    for recipient in report.intended_recipient:
        assert recipient.esp_identifier is not None
        assert not parts_of(facts, recipient.esp_identifier) & {SubjectPart.UNKNOWN, SubjectPart.VICTIM}
    victims = {each.esp_identifier for each in report.victim}
    known = {written(each.account_id or "") for each in facts.subjects if each.part is SubjectPart.VICTIM}
    assert victims == (set() if facts.relation is Relation.CORRECTION else known - {""})


@given(FACTS)
def test_each_account_stands_in_one_place_alone(facts: ReportFacts) -> None:
    named: Whom = whom(facts)
    places = [named.suspected, named.victims, named.recipients, named.unknown]
    stands = [one for place in places for one in place] + ([named.reported] if named.reported else [])
    assert len(stands) == len(set(stands))


@given(FACTS, CHOICES)
def test_no_time_in_a_report_is_in_the_future(facts: ReportFacts, chosen: contents.Chosen) -> None:
    if refused(facts):
        return
    report = contents.report(facts, build.OPERATOR, chosen, now=NOW)
    assert report.incident_summary.incident_date_time <= NOW - timedelta(seconds=1)
    people = [*report.victim, *report.intended_recipient]
    blocks = people if report.person_or_user_reported is None else [*people, report.person_or_user_reported]
    for block in blocks:
        assert all((event.date_time or NOW) <= NOW for event in block.ip_capture_event)


@given(FACTS, OPERATORS)
@settings(max_examples=50)
def test_a_letter_and_a_pack_name_nobody_as_reported_whom_the_report_does_not(
    facts: ReportFacts, operator: Operator
) -> None:
    if refused(facts):
        with pytest.raises(Refused):
            letter(facts, operator, suggested(facts), to="an authority", now=NOW)
        with pytest.raises(Refused):
            pack(facts, operator, {}, suggested(facts), now=NOW)
        return
    named = whom(facts)
    alone = [named.reported] if named.reported else []
    made = letter(facts, operator, suggested(facts), to="an authority", now=NOW)
    rows = [row for section in made.sections for row in section.rows]
    assert [row.value for row in rows if row.label == "Reported"] == (
        [named.reported] if named.reported else []
    )
    said = [*(row.value for row in rows), *(one for part in made.sections for one in part.paragraphs)]
    assert not any(has_control(one) for one in said)
    packed = pack(facts, operator, {}, suggested(facts), now=NOW)
    as_reported = [one["account"] for one in packed.content["accounts"] if one["as"] == "reported"]
    assert as_reported == alone
    assert b"<script" not in as_page(packed)
    assert as_json(packed).decode() == as_json(pack(facts, operator, {}, suggested(facts), now=NOW)).decode()


@given(FACTS, st.dictionaries(enum(ScheduleItem), st.builds(EnteredValue, values=st.just(("entered",)))))
def test_what_a_person_entered_is_always_in_the_checklist(
    facts: ReportFacts, entered: dict[ScheduleItem, EnteredValue]
) -> None:
    held = checklist(facts, build.OPERATOR, entered)
    assert [line.item for line in held.lines] == list(ScheduleItem)
    assert 0 <= held.score <= 1
    for line in held.lines:
        assert (line.state is State.VALUE) == bool(line.values)
        assert (line.state is State.NOT_HELD) == bool(line.reason)
        assert line.item not in entered or "entered" in line.values


@given(st.lists(ANYTHING, max_size=5))
def test_no_cell_of_a_transcript_begins_as_a_formula_and_each_can_be_read_back(written_by: list[str]) -> None:
    import csv
    import io

    messages = [
        Message(
            id=str(number),
            conversation_id="one",
            kind=ConversationKind.DIRECT,
            sent_at=NOW,
            sender=text,
            text=text,
        )
        for number, text in enumerate(written_by)
    ]
    rows = list(csv.DictReader(io.StringIO(to_csv(messages).decode(), newline="")))
    assert len(rows) == len(messages)
    for row, message in zip(rows, messages, strict=True):
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        kept = "".join("\ufffd" if has_control(one) and one not in "\t\r\n" else one for one in message.text)
        assert (row["text"][1:] if row["text"].startswith("'") else row["text"]) == kept
