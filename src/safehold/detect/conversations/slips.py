"""Slips of the hand: a letter missing, too many or wrong, or two that changed places, never the first."""

from __future__ import annotations

from collections.abc import Collection

SHORTEST_WITH_TYPO = 5
"""Shorter words are taken with two letters swapped, and with no other slip: too many words are that near."""


def keys_of(written: str) -> list[str]:
    """Return under which keys of `near` every word lies that a written one may be a slip of.

    There are none where more than one character is no letter: words are letters alone, and a slip is one.
    """
    if not written.isalpha() and sum(map(str.isalpha, written)) < len(written) - 1:
        return []
    return [written, *_shorter(written)] if len(written) >= SHORTEST_WITH_TYPO else [written]


def near(words: Collection[str]) -> dict[str, list[str]]:
    """Return by which shortened or swapped form each word is found."""
    found: dict[str, list[str]] = {}
    for word in words:
        if not word.isalpha():
            continue
        if len(word) >= SHORTEST_WITH_TYPO:
            for key in dict.fromkeys((word, *_shorter(word))):
                found.setdefault(key, []).append(word)
        elif len(word) >= 3:
            for key in sorted(_swapped(word)):
                found.setdefault(key, []).append(word)
    return found


def is_slip(written: str, word: str) -> bool:
    """Say whether one slip makes the one of the other; for short words only two letters changed about."""
    if written[:1] != word[:1]:
        return False
    if len(word) < SHORTEST_WITH_TYPO:
        return written in _swapped(word)
    if len(written) == len(word):
        wrong = [place for place in range(len(word)) if written[place] != word[place]]
        return len(wrong) == 1 or written in _swapped(word)
    longer, shorter = (written, word) if len(written) > len(word) else (word, written)
    return len(longer) - len(shorter) == 1 and shorter in _shorter(longer)


def _shorter(word: str) -> list[str]:
    return [word[:place] + word[place + 1 :] for place in range(len(word))]


def _swapped(word: str) -> set[str]:
    """Return the word with two neighbours changed about; the first letter stays where it is."""
    return {
        word[:place] + word[place + 1] + word[place] + word[place + 2 :] for place in range(1, len(word) - 1)
    } - {word}
