"""A reader that is told to stop finishes what it has begun, and whatever fails in it is on record."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from safehold.app.reader import messages
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.messages import Show, Status
from safehold.app.reader.opening import SHOWING, setup_of
from safehold.app.reader.process import ReaderProcess
from safehold.app.reader.server import FINISH_SECONDS, NOTE_SECONDS
from safehold.app.reader.service import Service
from safehold.app.reader.talk import Talk
from safehold.app.reader.throttle import Throttle
from safehold.app.records import running as records_running
from safehold.model.clock import utc_now
from safehold.model.errors import DecoderDown, SafeholdError
from safehold.review.viewing import ViewLimits
from safehold.vault.channel import Line, connect
from safehold.vault.vault import Reader


@dataclass(frozen=True, slots=True)
class Own:
    """A reader for one test, and its decoder, which can be held still."""

    process: ReaderProcess
    socket: Path
    decoder: int

    def asked(self, ticket: str) -> Line:
        """Ask to be shown something, without waiting for the answer."""
        line = connect(self.socket, seconds=5, max_body=messages.MAX_ANSWER_BODY)
        line.send(Show(ticket).message(), seconds=5)
        return line

    def stopping(self) -> threading.Thread:
        """Begin to stop it."""
        thread = threading.Thread(target=self.process.stop)
        thread.start()
        return thread


@pytest.fixture
def own(room: Any, tmp_path: Path) -> Iterator[Own]:
    program = room.safehold.program
    socket = tmp_path / "own.sock"
    with records_running(program.settings, program.home) as addresses:
        process = ReaderProcess(
            setup_of(program.settings, program.home, addresses, own_purposes=SHOWING), socket
        )
        process.start()
        try:
            client = ReaderClient(socket)
            [decoder] = client.status()["decoders"]
            client.close()
            yield Own(process, socket, decoder)
        finally:
            process.stop()


def eventually(is_so: Callable[[], Any]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def held_in_decoding(room: Any, own: Own) -> Line:
    """Have something shown, and return when the reader waits for its decoder, which stands still."""
    os.kill(own.decoder, signal.SIGSTOP)
    line = own.asked(room.asks().secret)
    eventually(lambda: room.audited(f"item:{room.item_id}"))
    return line


def test_a_request_under_way_is_finished_answered_and_on_record_when_the_reader_stops(
    room: Any, own: Own
) -> None:
    line = held_in_decoding(room, own)
    stopping = own.stopping()
    stopping.join(0.5)
    assert stopping.is_alive()
    os.kill(own.decoder, signal.SIGCONT)
    answer = line.receive(seconds=60)
    assert answer is not None
    assert messages.result(answer)["media_type"] == "image/jpeg"
    assert answer.body.startswith(b"\xff\xd8")
    stopping.join()
    assert room.audited(f"item:{room.item_id}") == [("evidence.open", "")]
    assert len(room.safehold.sql("select 1 from reveal where fetched_at is not null")) == 1
    line.close()


@pytest.mark.slow
def test_a_request_that_cannot_be_finished_in_time_fails_and_that_is_on_record(room: Any, own: Own) -> None:
    line = held_in_decoding(room, own)
    stopping = own.stopping()
    answer = line.receive(seconds=FINISH_SECONDS + NOTE_SECONDS + 30)
    assert answer is not None
    with pytest.raises(DecoderDown):
        messages.result(answer)
    stopping.join()
    assert room.audited(f"item:{room.item_id}") == [
        ("evidence.open", ""),
        ("evidence.open_failed", "decoder_down"),
    ]
    assert room.safehold.sql("select 1 from reveal where fetched_at is not null") == []
    line.close()


def test_lines_on_which_nothing_is_asked_are_ended_and_the_reader_ends_by_itself(own: Own) -> None:
    lines = [connect(own.socket, seconds=5, max_body=1000) for _ in range(8)]
    for line in lines:
        line.send(Status().message(), seconds=5)
        assert line.receive(seconds=20) is not None
    own.process.stop()
    assert [line.receive(seconds=5) for line in lines] == [None] * 8
    assert own.process._process is not None
    assert own.process._process.returncode == 0
    for line in lines:
        line.close()


class Broken(Reader):
    """A vault that fails in a way that nobody foresaw, and would quote what it was at."""

    def __init__(self) -> None:
        pass

    def open(self, object_id: object, wrapped_key: bytes) -> bytes:
        raise RuntimeError("neutral words of a file")


def test_a_failure_that_nobody_foresaw_is_on_record_and_goes_on_to_whoever_answers(room: Any) -> None:
    program = room.safehold.program
    service = Service(
        database=program.database,
        vault=Broken(),
        decoders=program.scanner.decoders,
        clock=utc_now,
        session_idle=timedelta(hours=1),
        throttle=Throttle(ViewLimits()),
        walls={},
    )
    here, there = socket.socketpair()
    with here, there, pytest.raises(RuntimeError):
        service.answer(Show(room.asks().secret), Talk(Line(here, max_body=0)))
    assert room.audited(f"item:{room.item_id}") == [
        ("evidence.open", ""),
        ("evidence.open_failed", SafeholdError.code),
    ]
    everything = str(room.safehold.sql("select * from audit_record"))
    assert "neutral words" not in everything
