"""What UK regulations ask a report to hold where it is available: a value, not held, or not looked for yet.

The items are those of Schedule 1 of S.I. 2026/268 as public checklists list them, read in August 2026; the
text of the schedule decides. A report never waits for an item: what is missing follows as a supplement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from safehold.authorities.fitting import shown
from safehold.authorities.operator import Operator
from safehold.authorities.said import WHY_NOT_HELD
from safehold.model.report_facts import Bytes, ItemOnRecord, ReportFacts


class ScheduleItem(StrEnum):
    """One thing that a report holds where it is available, in the order of the checklist."""

    REPORTER_NAME = "reporter_name"
    REPORTER_EMAIL = "reporter_email"
    REPORTER_PHONE = "reporter_phone"
    PLATFORM = "platform"
    CONTENT = "content"
    HOW_DETECTED = "how_detected"
    EARLIER_REPORT = "earlier_report"
    EARLIER_REFERENCE = "earlier_reference"
    UPLOADED_AT = "uploaded_at"
    UPLOAD_IP = "upload_ip"
    UPLOAD_PORT = "upload_port"
    UPLOAD_IP_AT = "upload_ip_at"
    EXIF = "exif"
    CONTENT_ADDRESS = "content_address"
    ORIGINAL_HASH = "original_hash"
    USERNAME = "username"
    PROFILE_ADDRESS = "profile_address"
    EMAIL = "email"
    RECOVERY_EMAIL = "recovery_email"
    PHONE = "phone"
    PHONE_VERIFIED_AT = "phone_verified_at"
    BILLING = "billing"
    LOGIN_ADDRESSES = "login_addresses"
    """Of the three months before."""
    DECLARATION = "declaration"
    """By a named person, that it is true as far as they know."""


class State(StrEnum):
    """What is known of an item."""

    VALUE = "value"
    NOT_HELD = "not_held"
    """Somebody looked, or the record says so: it is not there, and why."""
    NOT_YET_LOOKED = "not_yet_looked"


TITLES: dict[ScheduleItem, str] = {
    ScheduleItem.REPORTER_NAME: "Name of whoever reports",
    ScheduleItem.REPORTER_EMAIL: "Their address for mail",
    ScheduleItem.REPORTER_PHONE: "Their phone number",
    ScheduleItem.PLATFORM: "Platform",
    ScheduleItem.CONTENT: "What was detected",
    ScheduleItem.HOW_DETECTED: "How it was detected",
    ScheduleItem.EARLIER_REPORT: "Whether it was reported before",
    ScheduleItem.EARLIER_REFERENCE: "Reference of the earlier report",
    ScheduleItem.UPLOADED_AT: "When it was uploaded",
    ScheduleItem.UPLOAD_IP: "IP address of the upload",
    ScheduleItem.UPLOAD_PORT: "Port of the upload",
    ScheduleItem.UPLOAD_IP_AT: "When that address was used",
    ScheduleItem.EXIF: "What the camera wrote into the file",
    ScheduleItem.CONTENT_ADDRESS: "Web address of it",
    ScheduleItem.ORIGINAL_HASH: "Digest of the file as it was uploaded",
    ScheduleItem.USERNAME: "Name or id of the account",
    ScheduleItem.PROFILE_ADDRESS: "Web address of the profile",
    ScheduleItem.EMAIL: "The account's address for mail",
    ScheduleItem.RECOVERY_EMAIL: "The account's recovery address",
    ScheduleItem.PHONE: "The account's phone number",
    ScheduleItem.PHONE_VERIFIED_AT: "When that number was verified",
    ScheduleItem.BILLING: "Billing details",
    ScheduleItem.LOGIN_ADDRESSES: "IP addresses of sign-ins in the three months before",
    ScheduleItem.DECLARATION: "Declaration by a named person",
}
"""What each item is called on paper and on screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredValue:
    """What a person entered: values, or why there are none. Raises ValueError for both or neither."""

    values: tuple[str, ...] = field(default=(), repr=False)
    not_held: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Check that it says one thing."""
        if bool(self.values) == bool(self.not_held):
            raise ValueError("Either values, or why there are none.")


Entered = Mapping[ScheduleItem, EnteredValue]
"""What people entered by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One item of the checklist. values: one for each that is known, none twice. reason: why it is not held.

    lacking: of how many of the reported items, to which it applies, nothing is known; 0 without items.
    """

    item: ScheduleItem
    state: State
    values: tuple[str, ...] = field(default=(), repr=False)
    reason: str = ""
    lacking: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """All items, in their order."""

    lines: tuple[Line, ...]

    @property
    def answered(self) -> int:
        """How many have a value or are known not to be held."""
        return sum(line.state is not State.NOT_YET_LOOKED for line in self.lines)

    @property
    def score(self) -> float:
        """The share of items that are answered, from 0 to 1. "Not held" counts as much as a value does.

        So it says how far somebody has looked, and not how much there was to find.
        """
        return self.answered / len(self.lines)


def checklist(facts: ReportFacts, operator: Operator, entered: Entered) -> Checklist:
    """Return every item with what the record and people say of it.

    What people entered adds to values on record, and replaces "not held", "not yet looked", and that no
    earlier report is on record.
    """
    known = _known(facts, operator)
    return Checklist(lines=tuple(_line(item, known.get(item), entered.get(item)) for item in ScheduleItem))


@dataclass(frozen=True, slots=True)
class _Known:
    """presumed: that nothing is on record is all that the values say."""

    values: tuple[str, ...] = ()
    reason: str = ""
    lacking: int = 0
    presumed: bool = False


def _line(item: ScheduleItem, known: _Known | None, entered: EnteredValue | None) -> Line:
    known = known or _Known()
    if entered is not None and known.presumed:
        known = _Known()
    if entered is not None and not known.values and not entered.values:
        return Line(item=item, state=State.NOT_HELD, reason=entered.not_held)
    values = tuple(dict.fromkeys((*known.values, *(entered.values if entered else ()))))
    if values:
        return Line(item=item, state=State.VALUE, values=values, lacking=known.lacking)
    if known.reason:
        return Line(item=item, state=State.NOT_HELD, reason=known.reason)
    return Line(item=item, state=State.NOT_YET_LOOKED, lacking=known.lacking)


def _known(facts: ReportFacts, operator: Operator) -> dict[ScheduleItem, _Known]:
    person = operator.reporting_person
    told = facts.told or facts.corrected
    return {
        ScheduleItem.REPORTER_NAME: _said(person.name),
        ScheduleItem.REPORTER_EMAIL: _said(person.email),
        ScheduleItem.REPORTER_PHONE: _said(person.phone),
        ScheduleItem.PLATFORM: _said(operator.platform),
        ScheduleItem.CONTENT: _content(told),
        ScheduleItem.HOW_DETECTED: _of_items(told, _detected),
        ScheduleItem.EARLIER_REPORT: _Known(("yes",))
        if facts.prior
        else _Known(("none that is on record here",), presumed=True),
        ScheduleItem.EARLIER_REFERENCE: _Known(facts.prior)
        if facts.prior
        else _Known(reason="there is no earlier report on record here"),
        ScheduleItem.UPLOADED_AT: _of_context(told, _uploaded_at),
        ScheduleItem.UPLOAD_IP: _of_context(told, lambda item: item.context.ip if item.context else None),
        ScheduleItem.UPLOAD_PORT: _of_context(told, _port),
        ScheduleItem.UPLOAD_IP_AT: _of_context(told, _ip_at),
        ScheduleItem.EXIF: _exif(told),
        ScheduleItem.CONTENT_ADDRESS: _of_items(told, lambda item: item.page_url),
        ScheduleItem.ORIGINAL_HASH: _hashes(told),
        ScheduleItem.USERNAME: _of_context(told, lambda item: item.account_id),
    }


def _said(text: str) -> _Known:
    return _Known((text.strip(),) if text.strip() else ())


def _of_items(
    items: tuple[ItemOnRecord, ...], value: Callable[[ItemOnRecord], str | None], reason: str = ""
) -> _Known:
    found = [value(each) for each in items]
    values = tuple(dict.fromkeys(one for one in found if one))
    return _Known(values, "" if values else reason, sum(not one for one in found))


def _of_context(items: tuple[ItemOnRecord, ...], value: Callable[[ItemOnRecord], str | None]) -> _Known:
    """Return what platforms said. Where all of it was erased it is not held; else somebody can still look."""
    erased = bool(items) and all(each.context is None for each in items)
    reason = "where it appeared was erased here when the term for keeping it ended" if erased else ""
    return _of_items(items, value, reason)


def _content(items: tuple[ItemOnRecord, ...]) -> _Known:
    files = sum(each.bytes is Bytes.SEALED for each in items)
    lacking = len(items) - files
    if files:
        return _Known(("1 sealed file" if files == 1 else f"{files} sealed files",), lacking=lacking)
    reasons = dict.fromkeys(WHY_NOT_HELD[each.bytes] for each in items)
    return _Known(reason="; ".join(reasons), lacking=lacking)


def _detected(item: ItemOnRecord) -> str:
    """Return how an item came to be looked at: by a list, somebody's report, or what asked for a look."""
    names = dict.fromkeys(each.list_name for each in item.matches if not each.withdrawn)
    said = [f"hash matching with the list “{name}”" for name in names]
    if item.told_us:
        said.append("reported by somebody")
    said += [f"a request to look by {source}" for source in item.flagged_by]
    return "; ".join(said) or "by people who work here"


def _uploaded_at(item: ItemOnRecord) -> str | None:
    return shown(item.context.uploaded_at) if item.context and item.context.uploaded_at else None


def _port(item: ItemOnRecord) -> str | None:
    return str(item.context.port) if item.context and item.context.port else None


def _ip_at(item: ItemOnRecord) -> str | None:
    return _uploaded_at(item) if item.context and item.context.ip else None


def _exif(items: tuple[ItemOnRecord, ...]) -> _Known:
    held = any(each.bytes is Bytes.SEALED for each in items)
    return _Known(reason="" if held else "no bytes are held from which it could be read")


def _hashes(items: tuple[ItemOnRecord, ...]) -> _Known:
    media = [each.media for each in items if each.media is not None]
    values = dict.fromkeys(f"SHA-256 {each.sha256}" for each in media)
    values |= dict.fromkeys(f"MD5 {each.md5}" for each in media if each.md5)
    reason = "" if values else "no bytes came of which there is one"
    return _Known(tuple(values), reason, len(items) - len(media))
