"""Classifiers: what one is, what it says of some media, and the one use that is made of it.

A classifier estimates; a list knows and a person decides. What it says leads to one thing alone: somebody is
asked to look.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from safehold.model.band import Band


class ClassifierKind(StrEnum):
    """What a classifier looks at. Services that know media again are lists, not classifiers."""

    UNSEEN_IMAGE = "unseen_image"
    UNSEEN_VIDEO = "unseen_video"


class Sends(StrEnum):
    """What of some media a classifier is handed."""

    DOWNSCALED = "downscaled"
    ORIGINAL = "original"


class Use(StrEnum):
    """What may follow from what a classifier says. There is no other value, and never will be."""

    REVIEW = "review"


class Answered(StrEnum):
    """How a classifier fared. ABSTAIN and UNSUPPORTED are answers: it has nothing to say about this."""

    OK = "ok"
    ABSTAIN = "abstain"
    UNSUPPORTED = "unsupported"
    ERROR = "error"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierInfo:
    """What a classifier says of itself; it is on record with each opinion.

    name: as in the settings. destination: host and port of the machine that what it is handed goes to; empty
    for one that runs here. batch_max: pictures in one call. max_side: pixels of the longer side beyond which
    it learns nothing more. weights_sha256: of the file it runs, hexadecimal; empty where it runs elsewhere.
    card: what it was made of and for, its limits, licence and source, as its model card has them.
    """

    name: str
    version: str
    kind: ClassifierKind
    sends: Sends
    batch_max: int
    max_side: int
    destination: str = ""
    weights_sha256: str = ""
    licence: str = ""
    card: tuple[tuple[str, str], ...] = ()

    @property
    def leaves_house(self) -> bool:
        """Whether what it is handed goes to another machine; whose that is nobody can see from here."""
        return bool(self.destination)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a classifier says of one picture, or, by the strongest of them, of some media.

    band, score: None unless OK; score is 0 to 1 and uncalibrated. raw: the classifier's own words or number;
    of what could not be had, a stable word for why.
    """

    answered: Answered
    band: Band | None = None
    score: float | None = None
    raw: str = field(default="", repr=False)
    version: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be: a band without an answer, or a score that is no share."""
        if (self.answered is Answered.OK) != (self.band is not None):
            raise ValueError("a band belongs to an answer, and an answer has one")
        if self.score is not None and not 0.0 <= self.score <= 1.0:
            raise ValueError("a score lies between 0 and 1")


_SOURCE, _BAND = "classifier:", "band:"
ESTIMATED = "an estimate, not a match; never measured on what it is meant to find"
"""What speaks against every flag that a classifier raises."""


def source_of(classifier: str) -> str:
    """Return the source of flags that a classifier raises, by its name in the settings."""
    return f"{_SOURCE}{classifier}"


def reason_of(band: Band) -> str:
    """Return the reason of a flag that a classifier raises."""
    return f"{_BAND}{band.value}"


def classifier_of(source: str) -> str | None:
    """Return the name of the classifier that a flag of this source comes from, None where none raised it."""
    return source.removeprefix(_SOURCE) if source.startswith(_SOURCE) else None


def band_of(reason: str) -> Band | None:
    """Return the band that is the reason of a flag, None where the reason is another."""
    return next((band for band in Band if reason == reason_of(band)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one classifier said of some media, for the record.

    in_shadow: it is no check yet. milliseconds: how long it took.
    """

    classifier: str
    in_shadow: bool
    opinion: Opinion
    milliseconds: float
