"""A scan that is answered in the event loop asks as one in a thread does, and as safely."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.detect.following import ListFollower
from safehold.detect.known import KnownLists, SignalTypes
from safehold.model.errors import DatabaseDown
from safehold.model.hash_list import Entry, HashList
from safehold.model.ids import EntryId, new_id
from safehold.model.signal import PDQ, Signal
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database
from safehold.storage.list_mark import ListMark
from safehold.storage.list_news import ListNews

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)


def put(database: Database, of: HashList, number: int) -> Entry:
    entry = Entry(id=EntryId(new_id()), list_id=of.id, signal_type=PDQ, value=number.to_bytes(32))
    with database.begin() as tx:
        list_rows.add_entries(tx, of.id, [entry], now=NOW)
    return entry


def found(known: KnownLists) -> set[EntryId]:
    return {one.entry_id for one in known.look([Signal(PDQ, bytes(32))], rehearsal=False).matches}


def current_mark(database: Database) -> str:
    news = ListNews(database)
    try:
        return news.mark()
    finally:
        news.close()


def end_other_connections(database: Database) -> None:
    with database.begin() as tx:
        tx.run(
            sa.text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        )


@pytest.fixture
def follower(database: Database, kinds: SignalTypes) -> Iterator[ListFollower]:
    """One that no thread helps: what it knows it was asked for."""
    opened = ListFollower(KnownLists(kinds), database)
    yield opened
    opened.close()


def test_whoever_has_committed_an_entry_finds_it_with_the_next_scan(
    database: Database, northland: HashList, follower: ListFollower
) -> None:
    with asyncio.Runner() as runner:
        ensure = follower.ensure_in_loop()
        for number in range(20):
            entry = put(database, northland, number)
            runner.run(as_coroutine(ensure))
            assert entry.id in found(follower.known)
            with database.begin() as tx:
                list_rows.remove_entries(tx, northland.id, [entry.id], now=NOW)
            runner.run(as_coroutine(ensure))
            assert found(follower.known) == set()


def as_coroutine(ensure: Callable[[], Awaitable[None]]) -> Coroutine[Any, Any, None]:
    async def ensured() -> None:
        await ensure()

    return ensured()


def test_where_nothing_is_new_no_thread_is_needed(
    database: Database, northland: HashList, follower: ListFollower
) -> None:
    put(database, northland, 1)

    async def run() -> None:
        ensure = follower.ensure_in_loop()
        await ensure()
        without_threads = ThreadPoolExecutor()
        without_threads.shutdown()
        asyncio.get_running_loop().set_default_executor(without_threads)
        for _ in range(3):
            await ensure()
        put(database, northland, 2)
        with pytest.raises(RuntimeError):
            await ensure()

    asyncio.run(run())


def test_a_lost_connection_is_made_anew(database: Database, northland: HashList) -> None:
    async def run() -> None:
        mark = ListMark(database)
        for number in range(3):
            put(database, northland, number)
            assert await mark.ask() == current_mark(database)
            end_other_connections(database)
        assert await mark.ask() == current_mark(database)
        mark.close()

    asyncio.run(run())


def test_a_database_that_does_not_answer_is_down_and_its_late_answer_is_not_believed(
    database: Database, northland: HashList
) -> None:
    async def run() -> None:
        mark = ListMark(database, patience=0.2)
        before = await mark.ask()
        with database.begin() as held:
            held.run(sa.text("lock table hash_list in access exclusive mode"))
            with pytest.raises(DatabaseDown):
                await mark.ask()
        put(database, northland, 1)
        after = await mark.ask()
        assert after == current_mark(database) != before
        mark.close()

    asyncio.run(run())


def test_whoever_stops_waiting_leaves_no_answer_behind_for_the_next_question(
    database: Database, northland: HashList
) -> None:
    async def run() -> None:
        mark = ListMark(database)
        before = await mark.ask()
        with database.begin() as held:
            held.run(sa.text("lock table hash_list in access exclusive mode"))
            asking = asyncio.create_task(mark.ask())
            await asyncio.sleep(0.05)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        put(database, northland, 1)
        assert await mark.ask() == current_mark(database) != before
        mark.close()

    asyncio.run(run())


def test_a_database_that_is_away_is_no_current_list() -> None:
    nobody = Database("postgresql+psycopg://nobody@127.0.0.1:9/none")
    with pytest.raises(DatabaseDown):
        asyncio.run(ListMark(nobody).ask())
    nobody.close()
