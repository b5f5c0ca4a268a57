"""What a shell relies on: clean streams, codes that mean something, and nothing left running."""

from __future__ import annotations

import json
import os
import pty
import signal
import time
from pathlib import Path

import pytest
from PIL import Image

from safehold.testing.alterations import saved
from safehold.testing.commands import run_apart, started
from safehold.testing.pictures import landscape

PICTURE = saved(landscape(1, (320, 240)), "JPEG")
ZEROS = "0" * 64


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder with files, beside a list that holds none of them."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:04}.jpg").write_bytes(PICTURE)
    (tmp_path / "list.txt").write_text(ZEROS + "\n")
    return folder


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Return a folder with pictures that together take a minute."""
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "0000.png").write_bytes(saved(Image.new("RGB", (9000, 9000), "grey"), "PNG"))
    for number in range(1, 100):
        (folder / f"{number:04}.png").hardlink_to(folder / "0000.png")
    (tmp_path / "list.txt").write_text(ZEROS + "\n")
    return folder


def children(pid: int) -> set[int]:
    """Return the processes that a process has started."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.add(int(stat.parent.name))
    return found


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_json_is_all_that_standard_output_holds(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"{ZEROS}\nnonsense\n")
    (photos / "empty.jpg").touch()

    ended = run_apart("scan", photos, "--list", "list.txt", "--format", "json")
    assert len(ended.rows) == 13
    assert ended.err.startswith("list.txt: line 2 left out: ")
    assert ended.err.count("\n") == 1
    assert ended.code == 2


@pytest.mark.parametrize(
    "arguments", [("scan", "photos", "--list", "list.txt", "--format", "json"), ("scan", "--help")]
)
def test_a_reader_that_goes_away_ends_the_command_without_a_word(
    photos: Path, arguments: tuple[str, ...]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = run_apart(*arguments, stdout=writing)
    finally:
        os.close(writing)

    assert (ended.code, ended.err) == (75, "")


def test_a_full_disk_is_a_failure_that_is_told(photos: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = run_apart("scan", photos, "--list", "list.txt", "--format", "json", stdout=full)

    assert ended.code == 75
    assert "No space left on device" in ended.err
    assert "Traceback" not in ended.err


def test_a_failure_keeps_its_code_where_standard_error_leads_nowhere() -> None:
    with Path("/dev/full").open("w") as full:
        assert run_apart("--config", "nowhere", "config", "show", stderr=full).code == 78
        assert run_apart("frob", stderr=full).code == 64


def test_standard_streams_that_are_closed_are_no_obstacle(photos: Path) -> None:
    closed = ("sh", "-c", '"$@" <&- >&- 2>&-', "sh")

    one = next(photos.iterdir())
    assert run_apart("scan", one, "--list", "list.txt", before=closed).code == 0


def test_a_scan_that_is_interrupted_while_workers_start_leaves_none_behind(slow: Path) -> None:
    with started("scan", slow, "--list", "list.txt", "--format", "json") as process:
        while not (workers := children(process.pid)):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        left = [pid for pid in workers if is_running(pid)]

    # Where this test is the slower of the two, there are some rows by then.
    assert (process.returncode, err.splitlines()[-1]) == (75, "Stopped.")
    assert len(out.splitlines()) < 100
    assert left == []


def test_a_scan_that_is_stopped_keeps_its_rows_and_leaves_no_worker_behind(slow: Path) -> None:
    with started("scan", slow, "--list", "list.txt", "--format", "json") as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        workers = children(process.pid)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
        left = [pid for pid in workers if is_running(pid)]

    # A slow machine has time for a line of progress before that.
    *progress, last = err.splitlines()
    assert (process.returncode, last) == (75, "Stopped.")
    assert all(line.endswith(" of 100 files") for line in progress)
    rows = [json.loads(line) for line in [first, *out.splitlines()]]
    assert 1 <= len(rows) < 100
    assert workers
    assert left == []


def test_what_may_not_be_read_is_a_row_and_not_the_end(tmp_path: Path) -> None:
    for name in ("open.jpg", "locked.jpg"):
        (tmp_path / name).write_bytes(PICTURE)
    (tmp_path / "locked.jpg").chmod(0)
    (tmp_path / "closed").mkdir(0o000)
    (tmp_path / "l.txt").write_text(ZEROS + "\n")
    # root may read everything, unless it gives up just that.
    weaker = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()

    ended = run_apart("scan", tmp_path, "--list", "l.txt", "--format", "json", before=weaker)
    assert {Path(row["path"]).name: row["error"] for row in ended.rows} == {
        "open.jpg": None,
        "locked.jpg": "not_permitted",
        "closed": "unlisted_folder",
        "l.txt": "decoder:unsupported",
    }
    assert ended.code == 2
    assert run_apart("scan", tmp_path / "closed" / "x.jpg", "--list", "l.txt", before=weaker).code == 72


def test_a_bar_is_shown_where_standard_error_is_a_terminal(photos: Path) -> None:
    ours, theirs = pty.openpty()
    with started("scan", photos, "--list", "list.txt", "--format", "json", stderr=theirs) as process:
        os.close(theirs)
        assert process.stdout is not None
        rows = process.stdout.read()
    said = os.read(ours, 65_536)
    os.close(ours)

    assert process.returncode == 0
    assert len(rows.splitlines()) == 12
    assert b"files" in said
    assert b"%" in said


def test_a_name_that_the_output_cannot_show_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "grün.jpg").write_bytes(PICTURE)
    (tmp_path / "l.txt").write_text(ZEROS + "\n")
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}

    ended = run_apart("scan", "grün.jpg", "--list", "l.txt", env=ascii_only)
    assert ended.code == 0
    assert "gr\\xfcn.jpg" in ended.out
