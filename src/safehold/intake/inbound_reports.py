"""Inbound reports: somebody tells us about a page. It is written down as data; nothing is fetched for it.

The portal writes a row and can do no more. A worker makes a page of it, an item and an event, from which a
case follows and nothing else. Whoever reported holds a code, and of the code only its digest is kept.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from safehold.jobs.record import Record
from safehold.model.errors import BadForm
from safehold.model.events import InboundReportReceived
from safehold.model.hash_list import Purpose
from safehold.model.ids import InboundReportId, ItemId, KeyId, ObjectId, PageId, ScanId, new_id
from safehold.model.inbound_report import InboundReport, ReportState, Seen
from safehold.model.item import Context, Item, ItemKind, Page
from safehold.model.permissions import Actor, system_actor
from safehold.model.scan import ScanResult
from safehold.storage import audit
from safehold.storage import inbound_reports as rows
from safehold.storage import items as item_rows
from safehold.storage import reported_items as shown_rows
from safehold.storage.database import Tx
from safehold.storage.inbound_reports import LONGEST_ADDRESS, LONGEST_STATEMENT, SealedContact, Waiting
from safehold.vault.vault import Vault

__all__ = [
    "LONGEST_ADDRESS",
    "LONGEST_CONTACT",
    "LONGEST_STATEMENT",
    "ReportState",
    "Told",
    "forget_contacts",
    "pick_up",
    "read",
    "receive",
    "state_of",
    "wrong",
]

FROM_THE_PUBLIC, FROM_A_PLATFORM = "public_report", "platform_report"
"""What stands in place of a surface: these items were seen by somebody, on no surface of ours."""
CONTACT_KEPT = timedelta(days=90)
"""How long after the outcome a reporter's contact is kept."""
LONGEST_CONTACT = 254
PICKED_UP_AT_ONCE = 100
MOST_ITEMS = 100
"""So many items can be named with a page."""

