"""What is withdrawn matches nothing any more, for good and on record; what was held for it stays held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from safehold.detect.known import KnownLists
from safehold.jobs.record import Recorder
from safehold.lists import ledger
from safehold.lists.file_import import FileImport
from safehold.lists.formats.base import SignalTypes
from safehold.lists.withdrawal import FileWithdrawn, Withdrawal
from safehold.model.errors import BadForm, BadListFile, NotFound, Refused
from safehold.model.hash_list import Entry, HashList
from safehold.model.ids import EntryId, new_id
from safehold.model.permissions import Actor
from safehold.model.signal import PDQ, Signal
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database

Rows = Callable[[str], list[tuple[object, ...]]]
ListFile = Callable[[range], Path]
NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def withdrawal(actor: Actor, recorder: Recorder) -> Withdrawal:
    return Withdrawal(reason="source_error", actor=actor, record=recorder.record, clock=lambda: NOW)


def matched(database: Database, known: KnownLists, numbers: range) -> int:
    """Return how many of these entries are matched by a process that catches up first."""
    with database.begin() as tx:
        known.refresh(tx)
    signals = [Signal(PDQ, (1 << 200 | number).to_bytes(32), quality=100) for number in numbers]
    found = known.look(signals, rehearsal=False).matches
    return sum(match.distance == 0 for match in found)


def test_entries_are_taken_off_once_and_on_record(
    database: Database, northland: HashList, withdrawal: Withdrawal, rows: Rows
) -> None:
    first, second, third = (
        Entry(id=EntryId(new_id()), list_id=northland.id, signal_type=PDQ, value=number.to_bytes(32))
        for number in (1, 2, 3)
    )
    with database.begin() as tx:
        list_rows.add_entries(tx, northland.id, [first, second, third], now=NOW)
    gone = [third.id, first.id, first.id]
    with database.begin() as tx:
        assert withdrawal.entries(tx, "northland", gone).removed == 2
    with pytest.raises(NotFound, match="2 of 2 ids"), database.begin() as tx:
        withdrawal.entries(tx, "northland", gone)
    with database.begin() as tx:
        assert ledger.show(tx, "northland").entries == 1
        assert [change.entry_id for change in list_rows.changes(tx, northland.id, after_seq=0)] == [second.id]
    assert rows("select fields->>'from_seq', fields->>'to_seq' from event") == [("4", "5")]
    assert rows("select verb from audit_record order by id") == [("list.add",), ("list.withdraw_entries",)]


def test_with_one_id_that_is_not_on_the_list_nothing_is_taken_off(
    database: Database, northland: HashList, withdrawal: Withdrawal, rows: Rows
) -> None:
    one = Entry(id=EntryId(new_id()), list_id=northland.id, signal_type=PDQ, value=(1).to_bytes(32))
    with database.begin() as tx:
        list_rows.add_entries(tx, northland.id, [one], now=NOW)
    with pytest.raises(NotFound, match="1 of 2 ids"), database.begin() as tx:
        withdrawal.entries(tx, "northland", [one.id, EntryId(new_id())])
    with database.begin() as tx:
        assert ledger.show(tx, "northland").entries == 1
    assert rows("select verb from audit_record") == [("list.add",)]


def test_a_file_takes_off_what_it_names_and_the_rest_is_matched_on(
    database: Database,
    northland: HashList,
    loading: FileImport,
    withdrawal: Withdrawal,
    kinds: SignalTypes,
    list_file: ListFile,
    rows: Rows,
) -> None:
    loading.run("northland", list_file(range(30)))
    known = KnownLists(kinds)
    assert matched(database, known, range(30)) == 30
    wrong = list_file(range(20, 35))
    with wrong.open("a") as file:
        file.write("nonsense\n")

    assert withdrawal.file(database, kinds, "northland", wrong) == FileWithdrawn(10, 5, 1)
    assert withdrawal.file(database, kinds, "northland", wrong) == FileWithdrawn(0, 15, 1)

    assert matched(database, known, range(30)) == 20
    assert rows("select kind, removed from list_change where removed > 0") == [("withdrawn", 10)]


def test_a_file_without_an_entry_takes_nothing_off(
    database: Database, northland: HashList, withdrawal: Withdrawal, kinds: SignalTypes, tmp_path: Path
) -> None:
    (tmp_path / "empty.csv").write_text("signal_type,value\n")
    (tmp_path / "bad.csv").write_text("signal_type,value\npdq,zz\n")
    for name in ("empty.csv", "bad.csv"):
        with pytest.raises(BadListFile):
            withdrawal.file(database, kinds, "northland", tmp_path / name)


def test_a_withdrawn_list_matches_nothing_and_is_missed_by_no_scan(
    database: Database,
    northland: HashList,
    loading: FileImport,
    withdrawal: Withdrawal,
    kinds: SignalTypes,
    list_file: ListFile,
    rows: Rows,
) -> None:
    loading.run("northland", list_file(range(30)))
    known, late = KnownLists(kinds), KnownLists(kinds)
    assert matched(database, known, range(30)) == 30

    with database.begin() as tx:
        assert withdrawal.whole_list(tx, "northland").removed == 30

    assert matched(database, known, range(30)) == matched(database, late, range(30)) == 0
    # A list that is still there without entries would make every answer incomplete.
    assert known.lists == late.lists == ()
    with database.begin() as tx:
        shown = ledger.show(tx, "northland")
        assert ledger.show_all(tx) == []
    assert (shown.entries, shown.hash_list.withdrawn_at) == (0, NOW)
    assert rows("select kind, removed from list_change order by id desc limit 1") == [("list_withdrawn", 30)]
    [told] = rows(
        "select detail->>'reason', detail->>'removed' from audit_record where verb = 'list.withdraw'"
    )
    assert told == ("source_error", "30")


def test_nothing_brings_a_withdrawn_list_back(
    database: Database,
    northland: HashList,
    loading: FileImport,
    withdrawal: Withdrawal,
    actor: Actor,
    list_file: ListFile,
) -> None:
    with database.begin() as tx:
        withdrawal.whole_list(tx, "northland")
    with pytest.raises(Refused):
        loading.run("northland", list_file(range(3)))
    for act in (
        lambda tx: withdrawal.whole_list(tx, "northland"),
        lambda tx: withdrawal.entries(tx, "northland", []),
        lambda tx: ledger.change_list(
            tx, "northland", ledger.ListProperties(source="x"), actor=actor, now=NOW
        ),
        # As an import would that had begun before.
        lambda tx: list_rows.add_entries(tx, northland.id, [], now=NOW),
    ):
        with pytest.raises(Refused), database.begin() as tx:
            act(tx)


def test_an_unknown_list_and_a_reason_that_is_no_code_are_refused(
    database: Database, actor: Actor, recorder: Recorder, withdrawal: Withdrawal
) -> None:
    with pytest.raises(NotFound), database.begin() as tx:
        withdrawal.whole_list(tx, "nowhere")
    for reason in ("", "Because of Ada", "x" * 41, "naïve"):
        with pytest.raises(BadForm):
            Withdrawal(reason=reason, actor=actor, record=recorder.record, clock=lambda: NOW)


def test_what_was_withdrawn_stays_off_when_the_source_sends_it_again_until_somebody_brings_it_back(
    database: Database, northland: HashList, withdrawal: Withdrawal, loading: FileImport, list_file: ListFile
) -> None:
    loading.run("northland", list_file(range(1, 31)))
    withdrawal.file(database, loading.kinds, "northland", list_file(range(1, 13)))
    again = loading.run("northland", list_file(range(1, 33)))
    assert (again.added, again.known, again.withdrawn) == (2, 18, 12)
    back = loading.run("northland", list_file(range(1, 33)), bring_back=True)
    assert (back.added, back.known, back.withdrawn) == (12, 20, 0)
    # On the list again, it is as known as any other.
    assert loading.run("northland", list_file(range(1, 33))).known == 32
