"""One look at the records for everybody who waits for one that begins after they came."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Waiters = list["asyncio.Future[None]"]


class SharedLook:
    """Shares looks among the requests of one event loop: one is under way, and at most one comes after it.

    Whoever waits learns what was so after they came, as by a look of their own; a hundred who wait at once
    cost one. A look belongs to none of them: whoever leaves takes it away from nobody.
    """

    def __init__(self, look: Callable[[], Awaitable[None]]) -> None:
        """look: asks the records. It has to end by itself, and fail where they do not answer."""
        self._look = look
        self._waiting: Waiters = []
        self._looking: asyncio.Task[None] | None = None

    async def begun_after_now(self) -> None:
        """Wait for a look that has not begun yet. Raises what the look raises."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        if self._looking is None:
            # It begins at the next turn of the loop: all that were read in this one share it.
            self._looking = asyncio.create_task(self._look_while_wanted())
        await waiter

    async def _look_while_wanted(self) -> None:
        waiting: Waiters = []
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                error = await self._looked()
                for waiter in waiting:
                    if not waiter.done():
                        tell(waiter, error)
        finally:
            self._looking = None
            # Only where the loop ends: nobody may wait for a look that nobody takes any more.
            for waiter in waiting + self._waiting:
                waiter.cancel()
            self._waiting = []

    async def _looked(self) -> Exception | None:
        try:
            await self._look()
        except Exception as error:  # noqa: BLE001 - it is raised by each who waits
            return error
        return None


def tell(waiter: asyncio.Future[None], error: Exception | None) -> None:
    """Let one who waits go on, or fail."""
    if error is None:
        waiter.set_result(None)
    else:
        waiter.set_exception(error)
