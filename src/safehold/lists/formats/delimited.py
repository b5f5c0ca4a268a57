"""CSV with a header: `signal_type,value` and, where there are any, `category`, `labels`, `source_id`.

Labels are separated by semicolons. An entry takes exactly one line: no quoted field goes on in the next.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import ClassVar

from safehold.lists.formats.base import (
    EntryDraft,
    LinesReader,
    SignalTypes,
    UnreadableLine,
    draft,
    one_by_one,
)

_NEEDED = frozenset({"signal_type", "value"})


class Delimited:
    """Comma-separated values. Columns may come in any order; those that we do not know are passed over."""

    name: ClassVar[str] = "csv"

    def reads(self, sample: Sequence[str]) -> int:
        """Return the number of lines where the first one is a header that names what is needed, else 0."""
        return len(sample) if sample and set(_header(sample[0])) >= _NEEDED else 0

    def reader(self, kinds: SignalTypes) -> LinesReader:
        """Return a reader that takes the first line that is not blank for the header."""
        header: list[str] = []

        def read(line: str) -> EntryDraft | None:
            if not line.strip():
                return None
            if not header:
                header.extend(_header(line))
                return None
            return draft(kinds, _named(header, _fields(line)))

        return one_by_one(read)


def _header(line: str) -> list[str]:
    try:
        return [name.strip().lower() for name in _fields(line)]
    except UnreadableLine:
        return []


def _fields(line: str) -> list[str]:
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error:
        raise UnreadableLine("the quotes do not match") from None
    return rows[0] if rows else []


def _named(header: list[str], fields: list[str]) -> dict[str, object]:
    if len(fields) > len(header):
        raise UnreadableLine(f"{len(fields)} columns, the header names {len(header)}")
    named: dict[str, object] = dict(zip(header, fields, strict=False))
    labels = named.get("labels")
    return named | {"labels": labels.split(";")} if isinstance(labels, str) else named
