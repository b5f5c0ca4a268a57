"""The section of the settings about queues: by when cases are decided, and which skills they ask for."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from safehold.app.settings_sections import Section
from safehold.model.errors import BadForm
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.queue import checked_skills

_Hours = Annotated[float, Field(gt=0, le=24 * 365)]


def _skills(said: list[str]) -> list[str]:
    try:
        return sorted(checked_skills(said))
    except BadForm as error:
        raise ValueError(error.what.partition(": ")[2]) from None


_Skills = Annotated[list[str], AfterValidator(_skills)]


class QueueSettings(Section):
    """What is asked of the queues, one for each purpose."""

    decide_within_hours: dict[Purpose, _Hours] = Field(
        default_factory=dict,
        description="By purpose: within so many hours of its opening a case is to be decided. As the date"
        " comes nearer the case comes earlier. Nothing is set by default: what binds you depends on where you"
        " are.",
    )
    skills_for: dict[ExposureKind, _Skills] = Field(
        default_factory=dict,
        description="By kind of material: skills that a case with it asks of whoever is offered it. Nobody"
        " who lacks one is offered it while somebody who may know of the case has them all.",
    )
