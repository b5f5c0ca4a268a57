"""The address of a strict hotline: it takes what is signed and whole, once, and fails on demand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections import deque
from enum import StrEnum
from types import TracebackType
from typing import Self

from safehold.testing.hotline.desk import Desk, Unfit
from safehold.testing.servers import Answer, LocalServer, Received, reply, reset, silence

PATH = "/reports"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode("ascii")


class Fault(StrEnum):
    """What goes wrong with a sending that is as it should be."""

    LOST = "lost"
    """The connection breaks, and nothing was taken."""
    REPLY_LOST = "reply_lost"
    """It is taken, and nobody hears of that."""
    SERVER_ERROR = "server_error"
    """500, and nothing was taken."""
    ERROR_THOUGH_TAKEN = "error_though_taken"
    """502 from something before it, which took it."""
    BUSY = "busy"
    """429, with a time to come back."""
    REFUSED = "refused"
    """422, and nothing was taken."""
    NO_REFERENCE = "no_reference"
    """200 with no reference, though it is taken."""
    NO_ANSWER = "no_answer"
    """Nothing is taken, and nothing is said: slow beyond any patience."""


_TAKEN_ALL_THE_SAME = {Fault.REPLY_LOST, Fault.ERROR_THOUGH_TAKEN, Fault.NO_REFERENCE}


class Hotline:
    """Runs on a free loopback port while its `with` block runs.

    desk: opens and keeps what is taken. rejections: why requests were none; a test of a sender ends with
    `assert not hotline.rejections`. attempts: how many were properly signed.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.rejections: list[str] = []
        self.attempts = 0
        self._faults: deque[Fault] = deque()
        self._lock = threading.Lock()
        self._server = LocalServer({PATH: self._receive}, remember=False)

    @property
    def url(self) -> str:
        """Where to post."""
        return self._server.url(PATH)

    @property
    def port(self) -> int:
        """The port, for permitting it."""
        return self._server.port

    def fail_next(self, *faults: Fault) -> None:
        """Let the next properly signed requests meet these faults, in order."""
        with self._lock:
            self._faults.extend(faults)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def _receive(self, answer: Answer) -> None:
        received = answer.received
        with self._lock:
            if why := _why_not_signed(received):
                self.rejections.append(why)
                reply(status=401)(answer)
                return
            self.attempts += 1
            fault = self._faults.popleft() if self._faults else None
            if fault is not None and fault not in _TAKEN_ALL_THE_SAME:
                reference = ""
            else:
                try:
                    reference = self.desk.take(received.headers["webhook-id"], received.body)
                except Unfit as unfit:
                    self.rejections.append(str(unfit))
                    reply(status=422)(answer)
                    return
        if fault is None:
            body = json.dumps({"reference": reference}).encode()
            reply(body, status=201, media_type="application/json")(answer)
        else:
            _ROUTES[fault](answer)


def _why_not_signed(received: Received) -> str:
    """Return why signature, id or timestamp are not right, or ""."""
    if received.method != "POST":
        return "method"
    if received.headers.get("content-type") != "application/octet-stream":
        return "content-type"
    message_id, at = received.headers.get("webhook-id", ""), received.headers.get("webhook-timestamp", "")
    if not message_id or "." in message_id or not at.isdigit():
        return "webhook-id or webhook-timestamp"
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    made = hmac.digest(key, f"{message_id}.{at}.".encode() + received.body, hashlib.sha256)
    wanted = "v1," + base64.b64encode(made).decode("ascii")
    given = received.headers.get("webhook-signature", "").split(" ")
    return "" if any(hmac.compare_digest(wanted, each) for each in given) else "signature"


_ROUTES = {
    Fault.LOST: reset(),
    Fault.REPLY_LOST: reset(),
    Fault.SERVER_ERROR: reply(status=500),
    Fault.ERROR_THOUGH_TAKEN: reply(status=502),
    Fault.BUSY: reply(status=429, retry_after="90"),
    Fault.REFUSED: reply(status=422),
    Fault.NO_REFERENCE: reply(b"thank you"),
    Fault.NO_ANSWER: silence(),
}
