"""One look serves everybody who waits, and each hears only of one that began after they came."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.app.shared_look import SharedLook


class Records:
    """What is looked at: a number that somebody else changes. A look takes as long as it is held back."""

    def __init__(self) -> None:
        self.number = 0
        self.seen: list[int] = []
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def look(self) -> None:
        """See the number as it is when the look begins."""
        number = self.number
        await self.may_end.wait()
        self.seen.append(number)


@given(st.lists(st.sampled_from(["change", "ask", "pause"]), max_size=30))
def test_whoever_waits_sees_at_least_what_was_so_when_they_came(story: list[str]) -> None:
    records, asked = Records(), 0

    async def ask(look: SharedLook, number_then: int) -> None:
        await look.begun_after_now()
        assert max(records.seen) >= number_then

    async def run() -> None:
        nonlocal asked
        look, waiting = SharedLook(records.look), []
        for event in story:
            if event == "change":
                records.number += 1
            elif event == "ask":
                asked += 1
                waiting.append(asyncio.create_task(ask(look, records.number)))
                await asyncio.sleep(0)
            else:
                await asyncio.gather(*waiting)
        await asyncio.gather(*waiting)

    asyncio.run(run())
    assert len(records.seen) <= asked


def test_a_hundred_who_wait_while_one_look_is_under_way_cost_one_more() -> None:
    records = Records()

    async def run() -> None:
        look = SharedLook(records.look)
        records.may_end.clear()
        waiting = [asyncio.create_task(look.begun_after_now())]
        await asyncio.sleep(0.01)
        records.number = 1
        waiting += [asyncio.create_task(look.begun_after_now()) for _ in range(100)]
        await asyncio.sleep(0.01)
        records.may_end.set()
        await asyncio.gather(*waiting)

    asyncio.run(run())
    assert records.seen == [0, 1]


def test_a_look_that_fails_fails_for_all_who_waited_for_it_and_for_nobody_after() -> None:
    fails = [True]

    async def look() -> None:
        if fails[0]:
            raise OSError

    async def run() -> None:
        shared = SharedLook(look)
        told = await asyncio.gather(*(shared.begun_after_now() for _ in range(5)), return_exceptions=True)
        assert [type(one) for one in told] == [OSError] * 5
        fails[0] = False
        await shared.begun_after_now()

    asyncio.run(run())


def test_whoever_leaves_takes_the_look_away_from_nobody() -> None:
    records = Records()

    async def run() -> None:
        look = SharedLook(records.look)
        records.may_end.clear()
        leaves = asyncio.create_task(look.begun_after_now())
        stays = asyncio.create_task(look.begun_after_now())
        await asyncio.sleep(0.01)
        leaves.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaves
        records.may_end.set()
        await stays

    asyncio.run(run())
    assert records.seen == [0]


def test_all_who_come_at_one_turn_of_the_loop_share_a_look() -> None:
    records = Records()

    async def run() -> None:
        look = SharedLook(records.look)
        for _ in range(3):
            await asyncio.gather(*(look.begun_after_now() for _ in range(50)))

    asyncio.run(run())
    assert records.seen == [0, 0, 0]


@pytest.mark.timeout(20)
def test_nobody_waits_for_a_look_that_nobody_takes_any_more() -> None:
    records = Records()

    async def run() -> None:
        look = SharedLook(records.look)
        records.may_end.clear()
        mine = asyncio.current_task()
        waiting = [asyncio.create_task(look.begun_after_now())]
        await asyncio.sleep(0.01)
        waiting.append(asyncio.create_task(look.begun_after_now()))
        await asyncio.sleep(0.01)
        [looking] = asyncio.all_tasks() - {mine, *waiting}
        looking.cancel()
        await asyncio.wait(waiting)
        assert [one.cancelled() for one in waiting] == [True, True]
        records.may_end.set()
        await look.begun_after_now()

    asyncio.run(run())
    assert records.seen == [0]
