"""Keys as the records had them a moment ago: one look serves every request of the next tenth of a second."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from safehold.app.access import keys
from safehold.app.access.gate import digest_of
from safehold.model.clock import Clock
from safehold.model.permissions import Actor
from safehold.storage.api_keys import StoredKey
from safehold.storage.database import Database

SEEN_FOR = 0.1
"""Seconds. A request that comes so long after a key was revoked is refused by every process, without fail."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found. began: before the records were asked, by the clock that never goes back."""

    began: float
    key: StoredKey | None


class KeyRing:
    """Lets keys in for one event loop. A key is looked up at most once at a time, however many wait for it.

    Only keys that are valid are remembered, so it grows no larger than the platforms that send.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seen: dict[bytes, _Look] = {}
        self._looking: dict[bytes, asyncio.Task[_Look]] = {}

    async def actor(self, secret: str) -> Actor:
        """Return the actor behind a key. Raises NotAuthenticated as `keys.actor_of`, and DatabaseDown."""
        secret_digest, oldest = digest_of(secret), time.monotonic() - SEEN_FOR
        look = self._seen.get(secret_digest)
        while look is None or look.began <= oldest:
            look = await asyncio.shield(self._looking.get(secret_digest) or self._begin(secret_digest))
        return keys.actor_of(look.key, now=self._clock())

    def _begin(self, secret_digest: bytes) -> asyncio.Task[_Look]:
        looking = asyncio.create_task(self._look(secret_digest))
        self._looking[secret_digest] = looking
        # Whoever waits hears of a failure; where all of them left, nobody need.
        looking.add_done_callback(lambda done: done.cancelled() or done.exception())
        return looking

    async def _look(self, secret_digest: bytes) -> _Look:
        began = time.monotonic()
        try:
            key = await asyncio.to_thread(self._ask, secret_digest)
        finally:
            # Before this task ends: who found it ended would go round and round without letting others on.
            del self._looking[secret_digest]
        look = _Look(began, key)
        if key is not None and key.is_valid(self._clock()):
            self._seen[secret_digest] = look
        else:
            self._seen.pop(secret_digest, None)
        return look

    def _ask(self, secret_digest: bytes) -> StoredKey | None:
        with self._database.begin() as tx:
            return keys.find(tx, secret_digest, now=self._clock())
