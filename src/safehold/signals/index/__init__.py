"""Search over the entries of one signal type: which lie within so many bits of a digest."""

from __future__ import annotations

from safehold.signals.base import SignalType
from safehold.signals.index.base import Hit, SignalIndex
from safehold.signals.index.exact import ExactIndex
from safehold.signals.index.flat import FlatIndex
from safehold.signals.index.segmented import SegmentedIndex

__all__ = ["ExactIndex", "FlatIndex", "Hit", "SegmentedIndex", "SignalIndex", "index_for"]


def index_for(kind: SignalType) -> SignalIndex:
    """Return an empty index fit for the signal type: a lookup where only equal digests count, else a scan."""
    return FlatIndex(kind.digest_bytes) if kind.default_max_distance else ExactIndex(kind.digest_bytes)
