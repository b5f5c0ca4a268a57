"""Keys are looked up once for many requests, and a revoked one is refused in the time that is promised."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
import sqlalchemy as sa

from safehold.app.access import keys
from safehold.app.access.key_ring import SEEN_FOR, KeyRing
from safehold.model.clock import utc_now
from safehold.model.errors import DatabaseDown, NotAuthenticated
from safehold.model.ids import KeyId
from safehold.model.permissions import Actor, Permission, system_actor
from safehold.storage.database import Database, Tx
from safehold.testing.running import MovableClock

SHELL = system_actor("shell")
SCOPES = frozenset({Permission.SCAN})


class Counting(Database):
    """A database that counts how often it was asked."""

    asked = 0

    def begin(self) -> AbstractContextManager[Tx]:
        self.asked += 1
        return super().begin()


class Slow(Counting):
    """A database that takes longer than a key is remembered."""

    def begin(self) -> AbstractContextManager[Tx]:
        time.sleep(2 * SEEN_FOR)
        return super().begin()


@pytest.fixture
def database(database_url: str) -> Iterator[Counting]:
    opened = Counting(database_url, pool_size=2)
    yield opened
    opened.close()


def a_key(database: Database) -> str:
    with database.begin() as tx:
        return keys.add_key(tx, name="platform", scopes=SCOPES, actor=SHELL, now=utc_now())


def revoke(database: Database, key_id: KeyId | None) -> None:
    assert key_id is not None
    with database.begin() as tx:
        keys.revoke_key(tx, key_id, actor=SHELL, now=utc_now())


def test_requests_that_come_together_cost_one_look(database: Counting) -> None:
    secret = a_key(database)
    ring, before = KeyRing(database, utc_now), database.asked

    async def run() -> list[Actor]:
        return await asyncio.gather(*(ring.actor(secret) for _ in range(200)))

    actors = asyncio.run(run())
    assert {actor.permissions for actor in actors} == {SCOPES}
    assert database.asked == before + 1


def test_a_key_that_was_revoked_is_refused_as_soon_as_it_was_seen_for_so_long(database: Counting) -> None:
    secret = a_key(database)
    ring = KeyRing(database, utc_now)

    async def run() -> None:
        actor = await ring.actor(secret)
        await asyncio.to_thread(revoke, database, actor.key_id)
        await asyncio.sleep(SEEN_FOR)
        with pytest.raises(NotAuthenticated):
            await ring.actor(secret)

    asyncio.run(run())


def test_a_look_that_took_longer_than_a_key_may_be_remembered_is_not_remembered(database: Counting) -> None:
    secret = a_key(database)
    slow = Slow(database.url, pool_size=2)
    ring = KeyRing(slow, utc_now)

    async def run() -> None:
        actor = await ring.actor(secret)
        await asyncio.to_thread(revoke, database, actor.key_id)
        with pytest.raises(NotAuthenticated):
            await ring.actor(secret)

    asyncio.run(run())
    assert slow.asked == 2
    slow.close()


@pytest.mark.timeout(20)
def test_who_asks_in_the_very_moment_in_which_a_slow_look_ends_does_not_stop_everybody_else(
    database: Counting,
) -> None:
    secret = a_key(database)
    slow = Slow(database.url, pool_size=2)
    ring = KeyRing(slow, utc_now)

    async def run() -> list[Actor]:
        asking, until = [], time.monotonic() + 5 * SEEN_FOR
        # Somebody asks at every turn of the loop, so also between the end of a look and its being noticed.
        while time.monotonic() < until:
            asking.append(asyncio.create_task(ring.actor(secret)))
            await asyncio.sleep(0)
        return await asyncio.gather(*asking)

    actors = asyncio.run(run())
    assert {actor.permissions for actor in actors} == {SCOPES}
    assert slow.asked <= 4
    slow.close()


def test_a_key_ends_to_the_instant_however_lately_it_was_seen(database: Counting) -> None:
    clock = MovableClock()
    with database.begin() as tx:
        end = clock() + timedelta(hours=1)
        secret = keys.add_key(tx, name="a", scopes=SCOPES, actor=SHELL, now=clock(), expires_at=end)
    ring = KeyRing(database, clock)

    async def run() -> None:
        await ring.actor(secret)
        clock.ahead = timedelta(hours=1)
        with pytest.raises(NotAuthenticated):
            await ring.actor(secret)

    asyncio.run(run())


def test_nothing_is_remembered_of_keys_that_do_not_exist(database: Counting) -> None:
    ring = KeyRing(database, utc_now)

    async def run() -> None:
        for number in range(5):
            with pytest.raises(NotAuthenticated):
                await ring.actor(f"sfh_{number}")
        secret = a_key(database)
        assert (await ring.actor(secret)).permissions == SCOPES

    asyncio.run(run())
    assert len(ring._seen) == 1
    assert ring._looking is None
    assert not ring._waiting


def test_strangers_with_keys_of_their_own_invention_cost_a_true_one_no_more_than_a_look(
    database: Counting,
) -> None:
    secret = a_key(database)
    ring, before = KeyRing(database, utc_now), database.asked

    async def run() -> list[Actor | BaseException]:
        strangers = [ring.actor(f"sfh_{number}") for number in range(300)]
        return await asyncio.gather(*strangers, ring.actor(secret), return_exceptions=True)

    *refused, let_in = asyncio.run(run())
    assert {type(one) for one in refused} == {NotAuthenticated}
    assert isinstance(let_in, Actor)
    assert database.asked == before + 1


def test_a_database_that_does_not_answer_is_down_and_is_asked_again_later(database: Counting) -> None:
    secret = a_key(database)
    ring = KeyRing(database, utc_now, patience=0.2)

    async def run() -> None:
        with database.begin() as held:
            held.run(sa.text("lock table api_key in access exclusive mode"))
            told = await asyncio.gather(ring.actor(secret), ring.actor("sfh_x"), return_exceptions=True)
            assert [type(one) for one in told] == [DatabaseDown] * 2
        assert (await ring.actor(secret)).permissions == SCOPES

    asyncio.run(run())


def test_whoever_leaves_takes_the_look_away_from_nobody(database: Counting) -> None:
    secret = a_key(database)
    slow = Slow(database.url, pool_size=2)
    ring = KeyRing(slow, utc_now)

    async def run() -> None:
        leaves, stays = (asyncio.create_task(ring.actor(secret)) for _ in range(2))
        await asyncio.sleep(SEEN_FOR)
        leaves.cancel()
        assert (await stays).permissions == SCOPES
        assert leaves.cancelled()

    asyncio.run(run())
    assert slow.asked == 1
    slow.close()


@pytest.mark.timeout(20)
def test_a_loop_that_ends_while_a_look_is_under_way_leaves_nobody_waiting(database: Counting) -> None:
    secret = a_key(database)
    slow = Slow(database.url, pool_size=2)
    ring, waiting = KeyRing(slow, utc_now), []

    async def run() -> None:
        waiting.append(asyncio.create_task(ring.actor(secret)))
        await asyncio.sleep(SEEN_FOR)
        waiting.append(asyncio.create_task(ring.actor("sfh_x")))
        await asyncio.sleep(0)

    asyncio.run(run())
    assert [one.cancelled() for one in waiting] == [True, True]
    slow.close()
