"""The words of a conversation as a person reads them, and the requests of two people to read it whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from safehold.app.access.users import names
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.spans import Piece
from safehold.model.case import Case
from safehold.model.errors import ConflictOfInterest, NotAllowed, NotFound, ReaderDown
from safehold.model.ids import CaseId, ItemId, SessionId, ThreadRequestId, UserId
from safehold.model.permissions import Actor, Permission
from safehold.review import admission, threads
from safehold.review.cases import existing_case
from safehold.storage import cases as case_rows
from safehold.storage import threads as rows
from safehold.storage.database import Tx
from safehold.storage.threads import ThreadRequest

__all__ = ["MessageWords", "Piece", "Standing", "Threads", "read_seen", "read_whole", "requests", "stands"]

_LISTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageWords:
    """A message, opened. id, by: as the platform calls them.

    pieces: see `spans.pieces`, None where it cannot be read.
    """

    id: str
    by: str
    sent_at: datetime
    pieces: tuple[tuple[Piece, str | int], ...] | None = field(repr=False)


class Standing(StrEnum):
    """How far a request to read a whole conversation is."""

    WAITS = "waits"
    AGREED = "agreed"
    DECLINED = "declined"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it is listed, for people who may come near its case."""

    request: ThreadRequest
    case: Case
    standing: Standing
    until: datetime
    is_own: bool
    may_open: bool


@dataclass(frozen=True, slots=True)
class Threads:
    """Requests, the newest first, and names by id."""

    asked: Sequence[Asked]
    people: Mapping[UUID, str]


def read_seen(
    reader: ReaderClient | None, case_id: CaseId, item_id: ItemId, *, actor: Actor, session_id: SessionId
) -> tuple[MessageWords, ...]:
    """Return what rules saw, by time, for whoever holds the case; what lies around it is counted.

    Messages whose text is gone are left out. Raises ReaderDown, and what the reader raises.
    """
    actor.require(Permission.CASE_REVEAL)
    told = _at_hand(reader).words(case_id, item_id, user_id=_person(actor), session_id=session_id)
    return tuple(_message(each) for each in told)


def read_whole(
    reader: ReaderClient | None, request_id: ThreadRequestId, *, actor: Actor, session_id: SessionId
) -> tuple[MessageWords, ...]:
    """Return the whole conversation, by time, for one of two who agreed. Raises as `read_seen` does."""
    actor.require(Permission.CASE_THREAD)
    told = _at_hand(reader).thread(request_id, user_id=_person(actor), session_id=session_id)
    return tuple(_message(each) for each in told)


def requests(tx: Tx, *, actor: Actor, now: datetime) -> Threads:
    """Return what was asked for last, of cases that this person may come near. Raises NotAllowed."""
    actor.require(Permission.CASE_THREAD)
    by = _person(actor)
    found = (_listed(tx, each, by, now) for each in rows.newest(tx, limit=_LISTED))
    return Threads([each for each in found if each is not None], names(tx))


def stands(tx: Tx, item_id: ItemId, *, now: datetime) -> Standing | None:
    """Return how the request about an item stands that waits, or by which two may read; else None."""
    found = threads.of_item(tx, item_id, now=now)
    return _standing(found, now) if found is not None else None


def _listed(tx: Tx, asked: ThreadRequest, by: UserId, now: datetime) -> Asked | None:
    case_id = case_rows.current_of_item(tx, asked.item_id)
    if case_id is None or not _is_near(tx, asked, by):
        return None
    standing = _standing(asked, now)
    return Asked(
        request=asked,
        case=existing_case(tx, case_id),
        standing=standing,
        until=threads.until(asked),
        is_own=asked.asked_by == by,
        may_open=standing is Standing.AGREED and by in (asked.asked_by, asked.decided_by),
    )


def _is_near(tx: Tx, asked: ThreadRequest, by: UserId) -> bool:
    try:
        admission.admit_to_items(tx, [asked.item_id], by)
    except (NotFound, ConflictOfInterest):
        return False
    return True


def _standing(asked: ThreadRequest, now: datetime) -> Standing:
    if asked.approved is False:
        return Standing.DECLINED
    if not threads.stands(asked, now):
        return Standing.OVER
    return Standing.AGREED if asked.approved else Standing.WAITS


def _message(told: Mapping[str, Any]) -> MessageWords:
    pieces = told.get("pieces")
    return MessageWords(
        id=told["message"],
        by=told["by"],
        sent_at=datetime.fromisoformat(told["sent_at"]),
        pieces=None if pieces is None else tuple((Piece(kind), said) for kind, said in pieces),
    )


def _at_hand(reader: ReaderClient | None) -> ReaderClient:
    if reader is None:
        raise ReaderDown("No reader is here that could open the words.")
    return reader


def _person(actor: Actor) -> UserId:
    if actor.user_id is None:
        raise NotAllowed("Only people read conversations.")
    return actor.user_id
