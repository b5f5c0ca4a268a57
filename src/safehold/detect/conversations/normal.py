"""Words as rules read them: one form for many spellings, each with its place in the original text.

A text is cut where it stands and each word is brought to its form by itself, so spans always point into what
was sent. Case, accents, look-alike letters of other scripts, styled letters, digits for letters, repeated
letters, letters set apart and words run together come to the same form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from operator import eq

NUMBER = "#"
"""The form of whatever is written in digits alone."""
LONGEST_WORD = 40
"""Characters. What is longer is no word of a rule, however it is spelled."""

EMOJI = {"📷": "📷", "📸": "📷", "🤳": "📷", "🎥": "📷", "🤫": "🤫", "🤐": "🤫", "🎁": "🎁", "💰": "🎁"}
"""Pictographs that rules may name, each with the one that stands for its kind."""

_INVISIBLE = "\u00ad\u200b-\u200f\u2060-\u2064\ufe0e\ufe0f\ufeff"
_MARKS = "\u0300-\u036f"
WORD = re.compile(rf"[^\W_]['’`@$€{_INVISIBLE}{_MARKS}\w]*|[@$€]\w+|[{''.join(EMOJI)}]")

_LOOKALIKES = str.maketrans(
    "авекмнорстухіїјѕӏһԁԛԝёαβεικνορτυχωηıɑɡøđłᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
    "abekmhopctyxiijslhdqweabeikvoptuxwniagodlabcdefghijklmnoprstuvwyz",
)
_DROPPED = re.compile(rf"['’`_{_INVISIBLE}{_MARKS}]")
_LEET_CHARACTERS = frozenset("013457@$€8")
_LEET = str.maketrans("013457@$€8", "oieastaseb")
_LEET_L = str.maketrans("013457@$€8", "oleastaseb")
_REPEATED = re.compile(r"(.)\1{2,}")


def words_of(text: str) -> list[str]:
    """Return the words of a text as they were written, in order."""
    return WORD.findall(text)


def spans_of(text: str) -> list[tuple[int, int]]:
    """Return where each of `words_of` stands: first character, and the one after the last."""
    return [each.span() for each in WORD.finditer(text)]


def plain(word: str) -> str:
    """Return a word without case, accents, styles, look-alike letters and invisible characters."""
    if word.isascii():
        lowered = word.lower()
        return lowered if lowered.isalnum() else _DROPPED.sub("", lowered)
    if word in EMOJI:
        return EMOJI[word]
    folded = unicodedata.normalize("NFKC", word).casefold().translate(_LOOKALIKES)
    apart = unicodedata.normalize("NFD", folded).translate(_LOOKALIKES)
    return _DROPPED.sub("", apart)


def spellings(form: str) -> Iterator[str]:
    """Yield what a plain word may stand for, the likeliest first: itself, then without play with letters."""
    shapes = [form]
    if not _LEET_CHARACTERS.isdisjoint(form) and any(map(str.isalpha, form)):
        shapes = list(dict.fromkeys((form, form.translate(_LEET), form.translate(_LEET_L))))
    yield from shapes
    for shape in shapes:
        if any(map(eq, shape, shape[1:])):
            if _REPEATED.search(shape):
                yield _REPEATED.sub(r"\1\1", shape)
                yield _REPEATED.sub(r"\1", shape)
            yield "".join(letter for letter, _ in groupby(shape))
