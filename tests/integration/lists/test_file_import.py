"""Loading files into lists: whole batches, gapless numbers in the order of commits, nothing half done."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from safehold.lists.file_import import FileImport
from safehold.model.errors import BadListFile, NotFound
from safehold.model.hash_list import HashList
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database

Rows = Callable[[str], list[tuple[object, ...]]]
ListFile = Callable[[range], Path]
COUNTS = "select count(*), min(added_seq), max(added_seq), count(distinct added_seq) from entry"


def test_each_batch_commits_its_entries_an_audit_record_and_one_event(
    northland: HashList, loading: FileImport, list_file: ListFile, rows: Rows
) -> None:
    seen: list[tuple[int, int]] = []
    report = loading.run(
        "northland", list_file(range(25)), on_progress=lambda done, total: seen.append((done, total))
    )
    assert (report.added, report.known, report.bad, report.to_seq) == (25, 0, 0, 25)
    assert rows("select fields->>'from_seq', fields->>'to_seq' from event order by seq") == [
        ("1", "10"),
        ("11", "20"),
        ("21", "25"),
    ]
    verbs = [verb for (verb,) in rows("select verb from audit_record order by at, id")]
    assert sorted(verbs) == ["list.add", *["list.add_entries"] * 3, "list.import"]
    assert rows("select last_seq, refreshed_at is not null from hash_list") == [(25, True)]
    assert rows(COUNTS) == [(25, 1, 25, 25)]
    size = 25 * 65
    assert seen == [(650, size), (1300, size), (size, size)]


def test_entries_are_numbered_in_the_order_of_the_file(
    northland: HashList, loading: FileImport, tmp_path: Path, rows: Rows
) -> None:
    path = tmp_path / "mixed"
    numbers = [9, 3, 7, 3, 1]
    path.write_text("".join(f"{1 << 200 | number:064x}\n" for number in numbers))
    report = loading.run("northland", path)
    assert (report.added, report.known) == (4, 1)
    found = rows("select get_byte(value, 31) from entry order by added_seq")
    assert [number for (number,) in found] == [9, 3, 7, 1]


def test_loading_a_file_again_adds_nothing_and_says_what_is_known(
    northland: HashList, loading: FileImport, list_file: ListFile, rows: Rows
) -> None:
    loading.run("northland", list_file(range(25)))
    before = rows("select count(*) from event")
    report = loading.run("northland", list_file(range(20, 30)))
    assert (report.added, report.known, report.to_seq) == (5, 5, 30)
    again = loading.run("northland", list_file(range(25)))
    assert (again.added, again.known, again.to_seq) == (0, 25, 30)
    assert rows("select count(*) - 1 from event") == before


@pytest.mark.usefixtures("northland")
@pytest.mark.parametrize("many", [25, 26])
def test_after_a_large_import_the_database_plans_for_as_many_entries_as_there_are(
    database: Database, loading: FileImport, list_file: ListFile, rows: Rows, many: int
) -> None:
    planned = "select reltuples from pg_class where relname = 'entry'"
    with database.begin() as tx:
        list_rows.gather_statistics(tx)
    assert rows(planned) == [(0,)]
    replace(loading, many=many).run("northland", list_file(range(25)))
    assert rows(planned) == [(25 if many == 25 else 0,)]


@pytest.mark.parametrize("times", [30_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_digest_that_comes_a_million_times_is_one_entry(
    northland: HashList, loading: FileImport, tmp_path: Path, rows: Rows, times: int
) -> None:
    path = tmp_path / "again-and-again"
    path.write_text(f"{7:064x}\n" * times + f"{8 << 200:064x}\n")
    report = replace(loading, batch_entries=25_000).run("northland", path)
    assert (report.added, report.known, report.bad) == (2, times - 1, 0)
    assert rows(COUNTS) == [(2, 1, 2, 2)]


def test_bad_lines_are_reported_by_number_and_the_rest_is_loaded(
    northland: HashList, loading: FileImport, tmp_path: Path
) -> None:
    path = tmp_path / "some-bad"
    path.write_text("".join("bad\n" if number % 3 == 0 else f"{number:064x}\n" for number in range(1, 31)))
    report = loading.run("northland", path)
    assert (report.added, report.bad) == (20, 10)
    assert [line.number for line in report.bad_lines] == list(range(3, 31, 3))


def test_strict_loads_nothing_of_a_file_with_one_bad_line_at_its_end(
    northland: HashList, loading: FileImport, list_file: ListFile, rows: Rows
) -> None:
    path = list_file(range(25))
    assert loading.run("northland", path, strict=True).added == 25
    path.write_text("".join(f"{number:064x}\n" for number in range(100, 125)) + "bad\n")
    with pytest.raises(BadListFile, match="Line 26:"):
        loading.run("northland", path, strict=True)
    assert rows(COUNTS) == [(25, 1, 25, 25)]


def test_a_file_without_an_entry_does_not_make_a_list_look_fresh(
    northland: HashList, loading: FileImport, tmp_path: Path, rows: Rows
) -> None:
    path = tmp_path / "header-only"
    path.write_text("signal_type,value\n")
    with pytest.raises(BadListFile, match="holds an entry"):
        loading.run("northland", path)
    assert rows("select refreshed_at from hash_list") == [(None,)]


def test_an_unknown_list_is_not_found_before_the_file_is_opened(loading: FileImport, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        loading.run("nowhere", tmp_path / "missing")


def test_imports_at_once_leave_no_gap_and_nobody_ever_sees_one(
    database: Database, northland: HashList, loading: FileImport, list_file: ListFile, rows: Rows
) -> None:
    """Three imports share entries. A reader that takes what is there up to last_seq must never miss any."""
    done = threading.Event()
    gaps: list[tuple[int, int]] = []

    def watch() -> None:
        while not done.is_set():
            with database.begin() as tx:
                listed = list_rows.by_name(tx, "northland")
                assert listed is not None
                news = list_rows.changes(tx, listed.id, after_seq=0, up_to_seq=listed.last_seq)
                seen = sum(1 for _ in news)
            if seen != listed.last_seq:
                gaps.append((seen, listed.last_seq))

    files = [list_file(range(start, start + 300)) for start in (0, 150, 300)]
    reports: list[int] = []
    importing = [
        threading.Thread(target=lambda path=path: reports.append(loading.run("northland", path).added))
        for path in files
    ]
    watching = threading.Thread(target=watch)
    watching.start()
    for thread in importing:
        thread.start()
    for thread in importing:
        thread.join()
    done.set()
    watching.join()

    assert gaps == []
    assert sum(reports) == 600
    assert rows(COUNTS) == [(600, 1, 600, 600)]
    assert rows("select last_seq from hash_list") == [(600,)]
    ranges = rows("select (fields->>'from_seq')::int, (fields->>'to_seq')::int from event order by 1")
    ends = [0] + [int(str(end)) for _, end in ranges]
    assert [begin for begin, _ in ranges] == [end + 1 for end in ends[:-1]]


CHILD = """
import sys
from pathlib import Path
from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.lists.file_import import FileImport
from safehold.model.clock import utc_now
from safehold.model.permissions import system_actor
from safehold.signals.pdq import Pdq
from safehold.storage.database import Database

