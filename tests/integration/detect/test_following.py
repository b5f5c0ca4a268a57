"""What any process commits, every process of every host matches within moments; removals likewise."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from safehold.detect.following import FEW, ListFollower
from safehold.detect.known import LATE_AFTER, KnownLists, SignalTypes, in_use
from safehold.model.errors import DatabaseDown
from safehold.model.hash_list import Entry, HashList
from safehold.model.ids import EntryId, new_id
from safehold.model.signal import PDQ, Signal
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database
from safehold.storage.list_news import ListNews

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
NEVER = 300.0
"""Seconds that no test takes: a follower that looks so seldom goes by what it is told."""


def put(database: Database, of: HashList, *wanted: int, now: datetime = NOW) -> list[Entry]:
    entries = [
        Entry(id=EntryId(new_id()), list_id=of.id, signal_type=PDQ, value=number.to_bytes(32))
        for number in wanted
    ]
    with database.begin() as tx:
        list_rows.add_entries(tx, of.id, entries, now=now)
    return entries


def take(database: Database, of: HashList, entries: Sequence[Entry], *, now: datetime = NOW) -> None:
    with database.begin() as tx:
        list_rows.remove_entries(tx, of.id, [entry.id for entry in entries], now=now)


def found(known: KnownLists) -> set[EntryId]:
    return {one.entry_id for one in known.look([Signal(PDQ, bytes(32))], rehearsal=False).matches}


def wait_until(true: Callable[[], bool]) -> None:
    """Wait as long as it takes: the time limit of the test ends what never comes."""
    while not true():
        time.sleep(0.02)


@contextmanager
def following(
    database: Database, kinds: SignalTypes, *, look_every: float = NEVER, start: bool = True
) -> Iterator[ListFollower]:
    follower = ListFollower(KnownLists(kinds), database, look_every=look_every, patience=NEVER)
    if start:
        follower.start(patience=60)
    try:
        yield follower
    finally:
        # A follower that waits to be told hears of this, and then that it shall stop.
        closing = threading.Thread(target=follower.close)
        closing.start()
        while closing.is_alive():
            with database.begin() as tx:
                tx.run(sa.text("update hash_list set provenance = provenance"))
                tx.run(sa.text("select pg_notify('safehold_lists', '')"))
            closing.join(0.05)


@pytest.mark.parametrize("start", [True, False])
def test_whoever_has_committed_an_entry_finds_it_with_the_next_scan(
    database: Database, kinds: SignalTypes, northland: HashList, start: bool
) -> None:
    with following(database, kinds, start=start) as follower:
        for number in range(20):
            entries = put(database, northland, number)
            follower.ensure()
            assert entries[0].id in found(follower.known)
            take(database, northland, entries)
            follower.ensure()
            assert found(follower.known) == set()


def test_what_came_together_asks_for_news_once(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    with following(database, kinds, start=False) as follower:
        together = time.monotonic()
        follower.ensure(together)
        entries = put(database, northland, 1)
        follower.ensure(together)
        assert found(follower.known) == set()
        follower.ensure()
        assert found(follower.known) == {entries[0].id}


def test_new_settings_and_a_withdrawal_take_effect_with_the_next_scan(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    put(database, northland, 1)
    with following(database, kinds) as follower:
        follower.ensure()
        assert [each.hash_list.may_hold for each in follower.known.lists] == [True]
        with database.begin() as tx:
            tx.run(sa.text("update hash_list set may_hold = false"))
        follower.ensure()
        assert [each.hash_list.may_hold for each in follower.known.lists] == [False]
        with database.begin() as tx:
            list_rows.mark_withdrawn(tx, northland.id, NOW)
        follower.ensure()
        assert found(follower.known) == set()
        assert follower.known.lists == ()


def test_a_process_is_told_of_additions_and_removals_though_nobody_scans(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    with following(database, kinds) as follower:
        first = put(database, northland, 1, 2)
        wait_until(lambda: found(follower.known) == {entry.id for entry in first})
        take(database, northland, first[:1])
        wait_until(lambda: found(follower.known) == {first[1].id})


def test_what_was_told_and_lost_is_noticed_all_the_same(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    with database.begin() as tx:
        tx.run(sa.text("alter table hash_list disable trigger tell_of_lists"))
    try:
        with following(database, kinds, look_every=0.1) as follower:
            entries = put(database, northland, 1)
            wait_until(lambda: found(follower.known) == {entries[0].id})
    finally:
        with database.begin() as tx:
            tx.run(sa.text("alter table hash_list enable trigger tell_of_lists"))


def test_a_mark_changes_with_every_change_and_only_then(database: Database, northland: HashList) -> None:
    news = ListNews(database)
    marks = [news.mark()]
    assert news.mark() == marks[0]
    entries = put(database, northland, 1)
    marks.append(news.mark())
    take(database, northland, entries)
    marks.append(news.mark())
    with database.begin() as tx:
        tx.run(sa.text("update hash_list set may_hold = false"))
    marks.append(news.mark())
    with database.begin() as tx:
        list_rows.mark_withdrawn(tx, northland.id, NOW)
    marks.append(news.mark())
    assert len(set(marks)) == len(marks)
    news.close()


def drop_connections(database: Database) -> None:
    """End every other connection to the database, as a restart of the server does."""
    with database.begin() as tx:
        tx.run(
            sa.text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        )


def test_lost_connections_are_made_anew_and_nothing_is_missed(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    with following(database, kinds, look_every=0.1) as follower:
        for number in range(3):
            drop_connections(database)
            entries = put(database, northland, number)
            follower.ensure()
            assert entries[0].id in found(follower.known)
        drop_connections(database)
        last = put(database, northland, 9)
        wait_until(lambda: last[0].id in found(follower.known))


def test_behind_a_lost_connection_another_history_is_noticed(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    with following(database, kinds, look_every=0.1) as follower:
        put(database, northland, 1)
        lost = put(database, northland, 2, 3)
        wait_until(lambda: len(found(follower.known)) == 3)
        with database.begin() as tx:
            tx.run(sa.text("delete from entry where id = any(:ids)"), {"ids": [entry.id for entry in lost]})
            back = {"seq": 1, "id": northland.id}
            tx.run(sa.text("update hash_list set last_seq = :seq where id = :id"), back)
            list_rows.add_entries(tx, northland.id, [replaced(lost[0]), replaced(lost[1])], now=NOW)
        drop_connections(database)
        wait_until(lambda: found(follower.known).isdisjoint({entry.id for entry in lost}))
        wait_until(lambda: len(found(follower.known)) == 3)


def replaced(entry: Entry) -> Entry:
    return Entry(id=EntryId(new_id()), list_id=entry.list_id, signal_type=PDQ, value=entry.value)


def test_a_database_that_is_away_is_no_current_list(kinds: SignalTypes) -> None:
    nobody = Database("postgresql+psycopg://nobody@127.0.0.1:9/none")
    follower = ListFollower(KnownLists(kinds), nobody)
    with pytest.raises(DatabaseDown):
        follower.ensure()
    nobody.close()


def test_a_list_that_is_behind_for_long_or_was_never_loaded_says_that_it_is_late(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    seconds = [0.0]
    known = KnownLists(kinds, monotonic=lambda: seconds[0])

    def declared() -> list[bool]:
        with database.begin() as tx:
            known.declare(in_use(tx))
        return [each.late for each in known.lists]

    assert declared() == [False]  # nothing is on it, and nothing is missing
    put(database, northland, 1)
    assert declared() == [True]
    with database.begin() as tx:
        assert known.catch_up(tx)
    assert declared() == [False]
    put(database, northland, 2)
    assert declared() == [False]
    seconds[0] += LATE_AFTER
    put(database, northland, 3)
    assert declared() == [False]
    seconds[0] += 0.1
    assert declared() == [True]
    with database.begin() as tx:
        known.catch_up(tx)
    assert declared() == [False]


def test_a_scan_does_not_wait_for_much_that_is_to_come(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    with following(database, kinds) as follower:
        before = put(database, northland, 1)
        follower.ensure()
        with database.begin() as held:
            # Nobody can read entries, as if loading them took for ever.
            held.run(sa.text("lock table entry in access exclusive mode"))
            with database.begin() as tx:
                tx.run(sa.text("update hash_list set last_seq = last_seq + :more"), {"more": FEW + 1})
            follower.ensure()
            assert found(follower.known) == {before[0].id}
            assert follower.known.changes_to_come() == FEW + 1


AT_WORK = """
import json, sys, time
from pathlib import Path
from safehold.app.plugins import signal_types
from safehold.detect.following import ListFollower
from safehold.detect.host_indexes import HostIndexes
from safehold.detect.known import KnownLists
from safehold.model.signal import PDQ, Signal
from safehold.storage.database import Database

