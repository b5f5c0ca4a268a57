"""Repeated requests: the same Idempotency-Key with the same body has one effect and one answer."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from safehold.model.errors import BadForm, IdempotencyInProgress, IdempotencyMismatch, NotAllowed
from safehold.model.ids import KeyId
from safehold.model.permissions import Actor
from safehold.storage import scans
from safehold.storage.database import Database, Tx

Answer = dict[str, Any]
Settle = Callable[[Tx, Answer], None]
"""Keeps an answer in the transaction that makes it true: either both are there or none."""


class Overtaken(Exception):
    """Another attempt at the same request has recorded what this one was about to record: nothing is kept."""

    def __init__(self, answer: Answer) -> None:
        """answer: what the other attempt recorded."""
        self.answer = answer
        super().__init__("overtaken")


class Attempt(Protocol):
    """One attempt at a request, handed to whoever answers it."""

    def settle(self, tx: Tx, answer: Answer) -> None:
        """Keep the answer of the whole request: see `Settle`."""

    @property
    def may_group(self) -> bool:
        """Whether several parts may be recorded in one transaction: no earlier attempt recorded any."""

    def settle_part(self, index: int) -> Settle:
        """Return what keeps the answer of one part."""

    def part(self, index: int, answer: Callable[[Settle], Answer]) -> Answer:
        """Answer one part of a request that has several; what an earlier attempt recorded of it stands."""


Answering = Callable[[Attempt], Answer]

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


class Unrepeated:
    """An Attempt that keeps nothing: a request without an Idempotency-Key has no repeat."""

    may_group = True

    def settle(self, tx: Tx, answer: Answer) -> None:
        """Keep nothing."""

    def settle_part(self, index: int) -> Settle:
        """Return what keeps nothing."""
        return self.settle

    def part(self, index: int, answer: Callable[[Settle], Answer]) -> Answer:
        """Answer the part."""
        return answer(self.settle)


def once(
    database: Database,
    *,
    actor: Actor,
    idempotency_key: str,
    digest: bytes,
    now: datetime,
    answer: Answering,
    kept: Callable[[Answer], Answer | None],
) -> Answer:
    """Return the answer of the first request with this key, computing it when this is the first.

    answer: is handed the attempt; whoever records something settles the answer in the same transaction, so
    that a process killed at any moment leaves no record whose answer a repeat would not get. Where a request
    has several parts that are recorded apart, each is settled by itself.
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
    first = _First(database, actor.key_id, idempotency_key, digest, now, kept, took_over=earlier is not None)
    return first.run(answer)


@dataclass(frozen=True, slots=True)
class _First:
    """The Attempt that is the first at a request, or the one that took over from a dead one."""

    database: Database
    key_id: KeyId
    idempotency_key: str
    digest: bytes
    now: datetime
    kept: Callable[[Answer], Answer | None]
    took_over: bool

    def run(self, answer: Answering) -> Answer:
        try:
            computed = answer(self)
        except Overtaken as earlier:
            return earlier.answer
        except BaseException:
            with self.database.begin() as tx:
                scans.forget_request(tx, self.key_id, self.idempotency_key)
            raise
        with self.database.begin() as tx:
            if (to_keep := self.kept(computed)) is None:
                scans.forget_request(tx, self.key_id, self.idempotency_key)
                return computed
            found = self._finish(tx, to_keep)
        # Whoever was quicker has given its answer already: one request has one.
        return computed if found == to_keep else found

    @property
    def may_group(self) -> bool:
        return not self.took_over

    def settle_part(self, index: int) -> Settle:
        return replace(self, idempotency_key=self._key_of_part(index)).settle

    def part(self, index: int, answer: Callable[[Settle], Answer]) -> Answer:
        if self.took_over:
            with self.database.begin() as tx:
                recorded = scans.answer_of(tx, self.key_id, self._key_of_part(index))
            if recorded is not None:
                return recorded
        try:
            return answer(self.settle_part(index))
        except Overtaken as earlier:
            return earlier.answer

    def settle(self, tx: Tx, answer: Answer) -> None:
        to_keep = self.kept(answer)
        if to_keep is not None and (found := self._finish(tx, to_keep)) != to_keep:
            raise Overtaken(found)

    def _key_of_part(self, index: int) -> str:
        # A header has no line feed: no other request has this key.
        return f"{self.idempotency_key}\n{self.digest.hex()}\n{index}"

    def _finish(self, tx: Tx, to_keep: Answer) -> Answer:
        return scans.finish_request(
            tx, self.key_id, self.idempotency_key, to_keep, body_digest=self.digest, now=self.now
        )


def sweep_requests(database: Database, *, now: datetime) -> int:
    """Remove what was kept of requests and incomplete scans for long enough; return how many rows."""
    with database.begin() as tx:
        return scans.delete_older(tx, requests_before=now - KEPT, incomplete_before=now - timedelta(days=90))
