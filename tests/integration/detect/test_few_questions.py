"""How often the database is asked: once for much at a time, and not again for what cannot have changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.detect.following import BREATH, ListFollower
from safehold.detect.host_indexes import HostIndexes
from safehold.detect.known import KnownLists, SignalTypes
from safehold.model.hash_list import Entry, HashList
from safehold.model.ids import EntryId, new_id
from safehold.model.match import Match
from safehold.model.signal import PDQ, Signal, SignalTypeName
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database, Tx

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
FOREIGN = SignalTypeName("foreign")


def value(number: int) -> bytes:
    """A digest of its own for each number from 0 to 255."""
    return bytes(8 * [number]) + bytes(24) if number % 2 else bytes(24) + bytes(8 * [number])


def an_entry(of: HashList, number: int, kind: SignalTypeName) -> Entry:
    labels = (f"n{number}",)
    return Entry(id=EntryId(new_id()), list_id=of.id, signal_type=kind, value=value(number), labels=labels)


def put(database: Database, of: HashList, *numbers: int, kind: SignalTypeName = PDQ) -> list[Entry]:
    entries = [an_entry(of, number, kind) for number in numbers]
    with database.begin() as tx:
        list_rows.add_entries(tx, of.id, entries, now=NOW)
    return entries


def take(database: Database, of: HashList, entries: Sequence[Entry]) -> None:
    with database.begin() as tx:
        list_rows.remove_entries(tx, of.id, [entry.id for entry in entries], now=NOW)


def look(known: KnownLists, number: int) -> list[Match]:
    return known.look([Signal(PDQ, value(number))], rehearsal=False).matches


@contextmanager
def statements() -> Iterator[list[str]]:
    """Yield what this thread asks any database meanwhile; others may still be at work in this process."""
    asked: list[str] = []
    here = threading.get_ident()

    def note(*seen: Any) -> None:
        if threading.get_ident() == here:
            asked.append(seen[2])

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


@pytest.fixture
def known(kinds: SignalTypes, database: Database, tmp_path: Path) -> Iterator[KnownLists]:
    known = KnownLists(kinds, HostIndexes(kinds, tmp_path, database))
    yield known
    known.close()


def test_however_many_inputs_match_the_database_is_asked_once_about_their_entries(
    database: Database, known: KnownLists, northland: HashList
) -> None:
    numbers = (1, 3, 7, 15, 31, 63, 127, 255)
    put(database, northland, *numbers)
    with database.begin() as tx:
        known.refresh(tx)
    inputs = [[Signal(PDQ, value(number))] for number in (*numbers, 255, 170)]
    with statements() as asked:
        looked = known.look_many(inputs, rehearsal=False)
    assert [{match.labels for match in each.matches if match.distance == 0} for each in looked] == [
        *({(f"n{number}",)} for number in numbers),
        {("n255",)},
        set(),
    ]
    assert len(asked) == 1
    with statements() as asked:
        known.look_many([[Signal(PDQ, bytes([255] * 32))]], rehearsal=False)
    assert asked == []


def test_a_turn_asks_once_for_the_lists_and_once_for_what_is_new_on_one(
    database: Database, known: KnownLists, northland: HashList
) -> None:
    put(database, northland, 1)
    follower = ListFollower(known, database)
    with closing(follower):
        follower.ensure()
        first = put(database, northland, 3, 7)
        take(database, northland, first[:1])
        with statements() as asked:
            follower.ensure()
        told = ["hash_list" if "FROM hash_list" in one else one.split()[0] for one in asked]
        assert told == ["hash_list", "set", "select"]
        with statements() as asked:
            follower.ensure()
        assert asked == []
        assert {match.labels for match in look(known, 7) if match.distance == 0} == {("n7",)}


def test_entries_of_types_that_are_not_loaded_are_counted_again_when_such_came_or_went_and_only_then(
    database: Database, known: KnownLists, northland: HashList
) -> None:
    def refreshed() -> int:
        with database.begin() as tx, statements() as asked:
            known.refresh(tx)
        return sum("with recursive" in one for one in asked)

    def foreign(*numbers: int) -> list[Entry]:
        return put(database, northland, *numbers, kind=FOREIGN)

    first = foreign(1, 2)
    assert refreshed() == 1
    assert known.lists[0].held == {FOREIGN: 2}
    usual = put(database, northland, 3)
    assert refreshed() == 0
    take(database, northland, usual)
    assert refreshed() == 0
    assert known.lists[0].held == {FOREIGN: 2}
    foreign(4)
    assert refreshed() == 1
    take(database, northland, first)
    assert refreshed() == 1
    assert known.lists[0].held == {FOREIGN: 1}


def test_under_a_stream_of_changes_the_thread_takes_turns_no_closer_than_it_says(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    turns: list[float] = []

    class Counted(KnownLists):
        def catch_up(self, tx: Tx, *, patience: float = -1) -> bool:
            turns.append(time.monotonic())
            return super().catch_up(tx, patience=patience)

    follower = ListFollower(Counted(kinds), database)
    with closing(follower):
        follower.start(patience=60)
        for number in range(100):
            put(database, northland, number)
        while not any(each.hash_list.last_seq == 100 for each in follower.known.lists):
            time.sleep(0.01)
    assert all(after - before > 0.9 * BREATH for before, after in pairwise(turns))
