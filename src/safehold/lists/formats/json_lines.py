"""JSON Lines: one object a line, `{"signal_type", "value", "category"?, "labels"?, "source_id"?}`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

from safehold.lists.formats.base import EntryDraft, LineReader, SignalTypes, UnreadableLine, draft

_DECODER = json.JSONDecoder()


class JsonLines:
    """The form that we write ourselves. Names that we do not know are passed over."""

    name: ClassVar[str] = "json_lines"

    def reads(self, sample: Sequence[str]) -> int:
        """Return how many lines begin as an object does."""
        return sum(line.lstrip().startswith("{") for line in sample)

    def reader(self, kinds: SignalTypes) -> LineReader:
        """Return a reader; the lines do not depend on one another."""

        def read(line: str) -> EntryDraft | None:
            written = line.strip()
            return draft(kinds, _object(written)) if written else None

        return read


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
