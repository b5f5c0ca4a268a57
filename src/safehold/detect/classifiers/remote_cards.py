"""The card of a classifier that answers over HTTP: how pictures are sent, and where its answer says what.

Where it is reached and the key stand in the settings, never in a card.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from safehold.detect.classifiers.cards import Bands, Card, Part
from safehold.model.band import Band
from safehold.model.classifier import ClassifierInfo, Sends

PICTURE, PICTURES = "{picture}", "{pictures}"
"""What stands in a body for the picture in base64, and for the list of them."""
EACH = "*"
"""What stands in a path for the place of each picture."""

Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
Line = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{0,200}$")]
Steps = Annotated[tuple[str | int, ...], Field(min_length=1, max_length=12)]

_OURS = frozenset({"authorization", "content-type", "accept"})


class Login(Part):
    """How a call says who asks. header: the name of the header that carries the key by itself."""

    form: Literal["none", "bearer", "basic", "header"] = "none"
    header: Token | None = None

    @model_validator(mode="after")
    def _names_a_header(self) -> Self:
        if (self.form == "header") != (self.header is not None):
            raise ValueError("header: for the form header, and only there")
        return self


class Sending(Part):
    """How pictures are sent. Each is written anew from pixels, so that nothing but the picture goes.

    form: as JSON, as a form with a file, or the picture itself. batch: pictures in a call. max_pixels: above
    it a picture is reduced; none is ever enlarged. body: of JSON, with `{picture}` or `{pictures}` in one
    place; each: what stands in that list for a picture, with `{picture}` in it. field, fields: of a form.
    """

    form: Literal["json", "multipart", "raw"]
    format: Literal["jpeg", "png"] = "jpeg"
    quality: int = Field(92, ge=50, le=100)
    max_pixels: int = Field(512 * 512, ge=64 * 64, le=512 * 512)
    batch: int = Field(1, ge=1, le=64)
    headers: dict[Token, Line] = Field(default_factory=dict)
    body: dict[str, Any] = Field(default_factory=dict)
    each: dict[str, Any] | None = None
    field: Token = "file"
    fields: dict[Token, Line] = Field(default_factory=dict)

    @field_validator("headers")
    @classmethod
    def _not_ours(cls, headers: dict[str, str]) -> dict[str, str]:
        if any(name.lower() in _OURS for name in headers):
            raise ValueError("headers: login and content types are set by what the card says of them")
        return headers

    @model_validator(mode="after")
    def _has_a_place_for_pictures(self) -> Self:
        if self.form != "json":
            if self.batch != 1 or self.body or self.each:
                raise ValueError("body, each and a batch are for the form json")
            return self
        wanted = PICTURES if self.batch > 1 or self.each is not None else PICTURE
        places = [text for text in _texts(self.body) if text in (PICTURE, PICTURES)]
        if places not in ([wanted], [PICTURES]):
            raise ValueError(f"body: {wanted} in one place")
        if self.each is not None and list(_texts(self.each)).count(PICTURE) != 1:
            raise ValueError(f"each: {PICTURE} in one place")
        return self


class Answering(Part):
    """Where an answer says what, and what its words or numbers mean.

    at: the way to it in the JSON, by names and numbers; `*` stands once for the place of each picture. words:
    the band of each word; scores: the bands of a number from 0 to `top`. abstains: words of one that has
    nothing to say. model_at: the way to the version of the model, kept with the words.
    """

    at: Steps
    words: dict[str, Band] = Field(default_factory=dict)
    scores: Bands | None = None
    top: float = Field(1.0, gt=0, allow_inf_nan=False)
    abstains: tuple[str, ...] = ()
    model_at: Steps | None = None

    @model_validator(mode="after")
    def _understands_one_language(self) -> Self:
        if bool(self.words) == (self.scores is not None):
            raise ValueError("words or scores, and not both")
        if set(self.words) & set(self.abstains):
            raise ValueError("abstains: no word that has a band")
        if self.at.count(EACH) > 1:
            raise ValueError("at: * at most once")
        return self


class Protocol(Part):
    """Where what the card says of the interface comes from. tried: whether it was ever run against it."""

    source: str = Field(min_length=3)
    read_on: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    tried: str = Field(min_length=3)


class RemoteCard(Card):
    """The card of a classifier on another machine. card: what people should know; all of it is shown."""

    protocol: Protocol
    login: Login = Login()
    sending: Sending
    answer: Answering
    card: dict[Literal["made_by", "made_for", "made_of", "measured", "terms", "limits"], str]

    @model_validator(mode="after")
    def _tells_pictures_apart(self) -> Self:
        if self.sending.batch > 1 and EACH not in self.answer.at:
            raise ValueError("answer.at: * for the place of each picture of a batch")
        return self

    def info(self, name: str, *, destination: str) -> ClassifierInfo:
        """Return what the classifier of this card says of itself. name: as in the settings."""
        told: dict[str, str] = {
            **dict(self.card.items()),
            "interface": self.protocol.source,
            "read_on": self.protocol.read_on,
            "tried": self.protocol.tried,
        }
        return ClassifierInfo(
            name=name,
            version=f"{self.name} {self.version}",
            kind=self.kind,
            sends=Sends.DOWNSCALED,
            batch_max=self.sending.batch,
            max_side=512,
            destination=destination,
            licence=self.licence,
            card=tuple(told.items()),
        )


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a body that is a value."""
    if isinstance(value, str):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from _texts(each)
