"""The reader's process: started anew when it is killed, ended with whoever started it, closed to others."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from safehold.app.reader.client import ReaderClient
from safehold.app.reader.opening import SHOWING, setup_of
from safehold.app.reader.process import ReaderProcess
from safehold.app.reader.server import AT_ONCE
from safehold.app.records import running as records_running
from safehold.model.errors import NotAllowed, ReaderDown, SafeholdError
from safehold.model.ids import BundleId, MediaId, new_id
from safehold.vault.channel import ChannelBroken, Message, connect


def eventually(is_so: Callable[[], Any]) -> Any:
    until = time.monotonic() + 60
    while not (found := is_so()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def end(pid: int) -> None:
    """Kill a process and wait until it is gone."""
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not is_running(pid))


def pid_of(room: Any) -> int:
    return int(room.reader.status()["pid"])


def socket_of(room: Any) -> Path:
    path: Path = room.reader.socket
    return path


def test_a_killed_reader_is_started_anew_and_the_next_showing_works(room: Any) -> None:
    first = pid_of(room)
    assert room.reader.show(room.asks().secret)
    decoders = room.reader.status()["decoders"]
    end(first)
    # Nobody waits for it to be back: whoever asks does.
    assert room.reader.show(room.asks().secret)
    second = pid_of(room)
    assert second != first
    eventually(lambda: not any(map(is_running, decoders)))


def test_a_request_under_way_when_the_reader_is_killed_is_told_so(room: Any) -> None:
    pid = pid_of(room)
    line = connect(socket_of(room), seconds=5, max_body=1000)
    os.kill(pid, signal.SIGSTOP)
    line.send(Message({"purpose": "status"}), seconds=5)
    os.kill(pid, signal.SIGKILL)
    try:
        answer = line.receive(seconds=60)
    except ChannelBroken:
        answer = None
    line.close()
    # Taken before: it ends without an answer. Not taken yet: the next reader answers it.
    assert answer is None or answer.head["ok"]["pid"] == pid_of(room)
    assert room.reader.status()["pid"] == pid_of(room)


def test_nobody_listens_and_whoever_asks_is_told_that_the_reader_is_down(tmp_path: Path) -> None:
    with pytest.raises(ReaderDown):
        ReaderClient(tmp_path / "none.sock").show("x")


def children() -> set[str]:
    """Return the processes that this one has started and that still are there."""
    return {
        pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()
    }


def test_a_reader_that_cannot_start_says_why_and_leaves_neither_a_process_nor_a_socket(
    room: Any, tmp_path: Path
) -> None:
    program, socket = room.safehold.program, tmp_path / "reader.sock"
    with records_running(program.settings, program.home) as addresses:
        setup = setup_of(program.settings, program.home, addresses, own_purposes=SHOWING)
    before = children()
    process = ReaderProcess(replace(setup, key_path=str(tmp_path / "no.key")), socket)
    with pytest.raises(SafeholdError) as told:
        process.start()
    assert told.value.code != ReaderDown.code
    assert children() == before
    with pytest.raises(ReaderDown):
        ReaderClient(socket).show("x")


PARENT = """
import sys, time
from safehold.app.home import open_home
from safehold.app.records import running
from safehold.app.reader.opening import reading
from safehold.app.settings import Settings
settings = Settings.model_validate_json(sys.argv[1])
home = open_home(settings)
with running(settings, home) as addresses, reading(settings, home, addresses) as client:
    status = client.status()
    print(status["pid"], *status["decoders"], flush=True)
    time.sleep(300)
"""


def test_a_reader_ends_with_whoever_started_it_however_that_ended(room: Any) -> None:
    settings = room.safehold.program.settings.model_dump_json(exclude={"webhooks"})
    parent = subprocess.Popen([sys.executable, "-c", PARENT, settings], stdout=subprocess.PIPE)
    try:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(is_running, pids))
    finally:
        parent.kill()
        parent.wait()
        assert parent.stdout is not None
        parent.stdout.close()
    eventually(lambda: not any(map(is_running, pids)))


def test_the_socket_is_for_its_user_alone_in_a_folder_of_its_own(room: Any) -> None:
    path = socket_of(room)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


STRANGER = f"""
import contextlib, json, os, socket, struct, sys

