"""What a shell relies on: clean streams, codes that mean something, and nothing left running."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import time
from pathlib import Path

import pytest

from safehold.testing.alterations import saved
from safehold.testing.commands import run_apart, start
from safehold.testing.pictures import landscape

PICTURE = saved(landscape(1, (320, 240)), "JPEG")
ZEROS = "0" * 64


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder with many files, beside a list that holds none of them."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(150):
        (folder / f"a-photo-with-quite-a-long-name-{number:04}.jpg").write_bytes(PICTURE)
    (tmp_path / "list.txt").write_text(ZEROS + "\n")
    return folder


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Return a folder with pictures that take seconds each."""
    folder = tmp_path / "slow"
    folder.mkdir()
    large = saved(landscape(3, (900, 900)).resize((9000, 9000)), "PNG", compress_level=1)
    for number in range(3):
        (folder / f"{number}.png").write_bytes(large)
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
    assert len(ended.rows) == 151
    assert ended.err.startswith("list.txt: line 2 left out: ")
    assert ended.err.count("\n") == 1
    assert ended.code == 2


@pytest.mark.parametrize("arguments", [("scan", "photos", "--list", "list.txt"), ("scan", "--help")])
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
    with open("/dev/full", "w") as full:
        ended = run_apart("scan", photos, "--list", "list.txt", "--format", "json", stdout=full)

    assert ended.code == 75
    assert "No space left on device" in ended.err
    assert "Traceback" not in ended.err


def test_a_failure_keeps_its_code_where_standard_error_leads_nowhere() -> None:
    with open("/dev/full", "w") as full:
        assert run_apart("scan", "nowhere", stderr=full).code == 72
        assert run_apart("frob", stderr=full).code == 64


def test_standard_streams_that_are_closed_are_no_obstacle(photos: Path) -> None:
    closed = ("sh", "-c", '"$@" <&- >&- 2>&-', "sh")

    one = next(photos.iterdir())
    assert run_apart("scan", one, "--list", "list.txt", before=closed).code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_scan_that_is_stopped_leaves_no_worker_behind(slow: Path, number: signal.Signals) -> None:
    process = start("scan", slow, "--list", "list.txt", "--format", "json")
    while not (workers := children(process.pid)):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate()

    assert process.returncode == 75
    assert err == "Stopped.\n"
    assert all(json.loads(line) for line in out.splitlines())
    assert [pid for pid in workers if is_running(pid)] == []


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
    process = start("scan", photos, "--list", "list.txt", "--format", "json", stderr=theirs)
    os.close(theirs)
    assert process.stdout is not None
    rows = process.stdout.read()
    said = b""
    while select.select([ours], [], [], 0)[0]:
        try:
            said += os.read(ours, 65_536)
        except OSError:
            break
    os.close(ours)

    assert process.wait() == 0
    assert len(rows.splitlines()) == 150
    assert b"files" in said
    assert b"%" in said


def test_a_name_that_the_output_cannot_show_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "grün.jpg").write_bytes(PICTURE)
    (tmp_path / "l.txt").write_text(ZEROS + "\n")
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}

    ended = run_apart("scan", "grün.jpg", "--list", "l.txt", env=ascii_only)
    assert ended.code == 0
    assert "gr\\xfcn.jpg" in ended.out
