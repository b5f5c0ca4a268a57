"""What can be asked of the reader, and how it answers. Each kind of request is one purpose of opening."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from safehold.model import errors
from safehold.model.errors import BadForm, SafeholdError
from safehold.model.ids import AuthorityReportId, BundleId, ItemId, MediaId, PaperId, UserId
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
class Status:
    """Say how the process is: nothing is opened."""

    purpose: ClassVar[str] = "status"

    def message(self) -> Message:
        """Write it."""
        return Message({"purpose": self.purpose})


Request = Show | Bundle | Remake | Contact | File | Parcel | Entries | Status


def parse(message: Message) -> Request:
    """Read a request that may say anything. Raises BadForm for what is none of those above, to the letter."""
    head, purpose = message.head, message.head.get("purpose")
    known = _FORMS.get(purpose) if isinstance(purpose, str) else None
    if known is None or message.body or frozenset(head) - known.either != {"purpose", *known.fields}:
        raise BadForm("This is no request that the reader knows.")
    return known.read(head)


def _file(head: Mapping[str, Any]) -> File:
    report_id, to = AuthorityReportId(_id(head, "report")), _text(head, "to", _LONGEST_TICKET)
    if ("item" in head) == ("paper" in head):
        raise BadForm("Either an item or a paper.")
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


@dataclass(frozen=True, slots=True)
class _Form:
    """Which fields a request has besides its purpose. either: names of which it has one."""

    fields: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], Request]
    either: frozenset[str] = frozenset()


_FORMS = {
    Show.purpose: _Form(("ticket",), lambda head: Show(_text(head, "ticket", _LONGEST_TICKET))),
    Bundle.purpose: _Form(
        ("bundle", "user"), lambda head: Bundle(BundleId(_id(head, "bundle")), UserId(_id(head, "user")))
    ),
    Remake.purpose: _Form(("media",), lambda head: Remake(MediaId(_id(head, "media")))),
    Contact.purpose: _Form(("item",), lambda head: Contact(_id(head, "item"))),
    File.purpose: _Form(("report", "to"), _file, either=frozenset({"item", "paper"})),
    Parcel.purpose: _Form(("report", "items", "to"), _parcel),
    Entries.purpose: _Form(("report", "user", "to"), _entries),
    Status.purpose: _Form((), lambda _: Status()),
}


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
