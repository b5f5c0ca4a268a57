"""Texts that remember what they were made of, so that a page can say them in another language."""

from __future__ import annotations

from collections.abc import Mapping


class Wording(str):
    """A text in English. pattern: with names in places such as %(most)s. values: what stands there.

    It is a plain string to everybody who does not translate: logs, the API, the command line.
    """

    pattern: str
    values: Mapping[str, object]


def worded(pattern: str, **values: object) -> Wording:
    """Return a text with values in it. A sign of percent is written twice. Raises KeyError if one lacks."""
    made = Wording(pattern % values)
    made.pattern, made.values = pattern, values
    return made
