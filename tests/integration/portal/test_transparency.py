"""Everybody can see which lists are used, by whose word, how they changed; values and test lists never."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.lists import ledger
from safehold.lists.withdrawal import Withdrawal
from safehold.model.hash_list import Purpose
from safehold.storage.hash_lists import changes
from safehold.testing.running import TESTER

CHANGES = ("list added", "entries loaded", "entries taken off")


@pytest.fixture
def lists(portal: Any) -> Any:
    """Return the portal beside two lists in earnest and one for rehearsal."""
    behind = portal.behind
    with behind.program.database.begin() as tx:
        wanted = [
            ledger.NewList(
                name="northland",
                purpose=Purpose.CSAM,
                may_hold=True,
                vetted=True,
                provenance="A contract that is not public",
                source="The Northland hotline",
                needs_second_source=True,
            ),
            ledger.NewList(name="house-rules", purpose=Purpose.OWN_TERMS),
            ledger.NewList(name="painted", purpose=Purpose.TEST),
        ]
        for one in wanted:
            ledger.add_list(tx, one, actor=TESTER, now=portal.clock())
    for name, numbers in (("northland", range(1, 4)), ("painted", range(1, 3))):
        behind.load(name, [{"signal_type": "sha256", "value": f"{number:064x}"} for number in numbers])
    return portal


def test_the_history_names_purpose_source_and_counts_of_each_list(lists: Any) -> None:
    told = lists.show("/transparency/lists.json").json()
    northland = [one for one in told["changes"] if one["list"] == "northland"]
    assert [(one["change"], one["added"], one["removed"]) for one in northland] == [
        ("imported", 3, 0),
        ("declared", 0, 0),
    ]
    assert {key: northland[0][key] for key in ("purpose", "source", "may_hold", "needs_second_source")} == {
        "purpose": "csam",
        "source": "The Northland hotline",
        "may_hold": True,
        "needs_second_source": True,
    }
    assert told["purposes"] == ["csam", "intimate_images", "own_terms"]


def withdrawal(lists: Any) -> Withdrawal:
    record = lists.behind.program.recorder.record
    return Withdrawal(reason="wrong", actor=TESTER, record=record, clock=lists.clock)


def test_what_is_taken_off_a_list_shows_as_well(lists: Any) -> None:
    behind = lists.behind
    with behind.program.database.begin() as tx:
        known = ledger.named(tx, "northland")
        gone = [change.entry_id for change in changes(tx, known.id, after_seq=0)][:2]
        withdrawal(lists).entries(tx, "northland", gone)
    newest = lists.show("/transparency/lists.json").json()["changes"][0]
    assert (newest["change"], newest["removed"]) == ("withdrawn", 2)
    shown = lists.show("/transparency").text
    assert [words for words in CHANGES if words not in shown] == []


def test_a_list_that_was_withdrawn_is_in_the_history_alone(lists: Any) -> None:
    with lists.behind.program.database.begin() as tx:
        withdrawal(lists).whole_list(tx, "northland")
    newest = lists.show("/transparency/lists.json").json()["changes"][0]
    assert (newest["list"], newest["change"], newest["removed"]) == ("northland", "list_withdrawn", 3)
    in_use, _, history = lists.show("/transparency").text.partition('id="changes"')
    assert "house-rules" in in_use
    assert "northland" not in in_use
    assert "list withdrawn" in history


def test_a_source_that_is_said_later_shows_and_so_does_that_it_was(lists: Any) -> None:
    with lists.behind.program.database.begin() as tx:
        wanted = ledger.ListProperties(source="The house")
        ledger.change_list(tx, "house-rules", wanted, actor=TESTER, now=lists.clock())
    newest = lists.show("/transparency/lists.json").json()["changes"][0]
    assert (newest["list"], newest["change"], newest["source"]) == ("house-rules", "changed", "The house")
    assert "source or second source changed" in lists.show("/transparency").text


def test_the_page_says_who_can_hold_and_names_no_value_no_provenance_and_no_test_list(lists: Any) -> None:
    shown = lists.show("/transparency")
    assert shown.status_code == 200
    assert "only what a second, independent source knows as well" in shown.text
    told = shown.text + json.dumps(lists.show("/transparency/lists.json").json())
    values = [row.value for row in lists.sql("select encode(value, 'hex') as value from entry")]
    assert values
    assert not [value for value in values if value in told]
    assert "A contract that is not public" not in told
    assert "painted" not in told


def test_the_portals_role_reaches_the_history_and_neither_lists_nor_entries(lists: Any) -> None:
    for table in ("hash_list", "entry", "list_change"):
        with (
            pytest.raises(sa.exc.ProgrammingError, match="permission denied"),
            lists.program.database.begin() as tx,
        ):
            tx.run(sa.text(f"select 1 from {table}"))


def test_no_history_at_all_is_a_page_too(portal: Any) -> None:
    assert "No list is in use." in portal.show("/transparency").text
