"""What can be asked of the reader, and how it answers. Each kind of request is one purpose of opening."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from safehold.model import errors
from safehold.model.errors import BadForm, SafeholdError
from safehold.model.ids import AuthorityReportId, ItemId, MediaId, PaperId, UserId
from safehold.vault.channel import Message

MAX_REQUEST_BODY = 16 * 1024
"""Bytes beside the head of a request: a public key at most."""
MAX_ANSWER_BODY = 257 * 1024 * 1024
"""Bytes beside the head of an answer: the largest sealed object, with what is around it."""

_LONGEST_TICKET = 64


@dataclass(frozen=True, slots=True)
class Show:
    """Show the picture that a ticket is for to whoever it was issued to."""

    purpose: ClassVar[str] = "show"
    ticket: str = field(repr=False)

    def message(self) -> Message:
        """Write it."""
        return Message({"purpose": self.purpose, "ticket": self.ticket})


@dataclass(frozen=True, slots=True)
class Export:
    """Seal an item's bytes to a recipient's public key.

    about: the item, or a case that has no other. recipient: PEM of an X25519 public key.
    """

    purpose: ClassVar[str] = "export"
    about: UUID
    user_id: UserId
    recipient: bytes

    def message(self) -> Message:
        """Write it."""
        head = {"purpose": self.purpose, "item": str(self.about), "user": str(self.user_id)}
        return Message(head, self.recipient)


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

    item_id, paper_id: one of them. recipient: PEM of an X25519 public key, made for this request alone.
    """

    purpose: ClassVar[str] = "file"
    report_id: AuthorityReportId
    recipient: bytes
    item_id: ItemId | None = None
    paper_id: PaperId | None = None

    def message(self) -> Message:
        """Write it."""
        what = {"item": str(self.item_id)} if self.item_id is not None else {"paper": str(self.paper_id)}
        return Message({"purpose": self.purpose, "report": str(self.report_id), **what}, self.recipient)


@dataclass(frozen=True, slots=True)
class Status:
    """Say how the process is: nothing is opened."""

    purpose: ClassVar[str] = "status"

    def message(self) -> Message:
        """Write it."""
        return Message({"purpose": self.purpose})


Request = Show | Export | Remake | Contact | File | Status


def parse(message: Message) -> Request:
    """Read a request that may say anything. Raises BadForm for what is none of those above, to the letter."""
    head = message.head
    fields = frozenset(head)
    purpose = head.get("purpose")
    if purpose == Show.purpose and fields == {"purpose", "ticket"} and not message.body:
        return Show(_text(head, "ticket", _LONGEST_TICKET))
    if purpose == Export.purpose and fields == {"purpose", "item", "user"} and message.body:
        return Export(_id(head, "item"), UserId(_id(head, "user")), message.body)
    if purpose == Remake.purpose and fields == {"purpose", "media"} and not message.body:
        return Remake(MediaId(_id(head, "media")))
    if purpose == Contact.purpose and fields == {"purpose", "item"} and not message.body:
        return Contact(_id(head, "item"))
    if purpose == File.purpose and message.body and fields == {"purpose", "report", "item"}:
        return File(AuthorityReportId(_id(head, "report")), message.body, item_id=ItemId(_id(head, "item")))
    if purpose == File.purpose and message.body and fields == {"purpose", "report", "paper"}:
        return File(
            AuthorityReportId(_id(head, "report")), message.body, paper_id=PaperId(_id(head, "paper"))
        )
    if purpose == Status.purpose and fields == {"purpose"} and not message.body:
        return Status()
    raise BadForm("This is no request that the reader knows.")


def answer(body: bytes = b"", **fields: Any) -> Message:
    """Write an answer that went well."""
    return Message({"ok": fields}, body)


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
