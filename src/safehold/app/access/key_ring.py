"""Keys as the records had them a moment ago: one look serves every request of the next tenth of a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from safehold.app.access import keys
from safehold.app.access.gate import digest_of
from safehold.model.clock import Clock
from safehold.model.errors import DatabaseDown
from safehold.model.permissions import Actor
from safehold.storage.api_keys import StoredKey
from safehold.storage.database import Database

SEEN_FOR = 0.1
"""Seconds. A request that comes so long after a key was revoked is refused by every process, without fail."""
PATIENCE = 5.0
"""Seconds after which a database that does not answer is down."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found. began: before the records were asked, by the clock that never goes back."""

    began: float
    key: StoredKey | None


_Waiting = dict[bytes, list["asyncio.Future[_Look]"]]
"""Who waits for a look at which key."""


class KeyRing:
    """Lets keys in for one event loop. One look is under way at a time, for all keys that are waited for.

    So a thousand strangers with keys of their own invention cost whoever has a true one no more than a look.
    Only keys that are valid are remembered: it grows no larger than the platforms that send.
    """

    def __init__(self, database: Database, clock: Clock, *, patience: float = PATIENCE) -> None:
        """patience: seconds to wait for the database."""
        self._database = database
        self._clock = clock
        self._patience = patience
        self._seen: dict[bytes, _Look] = {}
        self._waiting: _Waiting = {}
        self._under_way: _Waiting = {}
        self._looking: asyncio.Task[None] | None = None

    async def actor(self, secret: str) -> Actor:
        """Return the actor behind a key. Raises NotAuthenticated as `keys.actor_of`, and DatabaseDown."""
        secret_digest, oldest = digest_of(secret), time.monotonic() - SEEN_FOR
        look = self._seen.get(secret_digest)
        while look is None or look.began <= oldest:
            look = await self._looked_up(secret_digest)
        return keys.actor_of(look.key, now=self._clock())

    async def _looked_up(self, secret_digest: bytes) -> _Look:
        """Return the look that is under way, where this key is among those it is for, or else the next."""
        waiter = asyncio.get_running_loop().create_future()
        # A waiter for each request: whoever leaves takes the look away from nobody.
        (self._under_way.get(secret_digest) or self._waiting.setdefault(secret_digest, [])).append(waiter)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_while_wanted())
        look: _Look = await waiter
        return look

    async def _look_while_wanted(self) -> None:
        try:
            while self._waiting:
                self._under_way, self._waiting = self._waiting, {}
                await self._look(self._under_way)
        finally:
            self._looking = None
            # Empty, but where the loop ends: nobody may wait for a look that nobody takes any more.
            for waiter in _each(self._under_way) + _each(self._waiting):
                waiter.cancel()
            self._under_way, self._waiting = {}, {}

    async def _look(self, wanted: _Waiting) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._patience):
                found = await asyncio.to_thread(self._ask, tuple(wanted))
        except Exception as error:  # noqa: BLE001 - it is raised by each of them
            told = DatabaseDown() if isinstance(error, TimeoutError) else error
            for waiter in _each(wanted):
                waiter.set_exception(told)
        else:
            for secret_digest in wanted:
                self._take(secret_digest, _Look(began, found.get(secret_digest)))
        self._under_way = {}

    def _take(self, secret_digest: bytes, look: _Look) -> None:
        if look.key is not None and look.key.is_valid(self._clock()):
            self._seen[secret_digest] = look
        else:
            self._seen.pop(secret_digest, None)
        for waiter in self._under_way[secret_digest]:
            if not waiter.done():
                waiter.set_result(look)

    def _ask(self, secret_digests: Sequence[bytes]) -> Mapping[bytes, StoredKey]:
        with self._database.begin() as tx:
            return keys.find(tx, secret_digests, now=self._clock())


def _each(waiting: _Waiting) -> list[asyncio.Future[_Look]]:
    """Return all who are still there."""
    return [waiter for waiters in waiting.values() for waiter in waiters if not waiter.done()]
