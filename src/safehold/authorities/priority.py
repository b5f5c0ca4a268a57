"""How soon a report is due: what the facts suggest, and why. A person chooses."""

from __future__ import annotations

from dataclasses import dataclass

from safehold.model.assessment import Answer, ConductForm, ConductKind
from safehold.model.authority_report import Priority, Relation
from safehold.model.report_facts import ReportFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """A priority with its reason."""

    priority: Priority
    reason: str


_PRESSING = frozenset({ConductKind.GROOMING, ConductKind.COERCION})


def suggested(facts: ReportFacts) -> Urgency:
    """Return the highest priority that something people declared or found asks for."""
    if facts.relation is Relation.CORRECTION:
        return Urgency(priority=Priority.THREE, reason="It corrects what was reported earlier.")
    forms = [each.outcome.form for each in facts.told if each.outcome is not None]
    conduct = [form for form in forms if isinstance(form, ConductForm)]
    if facts.risk_to_life is not None and facts.risk_to_life.stands:
        return Urgency(
            priority=Priority.ONE,
            reason="A person declared a risk to life, which has not ended.",
        )
    if any(form.child_at_risk_now is Answer.YES for form in conduct):
        return Urgency(priority=Priority.ONE, reason="A person found that a child is at risk now.")
    if any(form.still_going_on is Answer.YES and form.kind in _PRESSING for form in conduct):
        return Urgency(
            priority=Priority.TWO,
            reason="A person found that a child is approached, and that it goes on.",
        )
    return Urgency(
        priority=Priority.THREE, reason="Nothing that people found says that harm is near in time."
    )
