"""A message's text in pieces: what rules saw in it, and what lies around that, told or only counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum


class Piece(StrEnum):
    """What a piece of a text is."""

    MARKED = "marked"
    """What a rule saw."""
    SAID = "said"
    """What lies around it."""
    LEFT_OUT = "left_out"
    """So many characters, which are not told."""


def pieces(text: str, spans: Iterable[tuple[int, int]], *, whole: bool) -> list[tuple[Piece, str | int]]:
    """Return a text in pieces, in order: together they are as long as the text.

    spans: begin and end in characters, end exclusive, in any order; what overlaps or touches is one piece,
    and what lies beyond the text is none. whole: whether what lies around them is told as well.
    """
    found: list[tuple[Piece, str | int]] = []
    at = 0
    for begin, end in [*_merged(text, spans), (len(text), len(text))]:
        if begin > at:
            found.append((Piece.SAID, text[at:begin]) if whole else (Piece.LEFT_OUT, begin - at))
        if end > begin:
            found.append((Piece.MARKED, text[begin:end]))
        at = end
    return found


def _merged(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    standing: tuple[int, int] | None = None
    for begin, end in sorted((max(0, begin), min(end, len(text))) for begin, end in spans):
        if end <= begin:
            continue
        if standing is not None and begin <= standing[1]:
            standing = standing[0], max(standing[1], end)
            continue
        if standing is not None:
            yield standing
        standing = begin, end
    if standing is not None:
        yield standing
