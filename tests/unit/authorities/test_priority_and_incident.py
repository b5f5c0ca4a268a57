"""Claims about what follows from answers: how soon a report is due, and what kind of incident it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from safehold.authorities.incident import INCIDENT_TABLES, Incident, kind_of, versions
from safehold.authorities.priority import suggested
from safehold.model.assessment import Answer, ConductForm, ConductKind, Grown
from safehold.model.authority_report import Priority, Relation
from safehold.model.schemes import TABLES
from safehold.testing.report_facts import APPROACH, RISK, conversation, facts, upload


@pytest.mark.parametrize(
    ("form", "priority"),
    [
        (replace(APPROACH, child_at_risk_now=Answer.YES), Priority.ONE),
        (replace(APPROACH, still_going_on=Answer.YES), Priority.TWO),
        (replace(APPROACH, kind=ConductKind.COERCION, still_going_on=Answer.YES), Priority.TWO),
        (replace(APPROACH, kind=ConductKind.TRADING, still_going_on=Answer.YES), Priority.THREE),
        (APPROACH, Priority.THREE),
    ],
)
def test_what_people_answered_about_conduct_suggests_how_soon(form: ConductForm, priority: Priority) -> None:
    assert suggested(facts(upload(), conversation(form))).priority is priority


def test_a_declared_risk_to_life_is_the_highest_whatever_else_was_found() -> None:
    assert suggested(facts(upload(outcome=None), risk_to_life=RISK)).priority is Priority.ONE


def test_a_correction_does_not_press() -> None:
    corrected = facts(upload(outcome=None), relation=Relation.CORRECTION, risk_to_life=RISK)
    assert suggested(corrected).priority is Priority.THREE


def test_a_risk_to_life_that_has_ended_presses_no_more() -> None:
    ended = replace(RISK, stands=False)
    assert suggested(facts(upload(), risk_to_life=ended)).priority is Priority.THREE


def test_every_suggestion_has_its_own_reason() -> None:
    told = (
        facts(risk_to_life=RISK),
        facts(conversation(replace(APPROACH, child_at_risk_now=Answer.YES))),
        facts(conversation(replace(APPROACH, still_going_on=Answer.YES))),
        facts(),
    )
    assert len({suggested(each).reason for each in told}) == 4


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
