"""Carrying a parcel to its receiver once, by webhook or by mail, and saying how far anybody knows it came."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from typing import BinaryIO, overload
from uuid import UUID

from safehold.authorities.destinations.generic.parcel import Packed
from safehold.authorities.destinations.generic.way import ByMail, ByWebhook, Way
from safehold.egress import mail
from safehold.egress.client import Egress, Response
from safehold.egress.mail import Attachment, Mail
from safehold.model.errors import AddressRefused, FetchFailed, MailFailed

NAME = "parcel.tar.age"
LONGEST_REFERENCE = 200
_PIECE_BYTES = 1 << 20
_ANSWER_BYTES = 16_384
_NEVER_LEFT = frozenset({"dns", "connect", "tls"})
_LATER = frozenset({408, 425, 429})
_NOT_LET_IN = frozenset({"no_tls", "no_login", "login"})

_TEXT = """\
The attached file is a report, encrypted for you with age.

report:  {report_id}

To open it:

  age --decrypt --identity YOUR-KEY parcel.tar.age | tar --extract

README.txt in it says how to check what is there; letter.html is what we have to tell you.
{repeat}
Whoever sees this report again, by this id, has the same one again.
"""
_REPEAT = """
You may have had it before: we sent it {times}, and do not know what became of that.
"""


class End(StrEnum):
    """What is known after a sending. TAKEN: they have it. NOT_TAKEN: they do not. UNKNOWN: they may have it.

    REFUSED: they do not have it, or not as it should be, and a person must look.
    """

    TAKEN = "taken"
    NOT_TAKEN = "not_taken"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a sending ended. reference: what they call it. why: a code, "" when taken. body: their answer.

    may_be_there: they may have it all the same.
    """

    end: End
    reference: str | None = None
    why: str = ""
    may_be_there: bool = False
    retry_after: timedelta | None = None
    body: bytes = field(default=b"", repr=False)


def send(egress: Egress, way: Way, packed: Packed, *, report_id: UUID, repeats: int, now: datetime) -> Reply:
    """Send a parcel, once; a failure is a reply, never an error.

    report_id: by which the receiver knows a repeat. repeats: how often it was sent before without anybody
    knowing what became of it.
    """
    pieces = _Pieces(packed.file, packed.size)
    try:
        if isinstance(way.by, ByWebhook):
            seconds = way.lasts(packed.size).total_seconds()
            return _by_webhook(egress, way.by, pieces, report_id, seconds=seconds, now=now)
        return _by_mail(way.by, pieces, report_id, repeats, now)
    except AddressRefused as refused:
        return Reply(end=End.REFUSED, why=refused.code)


def signatures(secrets: Sequence[str], message_id: str, at: int, pieces: Iterable[bytes]) -> str:
    """Return the value of `webhook-signature` over bytes of any length, one for each secret.

    It is the signature of Standard Webhooks, whose library takes texts that are in memory alone.
    """
    begun = f"{message_id}.{at}.".encode()
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    made = [hmac.new(key, begun, hashlib.sha256) for key in keys]
    for piece in pieces:
        for each in made:
            each.update(piece)
    return " ".join("v1," + base64.b64encode(each.digest()).decode("ascii") for each in made)


def _by_webhook(
    egress: Egress, by: ByWebhook, pieces: _Pieces, report_id: UUID, *, seconds: float, now: datetime
) -> Reply:
    message_id, at = str(report_id), int(now.timestamp())
    headers = {
        "content-type": "application/octet-stream",
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": signatures(by.secrets, message_id, at, pieces),
    }
    try:
        answer = egress.send(
            by.url,
            body=pieces,
            headers=headers,
            permitted=by.permitted,
            deadline_seconds=seconds,
            answer_bytes=_ANSWER_BYTES,
        )
    except FetchFailed as failure:
        end = End.NOT_TAKEN if failure.reason in _NEVER_LEFT else End.UNKNOWN
        return Reply(end=end, why=f"fetch:{failure.reason}")
    return _answered(answer)


def _answered(answer: Response) -> Reply:
    status, code = answer.status, f"refused:{answer.status}"
    if 200 <= status < 300:
        reference = _reference(answer.body)
        if reference is None:
            return Reply(end=End.REFUSED, why="no_reference", may_be_there=True)
        return Reply(end=End.TAKEN, reference=reference, body=answer.body)
    if status >= 500 or status in _LATER:
        # A proxy may say so of a request that came through.
        return Reply(end=End.UNKNOWN, why=f"status:{status}", retry_after=_asked_for(answer))
    return Reply(end=End.REFUSED, why=code)


def _reference(body: bytes) -> str | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    reference = said.get("reference") if isinstance(said, dict) else None
    if not isinstance(reference, str) or not reference.isprintable():
        return None
    return reference.strip() if 0 < len(reference.strip()) <= LONGEST_REFERENCE else None


def _asked_for(answer: Response) -> timedelta | None:
    seconds = answer.headers.get("retry-after", "")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 10):
        return None
    return min(timedelta(seconds=int(seconds)), timedelta(hours=24))


def _by_mail(by: ByMail, pieces: _Pieces, report_id: UUID, repeats: int, now: datetime) -> Reply:
    domain = by.sender.rpartition("@")[2]
    message_id = f"<{report_id.hex}@{domain}>"
    times = "once" if repeats == 1 else f"{repeats} times"
    headers = {
        "Subject": f"Report {report_id}{', sent again' if repeats else ''}",
        "Date": format_datetime(now.astimezone(UTC)),
        "Message-ID": message_id,
    }
    text = _TEXT.format(report_id=report_id, repeat=_REPEAT.format(times=times) if repeats else "")
    written = Mail(
        sender=by.sender,
        recipients=by.mailboxes,
        headers=headers,
        text=text,
        attachment=Attachment(NAME, pieces),
    )
    try:
        mail.send(written, by.server, introduced_as=domain)
    except MailFailed as failure:
        return _not_mailed(failure.reason)
    return Reply(end=End.TAKEN, reference=message_id)


def _not_mailed(reason: str) -> Reply:
    if reason == "unanswered":
        return Reply(end=End.UNKNOWN, why=f"mail:{reason}")
    if reason in _NOT_LET_IN:
        return Reply(end=End.REFUSED, why=f"mail:{reason}")
    if reason.startswith("refused:5"):
        return Reply(end=End.REFUSED, why=reason)
    return Reply(end=End.NOT_TAKEN, why=f"mail:{reason}")


class _Pieces(Sequence[bytes]):
    """A file in pieces that are read when they are wanted, as often as they are."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size

    def __len__(self) -> int:
        return -(-self._size // _PIECE_BYTES)

    def __iter__(self) -> Iterator[bytes]:
        return (self[at] for at in range(len(self)))

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        if not 0 <= at < len(self):
            raise IndexError(at)
        self._file.seek(at * _PIECE_BYTES)
        return self._file.read(_PIECE_BYTES)
