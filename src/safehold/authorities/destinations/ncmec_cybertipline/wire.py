"""The CyberTipline's words: its elements, their order and limits, its constants and its codes.

This is the one place where they stand; everything else refers to them by our names. The values of the
enumerations are what the named public schema prescribes, and are sent as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Annotated

from safehold.authorities.destinations.ncmec_cybertipline.elements import (
    ATTRIBUTE,
    BODY,
    FLAG,
    Matching,
    Named,
    Number,
    Text,
)

_URL = Matching(re.compile(r"[^\s\x00-\x1f\x7f]+"), "an address holds no spaces or control characters")
_IP_ADDRESS = Matching(re.compile(r"[0-9A-Fa-f.:]{2,45}"), "it is no IP address without a zone")
_CALLING_CODE = Matching(re.compile(r"\+\d{1,3}"), "a calling code is + and one to three digits")
_COUNTRY = Matching(re.compile(r"[A-Z]{2}"), "a country is two capital letters")


class Code(IntEnum):
    """What an answer says in its body, whatever the status of HTTP. Others exist."""

    SUCCESS = 0
    SERVER = 1000
    SAVE = 1100
    UPLOAD = 1110
    FILE_UPLOAD = 1111
    RESOURCE = 1210
    UPDATE = 1300
    NOT_AUTHENTICATED = 2000
    NOT_AUTHORISED = 3000
    MAY_NOT_SUBMIT = 3100
    MAY_NOT_UPDATE = 3300
    INVALID = 4000
    VALIDATION = 4100
    MALFORMED = 4110
    BAD_FILE = 4200
    NO_SUCH_REPORT = 5001
    NO_SUCH_FILE = 5002
    ALREADY_RETRACTED = 5101
    ALREADY_FINISHED = 5102


class IncidentType(StrEnum):
    """What kind of incident is reported."""

    IMAGERY = "Child Pornography (possession, manufacture, and distribution)"
    TRAFFICKING = "Child Sex Trafficking"
    TRAVEL = "Child Sex Tourism"
    CONTACT = "Child Sexual Molestation"
    MISLEADING_NAME = "Misleading Domain Name"
    MISLEADING_WORDS = "Misleading Words or Digital Images on the Internet"
    ENTICEMENT = "Online Enticement of Children for Sexual Acts"
    UNSOLICITED = "Unsolicited Obscene Material Sent to a Child"


class EventName(StrEnum):
    """At what an address or a device was seen."""

    LOGIN = "Login"
    REGISTRATION = "Registration"
    PURCHASE = "Purchase"
    UPLOAD = "Upload"
    OTHER = "Other"
    UNKNOWN = "Unknown"


class PhoneType(StrEnum):
    """What a phone is for."""

    MOBILE = "Mobile"
    HOME = "Home"
    BUSINESS = "Business"
    WORK = "Work"
    FAX = "Fax"
    INTERNET = "Internet"


class EmailType(StrEnum):
    """What a mail address is for."""

    HOME = "Home"
    WORK = "Work"
    BUSINESS = "Business"


class AddressType(StrEnum):
    """What a postal address is for."""

    HOME = "Home"
    BUSINESS = "Business"
    BILLING = "Billing"
    SHIPPING = "Shipping"
    TECHNICAL = "Technical"


class Relevance(StrEnum):
    """Whether a file is what is reported, or only helps to understand it."""

    REPORTED = "Reported"
    SUPPLEMENTAL = "Supplemental Reported"


class Classification(StrEnum):
    """The industry's letter and digit: the stage of development, then the tier."""

    A1 = "A1"
    A2 = "A2"
    B1 = "B1"
    B2 = "B2"


class DetailType(StrEnum):
    """Where a name and its value were read."""

    EXIF = "EXIF"
    HASH = "HASH"


