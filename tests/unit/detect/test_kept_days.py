"""What is kept for look-back is found from entries alone, and is gone when its day is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.kept_days import KeptDays, KeptMatch, new_reference
from safehold.model.errors import SegmentDamaged

TODAY = date(2030, 5, 20)
TERMS = {"uploads": 7, "avatars": 30}


def digest(number: int) -> bytes:
    return np.random.default_rng(number).bytes(32)


def flipped(value: bytes, bits: int) -> bytes:
    return (int.from_bytes(value) ^ ((1 << bits) - 1)).to_bytes(32)


def asked(*values: bytes) -> np.ndarray:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, 32)


def kept(folder: Path, days: int = 1, each: int = 10, surface: str = "uploads") -> list[tuple[UUID, bytes]]:
    """Keep some signals on each of the last days, and return them in the order of the days."""
    store, rows = KeptDays(folder), []
    for back in reversed(range(days)):
        for number in range(each):
            reference, value = new_reference(), digest(1000 * back + number)
            store.keep(surface, TODAY - timedelta(days=back), reference, [value])
            rows.append((reference, value))
    store.flush()
    return rows


@pytest.mark.parametrize("sealed", [False, True])
def test_a_new_entry_finds_what_was_kept_within_its_distance_on_any_day(tmp_path: Path, sealed: bool) -> None:
    rows = kept(tmp_path, days=3)
    store = KeptDays(tmp_path)
    if sealed:
        store.seal(today=TODAY + timedelta(days=1))
    reference, value = rows[0]
    found = list(store.look_back(asked(digest(77), flipped(value, 31)), 31))
    assert found == [KeptMatch(1, "uploads", reference, TODAY - timedelta(days=2))]
    assert list(store.look_back(asked(flipped(value, 32)), 31)) == []
    everything = store.look_back(asked(*(value for _, value in rows)), 0)
    assert [(match.entry, match.reference) for match in everything] == [
        (number, reference) for number, (reference, _) in enumerate(rows)
    ]


def test_the_frames_of_one_item_are_one_reference(tmp_path: Path) -> None:
    store, reference = KeptDays(tmp_path), new_reference()
    store.keep("uploads", TODAY, reference, [digest(number) for number in range(300)])
    store.flush()
    found = list(store.look_back(asked(digest(0), digest(255), digest(256)), 31))
    assert [(match.entry, match.reference) for match in found] == [(0, reference), (1, reference)]
    near = list(store.look_back(asked(digest(3)), 31))
    assert [match.reference for match in near] == [reference]


def test_frames_alike_are_named_once(tmp_path: Path) -> None:
    store, reference = KeptDays(tmp_path), new_reference()
    store.keep("uploads", TODAY, reference, [digest(1), flipped(digest(1), 3), digest(1)])
    store.flush()
    assert len(list(store.look_back(asked(digest(1)), 31))) == 1


def test_on_the_disk_there_is_nothing_but_signal_reference_and_day(tmp_path: Path) -> None:
    ((reference, value),) = kept(tmp_path, each=1)
    (rows,) = tmp_path.rglob("rows")
    assert rows.parent == tmp_path / "uploads" / "2030-05-20"
    assert rows.read_bytes()[:-4] == reference.bytes + value
    assert rows.stat().st_mode & 0o077 == 0
    assert rows.parent.stat().st_mode & 0o077 == 0
    assert reference.version == 4, "a version 7 would tell the hour"


def test_a_day_is_destroyed_with_its_term_and_a_surface_that_keeps_no_more_at_once(tmp_path: Path) -> None:
    kept(tmp_path, days=9)
    kept(tmp_path, days=9, surface="avatars")
    kept(tmp_path, days=1, surface="closed")
    store = KeptDays(tmp_path)
    store.seal(today=TODAY)
    gone = store.destroy(today=TODAY, terms=TERMS)
    assert sorted((each.surface, (TODAY - each.day).days) for each in gone) == [
        ("closed", 0),
        ("uploads", 7),
        ("uploads", 8),
    ]
    left = store.days()
    assert len(left) == 9 + 7
    assert not any(each.folder.exists() for each in gone)
    assert [match.surface for match in store.look_back(asked(digest(7000)), 31)] == ["avatars"]


def test_the_oldest_days_go_first_where_there_is_too_much(tmp_path: Path) -> None:
    kept(tmp_path, days=5)
    store = KeptDays(tmp_path)
    store.seal(today=TODAY)
    assert [each.signals for each in store.days()] == [10] * 5
    gone = store.destroy(today=TODAY, terms=TERMS, most=29)
    assert [(TODAY - each.day).days for each in gone] == [4, 3, 2]
    assert store.destroy(today=TODAY, terms=TERMS, most=29) == []


def test_a_term_longer_than_thirty_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 to 30"):
        KeptDays(tmp_path).destroy(today=TODAY, terms={"uploads": 31})


@given(cut=st.integers(1, 51))
def test_a_row_that_a_crash_cut_is_lost_alone(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("kept")
    rows = kept(folder)
    (path,) = folder.rglob("rows")
    os.truncate(path, path.stat().st_size - cut)
    more = kept(folder)
    found = list(KeptDays(folder).look_back(asked(*(value for _, value in rows)), 0))
    assert {match.reference for match in found} == {reference for reference, _ in [*rows[:-1], *more]}


def test_a_row_that_never_reached_the_disk_is_lost_alone(tmp_path: Path) -> None:
    """A machine that loses power may leave the length of a file, and zeros in it."""
    rows = kept(tmp_path)
    (path,) = tmp_path.rglob("rows")
    row = path.stat().st_size // len(rows)
    spoilt = bytearray(path.read_bytes())
    spoilt[3 * row : 4 * row] = bytes(row)
    path.write_bytes(spoilt)
    more = kept(tmp_path, each=1)
    store = KeptDays(tmp_path)
    everything = asked(bytes(32), *(value for _, value in rows))
    found = {match.reference for match in store.look_back(everything, 0)}
    assert found == {reference for reference, _ in [*rows[:3], *rows[4:], *more]}


def test_a_crash_between_sealing_and_dropping_the_rows_counts_nothing_twice(tmp_path: Path) -> None:
    rows = kept(tmp_path, days=2)
    (path,) = (tmp_path / "uploads" / "2030-05-19").glob("rows")
    before = path.read_bytes()
    store = KeptDays(tmp_path)
    store.seal(today=TODAY)
    path.write_bytes(before)
    store.seal(today=TODAY)
    assert len(list(store.look_back(asked(*(value for _, value in rows)), 0))) == 20


def test_a_damaged_day_is_an_error_and_never_found_empty(tmp_path: Path) -> None:
    kept(tmp_path, days=2)
    store = KeptDays(tmp_path)
    store.seal(today=TODAY)
    (path,) = tmp_path.rglob("*.segment")
    damaged = bytearray(path.read_bytes())
    damaged[5000 % len(damaged)] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(SegmentDamaged):
        list(store.look_back(asked(digest(1)), 31))


CHILD = """
import sys
from datetime import date
from pathlib import Path
from safehold.detect.kept_days import KeptDays, new_reference

