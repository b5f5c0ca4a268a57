"""What an account does across conversations: whom it writes to, how fast, what over and over. No text stays.

Pure functions on a small value. Adding is commutative and may be repeated: the order in which messages arrive
changes nothing as long as not more is added than is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from itertools import pairwise

import numpy as np

from safehold.detect.conversations.normal import plain, words_of
from safehold.model.conversation import Cue

MOST_KEPT = 64
"""So many contacts, and so many messages, the latest of them, are remembered of an account."""
MANY_CHILDREN = 10
"""Known children written to for the first time within FAN_OUT_WITHIN: that many is a cue."""
FAN_OUT_WITHIN = timedelta(hours=24)
MANY_ALIKE = 5
"""Different people who were sent nearly the same within SCRIPT_WITHIN."""
SCRIPT_WITHIN = timedelta(hours=72)
NEARLY_THE_SAME = 14
"""Bits of 64; of two texts that have nothing in common, some 32 differ."""
FEWEST_WORDS, MOST_WORDS = 6, 200
SOON = timedelta(minutes=30)
"""From the first contact to a private channel."""

_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Habits:
    """What is remembered of an account. Nobody is named: whoever was written to is a tag of 64 bits.

    contacts: child, and when first written to. sent: fingerprint, to whom, when. Times: seconds since 1970.
    """

    contacts: tuple[tuple[str, int], ...] = ()
    sent: tuple[tuple[int, str, int], ...] = ()

    def to_bytes(self) -> bytes:
        """Return what `from_bytes` reads."""
        return json.dumps([1, self.contacts, self.sent], separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Habits:
        """Return what `to_bytes` wrote."""
        _, contacts, sent = json.loads(stored)
        return cls(tuple((tag, at) for tag, at in contacts), tuple((f, tag, at) for f, tag, at in sent))


def tag_of(account: str) -> str:
    """Return 16 hexadecimal digits that stand for an account."""
    return blake2b(account.encode(), digest_size=8).hexdigest()


def fingerprint(text: str) -> int | None:
    """Return 64 bits that differ little for texts that do; None for fewer than FEWEST_WORDS words."""
    words = [plain(word) for word in words_of(text)[:MOST_WORDS]]
    if len(words) < FEWEST_WORDS:
        return None
    parts = {*words, *(f"{one} {two}" for one, two in pairwise(words))}
    hashed = b"".join(blake2b(part.encode(), digest_size=8).digest() for part in parts)
    bits = np.unpackbits(np.frombuffer(hashed, dtype=np.uint8).reshape(-1, 8), axis=1)
    return int.from_bytes(np.packbits(bits.sum(axis=0) * 2 > len(parts)).tobytes())


def note(
    habits: Habits, *, at: int, children: Iterable[str], others: Iterable[str], mark: int | None
) -> Habits:
    """Return the habits with one more message.

    children: tags of known children whom it reaches; others: of everybody else who may be one. mark: its
    fingerprint, None where it has none.
    """
    young = tuple(children)
    first = dict(habits.contacts)
    for tag in young:
        first[tag] = min(at, first.get(tag, at))
    contacts = sorted(first.items(), key=lambda one: (one[1], one[0]))[-MOST_KEPT:]
    sent = set(habits.sent)
    if mark is not None:
        sent |= {(mark, tag, at) for tag in (*young, *others)}
    return Habits(tuple(contacts), tuple(sorted(sent, key=lambda one: (one[2], one[1], one[0]))[-MOST_KEPT:]))


def habitual(habits: Habits, *, at: int, mark: int | None) -> list[Cue]:
    """Return the cues in what an account had done by an instant, its message of then included."""
    found = []
    since = at - int(FAN_OUT_WITHIN.total_seconds())
    if sum(since < first <= at for _, first in habits.contacts) >= MANY_CHILDREN:
        found.append(Cue.FAN_OUT)
    if mark is not None and _alike(habits.sent, mark, at) >= MANY_ALIKE:
        found.append(Cue.SAME_SCRIPT)
    return found


def went_private_fast(*, at: int, first_contact_at: int | None, private: bool) -> bool:
    """Say whether a message came through a private channel soon after the first contact of the two."""
    if not private or first_contact_at is None:
        return False
    return 0 <= at - first_contact_at <= SOON.total_seconds()


def _alike(sent: Sequence[tuple[int, str, int]], mark: int, at: int) -> int:
    since = at - int(SCRIPT_WITHIN.total_seconds())
    near = {
        tag
        for other, tag, when in sent
        if since < when <= at and ((other ^ mark) & _MASK).bit_count() <= NEARLY_THE_SAME
    }
    return len(near)
