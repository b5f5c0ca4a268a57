"""Asked: which questions of a form apply, so that nobody is asked for what makes no difference.

A question that does not apply is not shown, and what was said to it is left out. What applies and stays open
is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from safehold.model.assessment import Category, Finding, SelfGenerated

__all__ = ["WHEN", "When", "applies"]


class When(StrEnum):
    """What has to be so for a question to be asked."""

    ALWAYS = "always"
    CONFIRMING = "confirming"
    """The finding confirms."""
    PHOTOGRAPHIC = "photographic"
    """It confirms, and the category is not the one that is no photograph."""
    SELF_GENERATED = "self_generated"
    """It is that, and the child made it themselves."""


WHEN: Mapping[str, When] = {
    "age_band": When.CONFIRMING,
    "sex": When.CONFIRMING,
    "count": When.CONFIRMING,
    "self_generated": When.PHOTOGRAPHIC,
    "circumstances": When.SELF_GENERATED,
    "company": When.SELF_GENERATED,
    "setting": When.PHOTOGRAPHIC,
    "made_by": When.CONFIRMING,
    "commercial": When.CONFIRMING,
    "livestream": When.PHOTOGRAPHIC,
    "new_to_us": When.CONFIRMING,
    "development": When.PHOTOGRAPHIC,
    "severity_tier": When.PHOTOGRAPHIC,
    "site_type": When.ALWAYS,
    "kind": When.CONFIRMING,
    "by": When.CONFIRMING,
    "towards": When.CONFIRMING,
    "age_known_by": When.CONFIRMING,
    "by_grown": When.CONFIRMING,
    "by_grown_known_by": When.CONFIRMING,
    "still_going_on": When.CONFIRMING,
    "relied_on": When.CONFIRMING,
}
"""When each answer of either form is asked for; what is not named here always is."""

_CONFIRMING = frozenset(finding.value for finding in Finding if finding.confirms)


def applies(field: str, answers: Mapping[str, Any]) -> bool:
    """Say whether a question applies, given what was said to the others, by name and as JSON values."""
    when = WHEN.get(field, When.ALWAYS)
    if when is When.ALWAYS:
        return True
    if answers.get("finding") not in _CONFIRMING:
        return False
    if when is When.CONFIRMING:
        return True
    if answers.get("category") == Category.PROHIBITED.value:
        return False
    return when is When.PHOTOGRAPHIC or answers.get("self_generated") == SelfGenerated.YES.value
