"""A private line between processes of one machine: a Unix socket that carries a JSON head and plain bytes.

Who is at the other end is asked of the kernel. Nothing that arrives is believed: lengths are limited
before room is made for them, and one deadline holds for a whole message, however slowly it trickles in.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAX_HEAD_BYTES = 64 * 1024
"""Longest head, in bytes of JSON."""
LONGEST_PATH = 100
"""Longest address of a socket, in bytes; the kernel allows 107."""

_LENGTHS = struct.Struct("!IQ")
_PEER = struct.Struct("3i")
_CHUNK = 1 << 20
_WAITING = 64


class ChannelBroken(Exception):
    """The other side went away, took too long, or sent what is no message. The line is of no more use."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: a JSON object, and bytes that are handed on as they are."""

    head: dict[str, Any]
    body: bytes = field(default=b"", repr=False)


class Line:
    """One open connection. Not safe to share between threads: whoever has it asks and is answered."""

    def __init__(self, connected: socket.socket, *, max_body: int) -> None:
        """max_body: how many bytes the other side may send beside a head."""
        self._socket = connected
        self._max_body = max_body

    @property
    def peer_uid(self) -> int:
        """The user whom the process at the other end ran as when it connected, as the kernel saw it."""
        raw = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        return int(_PEER.unpack(raw)[1])

    @property
    def is_fresh(self) -> bool:
        """Whether the line is open and nothing waits on it: an answer that nobody asked for is a fault."""
        try:
            self._socket.setblocking(False)
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def send(self, message: Message, *, seconds: float) -> None:
        """Send one message. Raises ChannelBroken, ValueError for a head that is too long."""
        head = json.dumps(message.head, separators=(",", ":")).encode()
        if len(head) > MAX_HEAD_BYTES:
            raise ValueError("the head is too long")
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(_LENGTHS.pack(len(head), len(message.body)) + head)
            if message.body:
                self._socket.sendall(message.body)
        except OSError as error:
            raise ChannelBroken(type(error).__name__) from None

    def receive(self, *, seconds: float, most: int | None = None) -> Message | None:
        """Return the next message, None when the other side has ended the line between two of them.

        seconds: for the whole message. most: bytes beside its head, where that is not the line's own limit.
        Raises ChannelBroken.
        """
        until = time.monotonic() + seconds
        lengths = self._exactly(_LENGTHS.size, until, may_end=True)
        if lengths is None:
            return None
        head_bytes, body_bytes = _LENGTHS.unpack(lengths)
        if head_bytes > MAX_HEAD_BYTES or body_bytes > (self._max_body if most is None else most):
            raise ChannelBroken("too long")
        head = _object(self._exactly(head_bytes, until) or b"")
        return Message(head, bytes(self._exactly(body_bytes, until) or b""))

    def end_requests(self) -> None:
        """Let nothing more arrive; what has arrived is still received, and answers can still be sent.

        For the thread that has the line it is as if the other side had ended it.
        """
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def close(self) -> None:
        """End the line. Doing it twice is fine."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _exactly(self, count: int, until: float, *, may_end: bool = False) -> bytearray | None:
        """Read that many bytes. None when the line ended before the first of them and `may_end`."""
        # Room grows with what arrives: a length alone must not cost memory.
        taken = bytearray()
        while len(taken) < count:
            left = until - time.monotonic()
            if left <= 0:
                raise ChannelBroken("too slow")
            try:
                self._socket.settimeout(left)
                more = self._socket.recv(min(count - len(taken), _CHUNK))
            except OSError as error:
                raise ChannelBroken(type(error).__name__) from None
            if not more:
                if may_end and not taken:
                    return None
                raise ChannelBroken("ended in the middle")
            taken += more
        return taken


class Listener:
    """A socket in the file system that others connect to."""

    def __init__(self, listening: socket.socket, *, max_body: int, path: Path | None = None) -> None:
        """path: of the file to remove when it is closed, None where another process sees to that."""
        self._socket = listening
        self._max_body = max_body
        self._path = path
        self._inode = path.stat().st_ino if path is not None else 0

    @staticmethod
    def at(path: Path, *, max_body: int, for_group: bool = False) -> Listener:
        """Listen on `path` (0600, or 0660 for the group), in place of one that a dead process left there.

        Raises OSError, ValueError for a path that is longer than LONGEST_PATH.
        """
        if len(os.fsencode(path)) > LONGEST_PATH:
            raise ValueError("the path of the socket is too long")
        draft = path.with_name(f".{os.getpid()}")
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Never open to more than it should be, not even for a moment: the mask makes it 0600.
            before = os.umask(0o177)
            try:
                draft.unlink(missing_ok=True)
                listening.bind(os.fspath(draft))
            finally:
                os.umask(before)
            if for_group:
                draft.chmod(0o660)
            listening.listen(_WAITING)
            draft.replace(path)
            return Listener(listening, max_body=max_body, path=path)
        except OSError:
            listening.close()
            draft.unlink(missing_ok=True)
            raise

    @staticmethod
    def inherited(descriptor: int, *, max_body: int) -> Listener:
        """Take over a listening socket from the process that started this one. Raises OSError."""
        return Listener(socket.socket(fileno=descriptor), max_body=max_body)

    def fileno(self) -> int:
        """The descriptor, to wait on or to hand on."""
        return self._socket.fileno()

    def accept(self) -> Line | None:
        """Return the next connection; None when whoever knocked has gone again."""
        try:
            connected, _ = self._socket.accept()
        except OSError:
            return None
        return Line(connected, max_body=self._max_body)

    def close(self) -> None:
        """Stop listening, and remove the file if it is still ours. Doing it twice is fine."""
        self._socket.close()
        if self._path is not None:
            with suppress(OSError):
                if self._path.stat().st_ino == self._inode:
                    self._path.unlink()


def connect(path: Path, *, seconds: float, max_body: int) -> Line:
    """Connect to a listener. Raises OSError when nobody listens there."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.settimeout(seconds)
        line.connect(os.fspath(path))
    except OSError:
        line.close()
        raise
    return Line(line, max_body=max_body)


def is_listened_on(path: Path) -> bool:
    """Say whether a process listens there at this moment."""
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except BlockingIOError:
            return True  # so many wait that there is no room for one more
        except OSError:
            return False
        return True


def _object(raw: bytes | bytearray) -> dict[str, Any]:
    try:
        head = json.loads(bytes(raw))
    except (ValueError, RecursionError):
        raise ChannelBroken("the head is not JSON") from None
    if not isinstance(head, dict):
        raise ChannelBroken("the head is no object")
    return head
