"""The section of the settings about targets: which part of the work is to be in time, and alike."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from safehold.app.settings_sections import Section

_Share = Annotated[float, Field(gt=0, le=1)]


class TargetSettings(Section):
    """What the overview measures the work by. Nothing is set by default, and nothing follows from any."""

    decided_in_time: _Share | None = Field(
        None,
        description="Which part of what had a date is to be decided before it, such as 0.95. Dates come from"
        " `queues.decide_within_hours`.",
    )
    filed_in_time: _Share | None = Field(
        None, description="Which part of the reports to authorities is to be filed before its date."
    )
    agreement: _Share | None = Field(
        None,
        description="Of which part of what several people assess apart all are to find the same. It is"
        " counted in weeks in which five people or more took part.",
    )