kinds = {kind.name: kind for kind in signal_types(())}
database = Database(sys.argv[1])
indexes = HostIndexes(kinds, Path(sys.argv[2]), database, merge_from=3)
follower = ListFollower(KnownLists(kinds, indexes), database)
follower.start(patience=60)
before = None
while True:
    matches = follower.known.look([Signal(PDQ, bytes(32))], rehearsal=False).matches
    now = sorted(str(one.entry_id) for one in matches)
    if now != before:
        print(json.dumps(now), flush=True)
        before = now
    time.sleep(0.01)
"""


class Elsewhere:
    """Another process that matches one digest all the time, and tells what it finds."""

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        command = [sys.executable, "-c", AT_WORK, url, str(folder)]
        self._process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        stack.callback(self._process.kill)
        self.finds: set[str] = set()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.finds = set(json.loads(line))


def test_four_processes_of_two_hosts_match_what_any_commits_and_not_what_was_removed(
    database: Database, northland: HashList, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        folders = [tmp_path / "one", tmp_path / "one", tmp_path / "one", tmp_path / "two"]
        processes = [Elsewhere(database.url, folder, stack) for folder in folders]
        live: list[Entry] = []
        for number in range(12):
            live += put(database, northland, number)
            if number % 3 == 2:
                take(database, northland, [live.pop(0)])
            wanted = {str(entry.id) for entry in live}
            for process in processes:
                wait_until(lambda process=process, wanted=wanted: process.finds == wanted)  # type: ignore[misc]
        processes.append(Elsewhere(database.url, folders[0], stack))
        wait_until(lambda: processes[-1].finds == {str(entry.id) for entry in live})


def test_hosts_with_clocks_a_year_apart_match_what_each_commits_and_not_what_was_removed(
    database: Database, northland: HashList, tmp_path: Path
) -> None:
    year = timedelta(days=365)
    with ExitStack() as stack:
        hosts = [Elsewhere(database.url, tmp_path / name, stack) for name in ("one", "two")]
        live: list[Entry] = []
        for number in range(6):
            ahead = year if number % 2 else -year
            live += put(database, northland, number, now=NOW + ahead)
            if number % 3 == 2:
                # Removed, by its host's clock, long before it was added.
                take(database, northland, [live.pop()], now=NOW - 2 * ahead)
            wanted = {str(entry.id) for entry in live}
            for host in hosts:
                wait_until(lambda host=host, wanted=wanted: host.finds == wanted)  # type: ignore[misc]
