"""What can be asked of the reader, and how it answers. Each kind of request is one purpose of opening."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from safehold.model import errors
from safehold.model.errors import BadForm, SafeholdError
from safehold.model.ids import (
    AuthorityReportId,
    BundleId,
    CaseId,
    ItemId,
    MediaId,
    PaperId,
    SessionId,
    ThreadRequestId,
    UserId,
)
from safehold.vault.age import LONGEST_RECIPIENT
from safehold.vault.channel import Message

MAX_REQUEST_BODY = 1024
"""Bytes beside the head of a request: none has any, and whoever sends some is told so."""
MAX_CLOSING_BODY = 128 * 1024 * 1024
"""Bytes of what a bundle or a parcel ends with; who makes one may send that much, and nobody else."""
MAX_ANSWER_BODY = 257 * 1024 * 1024
"""Bytes beside the head of an answer: the largest sealed object, with what is around it."""

_LONGEST_TICKET = 64
_MOST_IN_A_PARCEL, _MOST_RECIPIENTS = 1000, 8


@dataclass(frozen=True, slots=True)
class Show:
    """Show the picture that a ticket is for to whoever it was issued to."""

    purpose: ClassVar[str] = "show"
    ticket: str = field(repr=False)

    def message(self) -> Message:
        """Write it."""
        return Message({"purpose": self.purpose, "ticket": self.ticket})


@dataclass(frozen=True, slots=True)
class Bundle:
    """Make a bundle that two people have agreed to, and send it encrypted, see `bundling`."""

    purpose: ClassVar[str] = "bundle"
    bundle_id: BundleId
    user_id: UserId

    def message(self) -> Message:
        """Write it."""
        head = {"purpose": self.purpose, "bundle": str(self.bundle_id), "user": str(self.user_id)}
        return Message(head)


@dataclass(frozen=True, slots=True)
class Remake:
    """Take the signals of confirmed media anew."""

    purpose: ClassVar[str] = "remake"
    media_id: MediaId

    def message(self) -> Message:
        """Write it."""
        return Message({"purpose": self.purpose, "media": str(self.media_id)})


@dataclass(frozen=True, slots=True)
class Contact:
    """Say how to reach whoever reported an item: the mail address that they left.

    about: the item, or a case that has no other.
    """

    purpose: ClassVar[str] = "contact"
    about: UUID

    def message(self) -> Message:
        """Write it."""
        return Message({"purpose": self.purpose, "item": str(self.about)})


@dataclass(frozen=True, slots=True)
class File:
    """Hand out a file of a report that a person has sent on, or a paper of it, for sending.

    item_id, paper_id: one of them. recipient: a public key of age, made for this request alone.
    """

    purpose: ClassVar[str] = "file"
    report_id: AuthorityReportId
    recipient: str
    item_id: ItemId | None = None
    paper_id: PaperId | None = None

    def message(self) -> Message:
        """Write it."""
        what = {"item": str(self.item_id)} if self.item_id is not None else {"paper": str(self.paper_id)}
        head = {"purpose": self.purpose, "report": str(self.report_id), "to": self.recipient}
        return Message({**head, **what})


@dataclass(frozen=True, slots=True)
class Parcel:
    """Pack files of a report that a person has sent on, and send them encrypted to its receivers.

    items: whose files, each once. recipients: public keys of age, as the settings declare them.
    """

    purpose: ClassVar[str] = "parcel"
    report_id: AuthorityReportId
    items: tuple[ItemId, ...]
    recipients: tuple[str, ...]

    def message(self) -> Message:
        """Write it."""
        head = {"purpose": self.purpose, "report": str(self.report_id), "to": list(self.recipients)}
        return Message({**head, "items": [str(each) for each in self.items]})


@dataclass(frozen=True, slots=True)
class Entries:
    """Hand out what people entered for the checklist of a report, to one who may send it.

    recipient: a public key of age, made for this request alone.
    """

    purpose: ClassVar[str] = "entries"
    report_id: AuthorityReportId
    user_id: UserId
    recipient: str

    def message(self) -> Message:
        """Write it."""
        head = {"purpose": self.purpose, "report": str(self.report_id), "user": str(self.user_id)}
        return Message({**head, "to": self.recipient})


@dataclass(frozen=True, slots=True)
class Reread:
    """Hand out a paper of a report once more, to one who may read again what was sent.

    recipient: a public key of age, made for this request alone.
    """

    purpose: ClassVar[str] = "reread"
    report_id: AuthorityReportId
    paper_id: PaperId
    user_id: UserId
    recipient: str

    def message(self) -> Message:
        """Write it."""
        head = {"purpose": self.purpose, "report": str(self.report_id), "paper": str(self.paper_id)}
        return Message({**head, "user": str(self.user_id), "to": self.recipient})


@dataclass(frozen=True, slots=True)
class Words:
    """Hand out the words that rules saw in a conversation to whoever holds its case, and nothing more.

    recipient: a public key of age, made for this request alone.
    """

    purpose: ClassVar[str] = "words"
    case_id: CaseId
    item_id: ItemId
    user_id: UserId
    session_id: SessionId
    recipient: str

    def message(self) -> Message:
        """Write it."""
        about = {"case": str(self.case_id), "item": str(self.item_id)}
        whose = {"user": str(self.user_id), "session": str(self.session_id), "to": self.recipient}
        return Message({"purpose": self.purpose, **about, **whose})


@dataclass(frozen=True, slots=True)
class Thread:
    """Hand out a whole conversation that two people have agreed to read, to one of them.

    recipient: a public key of age, made for this request alone.
    """

    purpose: ClassVar[str] = "thread"
    request_id: ThreadRequestId
    user_id: UserId
    session_id: SessionId
    recipient: str

    def message(self) -> Message:
        """Write it."""
        whose = {"user": str(self.user_id), "session": str(self.session_id), "to": self.recipient}
        return Message({"purpose": self.purpose, "request": str(self.request_id), **whose})


@dataclass(frozen=True, slots=True)
class Status:
    """Say how the process is: nothing is opened."""

    purpose: ClassVar[str] = "status"

    def message(self) -> Message:
        """Write it."""
        return Message({"purpose": self.purpose})


Request = Show | Bundle | Remake | Contact | File | Parcel | Entries | Reread | Words | Thread | Status


def parse(message: Message) -> Request:
    """Read a request that may say anything. Raises BadForm for what is none of those above, to the letter."""
    purpose, fields = message.head.get("purpose"), frozenset(message.head) - {"purpose"}
    known = _FORMS.get(purpose) if isinstance(purpose, str) else None
    if known is None or message.body or fields not in known[0]:
        raise BadForm("This is no request that the reader knows.")
    return known[1](message.head)


def _file(head: Mapping[str, Any]) -> File:
    report_id, to = AuthorityReportId(_id(head, "report")), _text(head, "to", _LONGEST_TICKET)
    if "item" in head:
        return File(report_id, to, item_id=ItemId(_id(head, "item")))
    return File(report_id, to, paper_id=PaperId(_id(head, "paper")))


def _parcel(head: Mapping[str, Any]) -> Parcel:
    items, to = head["items"], head["to"]
    if not isinstance(items, list) or not len(items) <= _MOST_IN_A_PARCEL:
        raise BadForm("items: some ids.")
    if not isinstance(to, list) or not 1 <= len(to) <= _MOST_RECIPIENTS:
        raise BadForm("to: some public keys.")
    return Parcel(
        AuthorityReportId(_id(head, "report")),
        tuple(ItemId(_id({"items": each}, "items")) for each in items),
        tuple(_text({"to": each}, "to", LONGEST_RECIPIENT) for each in to),
    )


def _entries(head: Mapping[str, Any]) -> Entries:
    report_id, user_id = AuthorityReportId(_id(head, "report")), UserId(_id(head, "user"))
    return Entries(report_id, user_id, _text(head, "to", _LONGEST_TICKET))


def _reread(head: Mapping[str, Any]) -> Reread:
    report_id, paper_id = AuthorityReportId(_id(head, "report")), PaperId(_id(head, "paper"))
    return Reread(report_id, paper_id, UserId(_id(head, "user")), _text(head, "to", _LONGEST_TICKET))


def _words(head: Mapping[str, Any]) -> Words:
    case_id, item_id = CaseId(_id(head, "case")), ItemId(_id(head, "item"))
    return Words(case_id, item_id, *_whose(head))


def _whose(head: Mapping[str, Any]) -> tuple[UserId, SessionId, str]:
    return UserId(_id(head, "user")), SessionId(_id(head, "session")), _text(head, "to", _LONGEST_TICKET)


def _of(*names: str) -> frozenset[frozenset[str]]:
    return frozenset({frozenset(names)})


_FORMS: Mapping[str, tuple[frozenset[frozenset[str]], Callable[[Mapping[str, Any]], Request]]] = {
    Show.purpose: (_of("ticket"), lambda head: Show(_text(head, "ticket", _LONGEST_TICKET))),
    Bundle.purpose: (
        _of("bundle", "user"),
        lambda head: Bundle(BundleId(_id(head, "bundle")), UserId(_id(head, "user"))),
    ),
    Remake.purpose: (_of("media"), lambda head: Remake(MediaId(_id(head, "media")))),
    Contact.purpose: (_of("item"), lambda head: Contact(_id(head, "item"))),
    File.purpose: (_of("report", "to", "item") | _of("report", "to", "paper"), _file),
    Parcel.purpose: (_of("report", "items", "to"), _parcel),
    Entries.purpose: (_of("report", "user", "to"), _entries),
    Reread.purpose: (_of("report", "paper", "user", "to"), _reread),
    Words.purpose: (_of("case", "item", "user", "session", "to"), _words),
    Thread.purpose: (
        _of("request", "user", "session", "to"),
        lambda head: Thread(ThreadRequestId(_id(head, "request")), *_whose(head)),
    ),
    Status.purpose: (_of(), lambda _: Status()),
}
"""What a request of each purpose names besides that, and what reads it. No request has a body."""


def answer(body: bytes = b"", **fields: Any) -> Message:
    """Write an answer that went well."""
    return Message({"ok": fields}, body)


def piece(body: bytes) -> Message:
    """Write one piece of a bundle's ciphertext, in its order."""
    return Message({"more": "piece"}, body)


