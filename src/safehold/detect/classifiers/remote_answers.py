"""What a remote classifier answered, read strictly: what is not understood is said to be so.

An answer comes from outside. It is read whole or not at all: the word that nobody knows might be the one that
matters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from safehold.detect.classifiers.base import Garbled
from safehold.detect.classifiers.remote_cards import EACH, Answering
from safehold.model.classifier import Answered, Opinion

MOST_BYTES = 65_536
"""No longer answer is read: a band for each of some pictures takes some hundred bytes."""

_MODEL = re.compile(r"[A-Za-z0-9._:/+ -]{1,60}")


def opinions(body: bytes, media_type: str, how: Answering, *, pictures: int, version: str) -> list[Opinion]:
    """Return the opinion of each picture, in order. media_type: as the answer claims it.

    Raises Garbled with "media_type", "too_large", "not_json", "missing", "too_few", "too_many", "new_word",
    "no_number" or "no_share".
    """
    if media_type.partition(";")[0].strip().lower() != "application/json":
        raise Garbled("media_type")
    if len(body) > MOST_BYTES:
        raise Garbled("too_large")
    answer = _parsed(body)
    values = _values(answer, how.at)
    if len(values) != pictures:
        raise Garbled("too_few" if len(values) < pictures else "too_many")
    model = _model(answer, how)
    return [_opinion(value, how, version, model) for value in values]


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Garbled("not_json") from None


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    # Of two readers of a name that stands twice each takes another one.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError("JSON has no such number")


def _values(answer: Any, at: Sequence[str | int]) -> list[Any]:
    """Return what stands at the end of a way: for each picture, or for the one."""
    if EACH not in at:
        return [_followed(answer, at)]
    place = at.index(EACH)
    listed = _followed(answer, at[:place])
    if not isinstance(listed, list):
        raise Garbled("missing")
    return [_followed(each, at[place + 1 :]) for each in listed]


def _followed(value: Any, steps: Sequence[str | int]) -> Any:
    for step in steps:
        fits = isinstance(value, dict) if isinstance(step, str) else isinstance(value, list)
        try:
            value = value[step] if fits else _missing()
        except (KeyError, IndexError):
            _missing()
    return value


def _missing() -> NoReturn:
    raise Garbled("missing")


def _model(answer: Any, how: Answering) -> str:
    """Return which model says it has answered, empty where it does not say so in a short line."""
    if how.model_at is None:
        return ""
    try:
        said = _followed(answer, how.model_at)
    except Garbled:
        return ""
    return said if isinstance(said, str) and _MODEL.fullmatch(said) else ""


def _opinion(value: Any, how: Answering, version: str, model: str) -> Opinion:
    if isinstance(value, str) and value in how.abstains:
        return Opinion(answered=Answered.ABSTAIN, raw=_raw(value, model), version=version)
    if how.scores is None:
        if not isinstance(value, str) or value not in how.words:
            raise Garbled("new_word")
        return Opinion(answered=Answered.OK, band=how.words[value], raw=_raw(value, model), version=version)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Garbled("no_number")
    if not 0 <= value <= how.top:
        raise Garbled("no_share")
    share = min(1.0, value / how.top)
    return Opinion(
        answered=Answered.OK,
        band=how.scores.band_of(share),
        score=share,
        raw=_raw(f"{value}", model),
        version=version,
    )


def _raw(said: str, model: str) -> str:
    return f"{said}; model {model}" if model else said
