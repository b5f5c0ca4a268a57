"""A rehearsal says how many and never which, of whole lists alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from safehold.detect.kept_days import KeptDays
from safehold.detect.rehearsal import rehearse
from safehold.model.errors import Refused

TODAY = date(2030, 5, 20)
ENTRIES = np.random.default_rng(1).integers(0, 256, (1000, 32), np.uint8)


TERMS = {"avatars": 7, "groups": 7, "quiet": 7, "uploads": 7}


def rehearsed(store: KeptDays, entries: np.ndarray, distance: int) -> dict[str, int | None]:
    return rehearse(store, entries, distance, today=TODAY, terms=TERMS)


def keeping(folder: Path, **numbers: int) -> KeptDays:
    """Keep on each surface the pictures of so many of the entries, each twice under one reference."""
    store = KeptDays(folder)
    for surface, number in numbers.items():
        for entry in ENTRIES[:number]:
            store.keep(surface, TODAY, f"post-{uuid4()}", [entry.tobytes()] * 2)
    store.flush()
    return store


def test_references_are_counted_by_surface_and_few_are_told_like_none(tmp_path: Path) -> None:
    store = keeping(tmp_path, avatars=4, groups=1, uploads=5)
    store.keep("quiet", TODAY, f"post-{uuid4()}", [bytes(32)])
    store.flush()
    told = rehearsed(store, ENTRIES, 31)
    assert told == {"avatars": None, "groups": None, "quiet": None, "uploads": 5}


def test_one_reference_near_many_entries_is_one(tmp_path: Path) -> None:
    store = keeping(tmp_path, uploads=5)
    store.keep("uploads", TODAY, f"post-{uuid4()}", [entry.tobytes() for entry in ENTRIES[:200]])
    store.flush()
    assert rehearsed(store, ENTRIES, 0)["uploads"] == 6


@pytest.mark.parametrize("entries", [ENTRIES[:999], np.repeat(ENTRIES[:1], 5000, axis=0)])
def test_fewer_than_a_thousand_different_entries_are_refused(tmp_path: Path, entries: np.ndarray) -> None:
    with pytest.raises(Refused, match="1000"):
        rehearsed(keeping(tmp_path, uploads=9), entries, 31)
