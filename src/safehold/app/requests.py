"""Repeated requests: the same Idempotency-Key with the same body has one effect and one answer."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from safehold.model.errors import BadForm, IdempotencyInProgress, IdempotencyMismatch, NotAllowed
from safehold.model.ids import KeyId
from safehold.model.permissions import Actor
from safehold.storage import scans
from safehold.storage.database import Database

Answer = dict[str, Any]

LONGEST_KEY = 200
GIVEN_UP_AFTER = timedelta(seconds=60)
"""An attempt that has not ended by then died with its process; the next one takes over."""
KEPT = timedelta(hours=24)


def body_digest(secret: bytes, *parts: bytes) -> bytes:
    """Return a keyed digest of a request's parts, each with its length, so that they cannot run together."""
    digest = hmac.new(secret, digestmod=hashlib.sha256)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def once(
    database: Database,
    *,
    actor: Actor,
    idempotency_key: str,
    digest: bytes,
    now: datetime,
    answer: Callable[[], Answer],
    kept: Callable[[Answer], Answer | None],
) -> Answer:
    """Return the answer of the first request with this key, computing it when this is the first.

    kept: what a repeat gets of an answer, for that is what is written down; None when not even the
    request may leave a trace, and a repeat is answered anew.
    Raises IdempotencyMismatch for another body, IdempotencyInProgress while the first still runs. A
    request that fails is forgotten, so that it can be sent again.
    """
    if actor.key_id is None:
        raise NotAllowed("An Idempotency-Key belongs to an API key.")
    if not 1 <= len(idempotency_key) <= LONGEST_KEY:
        raise BadForm(f"Idempotency-Key: 1 to {LONGEST_KEY} characters.")
    with database.begin() as tx:
        earlier = scans.begin_request(tx, actor.key_id, idempotency_key, body_digest=digest, now=now)
        if earlier is not None:
            if not hmac.compare_digest(earlier.body_digest, digest):
                raise IdempotencyMismatch()
            if earlier.answer is not None:
                return earlier.answer
            if now - earlier.started_at < GIVEN_UP_AFTER:
                raise IdempotencyInProgress()
            scans.restart_request(tx, actor.key_id, idempotency_key, now=now)
    return _first(database, actor.key_id, idempotency_key, answer, kept)


def _first(
    database: Database,
    key_id: KeyId,
    idempotency_key: str,
    answer: Callable[[], Answer],
    kept: Callable[[Answer], Answer | None],
) -> Answer:
    try:
        computed = answer()
    except BaseException:
        with database.begin() as tx:
            scans.forget_request(tx, key_id, idempotency_key)
        raise
    to_keep = kept(computed)
    with database.begin() as tx:
        if to_keep is None:
            scans.forget_request(tx, key_id, idempotency_key)
        else:
            scans.finish_request(tx, key_id, idempotency_key, to_keep)
    return computed


def sweep_requests(database: Database, *, now: datetime) -> int:
    """Remove what was kept of requests and incomplete scans for long enough; return how many rows."""
    with database.begin() as tx:
        return scans.delete_older(tx, requests_before=now - KEPT, incomplete_before=now - timedelta(days=90))
