"""Model cards: a TOML file that says what a classifier is, how it is fed, and what its answer means.

Here: what all cards share, and the card of one that runs on this machine.
"""

from __future__ import annotations

import hashlib
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from safehold.model.band import Band
from safehold.model.classifier import ClassifierInfo, ClassifierKind, Sends
from safehold.model.errors import BadSettings

BUILTIN = ("open_nsfw", "google_content_safety")
"""The cards that come along, by the names under which settings know them."""

CARD = dict[Literal["made_by", "made_for", "made_of", "checked_on", "measured", "limits"], str]
"""What people should know of a classifier that runs here, in words; all of it is shown to them."""

Share = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=8, le=2048)]


class Part(BaseModel):
    """A part of a card: nothing may stand in it that nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Weights(Part):
    """Which file is run. package: one that is installed, in which `file` lies; else beside the card."""

    file: str = Field(min_length=1)
    package: str | None = None
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Input(Part):
    """How pixels are prepared: stretched to `resize`, the middle of `crop` cut out, (value - mean) * scale.

    jpeg_quality: written as a JPEG and read again before that, where the reference does so.
    """

    layout: Literal["nhwc", "nchw"]
    channels: Literal["rgb", "bgr"]
    resize: tuple[Side, Side]
    crop: tuple[Side, Side] | None = None
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: float | tuple[float, float, float] = 1.0
    jpeg_quality: int | None = Field(None, ge=1, le=95)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.crop is not None and any(c > r for c, r in zip(self.crop, self.resize, strict=True)):
            raise ValueError("crop: no larger than resize")
        return self


class Output(Part):
    """Where the score stands: in the first output. softmax: whether it still has to be made a share."""

    index: int = Field(ge=0, le=100_000)
    softmax: bool = False


class Bands(Part):
    """From which score on a picture lies in a band; below all of them in none."""

    low: Share
    medium: Share
    high: Share
    very_high: Share

    @model_validator(mode="after")
    def _rise(self) -> Self:
        edges = [self.low, self.medium, self.high, self.very_high]
        if edges != sorted(edges):
            raise ValueError("each no lower than the one before")
        return self

    def band_of(self, score: float) -> Band:
        """Return the highest band that a score reaches."""
        edges = {Band.LOW: self.low, Band.MEDIUM: self.medium, Band.HIGH: self.high}
        edges[Band.VERY_HIGH] = self.very_high
        return max((band for band, edge in edges.items() if score >= edge), key=_rank, default=Band.NONE)


def _rank(band: Band) -> int:
    return band.rank


class Card(Part):
    """What every card says. licence: of the weights, or the terms of whoever answers."""

    name: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    version: str = Field(min_length=1, max_length=40)
    kind: ClassifierKind
    licence: str = Field(min_length=1)


class LocalCard(Card):
    """The card of an ONNX file that runs here."""

    weights: Weights
    input: Input
    output: Output
    bands: Bands
    card: CARD

    def info(self, name: str, *, max_side: int) -> ClassifierInfo:
        """Return what the classifier of this card says of itself. name: as in the settings."""
        return ClassifierInfo(
            name=name,
            version=f"{self.name} {self.version}",
            kind=self.kind,
            sends=Sends.DOWNSCALED,
            batch_max=8,
            max_side=max_side,
            weights_sha256=self.weights.sha256,
            licence=self.licence,
            card=tuple(self.card.items()),
        )


C = TypeVar("C", bound=Card)


def read_card(named: str, form: type[C]) -> tuple[C, Path | None]:
    """Return a card of this form and the folder it lies in, None for one that comes along.

    named: one of `BUILTIN`, or the path of a TOML file. Raises BadSettings.
    """
    try:
        if named in BUILTIN:
            folder = resources.files("safehold.detect.classifiers").joinpath("shipped")
            text = folder.joinpath(f"{named}.toml").read_text("utf-8")
        else:
            text = Path(named).read_text("utf-8")
        return form.model_validate(tomllib.loads(text)), None if named in BUILTIN else Path(named).parent
    except ValidationError as error:
        places = ", ".join(_place(line["loc"]) for line in error.errors(include_input=False))
        raise BadSettings(f"The model card has wrong or missing fields: {places}.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSettings(f"The model card cannot be read ({type(error).__name__}).") from None


def checked_weights(place: Path, sha256: str) -> bytes:
    """Return a file whose digest a card names. Raises BadSettings where it is another, or cannot be read."""
    try:
        data = place.read_bytes()
    except OSError as error:
        raise BadSettings(f"The weights cannot be read ({type(error).__name__}).") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BadSettings("The weights are not those of the model card: their SHA-256 differs.")
    return data


def _place(found: tuple[int | str, ...]) -> str:
    return ".".join(map(str, found)) or "the whole"
