"""A parcel: what a report by webhook or mail is made of, before it is packed and encrypted.

Its shape is stable and numbered, see `docs/how-to/send-to-a-hotline.md`: names may be added, none changes its
meaning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from safehold.authorities.contents import Written
from safehold.authorities.destinations.generic import letter_pack
from safehold.model.authority_report import AuthorityReport
from safehold.model.ids import AuthorityReportId, ItemId, MediaId
from safehold.storage.database import Tx

FORMAT, VERSION = "safehold-parcel", 1
LETTER, LETTER_PAGE = "letter.json", "letter.html"
MOST_FILES = 1000
NOT_SENT, TOO_LARGE = "not_sent", "too_large"
"""Why a file that is held does not go: the settings say so; it does not fit."""
LEFT_BEHIND = {
    NOT_SENT: "by the settings, files do not go there",
    TOO_LARGE: "by the settings, so much does not go there at once",
}
"""The same in the words of the letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelFile:
    """An item whose bytes are held. said: what the inventory says of it, whether they go or not."""

    item_id: ItemId
    media_id: MediaId
    size: int
    said: Mapping[str, Any] = field(repr=False)
    left_behind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelContents:
    """All that a report says. letter: see `letter_pack.content_of`."""

    letter: Mapping[str, Any] = field(repr=False)
    files: tuple[ParcelFile, ...] = ()

    def written(self) -> Written:
        """Return it as documents: the letter, and what is said of each file."""
        said = tuple(json.dumps(each.said, ensure_ascii=False) for each in self.files)
        return Written(letter_pack.as_json(dict(self.letter)), said)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedFile:
    """A file as it is ordered. said: as JSON. left_out: why its bytes do not go, None where they do."""

    item_id: ItemId
    said: str = field(repr=False)
    left_out: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be packed. letter: as JSON, word for word. recipients: who can open it."""

    report_id: AuthorityReportId
    recipients: tuple[str, ...]
    letter: bytes = field(repr=False)
    files: tuple[OrderedFile, ...] = ()

    @property
    def going(self) -> tuple[ItemId, ...]:
        """The items whose bytes are to go."""
        return tuple(each.item_id for each in self.files if each.left_out is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A parcel, encrypted. names: of the files in it, by item. missing: why others are not, by item.

    signed: the SHA-256 of its signed sums: the same for the same contents, however often they are encrypted.
    """

    file: BinaryIO = field(repr=False)
    size: int
    signed: bytes = field(repr=False)
    names: Mapping[ItemId, str]
    missing: Mapping[ItemId, str]


ContentsOfParcel = Callable[[Tx, AuthorityReport, datetime], ParcelContents]
"""Makes the contents of a report, as its letter says it, at an instant; reads alone. Raises Refused."""
Pack = Callable[[Order], AbstractContextManager[Packed]]
"""Packs and encrypts. Raises what a reader raises; without anything going it asks no reader."""


@dataclass(frozen=True, slots=True)
class Parcels:
    """What parcels are made with."""

    contents_of: ContentsOfParcel
    pack: Pack


def left_behind(
    sizes: Iterable[tuple[ItemId, int]], *, with_files: bool, largest_bytes: int
) -> dict[ItemId, str]:
    """Return which files do not go, and why: each that fits beside those before it goes. sizes: in bytes."""
    behind: dict[ItemId, str] = {}
    room, places = largest_bytes, MOST_FILES
    for item_id, size in sizes:
        if not with_files:
            behind[item_id] = NOT_SENT
        elif size > room or not places:
            behind[item_id] = TOO_LARGE
        else:
            room, places = room - size, places - 1
    return behind


def inventory(order: Order, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is in a parcel. found: what there was of each item that was to go, see the reader."""
    letter = json.loads(order.letter)
    by_item = {each["item"]: each for each in found}
    return {
        "format": FORMAT,
        "version": VERSION,
        "report": str(order.report_id),
        "to": letter["to"],
        "rehearsal": letter["rehearsal"],
        "correction": letter["correction"],
        "earlier_references": letter["earlier_references"],
        "files": [_entry(each, by_item.get(str(each.item_id))) for each in order.files],
    }


def documents(order: Order, found: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """Return the documents of a parcel, by name."""
    return {
        LETTER: order.letter,
        LETTER_PAGE: letter_pack.as_page(json.loads(order.letter)),
        "inventory.json": letter_pack.as_json(inventory(order, found)),
    }


def _entry(one: OrderedFile, found: Mapping[str, Any] | None) -> dict[str, Any]:
    why = one.left_out or (found or {}).get("not_held")
    name = found["name"] if found is not None and why is None else None
    return {
        "item": str(one.item_id),
        **json.loads(one.said),
        "bytes": "here" if name is not None else "not_here",
        "reason": why,
        "name": name,
    }
