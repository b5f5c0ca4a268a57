"""The webhook channel: one signed POST in the form of Standard Webhooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook

from safehold.act.channels.base import Destination, Receipt, Verdict
from safehold.egress.client import Egress, Response
from safehold.model.errors import AddressRefused, FetchFailed
from safehold.storage.deliveries import GONE

_GONE_STATUS = 410
_BUSY = 429
_LONGEST_WAIT = timedelta(hours=24)


def send(
    egress: Egress,
    destination: Destination,
    *,
    webhook_id: UUID,
    body: Mapping[str, Any],
    now: datetime,
) -> Receipt:
    """Make one attempt to deliver a message and say how it ended; a failure is a receipt, never an error.

    webhook_id: by which the receiver knows a repeat. body: the same on every attempt; it goes out as
    the same bytes. now: the moment of this attempt, which is part of what is signed.
    """
    content = encode(body)
    headers = signed_headers(destination, webhook_id=webhook_id, content=content, now=now)
    try:
        response = egress.send(
            destination.url,
            body=content,
            headers=headers,
            permitted=destination.permitted,
            deadline_seconds=destination.deadline_seconds,
        )
    except FetchFailed as failure:
        return Receipt(verdict=Verdict.DOWN, error=failure.reason)
    except AddressRefused as failure:
        return Receipt(verdict=Verdict.DOWN, error=failure.code)
    return _receipt(response)


def encode(body: Mapping[str, Any]) -> bytes:
    """Return a message as JSON bytes: equal messages are equal bytes, whatever order their keys came in."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def signed_headers(
    destination: Destination, *, webhook_id: UUID, content: bytes, now: datetime
) -> dict[str, str]:
    """Return the headers of Standard Webhooks, with one signature for each secret of the destination."""
    text, message = content.decode(), str(webhook_id)
    signatures = [Webhook(secret).sign(message, now, text) for secret in destination.secrets]
    return {
        "content-type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _receipt(response: Response) -> Receipt:
    status = response.status
    if 200 <= status < 300:
        return Receipt(verdict=Verdict.TAKEN, status=status)
    if status == _GONE_STATUS:
        return Receipt(verdict=Verdict.GONE, status=status, error=GONE)
    verdict = Verdict.DOWN if status >= 500 or status == _BUSY else Verdict.FAILED
    return Receipt(verdict=verdict, status=status, error="status", retry_after=_asked_for(response))


def _asked_for(response: Response) -> timedelta | None:
    """Return the seconds of a Retry-After header, at most a day; its date form is not read."""
    seconds = response.headers.get("retry-after", "")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 10):
        return None
    return min(timedelta(seconds=int(seconds)), _LONGEST_WAIT)