store = KeptDays(Path(sys.argv[1]))
for number in range(10**6):
    store.keep("uploads", date(2030, 5, 20), new_reference(), [number.to_bytes(32)])
    store.flush()
    print(number, flush=True)
"""


def test_what_was_flushed_outlives_a_process_that_is_killed(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for _ in range(20):
        last = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    wanted = asked(*(number.to_bytes(32) for number in range(last + 1)))
    found = {match.entry for match in KeptDays(tmp_path).look_back(wanted, 0)}
    assert found == set(range(last + 1))


def test_many_entries_at_once_are_told_by_their_own_numbers(tmp_path: Path) -> None:
    rows = kept(tmp_path, each=3)
    entries = [digest(10_000 + number) for number in range(600)]
    entries[5], entries[299], entries[599] = (value for _, value in rows)
    found = {match.entry: match.reference for match in KeptDays(tmp_path).look_back(asked(*entries), 31)}
    assert found == {5: rows[0][0], 299: rows[1][0], 599: rows[2][0]}


def test_a_day_that_cannot_be_written_takes_no_other_with_it(tmp_path: Path) -> None:
    (tmp_path / "avatars").write_text("in the way")
    store, reference = KeptDays(tmp_path), new_reference()
    store.keep("avatars", TODAY, new_reference(), [digest(1)])
    store.keep("uploads", TODAY, reference, [digest(2)])
    with pytest.raises(OSError, match="avatars"):
        store.flush()
    assert [match.reference for match in store.look_back(asked(digest(2)), 0)] == [reference]


def test_a_name_that_leads_elsewhere_and_a_digest_of_another_length_are_refused(tmp_path: Path) -> None:
    store = KeptDays(tmp_path)
    for surface in ("..", "a/b", ""):
        with pytest.raises(ValueError, match="surface"):
            store.keep(surface, TODAY, new_reference(), [digest(1)])
    with pytest.raises(ValueError, match="32 bytes"):
        store.keep("uploads", TODAY, new_reference(), [b"short"])
    with pytest.raises(ValueError, match="0 or more"):
        list(store.look_back(asked(digest(1)), -1))
