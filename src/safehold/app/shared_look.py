"""One look at the records for everybody who waits for one that begins after they came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class SharedLook:
    """Shares looks among the requests of one event loop: one is under way, and at most one comes after it.

    Whoever waits learns what was so after they came, as by a look of their own; a hundred who wait at once
    cost one.
    """

    def __init__(self, look: Callable[[], None]) -> None:
        """look: asks the records; it is called in a thread."""
        self._look = look
        self._under_way: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def begun_after_now(self) -> None:
        """Wait for a look that has not begun yet. Raises what the look raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._under_way))
            # Where all who waited have left, nobody need hear of a failure.
            self._next.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(self._next)

    async def _after(self, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        self._under_way, self._next = self._next, None
        await asyncio.to_thread(self._look)
