"""What is kept for look-back is found from entries alone, and is gone when its day is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.kept_days import Gone, KeptDays, KeptMatch, ends_on, is_within
from safehold.model.errors import SegmentDamaged

TODAY = date(2030, 5, 20)
TERMS = {"uploads": 7, "avatars": 30}


def digest(number: int) -> bytes:
    return np.random.default_rng(number).bytes(32)


def flipped(value: bytes, bits: int) -> bytes:
    return (int.from_bytes(value) ^ ((1 << bits) - 1)).to_bytes(32)


def asked(*values: bytes) -> np.ndarray:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, 32)


def look_back(store: KeptDays, entries: np.ndarray, distance: int, **options: Any) -> list[KeptMatch]:
    return list(store.look_back(entries, distance, **{"today": TODAY, "terms": TERMS, **options}))


def destroyed(store: KeptDays, **options: Any) -> list[tuple[str, int, Gone]]:
    """Destroy what is due; return surface, how many days back, and why."""
    due = store.due(**{"today": TODAY, "terms": TERMS, **options})
    for day, _ in due:
        day.destroy()
        assert not day.folder.exists()
    return [(day.surface, (TODAY - day.day).days, why) for day, why in due]


def kept(folder: Path, days: int = 1, each: int = 10, surface: str = "uploads") -> list[tuple[str, bytes]]:
    """Keep some signals on each of the last days, and return them in the order of the days."""
    store, rows = KeptDays(folder), []
    for back in reversed(range(days)):
        for number in range(each):
            reference, value = f"post-{uuid4()}", digest(1000 * back + number)
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
    found = look_back(store, asked(digest(77), flipped(value, 31)), 31)
    assert found == [KeptMatch(1, "uploads", reference, TODAY - timedelta(days=2))]
    assert look_back(store, asked(flipped(value, 32)), 31) == []
    everything = look_back(store, asked(*(value for _, value in rows)), 0)
    assert [(match.entry, match.reference) for match in everything] == [
        (number, reference) for number, (reference, _) in enumerate(rows)
    ]


def test_the_frames_of_one_item_are_one_reference(tmp_path: Path) -> None:
    store, reference = KeptDays(tmp_path), "post-1"
    store.keep("uploads", TODAY, reference, [digest(number) for number in range(300)])
    store.flush()
    found = look_back(store, asked(digest(0), digest(255), digest(256)), 31)
    assert [(match.entry, match.reference) for match in found] == [(0, reference), (1, reference)]
    near = look_back(store, asked(digest(3)), 31)
    assert [match.reference for match in near] == [reference]


def test_frames_alike_are_named_once(tmp_path: Path) -> None:
    store, reference = KeptDays(tmp_path), "post-1"
    store.keep("uploads", TODAY, reference, [digest(1), flipped(digest(1), 3), digest(1)])
    store.flush()
    assert len(look_back(store, asked(digest(1)), 31)) == 1


def test_on_the_disk_there_is_nothing_but_signal_reference_and_day(tmp_path: Path) -> None:
    ((reference, value),) = kept(tmp_path, each=1)
    (rows,) = tmp_path.rglob("rows")
    (references,) = tmp_path.rglob("references")
    assert rows.parent == references.parent == tmp_path / "uploads" / "2030-05-20"
    assert {path.name for path in rows.parent.iterdir()} == {"rows", "references", "lock"}
    stem = rows.read_bytes()[:15]
    assert rows.read_bytes()[15:-4] == b"\0" + value
    assert references.read_bytes()[:-4] == stem + reference.encode().ljust(64, b"\0")
    for path in (rows, references, rows.parent):
        assert path.stat().st_mode & 0o077 == 0


def test_a_group_that_shares_the_folder_may_write_seal_and_destroy_there(tmp_path: Path) -> None:
    tmp_path.chmod(0o2770)
    kept(tmp_path)
    modes = {path.name: path.stat().st_mode & 0o7777 for path in tmp_path.rglob("*")}
    assert modes == {
        "uploads": 0o2770,
        "2030-05-20": 0o2770,
        "rows": 0o660,
        "references": 0o660,
        "lock": 0o660,
    }


def test_two_items_of_one_moment_have_ids_that_say_nothing_of_it(tmp_path: Path) -> None:
    kept(tmp_path, each=200)
    (rows,) = tmp_path.rglob("rows")
    data = rows.read_bytes()
    firsts = {data[begin : begin + 2] for begin in range(0, len(data), 52)}
    assert len(firsts) > 150, "ids that begin alike would tell when they were made"


def test_one_reference_given_to_several_uploads_is_named_once(tmp_path: Path) -> None:
    store = KeptDays(tmp_path)
    for number in range(3):
        store.keep("uploads", TODAY, "album-7", [flipped(digest(1), number)])
    store.flush()
    assert [match.reference for match in look_back(store, asked(digest(1)), 31)] == ["album-7"]


def test_a_day_is_destroyed_with_its_term_and_a_surface_that_keeps_no_more_at_once(tmp_path: Path) -> None:
    kept(tmp_path, days=9)
    kept(tmp_path, days=9, surface="avatars")
    kept(tmp_path, days=1, surface="closed")
    store = KeptDays(tmp_path)
    store.seal(today=TODAY)
    assert sorted(destroyed(store)) == [
        ("closed", 0, Gone.OFF),
        ("uploads", 7, Gone.TERM),
        ("uploads", 8, Gone.TERM),
    ]
    assert len(store.days()) == 9 + 7
    assert [match.surface for match in look_back(store, asked(digest(7000)), 31)] == ["avatars"]


def test_a_day_whose_term_is_over_answers_no_more_although_nobody_has_swept(tmp_path: Path) -> None:
    kept(tmp_path, days=8)
    store, wanted = KeptDays(tmp_path), asked(digest(7000), digest(6000))
    assert [match.entry for match in look_back(store, wanted, 31)] == [1]
    tomorrow = TODAY + timedelta(days=1)
    assert look_back(store, wanted, 31, today=tomorrow) == []
    assert look_back(store, wanted, 31, terms={"avatars": 30}) == [], "it keeps nothing any more"
    assert len(store.days()) == 8, "nobody has swept"


@given(term=st.integers(1, 30), age=st.integers(0, 40))
def test_exactly_the_days_of_the_term_are_kept_the_first_being_that_of_the_upload(
    term: int, age: int
) -> None:
    day = TODAY - timedelta(days=age)
    within = is_within("uploads", day, today=TODAY, terms={"uploads": term})
    assert within == (age < term) == (ends_on(day, term) > TODAY)


@given(
    moves=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["keep", "seal", "sweep"])), max_size=12),
    term=st.integers(1, 4),
)
def test_whatever_the_order_of_keeping_sealing_and_sweeping_no_day_answers_beyond_its_term(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[int, str]], term: int
) -> None:
    store, today, terms = KeptDays(tmp_path_factory.mktemp("kept")), TODAY, {"uploads": term}
    came: dict[str, date] = {}
    for number, (later, move) in enumerate(moves):
        today += timedelta(days=later)
        if move == "keep":
            store.keep("uploads", today, f"post-{number}", [digest(1)])
            store.flush()
            came[f"post-{number}"] = today
        elif move == "seal":
            store.seal(today=today)
        else:
            for day, _ in store.due(today=today, terms=terms):
                day.destroy()
    found = {match.reference for match in look_back(store, asked(digest(1)), 0, today=today, terms=terms)}
    assert found == {name for name, day in came.items() if (today - day).days < term}


def test_the_oldest_days_go_first_where_there_is_too_much(tmp_path: Path) -> None:
    kept(tmp_path, days=5)
    store = KeptDays(tmp_path)
    store.seal(today=TODAY)
    assert [each.signals for each in store.days()] == [10] * 5
    assert destroyed(store, most=29) == [("uploads", back, Gone.FULL) for back in (4, 3, 2)]
    assert destroyed(store, most=29) == []


def test_what_has_come_in_is_sealed_during_the_day_where_it_is_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safehold.detect.kept_days.MANY_ROWS", 5)
    rows = kept(tmp_path, each=20)
    store = KeptDays(tmp_path)
    store.seal(today=TODAY)
    assert not list(tmp_path.rglob("rows"))
    more = kept(tmp_path, each=3)
    everything = look_back(store, asked(*(value for _, value in rows)), 0)
    assert {match.reference for match in everything} == {reference for reference, _ in [*rows, *more]}


def test_a_term_longer_than_thirty_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 to 30"):
        KeptDays(tmp_path).due(today=TODAY, terms={"uploads": 31})


@given(cut=st.integers(1, 51))
def test_a_row_that_a_crash_cut_is_lost_alone(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("kept")
    rows = kept(folder)
    (path,) = folder.rglob("rows")
    os.truncate(path, path.stat().st_size - cut)
    more = kept(folder)
    found = look_back(KeptDays(folder), asked(*(value for _, value in rows)), 0)
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
    found = {match.reference for match in look_back(store, everything, 0)}
    assert found == {reference for reference, _ in [*rows[:3], *rows[4:], *more]}


def test_a_crash_between_sealing_and_dropping_the_rows_counts_nothing_twice(tmp_path: Path) -> None:
    rows = kept(tmp_path, days=2)
    (path,) = (tmp_path / "uploads" / "2030-05-19").glob("rows")
    before = path.read_bytes()
    store = KeptDays(tmp_path)
    store.seal(today=TODAY)
    path.write_bytes(before)
    store.seal(today=TODAY)
    assert len(look_back(store, asked(*(value for _, value in rows)), 0)) == 20


def test_a_damaged_day_is_told_and_never_found_empty(tmp_path: Path) -> None:
    kept(tmp_path, days=2)
    store, told = KeptDays(tmp_path), []
    store.seal(today=TODAY)
    (path,) = tmp_path.rglob("*.segment")
    damaged = bytearray(path.read_bytes())
    damaged[5000 % len(damaged)] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(SegmentDamaged):
        look_back(store, asked(digest(1)), 31)
    found = look_back(store, asked(digest(1)), 31, on_damaged=told.append)
    assert [match.day for match in found] == [TODAY], "the other days answer all the same"
    assert [(day.surface, day.day) for day in told] == [("uploads", TODAY - timedelta(days=1))]


@given(cut=st.integers(1, 82))
def test_a_reference_that_a_crash_cut_is_lost_alone(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    rows = kept(folder, each=3)
    (path,) = folder.rglob("references")
    os.truncate(path, path.stat().st_size - cut)
    more = kept(folder, each=1)
    found = look_back(KeptDays(folder), asked(*(value for _, value in rows)), 0)
    assert {match.reference for match in found} == {reference for reference, _ in [*rows[:-1], *more]}


CHILD = """
import sys
from datetime import date
from pathlib import Path
from safehold.detect.kept_days import Gone, KeptDays, KeptMatch, ends_on, is_within

