"""Claims about the calls of the CyberTipline: what is written is what a strict server takes."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehold.authorities.destinations.ncmec_cybertipline import elements, replies, rules, wire
from safehold.authorities.destinations.ncmec_cybertipline.client import Access, CyberTipline
from safehold.authorities.destinations.ncmec_cybertipline.elements import to_xml
from safehold.authorities.destinations.ncmec_cybertipline.replies import Course
from safehold.authorities.destinations.ncmec_cybertipline.wire import Code
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.model.errors import FetchFailed
from safehold.testing.cybertipline import CyberTiplineServer, Fault, Moment
from safehold.testing.cybertipline.schema import schema

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = "for tests alone"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[CyberTiplineServer]:
    with CyberTiplineServer(username="tests", password=SECRET, clock=clock) as running:
        yield running


def client_of(server: CyberTiplineServer, *, password: str = SECRET, seconds: float = 20) -> CyberTipline:
    access = Access(
        base=server.base,
        username="tests",
        password=password,
        permitted=PermittedNetworks.of(f"127.0.0.1:{server.port}"),
        call_seconds=seconds,
    )
    return CyberTipline(Egress(user_agent="safehold-test"), access)


@pytest.fixture
def cybertipline(server: CyberTiplineServer) -> CyberTipline:
    return client_of(server)


def a_report(**changed: object) -> wire.Report:
    """Return the smallest report, with changes."""
    given: dict[str, object] = {
        "incident_summary": wire.IncidentSummary(
            incident_type=wire.IncidentType.IMAGERY, incident_date_time=NOW - timedelta(hours=3)
        ),
        "internet_details": (
            wire.InternetDetails(web_page_incident=wire.WebPageIncident(url=("https://example.org/p/1",))),
        ),
        "reporter": wire.Reporter(
            reporting_person=wire.Person(email=(wire.Email(address="reports@example.org"),))
        ),
    }
    return wire.Report(**(given | changed))  # type: ignore[arg-type]


PICTURE = b"a picture of a lake"


def opened(cybertipline: CyberTipline) -> int:
    reply = cybertipline.open(a_report())
    assert reply.report_id is not None
    return reply.report_id


def test_a_report_with_a_file_is_opened_filled_described_and_finished(
    cybertipline: CyberTipline, server: CyberTiplineServer
) -> None:
    assert cybertipline.status().course is Course.GO_ON
    report_id = opened(cybertipline)
    sent = cybertipline.upload(report_id, PICTURE)
    assert sent.md5 == hashlib.md5(PICTURE).hexdigest()
    assert sent.file_id is not None
    details = wire.FileDetails(report_id=report_id, file_id=sent.file_id, file_viewed_by_esp=True)
    assert cybertipline.describe(details).course is Course.GO_ON
    done = cybertipline.finish(report_id)
    assert (done.course, done.file_ids) == (Course.GO_ON, (sent.file_id,))
    [filed] = server.filed
    assert filed.document == to_xml("report", a_report())
    assert filed.files[0].sha256 == hashlib.sha256(PICTURE).hexdigest()
    assert filed.files[0].details == to_xml("fileDetails", details)
    assert server.refused == []


def test_what_was_finished_is_finished_and_what_was_retracted_is_gone(
    cybertipline: CyberTipline, server: CyberTiplineServer
) -> None:
    finished, retracted = opened(cybertipline), opened(cybertipline)
    cybertipline.finish(finished)
    assert cybertipline.retract(retracted).course is Course.GO_ON
    assert cybertipline.finish(finished).course is Course.FINISHED
    assert cybertipline.retract(finished).course is Course.FINISHED
    assert cybertipline.upload(retracted, PICTURE).course is Course.RETRACTED
    assert cybertipline.finish(1).course is Course.GONE
    assert [filed.report_id for filed in server.filed] == [finished]


def test_what_is_not_finished_is_deleted_an_hour_after_its_last_change(
    cybertipline: CyberTipline, clock: Clock
) -> None:
    report_id = opened(cybertipline)
    clock.forward(timedelta(minutes=59))
    assert cybertipline.upload(report_id, PICTURE).course is Course.GO_ON
    clock.forward(timedelta(minutes=59))
    assert cybertipline.upload(report_id, PICTURE).course is Course.GO_ON
    clock.forward(timedelta(minutes=60))
    assert cybertipline.finish(report_id).course is Course.GONE


@pytest.mark.parametrize(
    ("fault", "course", "code"),
    [
        (Fault.STATUS_500, Course.TRY_AGAIN, None),
        (Fault.STATUS_429, Course.TRY_AGAIN, None),
        (Fault.EMPTY_401, Course.STOP_ALLOWED, None),
        (Fault.REPLY_CUT, Course.TRY_AGAIN, None),
        (Fault.CODE_SERVER, Course.TRY_AGAIN, Code.SERVER),
        (Fault.CODE_VALIDATION, Course.STOP_MENDED, Code.VALIDATION),
    ],
)
def test_each_answer_asks_for_its_course(
    cybertipline: CyberTipline, server: CyberTiplineServer, fault: Fault, course: Course, code: Code | None
) -> None:
    server.fail_next(Moment.OPEN, fault)
    reply = cybertipline.open(a_report())
    assert (reply.course, reply.code) == (course, code)


def test_a_lost_reply_and_a_lost_request_look_the_same_from_here(
    cybertipline: CyberTipline, server: CyberTiplineServer
) -> None:
    server.fail_next(Moment.OPEN, Fault.REQUEST_LOST, Fault.REPLY_LOST)
    for _ in range(2):
        with pytest.raises(FetchFailed, match="closed"):
            cybertipline.open(a_report())
    assert len(server.unfinished) == 1


def test_no_answer_ends_with_the_time_that_was_allowed(server: CyberTiplineServer) -> None:
    server.fail_next(Moment.STATUS, Fault.NO_ANSWER)
    with pytest.raises(FetchFailed, match="timeout"):
        client_of(server, seconds=0.5).status()


def test_whoever_has_another_password_is_nobody(server: CyberTiplineServer) -> None:
    assert client_of(server, password="another").open(a_report()).course is Course.STOP_ALLOWED
    assert server.unfinished == []


PERSON = wire.Person(
    first_name="A",
    last_name="B",
    phone=(
        wire.Phone(number="5550100", type=wire.PhoneType.MOBILE, country_calling_code="+1", verified=True),
    ),
    email=(wire.Email(address="a@example.org", type=wire.EmailType.HOME, verification_date=NOW),),
    address=(wire.Address(address="1 Lake Road", city="C", country="US", type=wire.AddressType.HOME),),
    age=41,
    date_of_birth=date(1985, 2, 3),
)
SEEN_AT = wire.IpCaptureEvent(
    ip_address="2001:db8::1", event_name=wire.EventName.UPLOAD, date_time=NOW, possible_proxy=False, port=443
)
DEVICE = wire.DeviceId(id_type="IMEI", id_value="1", event_name=wire.EventName.LOGIN, date_time=NOW)
ACCOUNT: dict[str, Any] = {
    "esp_identifier": "a-1",
    "esp_service": "photos",
    "compromised_account": False,
    "screen_name": "s",
    "display_name": ("d", "e"),
    "profile_url": ("https://example.org/a-1",),
    "profile_bio": "likes lakes",
    "ip_capture_event": (SEEN_AT, SEEN_AT),
    "device_id": (DEVICE,),
    "prior_reports": (1, 2),
}
EVERYTHING = wire.Report(
    batched_report=wire.BatchedReport(reason=wire.BatchReason.VIRAL),
    incident_summary=wire.IncidentSummary(
        incident_type=wire.IncidentType.ENTICEMENT,
        platform="photos",
        urgency="somebody may be in danger",
        report_annotations=wire.ReportAnnotations(sextortion=True, spam=True),
        incident_date_time=NOW - timedelta(seconds=1),
        incident_date_time_description="when it was uploaded",
    ),
    internet_details=(
        wire.InternetDetails(
            web_page_incident=wire.WebPageIncident(url=("https://example.org",), additional_info="x")
        ),
        wire.InternetDetails(
            email_incident=wire.EmailIncident(
                email_address=(wire.Email(address="b@example.org"),), content="c"
            )
        ),
        wire.InternetDetails(
            chat_im_incident=wire.ChatImIncident(chat_client="c", chat_room_name="r", content="c")
        ),
        wire.InternetDetails(
            online_gaming_incident=wire.OnlineGamingIncident(game_name="g", console="c", content="c")
        ),
        wire.InternetDetails(
            cell_phone_incident=wire.CellPhoneIncident(
                phone_number=wire.Phone(number="5550100"),
                latitude=Decimal("50.5"),
                longitude=Decimal("-1.25"),
            )
        ),
        wire.InternetDetails(
            peer2peer_incident=wire.PeerToPeerIncident(
                client="c", ip_capture_event=(SEEN_AT,), file_names="a.jpg"
            )
        ),
    ),
    law_enforcement=wire.LawEnforcement(
        agency_name="police",
        case_number="1",
        officer_contact=wire.ContactPerson(last_name="C"),
        reported_to_le=True,
        served_legal_process_domestic=False,
    ),
    reporter=wire.Reporter(
        reporting_person=PERSON,
        contact_person=wire.ContactPerson(last_name="D"),
        company_template="t",
        terms_of_service="t",
        legal_url="https://example.org/legal",
    ),
    person_or_user_reported=wire.PersonOrUserReported(
        person_or_user_reported_person=PERSON,
        vehicle_description="none",
        third_party_user_reported=False,
        group_identifier="g",
        account_temporarily_disabled=wire.Disabled(disabled=True, disabled_date=NOW, user_notified=False),
        account_permanently_disabled=wire.Disabled(disabled=False),
        estimated_location=wire.EstimatedLocation(city="c", region="r", country_code="GB", timestamp=NOW),
        all_emails_reported=True,
        additional_info="x",
        **ACCOUNT,
    ),
    intended_recipient=(
        wire.IntendedRecipient(intended_recipient_person=PERSON, additional_info=("x", "y"), **ACCOUNT),
        wire.IntendedRecipient(esp_identifier="b"),
    ),
    victim=(
        wire.Victim(victim_person=PERSON, school_name="s", additional_info="x", **ACCOUNT),
        wire.Victim(screen_name="s"),
    ),
    additional_info="and & < > \" ' ünï",
)


def everything_of(report_id: int, file_id: str) -> wire.FileDetails:
    return wire.FileDetails(
        report_id=report_id,
        file_id=file_id,
        original_file_name="a.jpg",
        uploaded_at=NOW,
        location_of_file="https://example.org/a.jpg",
        file_viewed_by_esp=True,
        exif_viewed_by_esp=False,
        publicly_available=True,
        file_relevance=wire.Relevance.REPORTED,
        file_annotations=wire.FileAnnotations(
            **{each.name: True for each in dataclasses.fields(wire.FileAnnotations)}
        ),
        industry_classification=wire.Classification.A2,
        original_file_hash=(wire.OriginalFileHash(value="ab", hash_type="MD5"),),
        ip_capture_event=SEEN_AT,
        device_id=(DEVICE,),
        details=(
            wire.Details(
                name_value_pair=(wire.NameValuePair(name="Model", value="m", type=wire.DetailType.EXIF),)
            ),
        ),
        additional_info=("x",),
    )


def test_a_report_that_says_everything_is_taken(
    cybertipline: CyberTipline, server: CyberTiplineServer
) -> None:
    assert rules.of_report(EVERYTHING, now=NOW) == []
    report_id = cybertipline.open(EVERYTHING).report_id
    assert report_id is not None
    file_id = cybertipline.upload(report_id, PICTURE).file_id
    assert file_id is not None
    details = everything_of(report_id, file_id)
    assert rules.of_file(details) == []
    assert cybertipline.describe(details).course is Course.GO_ON
    assert server.refused == []


@pytest.mark.parametrize("kind", wire.IncidentType, ids=lambda kind: kind.name)
def test_every_kind_of_incident_is_one_of_the_schema(
    cybertipline: CyberTipline, kind: wire.IncidentType
) -> None:
    summary = wire.IncidentSummary(incident_type=kind, incident_date_time=NOW - timedelta(days=1))
    assert cybertipline.open(a_report(incident_summary=summary)).course is Course.GO_ON


def summary(**said: Any) -> dict[str, Any]:
    given = {"incident_type": wire.IncidentType.IMAGERY, "incident_date_time": NOW - timedelta(days=1)}
    return {"incident_summary": wire.IncidentSummary(**(given | said))}


def user(**said: Any) -> dict[str, Any]:
    return {"person_or_user_reported": wire.PersonOrUserReported(**said)}


def page(*urls: str) -> dict[str, Any]:
    page = wire.WebPageIncident(url=urls)
    return {"internet_details": (wire.InternetDetails(web_page_incident=page),)}


WRONG = {
    "an incident in the future": summary(incident_date_time=NOW + timedelta(seconds=1)),
    "an incident in this very moment": summary(incident_date_time=NOW),
    "a time without a zone": summary(incident_date_time=datetime(2026, 1, 1)),  # noqa: DTZ001
    "too long a platform": summary(platform="x" * 257),
    "a blank urgency": summary(urgency=""),
    "too long an urgency": summary(urgency="x" * 3001),
    "no details of the incident": {"internet_details": ()},
    "details of no kind": {"internet_details": (wire.InternetDetails(),)},
    "details of two kinds": {
        "internet_details": (
            wire.InternetDetails(
                web_page_incident=wire.WebPageIncident(), email_incident=wire.EmailIncident()
            ),
        )
    },
    "a space in an address": page("https://example.org/a b"),
    "a line break in an address": page("https://example.org/a\nb"),
    "an address of IPv6 with a zone": user(
        ip_capture_event=(wire.IpCaptureEvent(ip_address="fe80::1%eth0"),)
    ),
    "port 0": user(ip_capture_event=(wire.IpCaptureEvent(ip_address="192.0.2.1", port=0),)),
    "too long an id": user(esp_identifier="x" * 256),
    "a character that XML cannot hold": {"additional_info": "a\x00b"},
    "nobody to be reached by mail": {"reporter": wire.Reporter(reporting_person=wire.Person(last_name="A"))},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_the_server_would_refuse_is_named_before_it_is_sent(
    cybertipline: CyberTipline, server: CyberTiplineServer, wrong: str
) -> None:
    report = a_report(**WRONG[wrong])
    assert len(rules.of_report(report, now=NOW)) == 1
    if wrong == "a time without a zone":
        return
    assert cybertipline.open(report).course is Course.STOP_MENDED
    assert server.unfinished == []


def test_a_supplemental_file_has_no_classification(
    cybertipline: CyberTipline, server: CyberTiplineServer
) -> None:
    report_id = opened(cybertipline)
    file_id = cybertipline.upload(report_id, PICTURE).file_id or ""
    details = wire.FileDetails(
        report_id=report_id,
        file_id=file_id,
        file_relevance=wire.Relevance.SUPPLEMENTAL,
        industry_classification=wire.Classification.A1,
    )
    assert [problem.where for problem in rules.of_file(details)] == ["fileDetails.industryClassification"]
    assert cybertipline.describe(details).course is Course.STOP_MENDED


def test_a_rehearsal_takes_only_the_files_that_it_names(clock: Clock) -> None:
    harmless = [hashlib.sha256(PICTURE).hexdigest()]
    with CyberTiplineServer(
        username="tests", password="for tests alone", clock=clock, harmless=harmless
    ) as server:
        cybertipline = client_of(server)
        report_id = opened(cybertipline)
        assert cybertipline.upload(report_id, PICTURE).course is Course.GO_ON
        assert cybertipline.upload(report_id, b"something else").course is Course.STOP_MENDED


def test_times_are_written_in_utc_and_yes_as_an_empty_element() -> None:
    at = datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    happened = wire.IncidentSummary(
        incident_type=wire.IncidentType.IMAGERY,
        incident_date_time=at,
        report_annotations=wire.ReportAnnotations(spam=True),
    )
    written = ET.fromstring(to_xml("incidentSummary", happened))
    assert written.findtext("incidentDateTime") == "2026-02-28T23:30:00.000Z"
    annotations = written.find("reportAnnotations")
    assert annotations is not None
    assert [(each.tag, each.text, len(each)) for each in annotations] == [("spam", None, 0)]


TEXTS = st.text(st.characters(), min_size=0, max_size=40)


@settings(deadline=None)
@given(bio=TEXTS, names=st.lists(TEXTS, max_size=3), info=TEXTS, port=st.integers(-5, 70_000))
def test_whatever_we_find_nothing_wrong_with_is_what_the_schema_takes(
    bio: str, names: list[str], info: str, port: int
) -> None:
    report = a_report(
        additional_info=info,
        **user(
            profile_bio=bio,
            display_name=tuple(names),
            ip_capture_event=(wire.IpCaptureEvent(ip_address="192.0.2.1", port=port),),
        ),
    )
    found = elements.problems("report", report)
    if any("characters that no XML" in problem.why for problem in found):
        return
    taken = schema().is_valid(to_xml("report", report).decode())
    blank = any("there is no text in it" in problem.why for problem in found)
    assert taken == (not found) or (blank and taken)


def test_an_answer_is_read_as_if_it_meant_ill() -> None:
    laughs = (
        b'<!DOCTYPE r [<!ENTITY a "aaaa">]><reportResponse><responseCode>0</responseCode></reportResponse>'
    )
    for body in (laughs, b"", b"<html>0</html>", b"<reportResponse><responseCode>0", b"\xff\xfe"):
        assert replies.read(200, body).course is Course.TRY_AGAIN
    strange = b"<reportResponse><responseCode>-1e9</responseCode></reportResponse>"
    assert replies.read(200, strange).course is Course.TRY_AGAIN
    unknown = b"<reportResponse><responseCode>4999</responseCode></reportResponse>"
    assert replies.read(200, unknown).course is Course.STOP_MENDED
    huge = (
        b"<reportResponse><responseCode>0</responseCode><reportId>"
        + b"9" * 500
        + b"</reportId></reportResponse>"
    )
    assert replies.read(200, huge).report_id is None
