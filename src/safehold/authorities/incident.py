"""What kind of incident it is, by a table with a version; and whether there is anything to report at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from safehold.model.answers import Form, form_name
from safehold.model.assessment import ConductForm
from safehold.model.errors import Refused
from safehold.model.hash_list import Purpose
from safehold.model.report_facts import ReportFacts
from safehold.model.schemes import TABLES, load

INCIDENT_TABLES = {table.name: table for table in load("incident")}
REPORTED_PURPOSES = frozenset({Purpose.CSAM, Purpose.TEST})
"""A test is a rehearsal of a csam case; the other purposes are nothing that authorities are told about."""


class Incident(StrEnum):
    """A kind of incident, in our own words."""

    IMAGERY = "imagery"
    ENTICEMENT = "enticement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The kind of a whole report. derived: it follows from what people found; else it is only the nearest."""

    incident: Incident
    derived: bool
    between_children: bool


def kind_of(facts: ReportFacts) -> Kind:
    """Return the kind of incident: conduct towards a child weighs more than imagery, where both were found.

    What nobody has assessed is imagery where media came, else it is conduct; that is not derived.
    """
    found = [_derived(outcome.form) for each in facts.told if (outcome := each.outcome) and outcome.form]
    kinds = {one["incident"] for one in found}
    for incident in (Incident.ENTICEMENT, Incident.IMAGERY):
        if incident.value in kinds:
            break
    else:
        conduct = "unknown" in kinds or (facts.told and all(each.media is None for each in facts.told))
        incident = Incident.ENTICEMENT if conduct else Incident.IMAGERY
    return Kind(
        incident=incident,
        derived=incident.value in kinds,
        between_children=any(one["between_children"] == "yes" for one in found),
    )


def versions() -> str:
    """Return the versions of the tables that words of the CyberTipline follow from, as text."""
    used = [*INCIDENT_TABLES.values(), *(table for table in TABLES if table.name in _OF_FILES)]
    return ", ".join(f"{table.name} {table.version}" for table in used)


_OF_FILES = ("industry", "drawn", "ai_generated", "self_produced", "livestreamed", "infant")


def check_reportable(facts: ReportFacts) -> None:
    """Raise Refused where no authority may be told about the case, or there is nothing to tell."""
    if facts.purpose not in REPORTED_PURPOSES:
        raise Refused(
            "Cases of this purpose are not reported to authorities by this way.",
            advice="Where people found abuse of a child, move the item into a case for that.",
        )
    declared = facts.wrong_alarm if facts.is_correction else facts.risk_to_life
    if not (facts.told or facts.corrected or declared):
        raise Refused(
            "There is nothing to report: nothing was found illegal, and no risk to life was declared.",
            advice="Let people assess it first, or declare a risk to life.",
        )


def _derived(form: Form) -> Mapping[str, str]:
    said = {"form": form_name(form)}
    if isinstance(form, ConductForm):
        said |= {"kind": form.kind.value, "by_grown": form.by_grown.value}
    return {name: table.value_of(said) for name, table in INCIDENT_TABLES.items()}
