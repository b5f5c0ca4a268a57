"""The section about evidence: how long it is kept where no law says, and when a missing report alarms."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from safehold.app.settings_sections import Section


class EvidenceSettings(Section):
    """How long confirmed material is kept."""

    operator_term_days: int = Field(
        90,
        ge=14,
        le=3650,
        description="Your own term, for what is confirmed and no legal clock covers: the purposes"
        " `intimate_images` and `own_terms`. At least the 14 days for an appeal. Clocks that run already keep"
        " their date.",
    )
    unfiled_alarm_days: int = Field(
        30,
        ge=1,
        le=365,
        description="A person is alarmed about confirmed material that nothing was filed about for so long."
        " It is kept until then and after.",
    )

    @property
    def operator_term(self) -> timedelta:
        """The operator's own term."""
        return timedelta(days=self.operator_term_days)

    @property
    def unfiled_patience(self) -> timedelta:
        """How long a report may be missing before a person hears of it."""
        return timedelta(days=self.unfiled_alarm_days)
