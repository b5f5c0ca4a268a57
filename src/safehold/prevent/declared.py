"""What a platform declares that it does for children by default, against what the policy asks."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from safehold.model.child_account import CHILDREN, AccountAge, Decision, Feature, Moment, PlaceKind
from safehold.model.errors import BadForm
from safehold.prevent.child_policy import PolicyTable, Question

LARGEST = 1_000_000
"""Most characters of a file."""
SUPPORT = "ICU F2"
"""The measure that asks for words that help, at four moments."""
ASKED_MOMENTS = (
    Moment.DEFAULT_TURNED_OFF,
    Moment.CONNECTION_REQUEST,
    Moment.FIRST_MESSAGE,
    Moment.AFTER_BLOCK,
)


def _all_children() -> list[AccountAge]:
    return [*CHILDREN]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class DeclaredSurface(_Part):
    """What a platform does on one surface for children of some ages.

    defaults: what happens by default where the other account is not connected, or where that makes no
    difference; connected: where it is, if that is something else. absent: what this surface does not have.
    """

    name: str = Field(min_length=1, max_length=200)
    place: PlaceKind = PlaceKind.UNKNOWN
    ages: list[AccountAge] = Field(default_factory=_all_children, min_length=1)
    defaults: dict[Feature, Decision] = Field(default_factory=dict)
    connected: dict[Feature, Decision] = Field(default_factory=dict)
    absent: list[Feature] = Field(default_factory=list)

    def says(self, feature: Feature, *, connected: bool) -> Decision | None:
        """Return what is declared for a case, None where nothing is."""
        said = self.defaults.get(feature)
        return self.connected.get(feature, said) if connected else said


class Declared(_Part):
    """What a platform declares of itself. jurisdiction: None is unknown, so the strictest is asked.

    moments: those at which a child is shown words that help.
    """

    jurisdiction: str | None = None
    surface: list[DeclaredSurface] = Field(min_length=1, max_length=1000)
    moments: list[Moment] = Field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """A measure that is not met. declared: None where nothing is said. ages: empty where it is about all.

    feature: what would happen, or the moment at which words are missing.
    """

    measure: str
    surface: str | None
    feature: str
    connected: bool | None
    ages: tuple[AccountAge, ...]
    declared: Decision | None
    asked: Decision | None
    reason: str


def parse(source: str) -> Declared:
    """Return what a file declares, TOML or JSON. Raises BadForm that names what is wrong."""
    if len(source) > LARGEST:
        raise BadForm(f"The file has more than {LARGEST} characters.")
    try:
        return Declared.model_validate(_read(source))
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        places = sorted({".".join(str(part) for part in line["loc"][:3]) for line in problems})
        raise BadForm(f"What is declared is wrong at: {', '.join(places)}.") from None


def _read(source: str) -> Mapping[str, Any]:
    if source.lstrip().startswith("{"):
        try:
            read: Mapping[str, Any] = json.loads(source)
        except (ValueError, RecursionError):
            raise BadForm("The file begins as JSON does, and is none.") from None
        return read
    try:
        return tomllib.loads(source)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise BadForm("The file is neither TOML nor JSON.") from None


def unmet(table: PolicyTable, declared: Declared) -> list[Unmet]:
    """Return every measure that what is declared does not meet, in the order of surfaces and features.

    A case is met where what happens by default is at least as strict as what the policy says. What is not
    declared is not met. Cases that differ in age alone are one.
    """
    found: dict[tuple[object, ...], Unmet] = {}
    for each in declared.surface:
        for one in _of_surface(table, each, declared.jurisdiction):
            key = (one.measure, one.surface, one.feature, one.connected, one.declared, one.asked, one.reason)
            earlier = found.get(key)
            found[key] = one if earlier is None else _joined(earlier, one)
    return [*found.values(), *_moments(table, declared)]


def _of_surface(table: PolicyTable, surface: DeclaredSurface, jurisdiction: str | None) -> Iterator[Unmet]:
    for feature in Feature:
        if feature in surface.absent:
            continue
        for connected in (False, True):
            said = surface.says(feature, connected=connected)
            for age in surface.ages:
                ruling = table.decide(
                    Question(
                        feature=feature,
                        age=age,
                        jurisdiction=jurisdiction,
                        place=surface.place,
                        connected=connected,
                    )
                )
                is_met = said is not None and said.strictness >= ruling.decision.strictness
                if ruling.measure is None or is_met or ruling.decision is Decision.ALLOW:
                    continue
                yield Unmet(
                    measure=ruling.measure,
                    surface=surface.name,
                    feature=feature.value,
                    connected=connected,
                    ages=(age,),
                    declared=said,
                    asked=ruling.decision,
                    reason=ruling.reason,
                )


def _joined(earlier: Unmet, later: Unmet) -> Unmet:
    ages = tuple(age for age in AccountAge if age in earlier.ages or age in later.ages)
    return Unmet(
        measure=earlier.measure,
        surface=earlier.surface,
        feature=earlier.feature,
        connected=earlier.connected,
        ages=ages,
        declared=earlier.declared,
        asked=earlier.asked,
        reason=earlier.reason,
    )


def _moments(table: PolicyTable, declared: Declared) -> Iterator[Unmet]:
    if SUPPORT not in table.measures:
        return
    for moment in ASKED_MOMENTS:
        if moment not in declared.moments:
            yield Unmet(
                measure=SUPPORT,
                surface=None,
                feature=moment.value,
                connected=None,
                ages=(),
                declared=None,
                asked=None,
                reason="words_that_help_at_this_moment",
            )
