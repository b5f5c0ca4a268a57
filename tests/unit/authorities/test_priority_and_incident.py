"""Claims about what follows from answers: how soon a report is due, and what kind of incident it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from safehold.authorities.incident import INCIDENT_TABLES, Incident, kind_of, versions
from safehold.authorities.priority import suggested
from safehold.model.assessment import Answer, ConductKind, Grown
from safehold.model.authority_report import Priority, Relation
from safehold.model.report_facts import RiskToLife
from safehold.model.schemes import TABLES
from safehold.testing.report_facts import APPROACH, RISK, conversation, facts, upload


@pytest.mark.parametrize("at_risk", Answer)
@pytest.mark.parametrize("goes_on", Answer)
@pytest.mark.parametrize("kind", ConductKind)
def test_what_people_answered_about_conduct_suggests_how_soon(
    kind: ConductKind, goes_on: Answer, at_risk: Answer
) -> None:
    form = replace(APPROACH, kind=kind, still_going_on=goes_on, child_at_risk_now=at_risk)
    by_kind = Priority.TWO if kind in (ConductKind.GROOMING, ConductKind.COERCION) else Priority.THREE
    expected = by_kind if goes_on is Answer.YES else Priority.THREE
    expected = Priority.ONE if at_risk is Answer.YES else expected
    assert suggested(facts(upload(), conversation(form))).priority is expected


ENDED = replace(RISK, stands=False)


@pytest.mark.parametrize(
    ("risk", "relation", "priority"),
    [
        (None, None, Priority.THREE),
        (RISK, None, Priority.ONE),
        (ENDED, None, Priority.THREE),
        (None, Relation.SUPPLEMENT, Priority.THREE),
        (RISK, Relation.SUPPLEMENT, Priority.ONE),
        (ENDED, Relation.SUPPLEMENT, Priority.TWO),
        (None, Relation.CORRECTION, Priority.THREE),
        (RISK, Relation.CORRECTION, Priority.THREE),
        (ENDED, Relation.CORRECTION, Priority.THREE),
    ],
)
def test_imagery_presses_only_with_a_declared_risk_and_what_adds_to_that_presses_after_its_end(
    risk: RiskToLife | None, relation: Relation | None, priority: Priority
) -> None:
    assert suggested(facts(upload(), risk_to_life=risk, relation=relation)).priority is priority


def test_a_declared_risk_to_life_is_the_highest_whatever_else_was_found() -> None:
    assert suggested(facts(upload(outcome=None), risk_to_life=RISK)).priority is Priority.ONE


def test_every_suggestion_has_its_own_reason() -> None:
    told = (
        facts(risk_to_life=RISK),
        facts(conversation(replace(APPROACH, child_at_risk_now=Answer.YES))),
        facts(conversation(replace(APPROACH, still_going_on=Answer.YES))),
        facts(relation=Relation.SUPPLEMENT, risk_to_life=ENDED),
        facts(relation=Relation.CORRECTION),
        facts(),
    )
    assert len({suggested(each).reason for each in told}) == len(told)


def test_the_table_of_incidents_has_an_answer_for_all_that_can_be_answered() -> None:
    for table in INCIDENT_TABLES.values():
        said = {
            table.value_of({"form": form, "kind": kind, "by_grown": grown})
            for form, kind, grown in product(("imagery", "conduct"), ConductKind, Grown)
        }
        assert said <= set(table.values)
        assert table.value_of({}) == "unknown"
    assert {each.value for each in Incident} | {"unknown"} == set(INCIDENT_TABLES["incident"].values)


def test_what_nobody_assessed_is_called_by_the_nearest_and_says_so() -> None:
    kind = kind_of(facts(upload(outcome=None), risk_to_life=RISK))
    assert (kind.incident, kind.derived) == (Incident.IMAGERY, False)
    talk = replace(conversation(), outcome=None)
    assert kind_of(facts(talk, risk_to_life=RISK)).incident is Incident.ENTICEMENT


def test_the_version_of_every_table_that_is_used_is_named() -> None:
    named = {part.rpartition(" ")[0] for part in versions().split(", ")}
    of_files = {"industry", "drawn", "ai_generated", "self_produced", "livestreamed", "infant"}
    assert named == of_files | {"incident", "between_children"}
    assert of_files <= {table.name for table in TABLES}
