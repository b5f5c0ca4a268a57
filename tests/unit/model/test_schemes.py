"""Other schemes: tables that always say something, and say unknown rather than guess."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import product

import pytest

from safehold.model import assessment, schemes
from safehold.model.schemes import TABLES, Table, in_schemes

ANSWERS: dict[str, type[StrEnum]] = {
    "finding": assessment.Finding,
    "category": assessment.Category,
    "age_band": assessment.AgeBand,
    "self_generated": assessment.SelfGenerated,
    "made_by": assessment.MadeBy,
    "livestream": assessment.Answer,
    "development": assessment.Development,
    "severity_tier": assessment.SeverityTier,
}
SCHEMES = {table.name: table for table in TABLES}
ILLEGAL = {"finding": "illegal", "category": "A"}

tables = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def possible(name: str) -> list[str]:
    """Return everything that an input can be, unknown and not asked among it."""
    said = SCHEMES[name].values if name in SCHEMES else [each.value for each in ANSWERS[name]]
    return [*dict.fromkeys([*said, schemes.UNKNOWN])]


def combinations(table: Table) -> Iterator[dict[str, str]]:
    for said in product(*(possible(name) for name in table.inputs)):
        yield dict(zip(table.inputs, said, strict=True))


@tables
def test_every_table_says_one_of_its_values_for_every_combination_of_answers(table: Table) -> None:
    said = {table.value_of(answers) for answers in combinations(table)}
    assert said == set(table.values)


@tables
def test_every_rule_of_a_table_decides_something_and_looks_only_at_what_the_table_names(table: Table) -> None:
    first = set()
    for answers in combinations(table):
        holding = [number for number, rule in enumerate(table.rules) if rule.holds(answers)]
        assert holding, "no rule says anything"
        first.add(holding[0])
    assert first == set(range(len(table.rules)))
    for rule in table.rules:
        assert set(rule.when) <= set(table.inputs)
        for name, wanted in rule.when.items():
            assert wanted <= set(possible(name))


@tables
def test_every_table_names_its_version_date_and_source(table: Table) -> None:
    assert table.version >= 1
    assert table.date.year >= 2026
    assert len(table.source) > 40


@tables
def test_nothing_follows_from_an_assessment_that_could_tell_nothing(table: Table) -> None:
    assert in_schemes({"finding": "cannot_determine", "category": None})[table.name] == "unknown"


def test_no_uk_category_becomes_an_industry_class_by_itself() -> None:
    for category, band in product("ABC", ANSWERS["age_band"]):
        answers = {"finding": "illegal", "category": category, "age_band": band.value, "made_by": "camera"}
        assert in_schemes(answers)["industry"] == "unknown"


def test_stage_and_tier_make_an_industry_class_and_that_is_what_the_notice_says() -> None:
    found = in_schemes({**ILLEGAL, "development": "pubescent", "severity_tier": "2"})
    assert (found["industry"], found["xarf"]) == ("B2", "B2")
    young = in_schemes({**ILLEGAL, "age_band": "3-6", "made_by": "camera"})
    assert (young["industry"], young["baseline"], young["xarf"]) == ("unknown", "yes", "baseline")


def test_the_baseline_is_of_real_children_and_never_taken_for_granted() -> None:
    young = {**ILLEGAL, "age_band": "3-6"}
    assert in_schemes({**young, "made_by": "unknown"})["baseline"] == "unknown"
    assert in_schemes({**young, "made_by": "ai_generated"})["baseline"] == "no"
    assert in_schemes({**young, "made_by": "camera", "category": "C"})["baseline"] == "unknown"
    older = {**ILLEGAL, "age_band": "7-10", "made_by": "camera"}
    assert in_schemes(older)["baseline"] == "unknown"
    assert in_schemes({**older, "development": "prepubescent"})["baseline"] == "yes"


def test_what_is_not_illegal_has_no_class_anywhere() -> None:
    found = in_schemes({"finding": "not_illegal", "category": None})
    assert (found["industry"], found["baseline"], found["xarf"]) == ("not_applicable", "no", "not_applicable")
