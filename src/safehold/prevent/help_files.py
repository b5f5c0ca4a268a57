"""Files of words that help: one language each, read whole or refused, with the place named."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from importlib import resources
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from safehold.model.child_account import Moment
from safehold.model.errors import BadForm
from safehold.model.help_text import (
    EVERYBODY,
    EVERYWHERE,
    CardAge,
    HelpKind,
    Option,
    Tier,
    Words,
    Written,
)

LARGEST = 500_000
"""Most characters of a file."""
SHIPPED = ("en", "de")
"""The languages that Safehold comes with drafts in."""

_Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]*$"),
]
_Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_Jurisdiction = Annotated[str, StringConstraints(pattern=r"^([A-Z][A-Z0-9-]{1,19}|\*)$")]
_Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]
_Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 ]{1,19}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    source: _Line | None = None
    checked_on: date | None = None


class _Message(_Part):
    name: Moment
    options: list[_Code] = Field(min_length=1, max_length=8)
    younger: list[_Line] = Field(min_length=2, max_length=5)
    older: list[_Line] = Field(min_length=2, max_length=5)


class _Plain(_Part):
    name: _Code
    title: _Line
    says: list[_Line] = Field(min_length=1, max_length=8)


class _HelpLine(_Plain):
    jurisdiction: _Jurisdiction
    number: _Number | None = None


class _Card(_Plain):
    audience: CardAge


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    language: _Language
    source: _Line
    checked_on: date
    options: dict[_Code, _Line] = Field(default_factory=dict)
    message: list[_Message] = Field(default_factory=list, max_length=100)
    help_line: list[_HelpLine] = Field(default_factory=list, max_length=500)
    card: list[_Card] = Field(default_factory=list, max_length=100)
    search_warning: list[_Plain] = Field(default_factory=list, max_length=10)


def shipped() -> list[Written]:
    """Return the drafts that Safehold comes with, in every language."""
    folder = resources.files("safehold.prevent").joinpath("drafts")
    return [each for tag in SHIPPED for each in parse(folder.joinpath(f"{tag}.toml").read_text("utf-8"))]


def parse(source: str) -> list[Written]:
    """Return the texts of a file. Raises BadForm, which names the place and quotes nothing.

    Every message can be left: `leave` and `stop` are among its options. No two texts have the same place.
    """
    if len(source) > LARGEST:
        raise BadForm(f"The file has more than {LARGEST} characters.")
    try:
        file = _File.model_validate(tomllib.loads(source))
    except (tomllib.TOMLDecodeError, RecursionError):
        raise BadForm("The file is not TOML.") from None
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        places = sorted({".".join(str(part) for part in line["loc"]) for line in problems})
        raise BadForm(f"The file is wrong at: {', '.join(places)}.") from None
    texts = list(_texts(file))
    places_of = [(each.kind, each.name, each.audience, each.jurisdiction) for each in texts]
    if len(set(places_of)) < len(places_of):
        raise BadForm("Two texts of the file have the same kind, name, audience and jurisdiction.")
    return texts


def _texts(file: _File) -> Iterator[Written]:
    for message in file.message:
        options = tuple(_option(file, each) for each in message.options)
        if not {"leave", "stop"} <= set(message.options):
            raise BadForm(f"The message {message.name.value} cannot be left, or cannot be stopped.")
        for tier in Tier:
            title, *says = getattr(message, tier.value)
            words = Words(title=title, says=tuple(says), options=options)
            yield _written(file, message, HelpKind.MESSAGE, message.name.value, tier.value, words)
    for line in file.help_line:
        words = Words(title=line.title, says=tuple(line.says), number=line.number)
        place = line.jurisdiction
        yield _written(file, line, HelpKind.HELP_LINE, line.name, EVERYBODY, words, place)
    for card in file.card:
        yield _written(file, card, HelpKind.CARD, card.name, card.audience.value, _plain(card))
    for warning in file.search_warning:
        yield _written(file, warning, HelpKind.SEARCH_WARNING, warning.name, EVERYBODY, _plain(warning))


def _plain(part: _Plain) -> Words:
    return Words(title=part.title, says=tuple(part.says))


def _option(file: _File, code: str) -> Option:
    if code not in file.options:
        raise BadForm("An option of a message has no words in [options].")
    return Option(id=code, label=file.options[code])


def _written(
    file: _File,
    part: _Part,
    kind: HelpKind,
    name: str,
    audience: str,
    words: Words,
    jurisdiction: str = EVERYWHERE,
) -> Written:
    return Written(
        kind=kind,
        name=name,
        audience=audience,
        language=file.language,
        jurisdiction=jurisdiction,
        words=words,
        source=part.source or file.source,
        checked_on=part.checked_on or file.checked_on,
    )
