"""How soon a report is due: what the facts suggest, and why. A person chooses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from safehold.model.assessment import Answer, ConductForm, ConductKind
from safehold.model.report_facts import ReportFacts


class Priority(IntEnum):
    """1: a life, or serious harm, is at stake now. 2: serious harm is likely soon. 3: anything else."""

    ONE = 1
    TWO = 2
    THREE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """A priority with its reason."""

    priority: Priority
    reason: str


_PRESSING = frozenset({ConductKind.GROOMING, ConductKind.COERCION})


def suggested(facts: ReportFacts) -> Urgency:
    """Return the highest priority that something people declared or found asks for."""
    forms = [each.outcome.form for each in facts.told if each.outcome is not None]
    conduct = [form for form in forms if isinstance(form, ConductForm)]
    if facts.risk_to_life is not None:
        return Urgency(priority=Priority.ONE, reason="A person declared a risk to life in the case.")
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
