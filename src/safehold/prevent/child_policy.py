"""The policy for child accounts: one pure answer from one table, the strictest where something is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import product

from safehold.model.child_account import CHILDREN, AccountAge, Decision, Feature, Moment, PlaceKind

PLACES = tuple(kind for kind in PlaceKind if kind is not PlaceKind.UNKNOWN)
ADULT_ACCOUNT, CHANGED_BY_CHILD = "adult_account", "changed_by_child"
"""Reasons that no rule gives."""
Case = tuple[Feature, AccountAge, str, PlaceKind, bool]
"""What would happen, to a child of which age, by whose law, where, and whether the two are connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is about to happen to an account. None is not known; an unknown age may be any child's.

    connected: whether the other account and this one are connected. default_off: the child has turned
    this default off.
    """

    feature: Feature
    age: AccountAge = AccountAge.UNKNOWN
    jurisdiction: str | None = None
    place: PlaceKind = PlaceKind.UNKNOWN
    connected: bool | None = None
    default_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the table says. assumed: what was not known of the question, so that the strictest was taken.

    measure: the id of what it serves, None for an adult's account. changeable: the child may turn this
    default off. moment: which words that help the child are right now, None where none are.
    """

    decision: Decision
    reason: str
    measure: str | None
    changeable: bool = False
    moment: Moment | None = None
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a rule serves. says: in our words. source: where that stands. checked_on: when it was read."""

    says: str
    source: str
    checked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the table: where it holds, and what it says there. An empty narrowing holds everywhere."""

    feature: Feature
    ages: frozenset[AccountAge]
    jurisdictions: frozenset[str]
    places: frozenset[PlaceKind]
    connected: bool | None
    ruling: Ruling

    def holds(self, age: AccountAge, jurisdiction: str, place: PlaceKind, connected: bool) -> bool:
        """Say whether it is about this case, of which everything is known."""
        return (
            (not self.ages or age in self.ages)
            and (not self.jurisdictions or jurisdiction in self.jurisdictions)
            and (not self.places or place in self.places)
            and self.connected in (None, connected)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTable:
    """A whole policy. jurisdictions: all that a rule names, upper case; measures: each by its id."""

    version: str
    date: date
    measures: Mapping[str, Measure]
    rules: tuple[Rule, ...]
    jurisdictions: tuple[str, ...]
    _answers: dict[Question, Ruling] = field(default_factory=dict, compare=False, repr=False)

    def decide(self, asked: Question) -> Ruling:
        """Return the answer to a question; the same one for the same question, always.

        A jurisdiction that no rule names counts as unknown. An adult's account is nobody's business here.
        """
        known = self._in_known_words(asked)
        found = self._answers.get(known)
        if found is None:
            # There are a few thousand questions, for what is asked is in the table's own words by now.
            found = self._answers[known] = self._look_up(known)
        return found

    def cases(self) -> Iterator[Case]:
        """Yield every case that is known in full, child by child."""
        yield from product(Feature, CHILDREN, self.jurisdictions, PLACES, (True, False))

    def uncovered(self) -> list[str]:
        """Return what no rule says anything about, a line each; nothing where the table is whole."""
        return [
            f"{feature.value}: age {age.value}, {jurisdiction}, {place.value}, "
            + ("connected" if connected else "not connected")
            for feature, age, jurisdiction, place, connected in self.cases()
            if self.rule(feature, age, jurisdiction, place, connected) is None
        ]

    def rule(
        self, feature: Feature, age: AccountAge, jurisdiction: str, place: PlaceKind, connected: bool
    ) -> Rule | None:
        """Return the rule that counts in a case, None where there is none."""
        wanted = (rule for rule in self.rules if rule.feature is feature)
        return next((rule for rule in wanted if rule.holds(age, jurisdiction, place, connected)), None)

    def _in_known_words(self, asked: Question) -> Question:
        named = asked.jurisdiction.upper() if asked.jurisdiction else None
        known = named if named in self.jurisdictions else None
        if known == asked.jurisdiction:
            return asked
        return Question(
            feature=asked.feature,
            age=asked.age,
            jurisdiction=known,
            place=asked.place,
            connected=asked.connected,
            default_off=asked.default_off,
        )

    def _look_up(self, asked: Question) -> Ruling:
        if asked.age is AccountAge.ADULT:
            return Ruling(decision=Decision.ALLOW, reason=ADULT_ACCOUNT, measure=None)
        ages = CHILDREN if asked.age is AccountAge.UNKNOWN else (asked.age,)
        jurisdictions = self.jurisdictions if asked.jurisdiction is None else (asked.jurisdiction,)
        places = PLACES if asked.place is PlaceKind.UNKNOWN else (asked.place,)
        connections = (False, True) if asked.connected is None else (asked.connected,)
        found = [
            _as_changed(rule.ruling, asked)
            for case in product(ages, jurisdictions, places, connections)
            if (rule := self.rule(asked.feature, *case)) is not None
        ]
        return _with_assumed(_strictest(found), _unknown(asked))


def _as_changed(ruling: Ruling, asked: Question) -> Ruling:
    """Return what holds once the child has turned the default off, where it may."""
    if not (asked.default_off and ruling.changeable):
        return ruling
    # A stranger's message still waits for the child: what was turned off is that none may come.
    milder = Decision.CONFIRM if asked.feature is Feature.MESSAGE else Decision.ALLOW
    return Ruling(
        decision=milder,
        reason=CHANGED_BY_CHILD,
        measure=ruling.measure,
        changeable=True,
        moment=ruling.moment,
    )


def _strictest(found: Iterable[Ruling]) -> Ruling:
    """Return the strictest, of several one that the child cannot turn off."""
    return max(found, key=lambda ruling: (ruling.decision.strictness, not ruling.changeable))


def _unknown(asked: Question) -> tuple[str, ...]:
    missing = {
        "age": asked.age is AccountAge.UNKNOWN,
        "jurisdiction": asked.jurisdiction is None,
        "surface": asked.place is PlaceKind.UNKNOWN,
        "connected": asked.connected is None,
    }
    return tuple(name for name, is_missing in missing.items() if is_missing)


def _with_assumed(ruling: Ruling, assumed: tuple[str, ...]) -> Ruling:
    return Ruling(
        decision=ruling.decision,
        reason=ruling.reason,
        measure=ruling.measure,
        changeable=ruling.changeable,
        moment=ruling.moment,
        assumed=assumed,
    )
