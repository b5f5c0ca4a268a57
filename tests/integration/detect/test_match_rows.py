"""Matches and flags in the database are those that were found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from safehold.detect.known import KnownLists, SignalTypes
from safehold.model.hash_list import Entry, HashList
from safehold.model.ids import EntryId, FlagId, ItemId, new_id
from safehold.model.match import Flag, Match
from safehold.model.signal import PDQ, Signal
from safehold.storage import case_facts
from safehold.storage import hash_lists as list_rows
from safehold.storage import matches as match_rows
from safehold.storage.case_facts import MatchFacts
from safehold.storage.database import Database, Tx
from safehold.storage.items import item

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)


def an_item(tx: Tx) -> ItemId:
    item_id = ItemId(new_id())
    values = {"id": item_id, "kind": "signals", "surface": "public_uploads", "scan_id": new_id()}
    tx.run(sa.insert(item).values(**values, result="review", rehearsal=False, received_at=NOW))
    return item_id


def what(one: Match | MatchFacts) -> tuple[object, ...]:
    seen = (one.signal_type, one.distance, one.frame, one.may_hold, one.category, one.labels)
    return (one.id, one.purpose, *seen)


def test_what_was_found_is_read_back_in_the_same_order(
    database: Database, kinds: SignalTypes, northland: HashList
) -> None:
    known = KnownLists(kinds)
    entries = [
        Entry(
            id=EntryId(new_id()),
            list_id=northland.id,
            signal_type=PDQ,
            value=((1 << bits) - 1).to_bytes(32),
            category="A" if bits else None,
            labels=("x",) * (bits % 3),
        )
        for bits in (20, 0, 15, 16)
    ]
    with database.begin() as tx:
        list_rows.add_entries(tx, northland.id, entries, now=NOW)
        known.refresh(tx)
        found = known.look([Signal(PDQ, bytes(32), quality=90, frame=3)], rehearsal=False).matches
        assert [(match.distance, match.may_hold, match.frame) for match in found] == [
            (0, True, 3),
            (15, True, 3),
            (16, False, 3),
            (20, False, 3),
        ]
        item_id = an_item(tx)
        match_rows.insert_matches(tx, item_id, found[::-1], now=NOW)
    with database.begin() as tx:
        read = case_facts.matches_of(tx, [item_id])
        assert [(one.item_id, one.list_name, one.matched_at) for one in read] == [
            (item_id, northland.name, NOW)
        ] * 4
        assert [what(one) for one in read] == [what(one) for one in found]
        assert case_facts.matches_of(tx, [ItemId(new_id())]) == []


def test_flags_are_read_back_oldest_first(database: Database) -> None:
    first, second = (
        Flag(id=FlagId(new_id()), source="rule", score=score, reason="many_accounts", against="new surface")
        for score in (0.25, 1.0)
    )
    with database.begin() as tx:
        item_id = an_item(tx)
        match_rows.insert_flags(tx, item_id, [second], now=NOW + timedelta(seconds=1))
        match_rows.insert_flags(tx, item_id, [first], now=NOW)
        match_rows.insert_flags(tx, item_id, [], now=NOW)
        match_rows.insert_matches(tx, item_id, [], now=NOW)
        assert case_facts.flags_of(tx, [item_id]) == [(item_id, first), (item_id, second)]
        assert case_facts.matches_of(tx, [item_id]) == []
