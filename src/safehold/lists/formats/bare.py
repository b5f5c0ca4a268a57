"""Bare digests: lines of 64 hexadecimal characters are PDQ, and nothing else may be written this way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from safehold.lists.formats.base import EntryDraft, LinesReader, SignalTypes, draft, one_by_one
from safehold.model.signal import PDQ

_DIGEST = re.compile(r"\s*[0-9a-fA-F]{64}\s*")


class Bare:
    """One PDQ digest a line. Lines that begin with # are comments."""

    name: ClassVar[str] = "bare"

    def reads(self, sample: Sequence[str]) -> int:
        """Return how many lines are 64 hexadecimal characters."""
        return sum(_DIGEST.fullmatch(line) is not None for line in sample)

    def reader(self, kinds: SignalTypes) -> LinesReader:
        """Return a reader; the lines do not depend on one another."""

        def read(line: str) -> EntryDraft | None:
            if not line.strip() or line.lstrip().startswith("#"):
                return None
            return draft(kinds, {"signal_type": PDQ, "value": line})

        return one_by_one(read)