class BatchReason(StrEnum):
    """Why reports were put together into one."""

    VIRAL = "VIRAL_POTENTIAL_MEME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A phone number."""

    number: Annotated[str, BODY, Text(255)]
    type: Annotated[PhoneType | None, ATTRIBUTE] = None
    verified: Annotated[bool | None, ATTRIBUTE] = None
    verification_date: Annotated[datetime | None, ATTRIBUTE] = None
    country_calling_code: Annotated[str | None, ATTRIBUTE, _CALLING_CODE] = None
    extension: Annotated[str | None, ATTRIBUTE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """A mail address."""

    address: Annotated[str, BODY, Text(255)]
    type: Annotated[EmailType | None, ATTRIBUTE] = None
    verified: Annotated[bool | None, ATTRIBUTE] = None
    verification_date: Annotated[datetime | None, ATTRIBUTE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address."""

    address: str | None = None
    city: str | None = None
    zip_code: str | None = None
    state: str | None = None
    non_usa_state: str | None = None
    country: Annotated[str | None, _COUNTRY] = None
    type: Annotated[AddressType | None, ATTRIBUTE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPerson:
    """Somebody to turn to."""

    first_name: str | None = None
    last_name: str | None = None
    phone: tuple[Phone, ...] = ()
    email: tuple[Email, ...] = ()
    address: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is known of a person."""

    first_name: str | None = None
    last_name: str | None = None
    phone: tuple[Phone, ...] = ()
    email: tuple[Email, ...] = ()
    address: tuple[Address, ...] = ()
    age: Annotated[int | None, Number(0, 130)] = None
    date_of_birth: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IpCaptureEvent:
    """An address that was used, and when. An IPv6 address has no zone."""

    ip_address: Annotated[str, _IP_ADDRESS]
    event_name: EventName | None = None
    date_time: datetime | None = None
    possible_proxy: bool | None = None
    port: Annotated[int | None, Number(1, 65_535)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceId:
    """A device that was used, and when."""

    id_type: str
    id_value: str
    event_name: EventName | None = None
    date_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disabled:
    """Whether an account was disabled, and when."""

    disabled: Annotated[bool, BODY]
    disabled_date: Annotated[datetime | None, ATTRIBUTE] = None
    user_notified: Annotated[bool | None, ATTRIBUTE] = None
    user_notified_date: Annotated[datetime | None, ATTRIBUTE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedLocation:
    """Where somebody seems to be."""

    city: str | None = None
    region: str | None = None
    country_code: Annotated[str | None, _COUNTRY] = None
    verified: Annotated[bool | None, ATTRIBUTE] = None
    timestamp: Annotated[datetime | None, ATTRIBUTE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOrUserReported:
    """Whom the report is about: never somebody whose part is unknown, and never a victim."""

    person_or_user_reported_person: Person | None = None
    vehicle_description: str | None = None
    esp_identifier: Annotated[str | None, Text(255)] = None
    esp_service: Annotated[str | None, Text(100)] = None
    compromised_account: bool | None = None
    screen_name: Annotated[str | None, Text(256)] = None
    display_name: tuple[str, ...] = ()
    profile_url: Annotated[tuple[str, ...], _URL] = ()
    profile_bio: str | None = None
    ip_capture_event: tuple[IpCaptureEvent, ...] = ()
    device_id: tuple[DeviceId, ...] = ()
    third_party_user_reported: bool | None = None
    prior_reports: Annotated[tuple[int, ...], Named("priorCTReports")] = ()
    group_identifier: str | None = None
    account_temporarily_disabled: Disabled | None = None
    account_permanently_disabled: Disabled | None = None
    estimated_location: EstimatedLocation | None = None
    all_emails_reported: bool | None = None
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntendedRecipient:
    """Somebody who was meant to get it."""

    intended_recipient_person: Person | None = None
    esp_identifier: Annotated[str | None, Text(255)] = None
    esp_service: Annotated[str | None, Text(100)] = None
    compromised_account: bool | None = None
    screen_name: Annotated[str | None, Text(256)] = None
    display_name: tuple[str, ...] = ()
    profile_url: Annotated[tuple[str, ...], _URL] = ()
    profile_bio: str | None = None
    ip_capture_event: tuple[IpCaptureEvent, ...] = ()
    device_id: tuple[DeviceId, ...] = ()
    prior_reports: Annotated[tuple[int, ...], Named("priorCTReports")] = ()
    additional_info: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A child, as far as they are known."""

    victim_person: Person | None = None
    esp_identifier: Annotated[str | None, Text(255)] = None
    esp_service: Annotated[str | None, Text(100)] = None
    compromised_account: bool | None = None
    screen_name: Annotated[str | None, Text(256)] = None
    display_name: tuple[str, ...] = ()
    profile_url: Annotated[tuple[str, ...], _URL] = ()
    profile_bio: str | None = None
    ip_capture_event: tuple[IpCaptureEvent, ...] = ()
    device_id: tuple[DeviceId, ...] = ()
    school_name: str | None = None
    prior_reports: Annotated[tuple[int, ...], Named("priorCTReports")] = ()
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnnotations:
    """What a report is about, besides its type."""

    sextortion: Annotated[bool, FLAG] = False
    csam_solicitation: Annotated[bool, FLAG] = False
    minor_to_minor_interaction: Annotated[bool, FLAG] = False
    spam: Annotated[bool, FLAG] = False
    sadistic_online_exploitation: Annotated[bool, FLAG] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSummary:
    """What happened, and when: never in the future. urgency: why it is urgent; being there, it escalates."""

    incident_type: IncidentType
    platform: Annotated[str | None, Text(256)] = None
    urgency: Annotated[str | None, Named("escalateToHighPriority"), Text(3000)] = None
    report_annotations: ReportAnnotations | None = None
    incident_date_time: datetime
    incident_date_time_description: Annotated[str | None, Text(3000)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPageIncident:
    """On a page."""

    url: Annotated[tuple[str, ...], _URL] = ()
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatImIncident:
    """In messages."""

    chat_client: str | None = None
    chat_room_name: str | None = None
    content: str | None = None
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailIncident:
    """By mail."""

    email_address: tuple[Email, ...] = ()
    content: str | None = None
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineGamingIncident:
    """In a game."""

    game_name: str | None = None
    console: str | None = None
    content: str | None = None
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPhoneIncident:
    """By phone."""

    phone_number: Phone | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerToPeerIncident:
    """Between computers of a network without a centre."""

    client: str | None = None
    ip_capture_event: tuple[IpCaptureEvent, ...] = ()
    file_names: str | None = None
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InternetDetails:
    """Where it happened: exactly one of them is given."""

    web_page_incident: WebPageIncident | None = None
    email_incident: EmailIncident | None = None
    chat_im_incident: ChatImIncident | None = None
    online_gaming_incident: OnlineGamingIncident | None = None
    cell_phone_incident: CellPhoneIncident | None = None
    peer2peer_incident: PeerToPeerIncident | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LawEnforcement:
    """Who of the police knows already."""

    agency_name: str
    case_number: str | None = None
    officer_contact: ContactPerson | None = None
    reported_to_le: bool | None = None
    served_legal_process_domestic: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who reports."""

    reporting_person: Person
    contact_person: ContactPerson | None = None
    company_template: str | None = None
    terms_of_service: Annotated[str | None, Text(3000)] = None
    legal_url: Annotated[str | None, Named("legalURL"), Text(2083), _URL] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchedReport:
    """That it stands for many of a kind."""

    reason: Annotated[BatchReason, ATTRIBUTE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report, before its files."""

    batched_report: BatchedReport | None = None
    incident_summary: IncidentSummary
    internet_details: tuple[InternetDetails, ...]
    law_enforcement: LawEnforcement | None = None
    reporter: Reporter
    person_or_user_reported: PersonOrUserReported | None = None
    intended_recipient: tuple[IntendedRecipient, ...] = ()
    victim: tuple[Victim, ...] = ()
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAnnotations:
    """What a file shows, besides its classification. Our names; the schema's beside them."""

    drawn: Annotated[bool, FLAG, Named("animeDrawingVirtualHentai")] = False
    potential_meme: Annotated[bool, FLAG] = False
    viral: Annotated[bool, FLAG] = False
    possible_self_production: Annotated[bool, FLAG] = False
    physical_harm: Annotated[bool, FLAG] = False
    violence: Annotated[bool, FLAG, Named("violenceGore")] = False
    animal: Annotated[bool, FLAG, Named("bestiality")] = False
    live_streaming: Annotated[bool, FLAG] = False
    infant: Annotated[bool, FLAG] = False
    generative_ai: Annotated[bool, FLAG] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalFileHash:
    """A fingerprint of the bytes as they were uploaded."""

    value: Annotated[str, BODY]
    hash_type: Annotated[str, ATTRIBUTE, Text(64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameValuePair:
    """Something that stands in a file."""

    name: Annotated[str, Text(64)]
    value: str
    type: Annotated[DetailType, ATTRIBUTE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What stands in a file."""

    name_value_pair: tuple[NameValuePair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDetails:
    """What is known of a file that was uploaded.

    file_viewed_by_esp: whether somebody here looked at the whole of it, clearly, as the record of looking
    says; None where nobody can say. A supplemental file has no classification and is no meme.
    """

    report_id: Annotated[int, Number(1, 2**63 - 1)]
    file_id: str
    original_file_name: Annotated[str | None, Text(2056)] = None
    uploaded_at: Annotated[datetime | None, Named("uploadedToEspTimestamp")] = None
    location_of_file: Annotated[str | None, Text(2083), _URL] = None
    file_viewed_by_esp: bool | None = None
    exif_viewed_by_esp: bool | None = None
    publicly_available: bool | None = None
    file_relevance: Relevance | None = None
    file_annotations: FileAnnotations | None = None
    industry_classification: Classification | None = None
    original_file_hash: tuple[OriginalFileHash, ...] = ()
    ip_capture_event: IpCaptureEvent | None = None
    device_id: tuple[DeviceId, ...] = ()
    details: tuple[Details, ...] = ()
    additional_info: tuple[str, ...] = ()
