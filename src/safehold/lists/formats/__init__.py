"""The forms in which a list file may be written, one file each."""

from __future__ import annotations

from safehold.lists.formats.bare import Bare
from safehold.lists.formats.base import BadLine, EntryDraft, ListFormat, UnreadableLine
from safehold.lists.formats.delimited import Delimited
from safehold.lists.formats.json_lines import JsonLines

FORMATS: tuple[ListFormat, ...] = (Delimited(), JsonLines(), Bare())
"""Every form there is. Where two could read as many lines of a sample, the earlier one is taken."""

__all__ = [
    "FORMATS",
    "BadLine",
    "Bare",
    "Delimited",
    "EntryDraft",
    "JsonLines",
    "ListFormat",
    "UnreadableLine",
]
