"""How strongly a machine asks for a look: by what a classifier says, or by what a conversation shows."""

from __future__ import annotations

from enum import StrEnum


class Band(StrEnum):
    """How much there is to look at. That a person is asked, or is not: nothing else ever follows.

    Rules of conversations use the bands up to HIGH.
    """

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VERY_HIGH = "very_high"

    @property
    def rank(self) -> int:
        """The place in the order of the bands; NONE is 0."""
        return tuple(Band).index(self)

    @property
    def asks(self) -> bool:
        """Whether rules ask a person to look: from MEDIUM on. For classifiers settings say from when on."""
        return self.rank >= Band.MEDIUM.rank
