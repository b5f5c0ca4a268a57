"""JSON Lines: one object a line, `{"signal_type", "value", "category"?, "labels"?, "source_id"?}`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from safehold.lists.formats.base import (
    EntryDraft,
    LinesReader,
    Read,
    SignalTypes,
    UnreadableLine,
    draft,
    one_by_one,
)

_DECODER = json.JSONDecoder()
_BETWEEN = ",\n"
"""Between two lines, in which it cannot be."""


class JsonLines:
    """The form that we write ourselves. Names that we do not know are passed over."""

    name: ClassVar[str] = "json_lines"

    def reads(self, sample: Sequence[str]) -> int:
        """Return how many lines begin as an object does."""
        return sum(line.lstrip().startswith("{") for line in sample)

    def reader(self, kinds: SignalTypes) -> LinesReader:
        """Return a reader; the lines do not depend on one another."""

        def read(line: str) -> EntryDraft | None:
            written = line.strip()
            return draft(kinds, _object(written)) if written else None

        drafts = one_by_one(read)
        drafts_of_objects = one_by_one(partial(draft, kinds))

        def read_all(lines: Sequence[str]) -> list[Read]:
            objects = _objects(lines)
            return drafts(lines) if objects is None else drafts_of_objects(objects)

        return read_all


def _objects(lines: Sequence[str]) -> list[dict[str, object]] | None:
    """Return the objects of lines, parsed at once in a third of the time; None where they may not be so.

    Each line begins with its only opening brace, and as many objects come out as there are braces: so each
    object begins where its line does and, for the comma that follows, ends where it ends.
    """
    joined = _BETWEEN.join(["", *lines])
    if not (len(lines) == joined.count("{") == joined.count(_BETWEEN + "{") == joined.count(_BETWEEN)):
        return None
    try:
        found = _DECODER.decode("[" + joined.removeprefix(_BETWEEN) + "]")
    except (ValueError, RecursionError):
        return None
    whole = len(found) == len(lines) and all(type(one) is dict for one in found)
    return found if whole else None


def _object(line: str) -> dict[str, object]:
    try:
        # Half the time of json.loads, which looks for spaces around it.
        found, end = _DECODER.raw_decode(line)
    # Deep nesting exhausts the parser's stack, an absurdly long number its digits.
    except (ValueError, RecursionError):
        raise UnreadableLine("not a JSON object") from None
    if end != len(line) or not isinstance(found, dict):
        raise UnreadableLine("not a JSON object")
    return found
