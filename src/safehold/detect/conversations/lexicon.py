"""The words that the rules of one language name, and which of them a written word stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from safehold.detect.conversations import slips
from safehold.detect.conversations.normal import LONGEST_WORD, NUMBER
from safehold.detect.conversations.written import Apart, Spelled, Written, spelled

OTHER = 0
"""The number of every word that no rule names."""
SEVERAL = -1
"""What stands for a word in which several were run together, until they are looked at one by one."""
MOST_REMEMBERED = 50_000
"""Spellings whose word is kept in memory; then all are forgotten and learnt anew."""
SHORTEST_RUN_TOGETHER = 7


class Lexicon:
    """Numbers for the words of a language. Safe to share between threads: what it remembers is a cache."""

    def __init__(self, words: Iterable[str], *, not_typos: Iterable[str] = ()) -> None:
        """Take the words, in their plain form. not_typos: words that are spelled as they are meant."""
        self.numbers = {word: place for place, word in enumerate(sorted(set(words)), start=1)}
        self._kept = frozenset(not_typos)
        self._near = slips.near(self.numbers)
        self._beginning = _by_beginning(self.numbers)
        self._endings = frozenset(word[-2:] for word in self.numbers)
        self._remembered: dict[str, int] = {}
        self._several: dict[str, tuple[int, ...]] = {}

    def number(self, word: str) -> int:
        """Return the number of a word of the rules. Raises KeyError for another."""
        return self.numbers[word]

    def read(self, written: Written) -> tuple[list[int], list[int] | None]:
        """Return the numbers of written words, and which word each is of where that is not simply in order.

        A word that stands for several that were run together gives all of them, and letters that were set
        apart give the words that they spell: then the second part has, for each number, the place of the
        word in which it begins. It is None where numbers and words correspond one by one.
        """
        numbers = [number for number in map(self._remembered.get, written.words) if number is not None]
        if len(numbers) < len(written.words):
            numbers = [self._number_of(word) for word in written.words]
        if written.apart or SEVERAL in numbers:
            return self._in_pieces(written, numbers)
        return numbers, None

    def numbers_of(self, word: str) -> tuple[int, ...]:
        """Return the numbers of one written word."""
        number = self._number_of(word)
        return self._pieces(word) if number == SEVERAL else (number,)

    def _number_of(self, word: str) -> int:
        number = self._remembered.get(word)
        return self._learn(word) if number is None else number

    def _in_pieces(self, written: Written, found: Sequence[int]) -> tuple[list[int], list[int]]:
        numbers: list[int] = []
        places: list[int] = []
        apart = {each.places.start: each for each in written.apart}
        place = 0
        while place < len(found):
            letters: Apart | None = apart.get(place)
            joined = self._cut(letters.form) if letters else None
            if letters and joined:
                numbers += [number for number, _ in joined]
                places += [place + offset for _, offset in joined]
                place = letters.places.stop
                continue
            those = self._pieces(written.words[place]) if found[place] == SEVERAL else (found[place],)
            numbers += those
            places += [place] * len(those)
            place += 1
        return numbers, places

    def _pieces(self, word: str) -> tuple[int, ...]:
        return self._several.get(word) or self._numbers_of(spelled(word))

    def _learn(self, word: str) -> int:
        if len(word) > LONGEST_WORD:
            return OTHER
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
            self._several.clear()
        found = self._numbers_of(spelled(word))
        if len(found) > 1:
            self._several[word] = found
        number = self._remembered[word] = found[0] if len(found) == 1 else SEVERAL
        return number

    def _numbers_of(self, word: Spelled) -> tuple[int, ...]:
        if word.form.isdigit() and word.form not in self.numbers:
            return (self.numbers.get(NUMBER, OTHER),)
        for spelling in word.ways:
            if spelling in self.numbers:
                return (self.numbers[spelling],)
            if spelling in self._kept:
                return (OTHER,)
        meant = self._meant(word)
        if meant:
            return (self.numbers[meant],)
        for spelling in word.ways:
            together = self._cut(spelling) if len(spelling) >= SHORTEST_RUN_TOGETHER else None
            if together:
                return tuple(number for number, _ in together)
        return (OTHER,)

    def _meant(self, written: Spelled) -> str | None:
        """Return the word that is one slip away from one of these spellings, None when there is none."""
        if self._near.keys().isdisjoint(written.keys):
            return None
        for spelling, keys in written.near:
            for key in keys:
                for word in self._near.get(key, ()):
                    if slips.is_slip(spelling, word):
                        return word
        return None

    def _cut(self, form: str) -> list[tuple[int, int]] | None:
        """Return the words of which these letters are made up, with the place of each; None for none.

        As few words as possible, and at least two letters on average: anything can be cut into single ones.
        """
        if form[-2:] not in self._endings and form[-1:] not in self.numbers:
            return None
        best: list[tuple[int, int, int] | None] = [None] * (len(form) + 1)
        best[0] = (0, 0, 0)
        for start in range(len(form)):
            before = best[start]
            if before is None:
                continue
            for word, number in self._beginning.get(
                form[start : start + 2], self._beginning.get(form[start], ())
            ):
                if not form.startswith(word, start):
                    continue
                end = start + len(word)
                so_far = best[end]
                if so_far is None or before[0] + 1 < so_far[0]:
                    best[end] = (before[0] + 1, start, number)
        return _walk_back(best)


def _by_beginning(numbers: Mapping[str, int]) -> dict[str, list[tuple[str, int]]]:
    """Return the words with their numbers by their first two letters; one letter is in all of its own."""
    found: dict[str, list[tuple[str, int]]] = {}
    for word in sorted(numbers, key=len, reverse=True):
        found.setdefault(word[:2], []).append((word, numbers[word]))
    for beginning, those in found.items():
        if len(beginning) == 2 and beginning[0] in numbers:
            those.append((beginning[0], numbers[beginning[0]]))
    return found


def _walk_back(best: Sequence[tuple[int, int, int] | None]) -> list[tuple[int, int]] | None:
    last = best[-1]
    if last is None or 2 * last[0] > len(best) - 1:
        return None
    pieces: list[tuple[int, int]] = []
    end = len(best) - 1
    while end:
        piece = best[end]
        if piece is None:
            return None
        pieces.append((piece[2], piece[1]))
        end = piece[1]
    return pieces[::-1]