_REFERENCE_BYTES = 16
_GROUP = 4
# What people read for the letters and digits that a code is made of.
_MISREAD = str.maketrans("018", "OIB")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
# A name in any script, or an IPv6 address: what no browser could open is a slip of the hand.
_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]+")
# What people write for an address without its scheme: a name with dots, of which the last part is a word.
_BARE = re.compile(r"(?:[\w-]+\.)+[^\W\d_][\w-]+\.?(?::\d+)?(?:[/?#].*)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_INTAKE = system_actor("intake").label


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What somebody told us. address: of the page, http or https. contact: an address for mail, or ""."""

    address: str = field(repr=False)
    seen: Seen
    statement: str = field(default="", repr=False)
    contact: str = field(default="", repr=False)


def read(*, address: str, seen: str, statement: str, contact: str) -> Told:
    """Return what was told, tidied. Raises BadForm; `wrong` names the fields one by one.

    An address without a scheme gets https where it begins with the name of a site, and with nothing else.
    """
    problems = wrong(address=address, seen=seen, statement=statement, contact=contact)
    if problems:
        raise BadForm(f"Wrong or missing: {', '.join(problems)}.")
    return Told(
        address=_with_scheme(address),
        seen=Seen(seen),
        statement=_tidy(statement),
        contact=contact.strip(),
    )


def wrong(*, address: str, seen: str, statement: str, contact: str) -> dict[str, str]:
    """Return the fields that cannot be taken as they are, in the order of the form, each with a code for why.

    The code is the name of the field; of an address also address_missing, address_blank, address_scheme.
    """
    why = {
        "address": _wrong_address(address.strip()),
        "seen": "" if seen in set(Seen) else "seen",
        "statement": "" if len(_tidy(statement)) <= LONGEST_STATEMENT else "statement",
        "contact": "" if not contact.strip() or _is_mail(contact.strip()) else "contact",
    }
    return {name: code for name, code in why.items() if code}


def receive(
    tx: Tx,
    told: Told,
    *,
    vault: Vault,
    key_id: KeyId | None = None,
    shows: Collection[ItemId] = (),
    now: datetime,
) -> str:
    """Write down a report and return its reference code, which is nowhere else.

    key_id: the platform that passes it on. shows: what the page shows, of what this platform had scanned
    before; at most MOST_ITEMS. Without them it does the same work whatever was reported before, and needs no
    right but to insert. Raises BadForm where one of them is no item of this platform's, or some are for
    practice alone and some are not.
    """
    _check_shown(tx, shows, key_id)
    report = InboundReport(
        id=InboundReportId(new_id()),
        seen=told.seen,
        statement=told.statement,
        key_id=key_id,
        received_at=now,
    )
    contact = None
    if told.contact:
        sealed = vault.seal_beside(told.contact.encode(), object_id=ObjectId(report.id))
        contact = SealedContact(sealed.ciphertext, sealed.wrapped_key)
    reference = secrets.token_bytes(_REFERENCE_BYTES)
    rows.insert(tx, report, address=told.address, reference_digest=_digest(reference), contact=contact)
    shown_rows.insert(tx, report.id, frozenset(shows))
    return _written(reference)


def state_of(tx: Tx, code: str) -> ReportState | None:
    """Return how far the report with this reference code is, None when there is none.

    One look-up of a digest, the same for every code. Case, spaces and hyphens do not matter.
    """
    return rows.state_of(tx, _digest(_read_code(code)))


def pick_up(tx: Tx, *, record: Record, now: datetime, limit: int = PICKED_UP_AT_ONCE) -> int:
    """Make a page, an item and an event of each report that waits, and return how many it was.

    Doing it again makes nothing twice. What is in a report is never fetched.
    """
    waiting = rows.waiting(tx, limit=limit)
    for report in waiting:
        _pick_up(tx, report, record=record, now=now)
    return len(waiting)


def forget_contacts(tx: Tx, *, now: datetime, limit: int = 500) -> int:
    """Destroy how to reach people whose report has an outcome since 90 days; return how many those were."""
    gone = rows.forget_contacts(tx, settled_before=now - CONTACT_KEPT, limit=limit)
    for report_id in gone:
        verb, about = "inbound_report.forget_contact", f"inbound_report:{report_id}"
        audit.append(tx, at=now, actor=_INTAKE, verb=verb, object=about)
    return len(gone)


def _pick_up(tx: Tx, report: Waiting, *, record: Record, now: datetime) -> None:
    page = Page(id=PageId(new_id()), url=report.address, seen_at=report.received_at)
    item_rows.put_page(tx, page)
    surface = FROM_THE_PUBLIC if report.key_id is None else FROM_A_PLATFORM
    rehearsal = _is_rehearsal(tx, report)
    item = Item(
        id=ItemId(new_id()),
        kind=ItemKind.PAGE,
        surface=surface,
        media_id=None,
        received_at=report.received_at,
        rehearsal=rehearsal,
        page_id=page.id,
    )
    item_rows.put(
        tx,
        item,
        context=Context(surface=surface),
        # Nothing was scanned: the report itself is what it came in by.
        scan_id=ScanId(report.id),
        result=ScanResult.REVIEW,
        key_id=report.key_id,
    )
    rows.set_item(tx, report.id, item.id)
    sender = Actor(permissions=frozenset(), key_id=report.key_id) if report.key_id else system_actor("portal")
    audit.append(
        tx,
        at=now,
        actor=sender.label,
        verb="inbound_report.receive",
        object=f"item:{item.id}",
        detail={"report": str(report.id), "seen": report.seen.value},
    )
    purpose = Purpose.TEST if rehearsal else report.seen.purpose
    record(tx, InboundReportReceived(at=now, item_id=item.id, report_id=report.id, purpose=purpose))


def _is_rehearsal(tx: Tx, report: Waiting) -> bool:
    """Say whether what the page shows is for practice alone: then so is the page."""
    shown = shown_rows.of_report(tx, report.id)
    found = item_rows.get_bare(tx, shown[0]) if shown else None
    return found is not None and found.rehearsal


def _check_shown(tx: Tx, shows: Collection[ItemId], key_id: KeyId | None) -> None:
    if len(shows) > MOST_ITEMS:
        raise BadForm(f"items: at most {MOST_ITEMS}.", field="items")
    found = item_rows.of_key(tx, shows, key_id) if shows and key_id is not None else {}
    # Whether another platform has such an item is nobody's to find out.
    if any(found.get(each) is None or found[each].kind is not ItemKind.MEDIA for each in shows):
        raise BadForm("items: only media that this key had scanned, and of which a scan said hold or review.")
    if len({each.rehearsal for each in found.values()}) > 1:
        raise BadForm("items: either all or none from a rehearsal surface.", field="items")


def _wrong_address(address: str) -> str:
    if not address:
        return "address_missing"
    if re.search(r"\s", address):
        return "address_blank"
    if "://" not in address and not _BARE.fullmatch(address):
        return "address_scheme"
    return "" if _is_address(_with_scheme(address)) else "address"


def _is_address(address: str) -> bool:
    if len(address) > LONGEST_ADDRESS or re.search(r"[\x00-\x1f\x7f]", address):
        return False
    try:
        parts = urlsplit(address)
        host = _HOST.fullmatch(parts.hostname or "")
        return parts.scheme.lower() in ("http", "https") and host is not None and parts.port != 0
    except ValueError:
        return False


def _with_scheme(address: str) -> str:
    tidied = address.strip()
    return tidied if "://" in tidied or not tidied else f"https://{tidied}"


def _is_mail(contact: str) -> bool:
    return len(contact) <= LONGEST_CONTACT and _MAIL.fullmatch(contact) is not None


def _tidy(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _written(reference: bytes) -> str:
    letters = base64.b32encode(reference).decode().rstrip("=")
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def _read_code(code: str) -> bytes:
    """Return the bytes that a code stands for; whatever is no code becomes bytes that no report has."""
    letters = re.sub(r"[^A-Z2-7]", "", code[:200].upper().translate(_MISREAD))
    try:
        return base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError:
        return b""


def _digest(reference: bytes) -> bytes:
    return hashlib.sha256(b"safehold inbound report " + reference).digest()