def found(items: Sequence[Mapping[str, Any]]) -> Message:
    """Write what there was of each item of a bundle: "item", and either "name", "size_bytes" and "sha256" of
    the file, or "not_held" with why there is none. Whoever made the bundle answers with `closing`.
    """
    return Message({"more": "found"}, json.dumps(items).encode())


def found_of(message: Message) -> list[dict[str, Any]]:
    """Return what `found` wrote. Raises BadForm for anything else."""
    try:
        items = json.loads(message.body)
    except ValueError:
        items = None
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise BadForm("This is no account of what was found.")
    return items


def closing(tail: bytes) -> Message:
    """Write what a bundle ends with: the rest of the tar."""
    return Message({"more": "closing"}, tail)


def closing_of(message: Message) -> bytes:
    """Return what `closing` wrote. Raises BadForm for anything else."""
    if message.head != {"more": "closing"}:
        raise BadForm("A bundle ends with its inventory, and this is none.")
    return message.body


def more(message: Message) -> str | None:
    """Return "piece" or "found" for a message after which another comes, None for the last one."""
    told = message.head.get("more")
    return told if isinstance(told, str) else None


def failure(error: SafeholdError) -> Message:
    """Write an answer that did not, in the words of the error."""
    told = {"code": error.code, "what": error.what, "kept": error.kept_now, "advice": error.advice_now}
    return Message({"error": told})