def connected():
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.connect("reader.sock")
    return line

def answer(line):
    size, _ = struct.unpack("!IQ", line.recv(12))
    print(line.recv(size).decode(), flush=True)

line = connected()
head = json.dumps({{"purpose": "status"}}).encode()
line.sendall(struct.pack("!IQ", len(head), 0) + head)
answer(line)
os.setgid(65534); os.setuid(65534)
lines = [connected() for _ in range({2 * AT_ONCE})]
for each in lines:
    answer(each)
sys.stdin.read()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_turned_away_even_where_the_socket_is_open_to_them(room: Any) -> None:
    path = socket_of(room)
    folder = path.parent
    link = folder / "reader.sock"
    link.hardlink_to(path)
    before = folder.stat().st_mode
    try:
        folder.chmod(0o755)
        path.chmod(0o666)
        with subprocess.Popen(
            [sys.executable, "-c", STRANGER], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as stranger:
            assert stranger.stdin is not None
            assert stranger.stdout is not None
            lines = [stranger.stdout.readline().decode() for _ in range(1 + 2 * AT_ONCE)]
            # They still hold their ends of twice as many lines as are ever served, and keep nobody out.
            with contextlib.closing(ReaderClient(path)) as client:
                status = client.status()
            stranger.stdin.close()
    finally:
        path.chmod(0o600)
        folder.chmod(before)
        link.unlink()
    assert '"ok"' in lines[0]
    assert all('"not_allowed"' in line for line in lines[1:])
    assert status["pid"] == pid_of(room)


def test_the_reader_that_a_server_starts_shows_and_does_nothing_else(room: Any) -> None:
    with pytest.raises(NotAllowed):
        room.reader.remake(MediaId(new_id()))
    item_id = room.safehold.sql("select id from item")[0].id
    with pytest.raises(NotAllowed):
        room.reader.bundle(
            BundleId(new_id()), user_id=room.analyst.user_id, write=lambda _: None, close=lambda _: b""
        )
    assert room.audited(f"item:{item_id}") == []


@pytest.mark.parametrize(
    "head",
    [{}, {"purpose": "open"}, {"purpose": "show"}, {"purpose": "show", "ticket": 1}, {"purpose": ["show"]}],
)
def test_nonsense_is_refused_and_the_reader_goes_on(room: Any, head: dict[str, object]) -> None:
    pid = pid_of(room)
    line = connect(socket_of(room), seconds=5, max_body=1000)
    line.send(Message(head, b"and a body"), seconds=5)
    answer = line.receive(seconds=20)
    assert answer is not None
    assert answer.head["error"]["code"] == "bad_form"
    line.close()
    raw = connect(socket_of(room), seconds=5, max_body=1000)
    raw._socket.sendall(b"\xff" * 4096)
    with contextlib.suppress(ChannelBroken):
        assert raw.receive(seconds=20) is None
    raw.close()
    assert room.reader.status()["pid"] == pid


def test_the_walls_of_the_reader_stand(room: Any) -> None:
    status = room.reader.status()
    assert status["walls"]["core_dumps_off"]
    assert status["walls"]["not_dumpable"]
    limits = Path(f"/proc/{status['pid']}/limits").read_text()
    [core] = [line.split() for line in limits.splitlines() if line.startswith("Max core file size")]
    assert core[4:6] == ["0", "0"]


def test_the_environment_of_the_reader_holds_no_settings(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEHOLD_SOME_SECRET", "of somebody else")
    end(pid_of(room))
    assert room.reader.status()
    environment = Path(f"/proc/{pid_of(room)}/environ").read_bytes()
    assert b"SAFEHOLD_SOME_SECRET" not in environment
    assert b"PYTHONPATH" in environment
