"""Doubts about a list file: what a poisoned or coerced source would send, and a person must look at first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from safehold.lists.formats.base import EntryDraft
from safehold.model.errors import DoubtfulImport
from safehold.model.hash_list import DEFAULT_MAX_DISTANCE
from safehold.model.signal import PDQ
from safehold.signals.digests import digest_bytes
from safehold.signals.pdq import Pdq

GROWTH_PERCENT = 50
"""A list that grows within a day by more than this part of what it held before"""
GROWTH_ENTRIES = 1000
"""and by more than this many entries is looked at first.

Before: a day ago or, where it held nothing then, after its first import, which itself is not growth."""
GROWTH_WINDOW = timedelta(hours=24)
"""Imports within this time count together: many small ones are one large one."""

_SIDE = 256
_BATCH = 5000


class Doubt(StrEnum):
    """A reason to have a person look before a file is loaded."""

    GROWTH = "growth"
    """The list would grow suddenly."""
    PLAIN = "plain"
    """Entries are the digests of nothing or of plain patterns, and would match what everybody uploads."""


_WORDS = {
    Doubt.GROWTH: (
        f"The list would grow by more than {GROWTH_PERCENT} % within a day.",
        "--accept-growth",
    ),
    Doubt.PLAIN: (
        "Entries are those of empty files or plain patterns, and would match harmless uploads:"
        " {plain} of {entries}.",
        "--accept-plain",
    ),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """How many entries a file has, and how many of them are those of nothing or of plain patterns."""

    entries: int
    plain: int


def count(drafts: Iterable[EntryDraft]) -> Counted:
    """Count the entries of a file, and those that would match harmless uploads."""
    entries = plain = 0
    remaining = iter(drafts)
    while batch := list(islice(remaining, _BATCH)):
        entries += len(batch)
        plain += _plain_in(batch)
    return Counted(entries, plain)


def grows_too_fast(*, before: int, lately: int, coming: int) -> bool:
    """Say whether a list grows suddenly.

    before: entries on it since a day ago or longer or, where there are none, since its first import. lately:
    those that came since. coming: those of the file. It is not asked of a first import.
    """
    grown = lately + coming
    return grown > GROWTH_ENTRIES and grown * 100 > before * GROWTH_PERCENT


def refusal(doubts: frozenset[Doubt], counted: Counted) -> DoubtfulImport:
    """Return the error for a file that a person must look at first. counted: what is in the file."""
    words = [_WORDS[doubt] for doubt in sorted(doubts)]
    options = " ".join(option for _, option in words)
    return DoubtfulImport(
        " ".join(what.format(plain=counted.plain, entries=counted.entries) for what, _ in words),
        advice=f"Ask the source whether that is meant. Where it is, import again with {options}.",
    )


def _plain_in(batch: Sequence[EntryDraft]) -> int:
    """Return how many entries are the digest of an empty file, or near that of a plain pattern."""
    meaningless = _meaningless()
    empty = sum(draft[:2] in meaningless for draft in batch)
    joined = b"".join(draft.value for draft in batch if draft.signal_type == PDQ)
    values = np.frombuffer(joined, dtype=np.uint8).reshape(-1, 1, Pdq.digest_bytes)
    distances = np.bitwise_count(values ^ _patterns()).sum(axis=2)
    return empty + int((distances <= DEFAULT_MAX_DISTANCE).any(axis=1).sum())


@cache
def _meaningless() -> frozenset[tuple[str, bytes]]:
    """Return the digests of the empty file, and those whose bits are all the same."""
    empty = {(str(signal.signal_type), signal.value) for signal in digest_bytes(b"")}
    return frozenset(empty | {(PDQ, bytes(32)), (PDQ, b"\xff" * 32)})


@cache
def _patterns() -> NDArray[np.uint8]:
    """Return the digests of plain pictures that have enough detail to match anything."""
    made = [Pdq().of_frame(picture) for picture in _plain_pictures()]
    telling = [signal.value for signal in made if (signal.quality or 0) >= Pdq.min_quality]
    return np.frombuffer(b"".join(telling), dtype=np.uint8).reshape(-1, Pdq.digest_bytes)


def _plain_pictures() -> Iterator[NDArray[np.uint8]]:
    """Yield ramps, discs, stripes and boards: what placeholders and test cards look like."""
    down, right = np.mgrid[0:_SIDE, 0:_SIDE]
    for ramp in (right, down, _SIDE - 1 - right, _SIDE - 1 - down, (right + down) // 2):
        yield ramp.astype(np.uint8)
    distance = np.hypot(down - _SIDE / 2, right - _SIDE / 2)
    yield np.clip(distance * 1.4, 0, 255).astype(np.uint8)
    yield np.where(distance < _SIDE / 3, 255, 0).astype(np.uint8)
    for width in (8, 16, 32, 64):
        yield np.where((right // width) % 2, 255, 0).astype(np.uint8)
        yield np.where((down // width) % 2, 255, 0).astype(np.uint8)
        yield np.where((right // width + down // width) % 2, 255, 0).astype(np.uint8)
