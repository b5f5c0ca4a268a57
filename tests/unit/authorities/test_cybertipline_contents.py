"""Claims about what a CyberTipline report says, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from safehold.authorities.destinations.ncmec_cybertipline import contents, rules, wire
from safehold.authorities.destinations.ncmec_cybertipline.contents import Chosen
from safehold.authorities.operator import Operator, Place
from safehold.authorities.whom import whom
from safehold.model.assessment import (
    AgeBand,
    Answer,
    Category,
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
from safehold.model.media import MediaKind
from safehold.model.report_facts import Bytes, ItemOnRecord, ListMatch, ReportFacts, Viewing
from safehold.model.signal import PDQ
from safehold.model.surface import Visibility
from safehold.testing.report_facts import (
    APPROACH,
    ILLEGAL,
    NOW,
    OPERATOR,
    RISK,
    appeared,
    conversation,
    facts,
    found,
    page,
    photo,
    subject,
    upload,
)

ORDINARY = Chosen(priority=Priority.THREE)
NOTHING = found(ImageryForm(finding=Finding.NOT_ILLEGAL))


def report(of: ReportFacts, *, operator: Operator = OPERATOR, chosen: Chosen = ORDINARY) -> wire.Report:
    """Return a report, and see that it would be taken."""
    made = contents.report(of, operator, chosen, now=NOW)
    assert rules.of_report(made, now=NOW) == []
    return made


def info(of: ReportFacts, **more: Operator | Chosen) -> str:
    said = report(of, **more).additional_info  # type: ignore[arg-type]
    assert said is not None
    return said


def details(item: ItemOnRecord, of: ReportFacts | None = None) -> wire.FileDetails:
    """Return what is said of a file, and see that it would be taken."""
    of = of or facts(item)
    made = contents.file(of, item, whom(of), report_id=1, file_id="ab" * 16, now=NOW)
    assert rules.of_file(made) == []
    return made


def test_what_people_found_in_pictures_is_reported_as_imagery() -> None:
    made = report(facts())
    assert made.incident_summary.incident_type is wire.IncidentType.IMAGERY
    assert made.incident_summary.urgency is None
    assert made.incident_summary.report_annotations is None
    assert "incident 1" in (made.additional_info or "")


@pytest.mark.parametrize(
    ("kind", "expected", "nearest"),
    [
        (ConductKind.GROOMING, wire.IncidentType.ENTICEMENT, False),
        (ConductKind.COERCION, wire.IncidentType.ENTICEMENT, False),
        (ConductKind.TRADING, wire.IncidentType.IMAGERY, False),
        (ConductKind.OTHER, wire.IncidentType.ENTICEMENT, True),
        (ConductKind.UNKNOWN, wire.IncidentType.ENTICEMENT, True),
    ],
)
def test_what_people_found_in_a_conversation_has_a_kind_by_the_table(
    kind: ConductKind, expected: wire.IncidentType, nearest: bool
) -> None:
    made = report(facts(conversation(replace(APPROACH, kind=kind))))
    assert made.incident_summary.incident_type is expected
    assert ("the nearest was given" in (made.additional_info or "")) is nearest


def test_conduct_towards_a_child_weighs_more_than_imagery_and_a_person_more_than_both() -> None:
    both = facts(upload(), conversation())
    assert report(both).incident_summary.incident_type is wire.IncidentType.ENTICEMENT
    chosen = Chosen(priority=Priority.THREE, incident=wire.IncidentType.TRAFFICKING)
    assert report(both, chosen=chosen).incident_summary.incident_type is wire.IncidentType.TRAFFICKING


def test_only_what_an_answer_says_becomes_an_annotation_and_a_person_can_add_others() -> None:
    child = conversation(replace(APPROACH, kind=ConductKind.COERCION, by_grown=Grown.CHILD))
    derived = report(facts(child)).incident_summary.report_annotations
    assert derived == wire.ReportAnnotations(minor_to_minor_interaction=True)
    chosen = Chosen(priority=Priority.THREE, annotations=wire.ReportAnnotations(sextortion=True))
    added = report(facts(child), chosen=chosen).incident_summary.report_annotations
    assert added == wire.ReportAnnotations(sextortion=True, minor_to_minor_interaction=True)


def test_whoever_is_suspected_is_reported_with_where_they_uploaded_from_and_earlier_reports() -> None:
    suspected = (subject("uploader", SubjectPart.SUSPECTED),)
    made = report(facts(upload(), upload(), subjects=suspected, prior=("4564000", "NCA-7", "4564000")))
    reported = made.person_or_user_reported
    assert reported is not None
    assert (reported.esp_identifier, reported.esp_service) == ("uploader", "Example Photos Ltd")
    assert reported.prior_reports == (4_564_000,)
    [event] = reported.ip_capture_event
    assert (event.ip_address, event.port, event.event_name) == ("192.0.2.7", 50_000, wire.EventName.UPLOAD)
    assert "“NCA-7”" in (made.additional_info or "")


@pytest.mark.parametrize("part", [SubjectPart.UNKNOWN, SubjectPart.VICTIM])
def test_nobody_is_reported_whose_part_is_unknown_or_who_is_the_victim(part: SubjectPart) -> None:
    made = report(facts(upload(), subjects=(subject("uploader", part),)))
    assert made.person_or_user_reported is None
    assert bool(made.victim) == (part is SubjectPart.VICTIM)
    is_detail = "nobody who is reported: the account “uploader”" in (made.additional_info or "")
    assert is_detail == (part is SubjectPart.UNKNOWN)


def test_a_victim_has_the_block_for_victims_with_where_they_uploaded_from() -> None:
    [victim] = report(facts(upload(), subjects=(subject("uploader", SubjectPart.VICTIM),))).victim
    assert victim.esp_identifier == "uploader"
    assert [event.ip_address for event in victim.ip_capture_event] == ["192.0.2.7"]


def test_whom_it_was_meant_for_has_a_block_too() -> None:
    talk = conversation(replace(APPROACH, by="ann", towards="bo"))
    parts = (subject("ann", SubjectPart.SUSPECTED), subject("bo", SubjectPart.BYSTANDER))
    made = report(facts(talk, subjects=parts))
    assert [each.esp_identifier for each in made.intended_recipient] == ["bo"]


def test_further_suspected_accounts_are_said_in_words() -> None:
    parts = (subject("ann", SubjectPart.SUSPECTED), subject("bo", SubjectPart.SUSPECTED))
    made = report(facts(upload("ann"), subjects=parts))
    assert made.person_or_user_reported is not None
    assert made.person_or_user_reported.esp_identifier == "ann"
    assert "Another account that a person here suspects: “bo”" in (made.additional_info or "")


def test_an_id_of_an_account_that_is_too_long_is_cut_and_said_in_full() -> None:
    long = "x" * 256
    made = report(facts(upload(long), subjects=(subject(long, SubjectPart.SUSPECTED),)))
    assert made.person_or_user_reported is not None
    assert made.person_or_user_reported.esp_identifier == "x" * 255
    assert "The id of an account: cut to 255 characters" in (made.additional_info or "")
    assert f"“{long}”" in (made.additional_info or "")


def test_what_nobody_has_settled_is_said_first_and_goes_along_only_in_a_risk_to_life() -> None:
    waiting = upload(outcome=None)
    with pytest.raises(Refused, match="nothing to report"):
        report(facts(waiting))
    assert contents.files(facts(waiting, upload())) != (waiting,)
    urgent = facts(waiting, upload(), risk_to_life=RISK)
    assert contents.files(urgent) == urgent.items
    assert info(urgent).startswith("Unverified: people here have not settled what 1 of 2 items may be.")
    assert details(waiting, urgent).additional_info[0].startswith("Unverified: people here have not settled")
    assert not details(urgent.items[1], urgent).additional_info[0].startswith("Unverified")


def test_a_rehearsal_says_so_right_after_what_is_unverified() -> None:
    assert info(facts(rehearsal=True, purpose=Purpose.TEST)).startswith("Rehearsal:")
    both = info(facts(upload(outcome=None), rehearsal=True, risk_to_life=RISK))
    assert both.startswith("Unverified:")
    assert both.index("Rehearsal:") < both.index("Viewed here")


@pytest.mark.parametrize("purpose", [Purpose.INTIMATE_IMAGES, Purpose.OWN_TERMS])
def test_cases_of_other_purposes_are_not_reported(purpose: Purpose) -> None:
    with pytest.raises(Refused, match="purpose"):
        report(facts(purpose=purpose))


def test_what_was_found_to_be_something_else_is_corrected_and_never_sent_again() -> None:
    cleared = upload(outcome=NOTHING)
    with pytest.raises(Refused):
        report(facts(cleared))
    correction = facts(
        *(cleared, upload(outcome=None), upload()),
        prior=("4564000",),
        subjects=(subject("uploader", SubjectPart.SUSPECTED),),
        relation=Relation.CORRECTION,
        risk_to_life=RISK,
    )
    made = report(correction)
    said = made.additional_info or ""
    assert contents.files(correction) == ()
    assert made.person_or_user_reported is None
    assert said.startswith("Correction: of 2 items that an earlier report told about")
    assert "“4564000”" in said
    assert f"Corrected: which the platform calls “content 1”, SHA-256 {'ab' * 32}; now: not illegal." in said
    assert "now: not settled anew." in said
    assert "uploader" not in said


def test_a_correction_without_anything_to_correct_is_refused() -> None:
    with pytest.raises(Refused):
        report(facts(upload(), relation=Relation.CORRECTION))


def test_a_supplement_says_that_it_adds_to_an_earlier_report() -> None:
    said = info(facts(prior=("4564000",), relation=Relation.SUPPLEMENT))
    assert said.startswith(
        "Supplement: this adds to an earlier report. Earlier reports about this: “4564000”."
    )


def test_only_the_highest_priority_escalates_and_its_words_are_ours() -> None:
    urgent = Chosen(priority=Priority.ONE)
    words = report(facts(risk_to_life=RISK), chosen=urgent).incident_summary.urgency
    assert words is not None
    assert "declared at 2026-11-20T11:55:00Z that a life may be at risk" in words
    now = facts(conversation(replace(APPROACH, child_at_risk_now=Answer.YES)))
    assert "a child may be at risk now" in (report(now, chosen=urgent).incident_summary.urgency or "")
    assert "highest priority" in (report(facts(), chosen=urgent).incident_summary.urgency or "")
    for lower in (Priority.TWO, Priority.THREE):
        assert (
            report(facts(risk_to_life=RISK), chosen=Chosen(priority=lower)).incident_summary.urgency is None
        )


def test_it_happened_when_the_newest_was_uploaded() -> None:
    older = upload(context=appeared(uploaded_at=NOW - timedelta(days=2)))
    summary = report(facts(older, upload())).incident_summary
    assert summary.incident_date_time == NOW - timedelta(hours=3)
    assert "as the platform gave it" in (summary.incident_date_time_description or "")


def test_without_a_time_of_upload_it_happened_when_it_came_here() -> None:
    summary = report(facts(upload(context=None))).incident_summary
    assert summary.incident_date_time == NOW - timedelta(hours=2)
    assert "the platform gave none" in (summary.incident_date_time_description or "")


def test_a_time_in_the_future_becomes_a_second_ago_and_that_is_said() -> None:
    early = upload(context=appeared(uploaded_at=NOW + timedelta(hours=1)))
    summary = report(facts(early)).incident_summary
    assert summary.incident_date_time == NOW - timedelta(seconds=1)
    assert "lay in the future" in (summary.incident_date_time_description or "")
    file = details(early)
    assert file.uploaded_at is None
    assert "The time of the upload: left out" in " ".join(file.additional_info)


def test_each_kind_of_place_is_one_part_and_addresses_that_cannot_be_sent_are_left_out_and_said() -> None:
    made = report(
        facts(
            upload(),
            page("https://a.example/1"),
            page("https://a.example/1"),
            page("https://a.example/a b"),
            page("https://a.example/\x07"),
            page(None),
            conversation(),
        )
    )
    web, chat = made.internet_details
    assert web.web_page_incident is not None
    assert web.web_page_incident.url == ("https://a.example/1",)
    assert web.web_page_incident.additional_info == "public_uploads: content 1"
    assert chat.chat_im_incident is not None
    assert chat.chat_im_incident.chat_client == "Example Photos Ltd"
    assert chat.chat_im_incident.content is None
    assert "it holds spaces or control characters; it is on record here. (2 times)" in (
        made.additional_info or ""
    )


@pytest.mark.parametrize(
    ("place", "part"),
    [
        (Place.WEB_PAGE, "web_page_incident"),
        (Place.CHAT, "chat_im_incident"),
        (Place.EMAIL, "email_incident"),
        (Place.GAME, "online_gaming_incident"),
    ],
)
def test_the_operator_says_what_kind_of_place_a_surface_is(place: Place, part: str) -> None:
    [where] = report(facts(), operator=replace(OPERATOR, places={"public_uploads": place})).internet_details
    assert getattr(where, part) is not None


def test_a_private_surface_is_a_chat_unless_the_operator_says_otherwise() -> None:
    [where] = report(facts(upload(visibility=Visibility.PRIVATE))).internet_details
    assert where.chat_im_incident is not None


def test_an_address_loses_its_zone_and_one_that_is_none_is_left_out_and_both_are_said() -> None:
    zoned = details(upload(context=appeared(ip="fe80::1%eth0")))
    assert zoned.ip_capture_event is not None
    assert zoned.ip_capture_event.ip_address == "fe80::1"
    assert "its zone was left out" in " ".join(zoned.additional_info)
    broken = details(upload(context=appeared(ip="300.1.1.1")))
    assert broken.ip_capture_event is None
    assert "left out, for it is none" in " ".join(broken.additional_info)
    assert "300.1.1.1" not in " ".join(broken.additional_info)


@pytest.mark.parametrize(
    ("viewing", "kind", "whole", "says"),
    [
        (Viewing(tier=Tier.CLEAR, whole=True), MediaKind.IMAGE, True, "viewed the whole file"),
        (Viewing(tier=Tier.CLEAR), MediaKind.VIDEO, False, "a sheet of stills from it"),
        (Viewing(tier=Tier.CLEAR), MediaKind.IMAGE, False, "what can be shown of it"),
        (Viewing(tier=Tier.BLURRED), MediaKind.IMAGE, False, "a blurred picture of it alone"),
        (Viewing(), MediaKind.IMAGE, False, "Nobody here viewed this file."),
        (Viewing(elsewhere=Tier.CLEAR), MediaKind.IMAGE, False, "the same bytes were viewed"),
    ],
)
def test_whether_a_file_was_viewed_is_what_the_facts_say(
    viewing: Viewing, kind: MediaKind, whole: bool, says: str
) -> None:
    file = details(upload(viewing=viewing, media=photo(kind=kind)))
    assert file.file_viewed_by_esp is whole
    assert file.exif_viewed_by_esp is None
    assert says in " ".join(file.additional_info)


def test_what_cameras_write_is_never_made_up() -> None:
    assert details(upload()).details == ()


def test_a_file_names_the_digests_that_were_kept() -> None:
    hashes = details(upload()).original_file_hash
    assert {each.hash_type: each.value for each in hashes} == {"MD5": "cd" * 16, "SHA256": "ab" * 32}


@pytest.mark.parametrize(
    ("visibility", "held", "public"),
    [
        (Visibility.PUBLIC, False, True),
        (Visibility.PUBLIC, True, None),
        (Visibility.PRIVATE, False, False),
        (None, False, None),
    ],
)
def test_a_file_was_public_only_where_that_is_known(
    visibility: Visibility | None, held: bool, public: bool | None
) -> None:
    assert details(upload(visibility=visibility, held=held)).publicly_available is public


def test_annotations_and_the_class_of_a_file_follow_from_answers_by_the_tables() -> None:
    form = replace(
        ILLEGAL,
        age_band=AgeBand.FROM_0_TO_2,
        self_generated=SelfGenerated.YES,
        livestream=Answer.YES,
        made_by=MadeBy.AI_GENERATED,
        development=Development.PREPUBESCENT,
        severity_tier=SeverityTier.TWO,
    )
    file = details(upload(outcome=found(form)))
    assert file.industry_classification is wire.Classification.A2
    assert file.file_annotations == wire.FileAnnotations(
        possible_self_production=True, live_streaming=True, infant=True, generative_ai=True
    )
    plain = details(upload())
    assert (plain.industry_classification, plain.file_annotations) == (None, None)
    drawn = details(
        upload(outcome=found(replace(ILLEGAL, category=Category.PROHIBITED, made_by=MadeBy.DRAWN)))
    )
    assert drawn.file_annotations == wire.FileAnnotations(drawn=True)
    assert drawn.industry_classification is None


def test_a_file_that_only_helps_has_no_class_no_annotation_and_nobody_viewed_it() -> None:
    made = contents.supplement(report_id=1, file_id="ab" * 16, name="messages.csv", said="A transcript.")
    assert rules.of_file(made) == []
    assert made.file_relevance is wire.Relevance.SUPPLEMENTAL
    assert (made.industry_classification, made.file_annotations, made.file_viewed_by_esp) == (
        None,
        None,
        None,
    )


def test_texts_are_cut_where_the_form_ends_and_that_is_said() -> None:
    operator = replace(OPERATOR, service="s" * 300, terms="t" * 3001, legal_url="https://a.example/a b")
    suspected = (subject("uploader", SubjectPart.SUSPECTED),)
    made = report(facts(subjects=suspected), operator=operator)
    assert made.incident_summary.platform == "s" * 256
    assert made.person_or_user_reported is not None
    assert made.person_or_user_reported.esp_service == "s" * 100
    assert made.reporter.terms_of_service == "t" * 3000
    assert made.reporter.legal_url is None
    said = made.additional_info or ""
    assert "The name of the platform: cut to 256" in said
    assert "The terms of service: cut to 3000" in said
    assert "The address for legal matters: left out" in said
    name = details(upload(context=appeared(original_name="n" * 2057)))
    assert name.original_file_name == "n" * 2056
    assert "The name of the file: cut to 2056" in " ".join(name.additional_info)


def test_items_without_bytes_are_told_of_with_why_and_with_the_digest_that_is_known() -> None:
    gone = upload(bytes=Bytes.DESTROYED)
    only_signals = upload(bytes=Bytes.SIGNALS_ONLY, media=None)
    said = info(facts(gone, only_signals))
    assert contents.files(facts(gone, only_signals)) == ()
    assert "its bytes were destroyed" in said
    assert "only fingerprints of it were sent here" in said
    assert f"SHA-256 of bytes that are not held: {'ab' * 32}." in said


def test_a_file_says_which_lists_it_matched_and_not_those_that_took_it_back() -> None:
    known = ListMatch(list_name="members", purpose=Purpose.CSAM, signal_type=PDQ, distance=4)
    gone = replace(known, list_name="former", withdrawn=True)
    many = tuple(replace(known, distance=at) for at in range(7))
    said = " ".join(details(upload(matches=(known, gone))).additional_info)
    assert "Matched the list “members” by pdq, 4 bits away." in said
    assert "former" not in said
    assert "Further matches: 2." in " ".join(details(upload(matches=many)).additional_info)


def test_an_assessment_that_repeats_another_says_so() -> None:
    first = found().assessments[0]
    repeated = found(assessments=(replace(first, repeats=True, bits=3, tier=Tier.NONE),))
    said = details(upload(outcome=repeated)).additional_info[0]
    assert "repeats one of nearly the same picture elsewhere" in said


def test_the_same_facts_make_the_same_report() -> None:
    same = facts(upload(), conversation(), subjects=(subject("uploader", SubjectPart.SUSPECTED),))
    assert report(same) == report(same)