def tell(done, total):
    print(done, flush=True)

database = Database(sys.argv[1])
FileImport(
    database=database, kinds={Pdq.name: Pdq()}, actor=system_actor("tests"),
    record=Recorder({}, Queue(database.driver_url)).record, clock=utc_now, batch_entries=10,
).run("northland", Path(sys.argv[2]), on_progress=tell)
"""


def test_an_import_that_is_killed_has_loaded_whole_batches_and_the_next_one_loads_the_rest(
    database_url: str, northland: HashList, loading: FileImport, list_file: ListFile, rows: Rows
) -> None:
    path = list_file(range(5000))
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, database_url, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    for _ in range(5):
        assert child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()

    ((loaded, lowest, highest, numbers),) = rows(COUNTS)
    assert isinstance(loaded, int)
    assert 50 <= loaded < 5000
    assert loaded % 10 == 0
    assert (lowest, highest, numbers) == (1, loaded, loaded)
    assert rows("select count(*) from event") == [(loaded // 10,)]
    assert rows("select count(*) from audit_record where verb = 'list.add_entries'") == [(loaded // 10,)]
    assert rows("select last_seq, refreshed_at from hash_list") == [(loaded, None)]

    report = replace(loading, batch_entries=1000).run("northland", path)
    assert (report.added, report.known) == (5000 - loaded, loaded)
    assert rows(COUNTS) == [(5000, 1, 5000, 5000)]


def test_new_entries_between_known_ones_are_numbered_without_gaps_in_the_order_of_the_file(
    northland: HashList, loading: FileImport, tmp_path: Path, rows: Rows
) -> None:
    def written(numbers: list[int]) -> Path:
        path = tmp_path / "numbers"
        path.write_text("".join(f"{1 << 200 | number:064x}\n" for number in numbers))
        return path

    loading.run("northland", written([20, 30, 40]))
    report = loading.run("northland", written([35, 20, 10, 40, 35, 25, 30, 5]))
    assert (report.added, report.known, report.to_seq) == (4, 4, 7)
    found = rows("select get_byte(value, 31), added_seq from entry order by added_seq")
    assert found == [(20, 1), (30, 2), (40, 3), (35, 4), (10, 5), (25, 6), (5, 7)]
    ranges = rows("select fields->>'from_seq', fields->>'to_seq' from event order by seq")
    assert ranges[-1] == ("4", "7")


def test_everything_that_a_line_says_arrives_as_it_was_written(
    northland: HashList, loading: FileImport, tmp_path: Path, rows: Rows
) -> None:
    path = tmp_path / "rich.jsonl"
    lines = [
        {"signal_type": "pdq", "value": f"{1 << 200 | 1:064x}", "category": "A", "source_id": "n-1"},
        {"signal_type": "md5", "value": f"{2:032x}", "labels": ['ä, {"}', "b\\", "NULL", "c"]},
        {"signal_type": "sha256", "value": f"{3:064x}", "category": "Ω", "labels": []},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert loading.run("northland", path).added == 3
    columns = "signal_type, octet_length(value), category, labels, source_id, origin"
    assert rows(f"select {columns} from entry order by added_seq") == [
        ("pdq", 32, "A", [], "n-1", "file"),
        ("md5", 16, None, ['ä, {"}', "b\\", "NULL", "c"], None, "file"),
        ("sha256", 32, "Ω", [], None, "file"),
    ]


def test_the_check_and_the_loading_are_told_apart(
    northland: HashList, loading: FileImport, list_file: ListFile
) -> None:
    checked: list[int] = []
    loaded: list[int] = []
    loading.run(
        "northland",
        list_file(range(25)),
        on_checked=lambda done, _: checked.append(done),
        on_progress=lambda done, _: loaded.append(done),
    )
    assert checked == loaded == [650, 1300, 25 * 65]
