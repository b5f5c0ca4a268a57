"""A rehearsal says how many and never which, of whole lists alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from safehold.detect.kept_days import KeptDays, new_reference
from safehold.detect.rehearsal import rehearse
from safehold.model.errors import Refused

TODAY = date(2030, 5, 20)
ENTRIES = np.random.default_rng(1).integers(0, 256, (1000, 32), np.uint8)


def keeping(folder: Path, **numbers: int) -> KeptDays:
    """Keep on each surface the pictures of so many of the entries, each twice under one reference."""
    store = KeptDays(folder)
    for surface, number in numbers.items():
        for entry in ENTRIES[:number]:
            store.keep(surface, TODAY, new_reference(), [entry.tobytes()] * 2)
    store.flush()
    return store


def test_references_are_counted_by_surface_and_few_are_not_told(tmp_path: Path) -> None:
    store = keeping(tmp_path, avatars=4, groups=1, uploads=5)
    store.keep("quiet", TODAY, new_reference(), [bytes(32)])
    store.flush()
    assert rehearse(store, ENTRIES, 31) == {"avatars": None, "groups": None, "uploads": 5}


def test_one_reference_near_many_entries_is_one(tmp_path: Path) -> None:
    store = keeping(tmp_path, uploads=5)
    store.keep("uploads", TODAY, new_reference(), [entry.tobytes() for entry in ENTRIES[:200]])
    store.flush()
    assert rehearse(store, ENTRIES, 0) == {"uploads": 6}


@pytest.mark.parametrize("entries", [ENTRIES[:999], np.repeat(ENTRIES[:1], 5000, axis=0)])
def test_fewer_than_a_thousand_different_entries_are_refused(tmp_path: Path, entries: np.ndarray) -> None:
    with pytest.raises(Refused, match="1000"):
        rehearse(keeping(tmp_path, uploads=9), entries, 31)
