"""On which terms a classifier is asked: for what, where the law allows it, how long, how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from safehold.detect.classifiers.base import Classifier
from safehold.model.band import Band
from safehold.model.classifier import Use
from safehold.model.surface import LegalBasis, Surface, are_covered


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """On which terms a classifier is asked.

    use: what may follow. shadow: it is asked and heard, and is no check yet: it raises no flag and leaves no
    answer incomplete. flags_from: the band from which on it asks a person to look. seconds: how long it may
    take. a_second, a_day: calls in a second, and in a day (UTC), None without end; each process counts its
    own. bases: the law under which pictures may leave, by region; none are needed where nothing leaves.
    Raises ValueError for any use but review.
    """

    classifier: Classifier
    use: Use = Use.REVIEW
    shadow: bool = True
    flags_from: Band = Band.HIGH
    seconds: float = 1.0
    a_second: float | None = None
    a_day: int | None = None
    bases: tuple[LegalBasis, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what a type checker would: a machine that acts."""
        if self.use is not Use.REVIEW:
            raise ValueError("what a classifier says can ask for a review, and nothing else")

    def may_ask(self, surface: Surface, region: str | None, now: datetime) -> bool:
        """Say whether the law lets it be asked about this: for whatever leaves the house, a basis must stand.

        An unknown region counts as the strictest: every region of the surface must have one.
        """
        if not self.classifier.info.leaves_house:
            return True
        return are_covered(surface.regions, self.bases, region, now)
