"""The ledger in the database: what a list may be, what goes on it and off it, and what is shown of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from safehold.lists.file_import import FileImport
from safehold.lists.ledger import ListProperties, NewList, add_list, change_list, show, show_all
from safehold.model.errors import BadForm, NameTaken, NotFound
from safehold.model.hash_list import Entry, HashList, Origin, Purpose
from safehold.model.ids import EntryId, ListId, new_id
from safehold.model.permissions import Actor
from safehold.model.signal import MD5, PDQ
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database
from safehold.storage.hash_lists import Change, Count

Rows = Callable[[str], list[tuple[object, ...]]]
NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)


def entries(of: HashList, *numbers: int) -> list[Entry]:
    return [
        Entry(id=EntryId(new_id()), list_id=of.id, signal_type=PDQ, value=number.to_bytes(32))
        for number in numbers
    ]


def test_a_list_is_found_as_it_was_added_and_the_audit_log_says_so(
    database: Database, actor: Actor, rows: Rows
) -> None:
    wanted = NewList(
        name="coast-2",
        purpose=Purpose.INTIMATE_IMAGES,
        max_distance=12,
        may_hold=True,
        vetted=True,
        provenance="agreement of May",
        stale_after_seconds=3600,
    )
    with database.begin() as tx:
        added = add_list(tx, wanted, actor=actor, now=NOW)
    with database.begin() as tx:
        assert list_rows.by_name(tx, "coast-2") == added
        assert list_rows.by_name(tx, "Coast-2") is None
        assert list_rows.in_use(tx) == [added]
    assert (added.hold_max_distance, added.last_seq, added.refreshed_at) == (12, 0, None)
    assert rows("select verb, object, actor from audit_record") == [
        ("list.add", f"list:{added.id}", "system:tests")
    ]


def test_a_name_can_be_taken_once(database: Database, northland: HashList, actor: Actor) -> None:
    with pytest.raises(NameTaken), database.begin() as tx:
        add_list(tx, NewList(name="northland", purpose=Purpose.TEST), actor=actor, now=NOW)


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        (NewList(name="", purpose=Purpose.CSAM), "name"),
        (NewList(name="a/b", purpose=Purpose.CSAM), "name"),
        (NewList(name="a" * 65, purpose=Purpose.CSAM), "name"),
        (NewList(name="a", purpose=Purpose.CSAM, max_distance=65), "max_distance"),
        (NewList(name="a", purpose=Purpose.CSAM, max_distance=-1), "max_distance"),
        (NewList(name="a", purpose=Purpose.CSAM, max_distance=8, hold_max_distance=9), "hold_max_distance"),
        (
            NewList(name="a", purpose=Purpose.OWN_TERMS, may_hold=True, vetted=True, provenance="here"),
            "own_terms can only ask for review",
        ),
        (NewList(name="a", purpose=Purpose.CSAM, may_hold=True, provenance="there"), "vetted"),
        (NewList(name="a", purpose=Purpose.CSAM, vetted=True, provenance=" "), "provenance"),
        (NewList(name="a", purpose=Purpose.CSAM, stale_after_seconds=0), "stale_after_seconds"),
    ],
)
def test_a_list_that_cannot_be_is_refused_in_clear_words_and_nothing_is_recorded(
    database: Database, actor: Actor, rows: Rows, wanted: NewList, word: str
) -> None:
    with pytest.raises(BadForm, match=word), database.begin() as tx:
        add_list(tx, wanted, actor=actor, now=NOW)
    assert rows("select 1 from hash_list union all select 1 from audit_record") == []


def test_a_test_list_may_hold_without_being_vetted(database: Database, actor: Actor) -> None:
    with database.begin() as tx:
        wanted = NewList(name="demo", purpose=Purpose.TEST, may_hold=True)
        assert add_list(tx, wanted, actor=actor, now=NOW).may_hold


def test_what_is_shown_of_a_list_is_counts_and_provenance(
    database: Database, northland: HashList, loading: FileImport, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "signal_type,value,category\n"
        + "".join(f"pdq,{number:064x},A\n" for number in range(1, 4))
        + f"md5,{7:032x},\n"
    )
    loading.run("northland", path)
    with database.begin() as tx:
        shown = show(tx, "northland")
        assert show_all(tx) == [shown]
    assert shown.entries == 4
    assert shown.counts == (Count(MD5, None, Origin.FILE, 1), Count(PDQ, "A", Origin.FILE, 3))
    assert f"{2:064x}" not in repr(shown)


def test_an_unknown_list_is_not_found_and_the_advice_says_how_to_see_those_there_are(
    database: Database,
) -> None:
    with database.begin() as tx:
        with pytest.raises(NotFound) as missing:
            show(tx, "nowhere")
        with pytest.raises(NotFound):
            list_rows.add_entries(tx, ListId(new_id()), [], now=NOW)
    assert "lists show" in missing.value.advice_now


def test_what_was_withdrawn_can_be_listed_again_as_a_new_entry(
    database: Database, northland: HashList
) -> None:
    (before,), (after,) = entries(northland, 1), entries(northland, 1)
    with database.begin() as tx:
        assert list_rows.add_entries(tx, northland.id, [before], now=NOW).added == 1
        assert list_rows.add_entries(tx, northland.id, entries(northland, 1), now=NOW).known == 1
        list_rows.remove_entries(tx, northland.id, [before.id], now=NOW)
        assert list_rows.add_entries(tx, northland.id, [after], now=NOW).withdrawn == 1
        assert list_rows.add_entries(tx, northland.id, [after], now=NOW, bring_back=True).added == 1
        assert [one.entry for one in list_rows.changes(tx, northland.id, after_seq=0)] == [after]


def test_changes_of_a_range_turn_the_list_before_it_into_the_list_after_it(
    database: Database, northland: HashList
) -> None:
    one, two, three, four = entries(northland, 1, 2, 3, 4)
    with database.begin() as tx:
        list_rows.add_entries(tx, northland.id, [one, two], now=NOW)  # 1, 2
        list_rows.remove_entries(tx, northland.id, [one.id], now=NOW)  # 3
        list_rows.add_entries(tx, northland.id, [three], now=NOW)  # 4
        list_rows.remove_entries(tx, northland.id, [three.id], now=NOW)  # 5
        list_rows.add_entries(tx, northland.id, [four], now=NOW)  # 6

    def of(after: int, up_to: int | None) -> list[Change]:
        with database.begin() as tx:
            return list(list_rows.changes(tx, northland.id, after_seq=after, up_to_seq=up_to, batch=1))

    assert of(0, None) == [Change(2, two.id, two), Change(6, four.id, four)]
    assert of(0, 2) == [Change(1, one.id, one), Change(2, two.id, two)]
    assert of(2, 4) == [Change(3, one.id, None), Change(4, three.id, three)]
    assert of(2, None) == [Change(3, one.id, None), Change(6, four.id, four)]
    assert of(4, 5) == [Change(5, three.id, None)]
    assert of(6, None) == []


def test_a_list_that_was_refreshed_is_stale_again_after_its_time(database: Database, actor: Actor) -> None:
    wanted = NewList(name="daily", purpose=Purpose.CSAM, stale_after_seconds=60)
    with database.begin() as tx:
        added = add_list(tx, wanted, actor=actor, now=NOW)
        list_rows.mark_refreshed(tx, added.id, NOW + timedelta(seconds=100))
        refreshed = list_rows.by_name(tx, "daily")
    assert refreshed is not None
    assert not refreshed.is_stale(NOW + timedelta(seconds=160))
    assert refreshed.is_stale(NOW + timedelta(seconds=161))


def test_a_list_that_a_host_with_a_fast_clock_refreshed_does_not_pass_for_current_until_then(
    database: Database, actor: Actor
) -> None:
    wanted = NewList(name="timed", purpose=Purpose.CSAM, stale_after_seconds=100)
    with database.begin() as tx:
        added = add_list(tx, wanted, actor=actor, now=NOW)
    year = replace(added, refreshed_at=NOW + timedelta(days=365))
    assert year.is_stale(NOW)
    assert not year.is_stale(NOW + timedelta(days=365))
    assert not replace(added, refreshed_at=NOW + timedelta(seconds=100)).is_stale(NOW)


def test_who_stands_behind_a_list_can_be_said_later_and_is_on_record(
    database: Database, northland: HashList, actor: Actor, rows: Rows
) -> None:
    def changed(**what: Any) -> HashList:
        with database.begin() as tx:
            change_list(tx, "northland", ListProperties(**what), actor=actor, now=NOW)
        with database.begin() as tx:
            return show(tx, "northland").hash_list

    with pytest.raises(BadForm, match="source"):
        changed(needs_second_source=True)
    assert changed(source=" The hotline ").source == "The hotline"
    assert changed(needs_second_source=True) == replace(
        northland, source="The hotline", needs_second_source=True
    )
    assert changed(source="The hotline").source == "The hotline"
    with pytest.raises(BadForm, match="source"):
        changed(source=" ")
    with pytest.raises(BadForm, match="source"):
        changed(source="x" * 101)
    told = rows(
        "select detail->>'source_before', detail->>'source', detail->>'needs_second_source'"
        " from audit_record where verb = 'list.change' order by id"
    )
    assert told == [("", "The hotline", "false"), ("The hotline", "The hotline", "true")]
    assert rows("select kind from list_change order by id") == [("declared",), ("changed",), ("changed",)]


def test_how_a_list_is_compared_can_be_declared_and_changed_later_and_is_on_record(
    database: Database, actor: Actor, rows: Rows
) -> None:
    wanted = NewList(name="turning", purpose=Purpose.TEST, needs_exact=True, match_turned=True)
    with database.begin() as tx:
        added = add_list(tx, wanted, actor=actor, now=NOW)
    assert (added.needs_exact, added.match_turned) == (True, True)
    with database.begin() as tx:
        changed = change_list(tx, "turning", ListProperties(match_turned=False), actor=actor, now=NOW)
    with database.begin() as tx:
        assert show(tx, "turning").hash_list == changed == replace(added, match_turned=False)
    told = rows("select verb, detail->>'needs_exact', detail->>'match_turned' from audit_record order by id")
    assert told == [("list.add", "true", "true"), ("list.change", "true", "false")]
