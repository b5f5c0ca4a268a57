"""Words about what is kept: why, where each line of the ledger stands."""

from __future__ import annotations

from safehold.model.retention import LineState
from safehold.web.language import N_, translated

WHYS = N_(
    {
        "us_preservation": "a report to NCMEC: a year",
        "uk_content": "a report to the NCA: a year",
        "uk_reference": "the reference that the NCA gave: five years",
        "operator_term": "the operator’s own term",
        "legal_hold": "a legal hold",
        "destroy_order": "an order to destroy",
        "undecided": "nobody has decided yet",
        "not_confirmed": "not confirmed: the days for an appeal",
        "confirmed": "confirmed, and not reported yet",
        "at_risk": "a risk to life was declared",
    }
)
"""Why something is kept, or went, by basis or rule."""

STATES = N_(
    {
        LineState.KEPT: "keeps it now",
        LineState.OVER: "over",
        LineState.DESTROYED: "destroyed",
    }
)


def why(code: str) -> str:
    """Return why something is kept, or went."""
    return translated(WHYS[code])