def result(message: Message) -> Mapping[str, Any]:
    """Return the fields of an answer. Raises the error that it tells of, BadForm when it is no answer."""
    told = message.head.get("error")
    if isinstance(told, dict):
        raise _told(told)
    fields = message.head.get("ok")
    if not isinstance(fields, dict):
        raise BadForm("This is no answer of the reader.")
    return fields


def _told(told: Mapping[str, Any]) -> SafeholdError:
    """Return the error that `failure` wrote, as the class that it was; the root where we do not know it."""
    kind = _KINDS.get(str(told.get("code")), SafeholdError)
    # Some classes are made from other things than words; the words are all there by now.
    error = kind.__new__(kind)
    SafeholdError.__init__(
        error, str(told.get("what", "")), kept=str(told.get("kept", "")), advice=str(told.get("advice", ""))
    )
    return error


def _kinds(family: type[SafeholdError]) -> Iterator[type[SafeholdError]]:
    yield family
    for kind in family.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield from _kinds(kind)


_KINDS = {kind.code: kind for kind in _kinds(SafeholdError)}


def _text(head: Mapping[str, Any], name: str, longest: int) -> str:
    value = head[name]
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isascii():
        raise BadForm(f"{name}: a short text.")
    return value


def _id(head: Mapping[str, Any], name: str) -> UUID:
    value = head[name]
    try:
        return UUID(value) if isinstance(value, str) and len(value) == 36 else _no_id(name)
    except ValueError:
        return _no_id(name)


def _no_id(name: str) -> UUID:
    raise BadForm(f"{name}: an id.") from None
