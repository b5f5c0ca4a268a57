"""The parts of a report about people: who reports, who is reported, victims, whom it was meant for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from safehold.authorities.destinations.ncmec_cybertipline import wire
from safehold.authorities.fitting import (
    Remarks,
    network_address,
    past,
    port_number,
    short,
    web_address,
    writable,
)
from safehold.authorities.operator import Contact, Operator
from safehold.authorities.whom import Whom, written
from safehold.model.report_facts import ItemOnRecord, ReportFacts

_LONGEST_PERSON = 255
_LONGEST_SERVICE = 100
_LONGEST_TERMS = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """All about people in one report."""

    reported: wire.PersonOrUserReported | None
    victims: tuple[wire.Victim, ...]
    recipients: tuple[wire.IntendedRecipient, ...]


def blocks(facts: ReportFacts, whom: Whom, operator: Operator, remarks: Remarks, *, now: datetime) -> Blocks:
    """Return the parts about the people who are named. An earlier report is named beside whom it reports."""
    service = short(operator.platform, _LONGEST_SERVICE, "The name of the service", remarks)
    captured = _captured(facts, remarks, now=now)
    reported = None
    if whom.reported is not None:
        reported = wire.PersonOrUserReported(
            esp_identifier=whom.reported,
            esp_service=service,
            ip_capture_event=captured.get(whom.reported, ()),
            prior_reports=prior_numbers(facts),
        )
    return Blocks(
        reported=reported,
        victims=tuple(
            wire.Victim(
                esp_identifier=each,
                esp_service=service,
                ip_capture_event=captured.get(each, ()),
            )
            for each in whom.victims
        ),
        recipients=tuple(
            wire.IntendedRecipient(
                esp_identifier=each,
                esp_service=service,
                ip_capture_event=captured.get(each, ()),
            )
            for each in whom.recipients
        ),
    )


def prior_numbers(facts: ReportFacts) -> tuple[int, ...]:
    """Return the earlier reports that have a number, as the CyberTipline gives: 1 to 18 digits, and not 0.

    What other authorities call theirs is said in words alone.
    """
    digits = (one.strip() for one in facts.prior)
    numbers = (int(one) for one in digits if one.isascii() and one.isdigit() and len(one) < 19)
    return tuple(dict.fromkeys(one for one in numbers if one > 0))


def reporter(operator: Operator, remarks: Remarks) -> wire.Reporter:
    """Return who reports."""
    legal_url = operator.legal_url.strip()
    return wire.Reporter(
        reporting_person=_person(operator.reporting_person, remarks),
        contact_person=_contact(operator.contact, remarks) if operator.contact else None,
        company_template=writable(operator.company_template, "What the company always says", remarks),
        terms_of_service=short(operator.terms, _LONGEST_TERMS, "The terms of service", remarks),
        legal_url=web_address(legal_url, "The address for legal matters", remarks) if legal_url else None,
    )


def capture(item: ItemOnRecord, remarks: Remarks, *, now: datetime) -> wire.IpCaptureEvent | None:
    """Return from which address an item was uploaded, None where nobody said or it is none."""
    if item.context is None:
        return None
    address = network_address(item.context.ip, remarks)
    if address is None:
        if item.context.port is not None:
            remarks["A port: left out, for there is no IP address with it."] += 1
        return None
    return wire.IpCaptureEvent(
        ip_address=address,
        event_name=wire.EventName.UPLOAD,
        date_time=past(item.context.uploaded_at, "The time of an upload", remarks, now=now),
        port=port_number(item.context.port, remarks),
    )


def _captured(
    facts: ReportFacts, remarks: Remarks, *, now: datetime
) -> dict[str, tuple[wire.IpCaptureEvent, ...]]:
    """Return from where each account uploaded what is told, each once."""
    found: dict[str, dict[wire.IpCaptureEvent, None]] = {}
    for item in facts.told:
        event = capture(item, remarks, now=now)
        if event is not None and item.account_id is not None:
            found.setdefault(written(item.account_id), {})[event] = None
    return {account: tuple(events) for account, events in found.items()}


def _person(contact: Contact, remarks: Remarks) -> wire.Person:
    plain = _contact(contact, remarks)
    return wire.Person(
        first_name=plain.first_name, last_name=plain.last_name, phone=plain.phone, email=plain.email
    )


def _contact(contact: Contact, remarks: Remarks) -> wire.ContactPerson:
    email = short(contact.email, _LONGEST_PERSON, "An address for mail", remarks)
    phone = short(contact.phone, _LONGEST_PERSON, "A phone number", remarks)
    return wire.ContactPerson(
        first_name=writable(contact.first_name, "A first name", remarks),
        last_name=writable(contact.last_name, "A last name", remarks),
        phone=(wire.Phone(number=phone),) if phone else (),
        email=(wire.Email(address=email),) if email else (),
    )
