"""The section about exposure: how long one person may look, and what the team is shown of it."""

from __future__ import annotations

from pydantic import Field, field_validator

from safehold.app.settings_sections import Section
from safehold.model.exposure import ExposureKind
from safehold.review.budget import WEIGHTS, ExposureRules


class ExposureSettings(Section):
    """How long one person may look. People can be stricter with themselves, and nobody laxer with anybody."""

    day_minutes: int = Field(
        240, ge=1, le=240, description="Most weighted minutes with pictures in a day: a hard stop."
    )
    soft_percent: int = Field(
        75, ge=10, le=100, description="From this share of the day on, severe cases are offered last."
    )
    spell_minutes: int = Field(60, ge=5, le=60, description="After so long at it a break is due.")
    break_minutes: int = Field(
        10, ge=5, le=120, description="How long nothing is shown then: the shortest break there is."
    )
    weights: dict[ExposureKind, float] = Field(
        default_factory=lambda: dict(WEIGHTS),
        description="What a second counts, by kind, 1 to 10. What is not named keeps its default, else 1.",
    )
    severe: list[ExposureKind] = Field(
        default_factory=lambda: [ExposureKind.A, ExposureKind.B],
        description="Kinds that count as severe when the next case is chosen.",
    )
    interleave_after: int = Field(
        5, ge=1, le=100, description="After so many severe cases in a row another kind comes, if one waits."
    )

    @field_validator("weights")
    @classmethod
    def _at_least_their_time(cls, weights: dict[ExposureKind, float]) -> dict[ExposureKind, float]:
        for kind, weight in weights.items():
            if not 1 <= weight <= 10:
                raise ValueError(f"{kind.value}: a second counts 1 to 10")
        return weights

    def rules(self) -> ExposureRules:
        """Return these settings as review reckons with them."""
        return ExposureRules(
            day_seconds=self.day_minutes * 60,
            soft_percent=self.soft_percent,
            spell_seconds=self.spell_minutes * 60,
            break_seconds=self.break_minutes * 60,
            weights={**WEIGHTS, **self.weights},
            severe=frozenset(self.severe),
            interleave_after=self.interleave_after,
        )
