"""What one message shows, whatever language it came as; and what could not be read of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from safehold.detect.conversations.rules import Hit, Matcher
from safehold.detect.conversations.together import Together
from safehold.detect.conversations.written import Written

LONGEST_TEXT = 20_000
"""Characters of one message that are read, and kept. What stands behind them is neither."""

NO_TEXT, NO_WORDS, TEXT_CUT = "no_text", "no_words", "text_cut"
"""Limits: nothing was sent; nothing in it is a word, such as pictographs alone; it went on."""
NO_RULES = "no_rules"
"""What is missing: there are no rules of this language."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a message shows. limits: what it had little of. missing: what could not be done, as codes."""

    hits: tuple[Hit, ...] = ()
    limits: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def read(text: str | None, language: str | None, matchers: Mapping[str, Matcher]) -> Seen:
    """Return what a message shows by the rules of its language, or of every language where none is told.

    language: a tag such as `en-GB`; its first part counts. A language without rules is read by those of all
    languages and named in `missing`: children mix them, and what is found that way is still found.
    """
    if not text:
        return Seen(limits=(NO_TEXT,))
    written = Written.of(text[:LONGEST_TEXT])
    limits = (TEXT_CUT,) if len(text) > LONGEST_TEXT else ()
    if not written.words:
        return Seen(limits=(*limits, NO_WORDS))
    code = _code(language)
    if code in matchers:
        return Seen(tuple(matchers[code].find_in(written)), limits)
    return Seen(
        tuple(_of_all(tuple(matchers.values())).find_in(written)),
        limits,
        (f"{NO_RULES}:{code}",) if code else (),
    )


@lru_cache(1)
def _of_all(matchers: tuple[Matcher, ...]) -> Together:
    return Together(matchers)


def _code(language: str | None) -> str:
    return (language or "").replace("_", "-").partition("-")[0].lower()
