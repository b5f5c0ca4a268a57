"""Catching up with the database: the same as loading everything anew, and cheap when nothing changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.detect.known import KnownLists, SignalTypes
from safehold.model.errors import Damaged
from safehold.model.hash_list import Entry, HashList, ListKind, Purpose
from safehold.model.ids import EntryId, ListId, new_id
from safehold.model.signal import MD5, PDQ, Signal, SignalTypeName
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Put:
    """Add these numbers to a list."""

    list_number: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Take:
    """Remove the live entries of a list whose numbers are these."""

    list_number: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Refresh:
    """Let the lists in memory catch up."""


numbers = st.lists(st.integers(0, 7), max_size=5).map(tuple)
list_numbers = st.integers(0, 1)
operations = st.lists(
    st.builds(Put, list_numbers, numbers) | st.builds(Take, list_numbers, numbers) | st.just(Refresh()),
    max_size=14,
)


def an_entry(of: ListId, number: int) -> Entry:
    """Even numbers are PDQ digests near one another, odd ones MD5."""
    kind, width = (MD5, 16) if number % 2 else (PDQ, 32)
    return Entry(id=EntryId(new_id()), list_id=of, signal_type=kind, value=number.to_bytes(width))


ASKED = [Signal(PDQ, (6).to_bytes(32)), *(Signal(MD5, number.to_bytes(16)) for number in range(8))]


def found(known: KnownLists) -> set[tuple[str, EntryId, int]]:
    return {(one.list_name, one.entry_id, one.distance) for one in known.look(ASKED, rehearsal=False).matches}


def held(known: KnownLists) -> list[tuple[str, dict[SignalTypeName, int], int]]:
    return [(each.hash_list.name, dict(each.held), each.hash_list.last_seq) for each in known.lists]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations)
def test_catching_up_through_any_changes_is_the_same_as_loading_everything(
    database: Database, kinds: SignalTypes, doings: Sequence[Put | Take | Refresh]
) -> None:
    lists = [
        HashList(id=ListId(new_id()), name=f"{number}-{uuid4()}", purpose=Purpose.CSAM, created_at=NOW)
        for number in range(2)
    ]
    truth: list[dict[int, EntryId]] = [{}, {}]
    following = KnownLists(kinds)
    with database.begin() as tx:
        tx.run(sa.text("truncate hash_list cascade"))
        for each in lists:
            list_rows.insert(tx, each)
    for doing in doings:
        with database.begin() as tx:
            if isinstance(doing, Refresh):
                following.refresh(tx)
                continue
            of, live = lists[doing.list_number].id, truth[doing.list_number]
            if isinstance(doing, Put):
                entries = [an_entry(of, number) for number in doing.numbers]
                list_rows.add_entries(tx, of, entries, now=NOW, bring_back=True)
                for number, entry in zip(doing.numbers, entries, strict=True):
                    live.setdefault(number, entry.id)
            else:
                gone = [live.pop(number) for number in set(doing.numbers) if number in live]
                list_rows.remove_entries(tx, of, gone, now=NOW)

    whole = KnownLists(kinds)
    with database.begin() as tx:
        following.refresh(tx)
        whole.refresh(tx)
    assert found(following) == found(whole)
    assert held(following) == held(whole)
    assert following.version() == whole.version()
    expected = {
        (lists[place].name, entry_id, 0 if number % 2 else (number ^ 6).bit_count())
        for place, live in enumerate(truth)
        for number, entry_id in live.items()
    }
    assert found(following) == expected


def test_nothing_new_costs_one_query_and_changes_nothing(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    known = KnownLists(kinds)
    statements: list[str] = []
    with database.begin() as tx:
        list_rows.add_entries(tx, northland.id, [an_entry(northland.id, 2)], now=NOW)
    with database.begin() as tx:
        assert known.refresh(tx)
        before = known.version()
        sa.event.listen(tx.connection, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
        assert not known.refresh(tx)
    assert len(statements) == 1
    assert known.version() == before


def test_new_settings_of_a_list_take_effect_without_new_entries(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    known = KnownLists(kinds)
    with database.begin() as tx:
        list_rows.add_entries(tx, northland.id, [an_entry(northland.id, 2)], now=NOW)
        known.refresh(tx)
        assert [match.may_hold for match in known.look(ASKED, rehearsal=False).matches] == [True]
    with database.begin() as tx:
        tx.run(sa.text("update hash_list set may_hold = false, hold_max_distance = 0"))
    with database.begin() as tx:
        assert known.refresh(tx)
    assert [match.may_hold for match in known.look(ASKED, rehearsal=False).matches] == [False]


def test_a_list_that_is_gone_and_a_list_of_urls_match_nothing(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    known = KnownLists(kinds)
    links = replace(northland, id=ListId(new_id()), name="links", kind=ListKind.URL)
    with database.begin() as tx:
        list_rows.insert(tx, links)
        list_rows.add_entries(tx, links.id, [an_entry(links.id, 2)], now=NOW)
        list_rows.add_entries(tx, northland.id, [an_entry(northland.id, 2)], now=NOW)
        known.refresh(tx)
    assert [match.list_name for match in known.look(ASKED, rehearsal=False).matches] == ["northland"]
    with database.begin() as tx:
        tx.run(sa.text("truncate hash_list cascade"))
    with database.begin() as tx:
        assert known.refresh(tx)
    assert known.look(ASKED, rehearsal=False).matches == []
    assert known.lists == ()


def test_a_database_restored_from_an_older_copy_is_followed_back(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    known = KnownLists(kinds)
    kept, lost = an_entry(northland.id, 2), an_entry(northland.id, 4)
    with database.begin() as tx:
        list_rows.add_entries(tx, northland.id, [kept, lost], now=NOW)
        known.refresh(tx)
    with database.begin() as tx:
        tx.run(sa.text("delete from entry where added_seq = 2"))
        tx.run(sa.text("update hash_list set last_seq = 1"))
    with database.begin() as tx:
        known.refresh(tx)
    assert {match.entry_id for match in known.look(ASKED, rehearsal=False).matches} == {kept.id}


def test_after_a_damaged_entry_is_mended_catching_up_goes_on(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    known = KnownLists(kinds)
    entries = [an_entry(northland.id, number) for number in (1, 2, 4)]
    with database.begin() as tx:
        list_rows.add_entries(tx, northland.id, entries, now=NOW)
        tx.run(sa.text("update entry set value = '\\x01' where added_seq = 2"))
    for _ in range(2):
        with pytest.raises(Damaged), database.begin() as tx:
            known.refresh(tx)
    assert known.look(ASKED, rehearsal=False).matches == []
    with database.begin() as tx:
        list_rows.remove_entries(tx, northland.id, [entries[1].id], now=NOW)
    with database.begin() as tx:
        assert known.refresh(tx)
    ids = {match.entry_id for match in known.look(ASKED, rehearsal=False).matches}
    assert ids == {entries[0].id, entries[2].id}


def test_searches_and_refreshes_at_once_lose_nothing_that_was_there_before(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    """One thread adds and removes, two refresh, two search for entries that stay: they are always found."""
    known = KnownLists(kinds)
    stays = [an_entry(northland.id, 2), an_entry(northland.id, 1)]
    with database.begin() as tx:
        list_rows.add_entries(tx, northland.id, stays, now=NOW)
        known.refresh(tx)
    done = threading.Event()
    troubles: list[object] = []
    far = [((1 << 128) - 1 << 128) + number for number in range(400)]

    def again(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                while not done.is_set():
                    work()
            except Exception as error:  # noqa: BLE001
                troubles.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def search() -> None:
        ids = {match.entry_id for match in known.look(ASKED, rehearsal=False).matches}
        if ids != {entry.id for entry in stays}:
            troubles.append(ids)

    def refresh() -> None:
        with database.begin() as tx:
            known.refresh(tx)

    threads = [again(work) for work in (search, search, refresh, refresh)]
    for start in range(0, len(far), 20):
        batch = [
            Entry(id=EntryId(new_id()), list_id=northland.id, signal_type=PDQ, value=number.to_bytes(32))
            for number in far[start : start + 20]
        ]
        with database.begin() as tx:
            list_rows.add_entries(tx, northland.id, batch, now=NOW)
        with database.begin() as tx:
            list_rows.remove_entries(tx, northland.id, [entry.id for entry in batch[::2]], now=NOW)
    done.set()
    for thread in threads:
        thread.join()
    assert troubles == []
    with database.begin() as tx:
        known.refresh(tx)
    assert known.lists[0].held == {PDQ: 201, MD5: 1}
