"""What a form of list file is: how it is recognised, and how one of its lines becomes an entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from safehold.model.errors import BadDigest
from safehold.model.hash_list import EntryDraft as EntryDraft
from safehold.model.signal import SignalTypeName
from safehold.signals.base import SignalType

T = TypeVar("T")

SignalTypes = Mapping[SignalTypeName, SignalType]
"""The signal types that are loaded, by name."""


class UnreadableLine(Exception):
    """A line that holds no entry, with the reason in words that quote nothing of it."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was left out. number: counted from 1. reason: never quotes the line."""

    number: int
    reason: str


LineReader = Callable[[str], EntryDraft | None]
"""Reads the lines of one file from its first to its last, without their line ends.

Returns None for a line that is not meant to hold an entry (blank, header, comment).
Raises UnreadableLine for any other that holds none.
"""

Read = EntryDraft | UnreadableLine | None
"""What became of a line: as a `LineReader` has it, the error in its place."""

LinesReader = Callable[[Sequence[str]], list[Read]]
"""Reads the lines of one file from its first to its last, some at a time, each to what it comes to alone."""


class ListFormat(Protocol):
    """One form of list file."""

    name: ClassVar[str]

    def reads(self, sample: Sequence[str]) -> int:
        """Return how many of a file's first lines look like this form; blank ones are not in the sample."""
        ...

    def reader(self, kinds: SignalTypes) -> LinesReader:
        """Return a reader for one file. It may keep what it saw in a header, so each file needs its own."""
        ...


def one_by_one(read: Callable[[T], EntryDraft | None]) -> Callable[[Iterable[T]], list[Read]]:
    """Return what reads several lines, or what was made of them, as this reads each."""

    def read_all(lines: Iterable[T]) -> list[Read]:
        found: list[Read] = []
        for line in lines:
            try:
                found.append(read(line))
            except UnreadableLine as error:
                found.append(error)
        return found

    return read_all


def draft(kinds: SignalTypes, fields: Mapping[str, Any]) -> EntryDraft:
    """Return the entry that the named fields make; raise UnreadableLine where they make none.

    fields: signal_type and value are needed; category, labels (a list of text) and source_id may be absent,
    None or empty. Names that are not ours are passed over.
    """
    name, category, labels = fields.get("signal_type"), fields.get("category"), fields.get("labels")
    source_id = fields.get("source_id")
    kind = _kind(kinds, name)
    # By position, and what is absent is not asked about: each would cost a sixth of the whole line.
    return EntryDraft(
        kind.name,
        _value(kind, fields.get("value")),
        None if category is None else _text("category", category),
        () if labels is None else _labels(labels),
        None if source_id is None else _text("source_id", source_id),
    )


def _kind(kinds: SignalTypes, name: Any) -> SignalType:
    if not isinstance(name, str) or not name.strip():
        raise UnreadableLine("signal_type is missing")
    kind = kinds.get(SignalTypeName(name)) or kinds.get(SignalTypeName(name.strip().lower()))
    if kind is None:
        raise UnreadableLine("signal_type is none of " + ", ".join(sorted(kinds)))
    return kind


def _value(kind: SignalType, value: Any) -> bytes:
    written = value.strip() if isinstance(value, str) else ""
    if not written:
        raise UnreadableLine("value is missing")
    try:
        return kind.parse(written)
    except BadDigest as error:
        raise UnreadableLine(error.what) from None


def _labels(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise UnreadableLine("labels is not a list")
    labels = (_text("labels", label) for label in value if label is not None)
    return tuple(label for label in labels if label is not None)


def _text(name: str, value: Any) -> str | None:
    """Return text that can be stored and shown, None for blank text.

    Whole numbers are taken, for sources number their entries. Characters that cannot be shown become
    spaces: an odd label is no reason to lose an entry.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise UnreadableLine(f"{name} is not text")
    if not value.isprintable():
        value = "".join(sign if sign.isprintable() else " " for sign in value)
    return value.strip() or None
