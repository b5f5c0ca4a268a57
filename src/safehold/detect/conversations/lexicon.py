"""The words that the rules of one language name, and which of them a written word stands for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from safehold.detect.conversations.normal import EMOJI, LONGEST_WORD, NUMBER, plain, spellings

OTHER = 0
"""The number of every word that no rule names."""
MOST_REMEMBERED = 50_000
"""Spellings whose word is kept in memory; then all are forgotten and learnt anew."""
SHORTEST_WITH_TYPO = 5
"""Shorter words are taken with two letters swapped, and with no other slip: too many words are that near."""
SHORTEST_RUN_TOGETHER = 7
FEWEST_LETTERS_APART = 4
"""So many single letters in a row are read as one word that was spaced out."""


class Lexicon:
    """Numbers for the words of a language. Safe to share between threads: what it remembers is a cache."""

    def __init__(self, words: Iterable[str], *, not_typos: Iterable[str] = ()) -> None:
        """Take the words, in their plain form. not_typos: words that are spelled as they are meant."""
        self.numbers = {word: place for place, word in enumerate(sorted(set(words)), start=1)}
        self._kept = frozenset(not_typos)
        self._near = _near(self.numbers)
        self._longest = max(map(len, self.numbers), default=0)
        self._remembered: dict[str, tuple[int, ...]] = {}

    def number(self, word: str) -> int:
        """Return the number of a word of the rules. Raises KeyError for another."""
        return self.numbers[word]

    def read(self, words: Sequence[str]) -> tuple[list[int], list[int] | None]:
        """Return the numbers of written words, and which word each is of where that is not simply in order.

        A word that stands for several that were run together gives all of them, and letters that were set
        apart give the words that they spell: then the second part has, for each number, the place of the
        word in which it begins. It is None where numbers and words correspond one by one.
        """
        get, remembered = self._remembered.get, []
        simple = True
        for word in words:
            found = get(word)
            if found is None:
                found = self._learn(word)
            simple = simple and len(found) == 1
            remembered.append(found)
        apart = _letters_apart(words)
        if simple and not apart:
            return [found[0] for found in remembered], None
        return self._in_pieces(words, remembered, apart)

    def _in_pieces(
        self, words: Sequence[str], found: Sequence[tuple[int, ...]], apart: Sequence[range]
    ) -> tuple[list[int], list[int]]:
        numbers: list[int] = []
        places: list[int] = []
        spelled = {each.start: each for each in apart}
        place = 0
        while place < len(words):
            letters = spelled.get(place)
            joined = self._cut("".join(plain(words[at]) for at in letters)) if letters else None
            if letters and joined:
                for number, offset in joined:
                    numbers.append(number)
                    places.append(place + offset)
                place = letters.stop
                continue
            numbers += found[place]
            places += [place] * len(found[place])
            place += 1
        return numbers, places

    def _learn(self, word: str) -> tuple[int, ...]:
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        found = self._numbers_of(plain(word)) if len(word) <= LONGEST_WORD else (OTHER,)
        if len(word) <= LONGEST_WORD:
            self._remembered[word] = found
        return found

    def _numbers_of(self, form: str) -> tuple[int, ...]:
        if form.isdigit() and form not in self.numbers:
            return (self.numbers.get(NUMBER, OTHER),)
        ways = tuple(dict.fromkeys(spellings(form)))
        for spelling in ways:
            if spelling in self.numbers:
                return (self.numbers[spelling],)
            if spelling in self._kept:
                return (OTHER,)
        meant = self._meant(ways)
        if meant:
            return (self.numbers[meant],)
        for spelling in ways:
            together = self._cut(spelling) if len(spelling) >= SHORTEST_RUN_TOGETHER else None
            if together:
                return tuple(number for number, _ in together)
        return (OTHER,)

    def _meant(self, ways: Sequence[str]) -> str | None:
        """Return the word that is one slip away from one of these spellings, None when there is none."""
        for spelling in ways:
            for key in (
                (spelling, *_shorter(spelling)) if len(spelling) >= SHORTEST_WITH_TYPO else (spelling,)
            ):
                for word in self._near.get(key, ()):
                    if _one_slip(spelling, word):
                        return word
        return None

    def _cut(self, form: str) -> list[tuple[int, int]] | None:
        """Return the words of which these letters are made up, with the place of each; None for none.

        As few words as possible, and at least two letters on average: anything can be cut into single ones.
        """
        best: list[tuple[int, int, int] | None] = [None] * (len(form) + 1)
        best[0] = (0, 0, 0)
        for start in range(len(form)):
            before = best[start]
            if before is None:
                continue
            for end in range(start + 1, min(start + self._longest, len(form)) + 1):
                number, so_far = self.numbers.get(form[start:end], OTHER), best[end]
                if number and (so_far is None or before[0] + 1 < so_far[0]):
                    best[end] = (before[0] + 1, start, number)
        return _walk_back(best)


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


def _letters_apart(words: Sequence[str]) -> list[range]:
    """Return where single letters stand in a row, at least FEWEST_LETTERS_APART of them."""
    if sum(len(word) == 1 for word in words) < FEWEST_LETTERS_APART:
        return []
    runs, start = [], 0
    for place in range(len(words) + 1):
        if place < len(words) and len(words[place]) == 1 and words[place] not in EMOJI:
            continue
        if FEWEST_LETTERS_APART <= place - start <= LONGEST_WORD * 2:
            runs.append(range(start, place))
        start = place + 1
    return runs


def _near(words: Collection[str]) -> dict[str, list[str]]:
    """Return by which shortened or swapped form each word is found."""
    near: dict[str, list[str]] = {}
    for word in words:
        if not word.isalpha():
            continue
        if len(word) >= SHORTEST_WITH_TYPO:
            for key in (word, *_shorter(word)):
                near.setdefault(key, []).append(word)
        elif len(word) >= 3:
            for key in sorted(_swapped(word)):
                near.setdefault(key, []).append(word)
    return near


def _shorter(word: str) -> list[str]:
    return list(dict.fromkeys(word[:place] + word[place + 1 :] for place in range(len(word))))


def _swapped(word: str) -> set[str]:
    """Return the word with two neighbours changed about; the first letter stays where it is."""
    return {
        word[:place] + word[place + 1] + word[place] + word[place + 2 :] for place in range(1, len(word) - 1)
    } - {word}


def _one_slip(written: str, word: str) -> bool:
    """Say whether one letter is missing, too many, wrong, or has changed places; the first one is right."""
    if written[:1] != word[:1]:
        return False
    if len(word) < SHORTEST_WITH_TYPO:
        return written in _swapped(word)
    if len(written) == len(word):
        wrong = [place for place in range(len(word)) if written[place] != word[place]]
        return len(wrong) == 1 or written in _swapped(word)
    longer, shorter = (written, word) if len(written) > len(word) else (word, written)
    return len(longer) - len(shorter) == 1 and shorter in _shorter(longer)
