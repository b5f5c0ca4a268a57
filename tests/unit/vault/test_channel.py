"""The line between processes: whatever the other side sends, it ends in a message or in one kind of error."""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
import threading
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safehold.app.reader import messages
from safehold.model.errors import BadForm
from safehold.vault.channel import (
    LONGEST_PATH,
    MAX_HEAD_BYTES,
    ChannelBroken,
    Line,
    Listener,
    Message,
    connect,
    is_listened_on,
)

LENGTHS = struct.Struct("!IQ")


def received(raw: bytes, *, max_body: int = 1000) -> Message | None:
    """Return what a line makes of these bytes when the other side then goes away."""
    ours, theirs = socket.socketpair()
    with theirs:
        sender = threading.Thread(target=lambda: (theirs.sendall(raw), theirs.shutdown(socket.SHUT_WR)))
        sender.start()
        line = Line(ours, max_body=max_body)
        try:
            return line.receive(seconds=20)
        finally:
            line.close()
            sender.join()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def framed(head: object, body: bytes = b"") -> bytes:
    raw = json.dumps(head).encode()
    return LENGTHS.pack(len(raw), len(body)) + raw + body


@given(
    head=st.dictionaries(st.text(max_size=10), st.text(max_size=30), max_size=5), body=st.binary(max_size=900)
)
def test_what_is_sent_arrives_as_it_was(head: dict[str, str], body: bytes) -> None:
    ours, theirs = socket.socketpair()
    sending, receiving = Line(ours, max_body=0), Line(theirs, max_body=1000)
    sending.send(Message(head, body), seconds=5)
    assert receiving.receive(seconds=5) == Message(head, body)
    sending.close()
    assert receiving.receive(seconds=5) is None
    receiving.close()


@given(st.binary(max_size=200))
@example(b"\xff" * 12)
@example(LENGTHS.pack(2, 0) + b"[]")
@example(LENGTHS.pack(0, 0))
@example(LENGTHS.pack(MAX_HEAD_BYTES + 1, 0))
@example(LENGTHS.pack(2, 1001) + b"{}")
@example(LENGTHS.pack(8_000, 0) + b"[" * 8_000)
def test_whatever_bytes_come_are_a_message_an_end_or_a_broken_line(raw: bytes) -> None:
    try:
        message = received(raw)
    except ChannelBroken:
        return
    assert message is None or isinstance(message.head, dict)
    assert message is not None or raw == b""


@given(head=json_values, body=st.binary(max_size=50))
def test_whatever_message_comes_is_a_request_that_we_know_or_bad_form(head: object, body: bytes) -> None:
    try:
        message = received(framed(head, body))
    except ChannelBroken:
        assert not isinstance(head, dict)
        return
    assert message is not None
    with pytest.raises(BadForm):
        messages.parse(message)


@given(
    request=st.sampled_from(["show", "export", "remake", "status"]),
    extra=st.dictionaries(st.sampled_from(["ticket", "item", "user", "media", "x"]), json_values, max_size=3),
)
def test_a_request_is_read_to_the_letter_or_not_at_all(request: str, extra: dict[str, object]) -> None:
    try:
        parsed = messages.parse(Message({"purpose": request, **extra}))
    except BadForm:
        return
    assert parsed.message().head == {"purpose": request, **extra}


def test_a_message_that_trickles_in_is_given_up_after_its_time_as_a_whole() -> None:
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def trickle() -> None:
        theirs.sendall(LENGTHS.pack(1000, 0))
        while not stop.wait(0.02):
            try:
                theirs.sendall(b" ")
            except OSError:
                return

    sender = threading.Thread(target=trickle)
    sender.start()
    with pytest.raises(ChannelBroken, match=r"slow|Timeout"):
        Line(ours, max_body=0).receive(seconds=0.3)
    stop.set()
    sender.join()
    ours.close()
    theirs.close()


def test_a_listener_is_for_its_user_alone_and_takes_the_place_of_a_dead_one(tmp_path: Path) -> None:
    path = tmp_path / "reader.sock"
    dead = Listener.at(path, max_body=10)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    living = Listener.at(path, max_body=10, for_group=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    dead.close()
    line = connect(path, seconds=5, max_body=10)
    theirs = living.accept()
    assert theirs is not None
    assert theirs.peer_uid == os.geteuid()
    assert line.is_fresh
    theirs.send(Message({"nobody": "asked"}), seconds=5)
    assert not line.is_fresh
    line.close()
    theirs.close()
    assert is_listened_on(path)
    living.close()
    assert not path.exists()
    assert not is_listened_on(path)


def test_a_path_that_the_kernel_would_cut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too long"):
        Listener.at(tmp_path / ("x" * LONGEST_PATH), max_body=10)
