"""The rules of each language, which are data, and one fast search for all of a language's.

A pattern is words in order. `a|b` is either, `{name}` a group of words, `word?` may be missing, `..3` lets up
to three other words stand between, `#` is a number. `examples` and `counter` beside each rule are its tests.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain, product
from typing import Any

from safehold.detect.conversations.lexicon import Lexicon
from safehold.detect.conversations.normal import NUMBER, plain, spans_of, words_of
from safehold.detect.conversations.written import Written
from safehold.model.conversation import Cue

LONGEST_GAP = 6
MOST_STEPS = 12
_GAP = re.compile(r"\.\.(\d)")
_RULE = {"id", "cue", "patterns", "unless", "examples", "counter"}
_FILE = {"language", "words", "not_typos", "rule"}


class BadRules(ValueError):
    """A file of rules cannot be taken as it is; the message names the rule."""


@dataclass(frozen=True, slots=True)
class Step:
    """One word of a pattern. words: those that it may be. gap: most others that may stand before it."""

    words: frozenset[str]
    gap: int = 0


Pattern = tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule as it is written. unless: patterns that speak against it in the same message."""

    id: str
    cue: Cue
    patterns: tuple[Pattern, ...]
    unless: tuple[Pattern, ...] = ()
    examples: tuple[str, ...] = ()
    counter: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The rules of one language. code: two letters. not_typos: words that are spelled as they are meant."""

    code: str
    rules: tuple[Rule, ...]
    not_typos: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """That a message shows a cue. start, end: characters of the original text, end exclusive."""

    rule: str
    cue: Cue
    start: int
    end: int


Steps = tuple[tuple[frozenset[int], int], ...]
"""The words of a pattern in numbers, each with how many others may stand before it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sought:
    """A pattern in numbers. rule: whose, by its place. against: whether it is one of `unless`.

    Each is the same as itself alone: patterns are told apart a million times a minute.
    """

    rule: int
    steps: Steps
    against: bool


def parse(source: str) -> Language:
    """Return the rules that a TOML file holds. Raises BadRules, which names the rule and what is wrong."""
    read = tomllib.loads(source)
    if read.keys() - _FILE:
        raise BadRules(f"Unknown: {', '.join(sorted(read.keys() - _FILE))}.")
    groups = {name: frozenset(map(_word, words)) for name, words in read.get("words", {}).items()}
    rules = tuple(_rule(each, groups) for each in read.get("rule", ()))
    counted = Counter(rule.id for rule in rules)
    twice = [name for name, times in counted.items() if times > 1]
    if twice or not rules:
        raise BadRules(f"Each rule stands once: {', '.join(twice) or 'there is none'}.")
    kept = frozenset(map(_word, read.get("not_typos", ())))
    return Language(code=read["language"], rules=rules, not_typos=kept)


@cache
def version() -> str:
    """Return what stands for the rules that are shipped: it changes with any word of them."""
    summed = hashlib.sha256("".join(_sources()).encode())
    return summed.hexdigest()[:12]


@cache
def shipped() -> Mapping[str, Matcher]:
    """Return a matcher for each language that Safehold comes with, by its code."""
    return {language.code: Matcher(language) for language in map(parse, _sources())}


def _sources() -> list[str]:
    folder = resources.files("safehold.detect.conversations").joinpath("languages")
    files = [each for each in folder.iterdir() if each.name.endswith(".toml")]
    return [each.read_text("utf-8") for each in sorted(files, key=lambda one: one.name)]


class Matcher:
    """Finds what the rules of one language say of a text. Safe to share between threads."""

    def __init__(self, language: Language) -> None:
        """Compile: each pattern is looked for only where its rarest word stands."""
        self.language = language
        patterns = [
            (place, pattern, against)
            for place, rule in enumerate(language.rules)
            for against, those in ((False, rule.patterns), (True, rule.unless))
            for pattern in those
        ]
        words = [word for _, pattern, _ in patterns for step in pattern for word in step.words]
        self._lexicon = Lexicon(words, not_typos=language.not_typos)
        uses = Counter(words)
        self._by_word: dict[int, list[_Sought]] = {}
        for place, pattern, against in patterns:
            steps = tuple((frozenset(map(self._lexicon.number, step.words)), step.gap) for step in pattern)
            sought = _Sought(place, steps, against)
            rarest = min(pattern, key=lambda step: sum(uses[word] for word in step.words))
            for word in rarest.words:
                self._by_word.setdefault(self._lexicon.number(word), []).append(sought)
        self._telling = frozenset(self._by_word)

    def find(self, text: str) -> list[Hit]:
        """Return what a text shows: at most one hit of each rule, its first, in the order of the rules."""
        return self.find_in(Written.of(text))

    def find_in(self, written: Written) -> list[Hit]:
        """Do what `find` does with a text that was cut into words already."""
        numbers, places = self._lexicon.read(written)
        telling = self._telling.intersection(numbers)
        if not telling:
            return []
        found: dict[int, tuple[int, int]] = {}
        against: set[int] = set()
        for sought in dict.fromkeys(chain.from_iterable(map(self._by_word.__getitem__, telling))):
            where = _first(sought.steps, numbers)
            if where is None:
                continue
            if sought.against:
                against.add(sought.rule)
            elif sought.rule not in found or where < found[sought.rule]:
                found[sought.rule] = where
        kept = {rule: where for rule, where in found.items() if rule not in against}
        return self._hits(written.text, kept, places) if kept else []

    def is_telling(self, word: str) -> bool:
        """Say whether a pattern is looked for where a written word stands."""
        return not self._telling.isdisjoint(self._lexicon.numbers_of(word))

    def _hits(
        self, text: str, found: Mapping[int, tuple[int, int]], places: Sequence[int] | None
    ) -> list[Hit]:
        spans, hits = spans_of(text), []
        for place in sorted(found):
            first, last = found[place]
            end = _last_word(places, last, len(spans)) if places else last
            rule = self.language.rules[place]
            hits.append(Hit(rule.id, rule.cue, spans[places[first] if places else first][0], spans[end][1]))
        return hits


