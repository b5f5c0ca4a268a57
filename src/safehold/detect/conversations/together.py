"""The rules of all languages at once: each is asked only where a word stands that it looks for."""

from __future__ import annotations

from collections.abc import Collection

from safehold.detect.conversations.lexicon import MOST_REMEMBERED
from safehold.detect.conversations.normal import LONGEST_WORD
from safehold.detect.conversations.rules import Hit, Matcher
from safehold.detect.conversations.written import Written


class Together:
    """Finds what any of several languages says of a text, and the same as each by itself. Safe to share."""

    def __init__(self, matchers: Collection[Matcher]) -> None:
        """Take them in the order in which their hits are told."""
        self._matchers = [(1 << place, matcher) for place, matcher in enumerate(matchers)]
        self._languages: dict[str, int] = {}

    def find_in(self, written: Written) -> list[Hit]:
        """Return what a text shows in all languages, in their order."""
        whose = set(map(self._languages.get, written.words))
        if None in whose:
            whose = {self._languages_of(word) for word in written.words}
        asked = 0
        for each in whose:
            asked |= each or 0
        return [
            hit
            for place, matcher in self._matchers
            if asked & place or written.apart
            for hit in matcher.find_in(written)
        ]

    def _languages_of(self, word: str) -> int:
        """Return the languages, a bit each, in which a pattern is looked for where this word stands."""
        found = self._languages.get(word)
        if found is None:
            found = sum(place for place, matcher in self._matchers if matcher.is_telling(word))
            if len(self._languages) >= MOST_REMEMBERED:
                self._languages.clear()
            if len(word) <= LONGEST_WORD:
                self._languages[word] = found
        return found
