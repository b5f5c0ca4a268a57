"""Entries in segments of a host: the same as entries in memory, for every process, whatever happens."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.detect.host_indexes import HostIndexes, examine, folder_of
from safehold.detect.known import KnownLists, SignalTypes
from safehold.model.errors import Damaged, DatabaseDown, SegmentDamaged
from safehold.model.hash_list import Entry, HashList, Purpose
from safehold.model.ids import EntryId, ListId, new_id
from safehold.model.signal import MD5, PDQ, Signal, SignalTypeName
from safehold.signals.index.folder import discard
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
FOREIGN = SignalTypeName("foreign")
SPOILED = "update entry set value = substring(value from octet_length(value))"
"""Whoever reads an entry again after this fails at it."""


@dataclass
class Process:
    """One process of a host, which merges each time that it catches up and has so many entries in memory."""

    kinds: SignalTypes
    folder: Path
    database: Database
    merge_from: int = 1
    indexes: HostIndexes = field(init=False)
    known: KnownLists = field(init=False)

    def __post_init__(self) -> None:
        self.indexes = HostIndexes(self.kinds, self.folder, self.database, merge_from=self.merge_from)
        self.known = KnownLists(self.kinds, self.indexes)

    def refresh(self) -> None:
        with self.database.begin() as tx:
            self.known.refresh(tx)


def an_entry(of: ListId, number: int) -> Entry:
    """Even numbers are PDQ digests near one another, odd ones MD5; each third has words."""
    kind, width = (MD5, 16) if number % 2 else (PDQ, 32)
    words = ("A", ("one", "two")) if number % 3 == 0 else (None, ())
    return Entry(
        id=EntryId(new_id()),
        list_id=of,
        signal_type=kind,
        value=number.to_bytes(width),
        category=words[0],
        labels=words[1],
    )


ASKED = [Signal(PDQ, (6).to_bytes(32)), *(Signal(MD5, number.to_bytes(16)) for number in range(12))]


def found(known: KnownLists) -> set[tuple[str, EntryId, int, str | None, tuple[str, ...]]]:
    return {
        (one.list_name, one.entry_id, one.distance, one.category, one.labels)
        for one in known.look(ASKED, rehearsal=False).matches
    }


def held(known: KnownLists) -> list[tuple[str, dict[SignalTypeName, int], int, bool]]:
    return [
        (each.hash_list.name, dict(each.held), each.hash_list.last_seq, each.late) for each in known.lists
    ]


def in_memory(kinds: SignalTypes, database: Database) -> KnownLists:
    known = KnownLists(kinds)
    with database.begin() as tx:
        known.refresh(tx)
    return known


def same(one: KnownLists, other: KnownLists) -> None:
    assert found(one) == found(other)
    assert held(one) == held(other)
    assert one.version() == other.version()


@dataclass(frozen=True)
class Put:
    list_number: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Take:
    list_number: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Refresh:
    which: int
    waits: bool


@dataclass(frozen=True)
class Restart:
    which: int


numbers = st.lists(st.integers(0, 11), max_size=6).map(tuple)
list_numbers = st.integers(0, 1)
whose = st.integers(0, 1)
operations = st.lists(
    st.builds(Put, list_numbers, numbers)
    | st.builds(Take, list_numbers, numbers)
    | st.builds(Refresh, whose, st.booleans())
    | st.builds(Refresh, whose, st.just(value=True))
    | st.builds(Restart, whose),
    max_size=24,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations)
def test_processes_that_share_segments_know_what_one_with_all_in_memory_knows(
    database: Database, kinds: SignalTypes, doings: Sequence[Put | Take | Refresh | Restart]
) -> None:
    lists = [
        HashList(id=ListId(new_id()), name=f"{number}-{uuid4()}", purpose=Purpose.CSAM, created_at=NOW)
        for number in range(2)
    ]
    truth: list[dict[int, EntryId]] = [{}, {}]
    with database.begin() as tx:
        tx.run(sa.text("truncate hash_list cascade"))
        for each in lists:
            list_rows.insert(tx, each)
    with tempfile.TemporaryDirectory() as place:
        processes = [Process(kinds, Path(place), database, merge_from) for merge_from in (1, 5)]
        for doing in doings:
            if isinstance(doing, Refresh):
                processes[doing.which].refresh()
                if doing.waits:
                    processes[doing.which].indexes.close()
            elif isinstance(doing, Restart):
                processes[doing.which].indexes.close()
                merge_from = processes[doing.which].merge_from
                processes[doing.which] = Process(kinds, Path(place), database, merge_from)
            else:
                change(database, lists[doing.list_number], truth[doing.list_number], doing)
        whole = in_memory(kinds, database)
        processes.append(Process(kinds, Path(place), database))
        for _ in range(2):
            for process in processes:
                process.refresh()
                same(process.known, whole)
                process.indexes.close()


def change(database: Database, of: HashList, live: dict[int, EntryId], doing: Put | Take) -> None:
    with database.begin() as tx:
        if isinstance(doing, Put):
            entries = [an_entry(of.id, number) for number in doing.numbers]
            list_rows.add_entries(tx, of.id, entries, now=NOW)
            for number, entry in zip(doing.numbers, entries, strict=True):
                live.setdefault(number, entry.id)
        else:
            gone = [live.pop(number) for number in set(doing.numbers) if number in live]
            list_rows.remove_entries(tx, of.id, gone, now=NOW)


@contextmanager
def process(kinds: SignalTypes, folder: Path, database: Database, merge_from: int = 1) -> Iterator[Process]:
    """One process that has caught up and merged."""
    one = Process(kinds, folder, database, merge_from)
    one.refresh()
    one.indexes.close()
    yield one
    one.indexes.close()


def put(database: Database, of: HashList, *wanted: int) -> list[Entry]:
    entries = [an_entry(of.id, number) for number in wanted]
    with database.begin() as tx:
        list_rows.add_entries(tx, of.id, entries, now=NOW)
    return entries


def take(database: Database, of: HashList, entries: Sequence[Entry]) -> None:
    with database.begin() as tx:
        list_rows.remove_entries(tx, of.id, [entry.id for entry in entries], now=NOW)


def test_a_process_that_starts_reads_what_another_merged_and_no_entry_again(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    put(database, northland, *range(10))
    with process(kinds, tmp_path, database):
        pass
    with database.begin() as tx:
        tx.run(sa.text(SPOILED))
    with process(kinds, tmp_path, database) as second:
        assert len(found(second.known)) == 10
        assert held(second.known)[0][1] == {PDQ: 5, MD5: 5}


@pytest.mark.parametrize("what", ["segment", "contents.json"])
def test_damaged_files_are_thrown_away_and_the_lists_read_anew(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path, what: str
) -> None:
    put(database, northland, *range(10))
    with process(kinds, tmp_path, database):
        pass
    for kind in (PDQ, MD5):
        for path in folder_of(tmp_path, kind).glob(f"*{what}"):
            data = path.read_bytes()
            path.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    with process(kinds, tmp_path, database) as second:
        same(second.known, in_memory(kinds, database))
    with process(kinds, tmp_path, database) as third:
        same(third.known, in_memory(kinds, database))


def test_damage_under_a_process_that_runs_is_found_by_checking_and_mended(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    put(database, northland, *range(10))
    with process(kinds, tmp_path, database) as one:
        one.indexes.check()
        assert not one.indexes.damaged
        [path] = folder_of(tmp_path, PDQ).glob("*.segment")
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
        one.indexes.check()
        assert one.indexes.damaged
        with database.begin() as tx:
            one.known.declare(list_rows.in_use(tx))
            assert one.known.catch_up(tx)
        assert not one.indexes.damaged
        same(one.known, in_memory(kinds, database))


def test_damage_is_told_before_anything_is_read_anew_and_again_until_it_was_heard(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    put(database, northland, *range(10))
    with process(kinds, tmp_path, database):
        pass
    [path] = folder_of(tmp_path, PDQ).glob("*.segment")
    path.unlink()
    heard: list[SignalTypeName] = []

    def hear(kind: SignalTypeName) -> None:
        heard.append(kind)
        if len(heard) == 1:
            raise DatabaseDown

    indexes = HostIndexes(kinds, tmp_path, database, when_damaged=hear)
    known = KnownLists(kinds, indexes)
    with database.begin() as tx:
        with pytest.raises(DatabaseDown):
            known.refresh(tx)
        assert found(known) == set()
        known.refresh(tx)
    assert heard == [PDQ, PDQ]
    assert known.damages == {PDQ: 1}
    same(known, in_memory(kinds, database))
    known.close()


def restored(database: Database, of: HashList, lost: Sequence[Entry]) -> None:
    """Bring the list to where it was before it had these entries."""
    with database.begin() as tx:
        tx.run(sa.text("delete from entry where id = any(:ids)"), {"ids": [entry.id for entry in lost]})
        back = {"seq": 5, "id": of.id}
        tx.run(sa.text("update hash_list set last_seq = :seq where id = :id"), back)


@pytest.mark.parametrize("since", [(), (20, 22), (20, 22, 24, 26, 28), (20, 22, 24, 26, 28, 30, 32)])
def test_a_database_that_was_restored_has_another_history_even_where_it_went_on_as_far(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path, since: tuple[int, ...]
) -> None:
    put(database, northland, 0, 2, 4, 6, 8)
    lost = put(database, northland, 10, 12, 14, 16, 18)
    with process(kinds, tmp_path, database) as alive:
        restored(database, northland, lost)
        put(database, northland, *since)
        with process(kinds, tmp_path, database) as fresh:
            same(fresh.known, in_memory(kinds, database))
        with database.begin() as tx:
            alive.known.mistrust(tx)
        alive.refresh()
        same(alive.known, in_memory(kinds, database))


def test_a_list_that_was_withdrawn_while_nobody_ran_is_gone_from_the_segments(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    put(database, northland, *range(10))
    with process(kinds, tmp_path, database):
        pass
    other = replace(northland, id=ListId(new_id()), name="other")
    with database.begin() as tx:
        list_rows.mark_withdrawn(tx, northland.id, NOW)
        list_rows.insert(tx, other)
    mine = put(database, other, 6)
    with process(kinds, tmp_path, database) as later:
        assert {one[1] for one in found(later.known)} == {mine[0].id}
        assert later.indexes.held(northland.id) == {}


def test_an_entry_that_was_taken_off_a_moment_ago_matches_nothing_though_nobody_has_caught_up(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    entries = put(database, northland, 6, 7)
    with process(kinds, tmp_path, database) as one:
        assert {match[1] for match in found(one.known)} == {entry.id for entry in entries}
        take(database, northland, entries[:1])
        assert {match[1] for match in found(one.known)} == {entries[1].id}


def test_entries_of_a_type_that_is_not_loaded_are_counted_after_a_start_too(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    put(database, northland, 1, 2)
    foreign = Entry(id=EntryId(new_id()), list_id=northland.id, signal_type=FOREIGN, value=b"\x01")
    with database.begin() as tx:
        list_rows.add_entries(tx, northland.id, [foreign], now=NOW)
    for _ in range(2):
        with process(kinds, tmp_path, database) as one:
            assert held(one.known)[0][1] == {PDQ: 1, MD5: 1, FOREIGN: 1}


def test_a_folder_that_takes_no_more_files_loses_no_entry_and_says_so_until_it_does_again(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    put(database, northland, *range(6))
    with process(kinds, tmp_path, database) as one:
        for kind in kinds:
            (folder_of(tmp_path, kind) / "contents.json.partial").mkdir()
        assert not one.known.unwritten
        put(database, northland, *range(6, 12))
        one.refresh()
        one.indexes.close()
        assert one.known.unwritten
        same(one.known, in_memory(kinds, database))
        with process(kinds, tmp_path, database) as two:
            same(two.known, in_memory(kinds, database))
        for kind in kinds:
            (folder_of(tmp_path, kind) / "contents.json.partial").rmdir()
        put(database, northland, 12, 13)
        one.refresh()
        one.indexes.close()
        assert not one.known.unwritten


def test_the_doctor_says_what_is_in_segments_and_refuses_what_is_damaged(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    assert examine(kinds, tmp_path) == {}
    put(database, northland, *range(5))
    with process(kinds, tmp_path, database):
        assert examine(kinds, tmp_path) == {PDQ: 3, MD5: 2}
    [path] = folder_of(tmp_path, PDQ).glob("*.segment")
    data = path.read_bytes()
    path.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    with pytest.raises(SegmentDamaged):
        examine(kinds, tmp_path)


def test_a_list_whose_index_is_built_anew_is_late_until_it_is_there(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    put(database, northland, *range(5))
    with process(kinds, tmp_path, database) as one:
        assert [each.late for each in one.known.lists] == [False]
        for kind in kinds:
            discard(folder_of(tmp_path, kind))
            (folder_of(tmp_path, kind) / "contents.json").write_text("not what was written")
        with database.begin() as tx:
            # Its one entry that cannot be read ends the building before it is done.
            tx.run(sa.text(SPOILED))
            with pytest.raises(Damaged):
                one.known.catch_up(tx)
        assert [each.late for each in one.known.lists] == [True]


@dataclass
class Told(Process):
    """A process that notes whether its lists were late each time when an index was opened anew."""

    late: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        told = self

        class Watched(HostIndexes):
            def _open(self, name: SignalTypeName) -> None:
                if hasattr(told, "known"):
                    told.late += [each.late for each in told.known.lists]
                super()._open(name)

        self.indexes = Watched(self.kinds, self.folder, self.database, merge_from=self.merge_from)
        self.known = KnownLists(self.kinds, self.indexes)


def test_lists_are_late_before_their_entries_are_thrown_away(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    put(database, northland, *range(5))
    one = Told(kinds, tmp_path, database)
    one.refresh()
    one.indexes.close()
    (folder_of(tmp_path, PDQ) / "contents.json").write_text("not what was written")
    lost = put(database, northland, 6)
    one.refresh()
    assert one.late == [True]
    same(one.known, in_memory(kinds, database))
    restored(database, northland, lost)
    with database.begin() as tx:
        one.known.mistrust(tx)
    assert set(one.late) == {True}
    one.indexes.close()


def test_what_was_removed_before_a_late_merge_arrived_is_gone_from_it(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    first, late = tmp_path / "first", tmp_path / "late"
    with process(kinds, first, database, merge_from=1000) as one:
        entries = put(database, northland, *range(6))
        with process(kinds, late, database):
            pass
        take(database, northland, entries[:2])
        one.refresh()
        shutil.copytree(late, first, dirs_exist_ok=True)
        put(database, northland, 7)
        one.refresh()
        same(one.known, in_memory(kinds, database))


def test_what_others_removed_before_they_merged_is_gone_here_too(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    entries = put(database, northland, *range(6))
    with process(kinds, tmp_path, database, merge_from=1000) as one:
        take(database, northland, entries[:2])
        with process(kinds, tmp_path, database):
            pass
        put(database, northland, 7)
        one.refresh()
        same(one.known, in_memory(kinds, database))


def test_what_another_process_merged_needs_not_be_read_by_this_one(
    database: Database, kinds: SignalTypes, northland: HashList, tmp_path: Path
) -> None:
    with process(kinds, tmp_path, database, merge_from=1000) as slow:
        put(database, northland, *range(6))
        with process(kinds, tmp_path, database):
            pass
        with database.begin() as tx:
            tx.run(sa.text(SPOILED))
        put(database, northland, 6, 7)
        slow.refresh()
        assert len(found(slow.known)) == 8