def _last_word(places: Sequence[int], last: int, words: int) -> int:
    """Return the last word that a number covers: letters set apart belong to the word that they spell."""
    following = [place for place in places[last + 1 :] if place > places[last]]
    return following[0] - 1 if following else words - 1


def _any_missing(steps: Steps, numbers: Sequence[int]) -> bool:
    """Say whether some word of a pattern stands nowhere: most patterns that may be there are not."""
    for words, _ in steps:  # noqa: SIM110 - a generator takes twice as long
        if words.isdisjoint(numbers):
            return True
    return False


def _first(steps: Steps, numbers: Sequence[int]) -> tuple[int, int] | None:
    """Return the first and last place of a pattern's first occurrence, None when there is none.

    Time grows with places times steps times the widest gap, whatever is written.
    """
    if _any_missing(steps, numbers):
        return None
    first, length = steps[0][0], len(numbers)
    reached = {place: place for place, number in enumerate(numbers) if number in first}
    for words, gap in steps[1:]:
        following: dict[int, int] = {}
        for last, start in reached.items():
            for place in range(last + 1, min(last + gap + 2, length)):
                if numbers[place] in words and place not in following:
                    following[place] = start
        reached = following
        if not reached:
            return None
    if not reached:
        return None
    last = min(reached)
    return reached[last], last


def _rule(read: dict[str, Any], groups: Mapping[str, frozenset[str]]) -> Rule:
    name = read.get("id", "")
    if read.keys() - _RULE or not name or not read.get("patterns"):
        raise BadRules(
            f"{name or 'A rule'}: has an id, a cue and patterns; unless, examples and counter may follow."
        )
    try:
        return Rule(
            id=name,
            cue=Cue(read.get("cue", "")),
            patterns=_patterns(read["patterns"], groups),
            unless=_patterns(read.get("unless", ()), groups),
            examples=tuple(read.get("examples", ())),
            counter=tuple(read.get("counter", ())),
        )
    except (ValueError, KeyError) as error:
        raise BadRules(f"{name}: {error}.") from None


def _patterns(written: Iterable[str], groups: Mapping[str, frozenset[str]]) -> tuple[Pattern, ...]:
    return tuple(pattern for each in written for pattern in _pattern(each, groups))


def _pattern(written: str, groups: Mapping[str, frozenset[str]]) -> Iterator[Pattern]:
    """Yield the pattern with and without each word that may be missing."""
    steps: list[tuple[Step, bool]] = []
    gap = 0
    for part in written.split():
        between = _GAP.fullmatch(part)
        if between:
            gap = int(between[1])
            continue
        words = frozenset(word for one in part.rstrip("?").split("|") for word in _words(one, groups))
        steps.append((Step(words, gap if steps else 0), part.endswith("?")))
        gap = 0
    if not 1 <= len(steps) <= MOST_STEPS or any(step.gap > LONGEST_GAP for step, _ in steps):
        raise BadRules(f"a pattern has 1 to {MOST_STEPS} words and gaps of at most {LONGEST_GAP}")
    for chosen in product(*[(True, False) if may_miss else (True,) for _, may_miss in steps]):
        pattern = tuple(step for (step, _), taken in zip(steps, chosen, strict=True) if taken)
        if pattern:
            yield pattern


def _words(written: str, groups: Mapping[str, frozenset[str]]) -> Iterable[str]:
    if written.startswith("{"):
        return groups[written.strip("{}")]
    return (written if written == NUMBER else _word(written),)


def _word(written: str) -> str:
    """Return the plain form of one word. Raises BadRules where a text could never show it as one."""
    if words_of(written) != [written]:
        raise BadRules(f"`{written}` is not one word")
    return plain(written)
