"""How soon a report is due: what the facts suggest, and why. A person chooses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from safehold.model.answers import Form
from safehold.model.assessment import Answer, ConductForm, ConductKind
from safehold.model.authority_report import Priority, Relation
from safehold.model.report_facts import ReportFacts, RiskToLife


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """A priority with its reason."""

    priority: Priority
    reason: str


_PRESSING = frozenset({ConductKind.GROOMING, ConductKind.COERCION})


def suggested(facts: ReportFacts) -> Urgency:
    """Return how soon a report of these facts is due."""
    forms = (each.outcome.form for each in facts.told if each.outcome is not None)
    return by_what_was_found(forms, risk=facts.risk_to_life, relation=facts.relation)


def by_what_was_found(
    forms: Iterable[Form | None], *, risk: RiskToLife | None, relation: Relation | None
) -> Urgency:
    """Return the highest priority that something people declared or found asks for.

    forms: by which what is told was found illegal. risk: declared in the case, and not withdrawn. relation:
    of the report to an earlier one. Imagery alone presses nobody, for it says nothing about now.
    """
    if relation is Relation.CORRECTION:
        return Urgency(priority=Priority.THREE, reason="It corrects what was reported earlier.")
    conduct = [form for form in forms if isinstance(form, ConductForm)]
    if risk is not None and risk.stands:
        return Urgency(
            priority=Priority.ONE,
            reason="A person declared a risk to life, which has not ended.",
        )
    if any(form.child_at_risk_now is Answer.YES for form in conduct):
        return Urgency(priority=Priority.ONE, reason="A person found that a child is at risk now.")
    if risk is not None and relation is Relation.SUPPLEMENT:
        return Urgency(priority=Priority.TWO, reason="It adds to what was reported of a risk to life.")
    if any(form.still_going_on is Answer.YES and form.kind in _PRESSING for form in conduct):
        return Urgency(
            priority=Priority.TWO,
            reason="A person found that a child is approached, and that it goes on.",
        )
    return Urgency(
        priority=Priority.THREE, reason="Nothing that people found says that harm is near in time."
    )
