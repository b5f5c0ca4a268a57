"""The pages of a TIFF, classic or big: what their entries announce, without reading what those point at."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

MOST_PAGES = 1_000
"""Pages that are walked; a chain of pages may lead in a circle."""

_KINDS_BY_BYTES = {1: [1, 2, 6, 7], 2: [3, 8], 4: [4, 9, 11, 13], 8: [5, 10, 12, 16, 17, 18]}
_UNIT = np.zeros(1 << 16)
for _bytes, _kinds in _KINDS_BY_BYTES.items():
    _UNIT[_kinds] = _bytes
_BIG = 43


class _Form(NamedTuple):
    """How a file writes things down, in struct's terms. first: where the place of the first page is."""

    order: str
    first: int
    place: str
    entries: str
    entry: np.dtype[np.void]


def pages(data: bytes) -> Iterator[float]:
    """Yield for each page, in order, how many bytes its entries announce, those that they point at included.

    Raises struct.error when a page lies beyond the end of the data.
    """
    form = _form(data)
    at = _number(form.order + form.place, data, form.first)
    for _ in range(MOST_PAGES):
        count = _number(form.order + form.entries, data, at)
        begin = at + struct.calcsize(form.entries)
        end = begin + count * form.entry.itemsize
        at = _number(form.order + form.place, data, end)
        entries = np.frombuffer(data, form.entry, count, begin)
        yield float(_UNIT[entries["kind"]] @ entries["count"].astype(np.float64))
        if at == 0:
            return


def _form(data: bytes) -> _Form:
    order = "<" if data[:2] == b"II" else ">"
    if _number(order + "H", data, 2) == _BIG:
        return _Form(order, 8, "Q", "Q", _entry(order, "u8"))
    return _Form(order, 4, "I", "H", _entry(order, "u4"))


def _entry(order: str, place: str) -> np.dtype[np.void]:
    fields = [("tag", "u2"), ("kind", "u2"), ("count", place), ("place", place)]
    return np.dtype([(name, order + kind) for name, kind in fields])


def _number(form: str, data: bytes, at: int) -> int:
    if at + struct.calcsize(form) > len(data):  # also where it is more than an offset can be
        raise struct.error
    return int(struct.unpack_from(form, data, at)[0])
