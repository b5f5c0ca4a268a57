"""A text cut into words, and what each of them may stand for: found out once, whichever languages read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from safehold.detect.conversations.normal import EMOJI, LONGEST_WORD, plain, spellings, words_of
from safehold.detect.conversations.slips import keys_of

FEWEST_LETTERS_APART = 4
"""So many single letters in a row are read as one word that was spaced out."""
MOST_SPELLED = 1_000
"""Words whose spellings are kept at hand: the next language asks for them at once, or not at all."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Letters that were set apart. places: of the words that they are. form: what they make together."""

    places: range
    form: str


@dataclass(frozen=True, slots=True)
class Written:
    """A text as it was written. words: in order. apart: where single letters stand in a row."""

    text: str = field(repr=False)
    words: list[str] = field(repr=False)
    apart: tuple[Apart, ...] = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Written:
        """Return a text with its words."""
        words = words_of(text)
        if list(map(len, words)).count(1) < FEWEST_LETTERS_APART:
            return cls(text, words, ())
        runs = _letters_apart(words)
        return cls(text, words, tuple(Apart(run, "".join(plain(words[at]) for at in run)) for run in runs))


@dataclass(frozen=True, slots=True)
class Spelled:
    """What a word may stand for. form: its plain form. ways: that, and what it is without play with letters.

    near: for each of the ways, the keys under which words lie that are one slip away. keys: all of those.
    """

    form: str
    ways: tuple[str, ...]
    near: list[tuple[str, list[str]]]
    keys: frozenset[str]


@lru_cache(MOST_SPELLED)
def spelled(word: str) -> Spelled:
    """Return what a written word may stand for, in any language."""
    form = plain(word)
    ways = tuple(dict.fromkeys(spellings(form)))
    near = [(spelling, keys_of(spelling)) for spelling in ways]
    return Spelled(form, ways, near, frozenset(chain.from_iterable([keys for _, keys in near])))


def _letters_apart(words: Sequence[str]) -> list[range]:
    """Return where single letters stand in a row, at least FEWEST_LETTERS_APART of them."""
    runs, start = [], 0
    for place in range(len(words) + 1):
        if place < len(words) and len(words[place]) == 1 and words[place] not in EMOJI:
            continue
        if FEWEST_LETTERS_APART <= place - start <= LONGEST_WORD * 2:
            runs.append(range(start, place))
        start = place + 1
    return runs
