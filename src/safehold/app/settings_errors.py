"""What is wrong with the settings, in words that name each setting and quote no value: it may be a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

PREFIX = "SAFEHOLD_"


def in_words(error: ValidationError, model: type[BaseModel]) -> str:
    """Name every wrong setting and say why; for a name that does not exist, which one may be meant."""
    return "; ".join(_one(model, line["loc"], line["type"], line["msg"]) for line in error.errors()) + "."


def unparsed(error: SettingsError) -> str:
    """Say which environment variable holds no JSON where a table or a list is wanted."""
    named = re.search(r'field "(\w+)"', str(error))
    return f"{PREFIX}{named[1].upper() if named else '…'}: not the JSON of a table or a list."


def misspelt(environment: Iterable[str], model: type[BaseModel]) -> str | None:
    """Name the environment variables that look like settings and are none; None when there are none.

    The settings would pass over them in silence. Only what has the two underscores of a setting, or is
    close to the name of one, is taken for a mistake: other programs have variables of this prefix too.
    """
    known = {f"{PREFIX}{name.upper()}" for name in model.model_fields}
    leaves = {f"{PREFIX}{'__'.join(path).upper()}" for path in _paths(model)}
    problems = []
    for name in sorted(name for name in environment if name.upper().startswith(PREFIX)):
        upper = name.upper()
        if upper.partition("__")[0] in known:
            continue
        meant = _meant(upper, known | leaves)
        if meant or "__" in name:
            problems.append(f"{name}: there is no such setting" + (f"; {meant} is one" if meant else ""))
    return "; ".join(problems) + "." if problems else None


def _meant(name: str, known: set[str]) -> str | None:
    flat = {each.replace("__", "_"): each for each in known}
    close = get_close_matches(name.replace("__", "_"), list(flat), n=1, cutoff=0.85)
    return flat[close[0]] if close else None


def _one(model: type[BaseModel], place: tuple[int | str, ...], kind: str, said: str) -> str:
    name = ".".join(str(part) for part in place)
    if kind != "extra_forbidden":
        return f"{name}: {said.removeprefix('Value error, ')}"
    close = get_close_matches(str(place[-1]), _names_at(model, place[:-1]), n=1)
    meant = f"; {'.'.join(map(str, (*place[:-1], close[0])))} is one" if close else ""
    return f"{name}: there is no such setting{meant}"


def _names_at(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """Return the names of the settings in the section at this place."""
    found: Any = model
    for part in place:
        if isinstance(found, type) and issubclass(found, BaseModel):
            field = found.model_fields.get(str(part))
            found = field.annotation if field else None
        else:
            found = (get_args(found) or (None,))[-1]
    sections = [one for one in (found, *get_args(found)) if isinstance(one, type)]
    return [name for one in sections if issubclass(one, BaseModel) for name in one.model_fields]


def _paths(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from ((name, *rest) for rest in _paths(field.annotation))
        else:
            yield (name,)
