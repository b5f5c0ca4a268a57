"""A strict receiver of Standard Webhooks: takes only what the specification allows, fails on demand."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

from safehold.testing.servers import Answer, LocalServer, Received, reply, reset, silence

PATH = "/hook"


class Fault(StrEnum):
    """What goes wrong with an attempt, after its signature was checked."""

    SERVER_ERROR = "500"
    GONE = "410"
    NO_ANSWER = "no_answer"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that was taken, once. sent_at: its webhook-timestamp. payload: the parsed body."""

    webhook_id: str
    sent_at: datetime
    payload: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One properly signed request, whether it was taken or met a fault."""

    webhook_id: str
    fault: Fault | None


class WebhookReceiver:
    """Runs on a free loopback port while its `with` block runs.

    secret: the shared one, "whsec_…". deliveries: each message once, in order of arrival.
    repeats: ids that came again after being taken (allowed, answered 200, kept out of
    deliveries). attempts: every properly signed request. rejections: a short reason for each request
    that broke the specification; a test of a sender ends with `assert not receiver.rejections`.
    """

    def __init__(self, secret: str) -> None:
        self.deliveries: list[Delivery] = []
        self.repeats: list[str] = []
        self.attempts: list[Attempt] = []
        self.rejections: list[str] = []
        self._bodies: dict[str, bytes] = {}
        self._faults: deque[Fault] = deque()
        self._webhook = Webhook(secret)
        self._changed = threading.Condition()
        self._server = LocalServer({PATH: self._receive})

    @property
    def url(self) -> str:
        """Where to post."""
        return self._server.url(PATH)

    @property
    def port(self) -> int:
        """The port, for permitting it."""
        return self._server.port

    def fail_next(self, times: int, fault: Fault) -> None:
        """Let the next `times` properly signed requests meet this fault; calls add up in order."""
        with self._changed:
            self._faults.extend([fault] * times)

    def wait_for(self, count: int, timeout: float) -> tuple[Delivery, ...]:
        """Return the deliveries once there are `count` or more. Raises TimeoutError after `timeout` s."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.deliveries) >= count, timeout):
                raise TimeoutError(
                    f"{len(self.deliveries)} of {count} deliveries; rejected: {self.rejections}; "
                    f"attempts: {len(self.attempts)}"
                )
            return tuple(self.deliveries)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def _receive(self, answer: Answer) -> None:
        """Judge one request and answer it."""
        received = answer.received
        with self._changed:
            why = self._why_not_signed(received) or self._why_not_a_message(received)
            if why:
                self.rejections.append(why)
                fault = None
            else:
                fault = self._faults.popleft() if self._faults else None
                self._take(received, fault)
            self._changed.notify_all()
        if why:
            reply(status=400)(answer)
        else:
            _ROUTES[fault](answer)

    def _why_not_signed(self, received: Received) -> str:
        """Return why signature, id or timestamp are not right, or ""."""
        if received.method != "POST":
            return "method"
        webhook_id = received.headers.get("webhook-id", "")
        if not webhook_id or "." in webhook_id:
            return "webhook-id"
        if not received.headers.get("webhook-timestamp", "").isdigit():
            return "webhook-timestamp"
        try:
            self._webhook.verify(received.body, dict(received.headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            return "signature"
        if self._bodies.setdefault(webhook_id, received.body) != received.body:
            return "webhook-id used for another message"
        return ""

    def _why_not_a_message(self, received: Received) -> str:
        """Return why the body is not one of the specification's payloads, or ""."""
        if received.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return "content-type"
        try:
            payload = json.loads(received.body)
            sent_at = datetime.fromisoformat(payload["timestamp"])
        except (ValueError, KeyError, TypeError):
            return "payload"
        named = isinstance(payload.get("type"), str) and isinstance(payload.get("data"), dict)
        return "" if named and sent_at.tzinfo is not None else "payload"

    def _take(self, received: Received, fault: Fault | None) -> None:
        """Record one properly signed request."""
        webhook_id = received.headers["webhook-id"]
        self.attempts.append(Attempt(webhook_id, fault))
        if fault is not None:
            return
        if any(delivery.webhook_id == webhook_id for delivery in self.deliveries):
            self.repeats.append(webhook_id)
            return
        sent_at = datetime.fromtimestamp(int(received.headers["webhook-timestamp"]), UTC)
        self.deliveries.append(Delivery(webhook_id, sent_at, json.loads(received.body)))


_ROUTES = {
    None: reply(),
    Fault.SERVER_ERROR: reply(status=500),
    Fault.GONE: reply(status=410),
    Fault.NO_ANSWER: silence(),
    Fault.RESET: reset(),
}