store = KeptDays(Path(sys.argv[1]))
for number in range(10**6):
    store.keep("uploads", date(2030, 5, 20), f"post-{number}", [number.to_bytes(32)])
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
    found = {match.entry for match in look_back(KeptDays(tmp_path), wanted, 0)}
    assert found == set(range(last + 1))


def test_many_entries_at_once_are_told_by_their_own_numbers(tmp_path: Path) -> None:
    rows = kept(tmp_path, each=3)
    entries = [digest(10_000 + number) for number in range(600)]
    entries[5], entries[299], entries[599] = (value for _, value in rows)
    found = {match.entry: match.reference for match in look_back(KeptDays(tmp_path), asked(*entries), 31)}
    assert found == {5: rows[0][0], 299: rows[1][0], 599: rows[2][0]}


def test_a_day_that_cannot_be_written_takes_no_other_with_it(tmp_path: Path) -> None:
    (tmp_path / "avatars").write_text("in the way")
    store, reference = KeptDays(tmp_path), "post-1"
    store.keep("avatars", TODAY, "post-1", [digest(1)])
    store.keep("uploads", TODAY, reference, [digest(2)])
    with pytest.raises(OSError, match="avatars"):
        store.flush()
    assert [match.reference for match in look_back(store, asked(digest(2)), 0)] == [reference]
    assert store.lost == 1


