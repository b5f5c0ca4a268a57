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


VIEWS = {
    "day": (
        "You have asked %(most)s times to see something within one day; that is the limit.",
        "Leave it for today. A lead hears of it, so that you are not left alone with too much.",
    ),
    "hour": (
        "You have asked %(most)s times to see something within one hour; that is the limit.",
        "Go on after the hour. Most can be decided without looking.",
    ),
    "minute": (
        "You have asked %(most)s times to see something within one minute; that is the limit.",
        "Go on after the minute. Most can be decided without looking.",
    ),
}
"""What is said, and advised, to somebody who asked to see too much in a span."""
