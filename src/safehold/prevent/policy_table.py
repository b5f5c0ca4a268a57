"""Reading a policy for child accounts from TOML: what is no whole policy is refused, with the place named."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from safehold.model.child_account import CHILDREN, AccountAge, Decision, Feature, Moment, PlaceKind
from safehold.model.errors import BadForm
from safehold.prevent.child_policy import Measure, PolicyTable, Rule, Ruling

LARGEST = 200_000
"""Most characters of a file."""
_MOST_NAMED = 5
"""How many of what is missing a refusal names."""
_CODE = r"^[a-z][a-z0-9_]{0,63}$"


class _WrittenRule(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    feature: Feature
    ages: list[AccountAge] = Field(default_factory=list)
    jurisdictions: list[str] = Field(default_factory=list)
    places: list[PlaceKind] = Field(default_factory=list)
    connected: bool | None = Field(None, strict=True)
    decision: Decision
    reason: str = Field(pattern=_CODE)
    measure: str
    changeable: bool = Field(False, strict=True)
    moment: Moment | None = None

    def to_rule(self) -> Rule:
        return Rule(
            feature=self.feature,
            ages=frozenset(self.ages),
            jurisdictions=frozenset(each.upper() for each in self.jurisdictions),
            places=frozenset(self.places),
            connected=self.connected,
            ruling=Ruling(
                decision=self.decision,
                reason=self.reason,
                measure=self.measure,
                changeable=self.changeable,
                moment=self.moment,
            ),
        )


class _WrittenMeasure(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    says: str = Field(min_length=1, max_length=500)
    source: str = Field(min_length=1, max_length=500)
    checked_on: date


class _WrittenTable(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    version: str = Field(min_length=1, max_length=40)
    date: date
    measures: dict[str, _WrittenMeasure]
    rule: list[_WrittenRule] = Field(min_length=1, max_length=2000)


@cache
def default() -> PolicyTable:
    """Return the policy that Safehold comes with."""
    return parse(resources.files("safehold.prevent").joinpath("child_policy.toml").read_text("utf-8"))


def parse(source: str) -> PolicyTable:
    """Return the policy that a TOML file holds.

    Raises BadForm for what is no such file, for a measure without words, source and day, an age that is no
    child's, a rule that can never be reached, and for a child, place or feature that no rule is about.
    """
    if len(source) > LARGEST:
        raise BadForm(f"The policy has more than {LARGEST} characters.")
    try:
        written = _WrittenTable.model_validate(tomllib.loads(source))
    except tomllib.TOMLDecodeError as error:
        raise BadForm(f"The policy is not TOML: {error}.") from None
    except ValidationError as error:
        raise BadForm(f"The policy is wrong at: {_places(error)}.") from None
    rules = tuple(each.to_rule() for each in written.rule)
    named = {each for rule in rules for each in rule.jurisdictions}
    table = PolicyTable(
        version=written.version,
        date=written.date,
        measures={name: Measure(**each.model_dump()) for name, each in written.measures.items()},
        rules=rules,
        jurisdictions=tuple(sorted(named)),
    )
    _check(table)
    return table


def _places(error: ValidationError) -> str:
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return ", ".join(sorted({".".join(str(part) for part in line["loc"]) for line in problems}))


def _check(table: PolicyTable) -> None:
    if not table.jurisdictions:
        raise BadForm("The policy names no jurisdiction: the strictest of none is nothing.")
    _check_each(table.rules, table.measures)
    missing = table.uncovered()
    if missing:
        more = f", and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        raise BadForm(f"No rule of the policy is about {'; '.join(missing[:_MOST_NAMED])}{more}.")
    reached = {id(table.rule(*case)) for case in table.cases()}
    for number, rule in enumerate(table.rules, start=1):
        if id(rule) not in reached:
            raise BadForm(f"Rule {number} is never reached: earlier ones say something already.")


def _check_each(rules: Sequence[Rule], measures: Mapping[str, Any]) -> None:
    for number, rule in enumerate(rules, start=1):
        if rule.ruling.measure not in measures:
            raise BadForm(f"Rule {number} serves a measure that [measures] does not explain.")
        if not rule.ages <= set(CHILDREN):
            raise BadForm(f"Rule {number} names an age that is no child's.")
        if PlaceKind.UNKNOWN in rule.places:
            raise BadForm(f"Rule {number} names an unknown place: leave places out instead.")