def test_what_finds_no_room_in_memory_is_lost_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safehold.detect.kept_days.MOST_WAITING", 3)
    store = KeptDays(tmp_path)
    for number in range(5):
        store.keep("uploads", TODAY, f"post-{number}", [digest(number)])
    assert store.lost == 2
    store.flush()
    store.keep("uploads", TODAY, "post-9", [digest(9)])
    store.flush()
    found = look_back(store, asked(*(digest(number) for number in range(10))), 0)
    assert [match.reference for match in found] == ["post-0", "post-1", "post-2", "post-9"]


def test_a_name_that_leads_elsewhere_and_a_digest_of_another_length_are_refused(tmp_path: Path) -> None:
    store = KeptDays(tmp_path)
    for surface in ("..", "a/b", ""):
        with pytest.raises(ValueError, match="surface"):
            store.keep(surface, TODAY, "post-1", [digest(1)])
    with pytest.raises(ValueError, match="32 bytes"):
        store.keep("uploads", TODAY, "post-1", [b"short"])
    for reference in ("", "a" * 65, "é", "a\nb", "\0"):
        with pytest.raises(ValueError, match="reference"):
            store.keep("uploads", TODAY, reference, [digest(1)])
    with pytest.raises(ValueError, match="0 or more"):
        look_back(store, asked(digest(1)), -1)
