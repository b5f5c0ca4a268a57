"""What a conversation shows: cues, and who takes part. Nothing here acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from safehold.model.assessment import AgeBand
from safehold.model.band import Band

GROWN_UP = 18
OLDEST = 120
ADULT = "adult"
"""What stands for grown-up where a platform tells a band and no age."""

BY_RULES = "conversation_rules"
"""The source of a flag about a conversation."""
THREATENS = "threat_with_demand"
"""The reason of such a flag where somebody is threatened: it waits for no budget."""
SCORES = {Band.NONE: 0.0, Band.LOW: 0.3, Band.MEDIUM: 0.6, Band.HIGH: 1.0}
"""The score of such a flag, by what the conversation shows."""


def band_of(score: float) -> Band:
    """Return what a flag about a conversation says that it shows: the band of the highest score reached."""
    return next(band for band in reversed(SCORES) if score >= SCORES[band])


class Cue(StrEnum):
    """One thing that a message or a behaviour shows. Never a finding: each has harmless explanations."""

    ASKS_AGE = "asks_age"
    SECRECY = "secrecy"
    OTHER_APP = "other_app"
    ALONE = "alone"
    WHO_IS_HOME = "who_is_home"
    ASKS_PICTURES = "asks_pictures"
    GIFT = "gift"
    MEETING = "meeting"
    THREAT = "threat"
    DEMAND = "demand"
    DEADLINE = "deadline"
    INSISTS = "insists"
    REFUSES = "refuses"
    GUARDIAN = "guardian"
    """Somebody who looks after the child is brought in: it speaks against."""
    PRESSURE = "pressure"
    """Insisting after the other side refused; seen in two messages, never in one."""
    COERCION = "coercion"
    """A threat with a demand or a deadline; may be seen over several messages."""
    FAN_OUT = "fan_out"
    SAME_SCRIPT = "same_script"
    FAST_PRIVATE = "fast_private"
    AGE_GAP = "age_gap"
    NEW_ACCOUNT = "new_account"


class Role(StrEnum):
    """What somebody is on the platform, as the platform itself knows it."""

    USER = "user"
    GUARDIAN = "guardian"
    """Confirmed by the platform as somebody who looks after this child."""
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Years:
    """What is known of somebody's age: both ends inclusive, in whole years."""

    low: int = 0
    high: int = OLDEST

    @property
    def is_child(self) -> bool:
        """Whether it is known that they are under 18."""
        return self.high < GROWN_UP

    @property
    def is_grown(self) -> bool:
        """Whether it is known that they are 18 or older."""
        return self.low >= GROWN_UP

    @classmethod
    def of(cls, *, age: int | None, band: str | None) -> Years:
        """Return what an age, else a band, tells; everything is possible where neither does.

        band: a value of AgeBand, or `adult`. Raises ValueError for another.
        """
        if age is not None:
            return cls(age, age)
        if band == ADULT:
            return cls(GROWN_UP, OLDEST)
        if band is None or AgeBand(band) is AgeBand.UNKNOWN:
            return cls()
        low, high = band.split("-")
        return cls(int(low), int(high))


UNKNOWN_AGE = Years()
"""What is known of an age that nobody told."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """That a message shows a cue, by a rule. message: the platform's id. at: seconds since 1970.

    start, end: the span in the original text, in characters, end exclusive; both 0 where no text showed it.
    """

    at: int
    message: str
    cue: Cue
    rule: str
    start: int = 0
    end: int = 0

    @property
    def sent_at(self) -> datetime:
        """When the message was sent: aware, UTC."""
        return datetime.fromtimestamp(self.at, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody who takes part. id: the platform's own, opaque to us. account_created_at: aware."""

    id: str
    years: Years = UNKNOWN_AGE
    role: Role = Role.USER
    account_created_at: datetime | None = None

    def __repr__(self) -> str:
        """Name the role only: the rest is personal data."""
        return f"Participant({self.role.value})"
