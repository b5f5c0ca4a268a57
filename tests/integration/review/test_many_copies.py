"""Many copies of a picture: however many there are, the database is asked as much as for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from safehold.model.assessment import Tier
from safehold.model.ids import CaseId, ItemId
from safehold.review import alike
from safehold.storage.database import Tx


@contextmanager
def counted(tx: Tx) -> Iterator[list[str]]:
    """Collect what is asked of the database on this connection."""
    asked: list[str] = []

    def note(*told: Any) -> None:
        asked.append(told[2])

    sa.event.listen(tx.connection, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(tx.connection, "before_cursor_execute", note)


def appears(room: Any, number: int, bits: int) -> tuple[CaseId, ItemId]:
    """Return a flagged picture that differs by so many bits from one with none, in a case of its own."""
    item_id = room.arrives(account=f"one of many {number}")
    room.sql(
        "insert into media_signal (media_id, signal_type, frame, value, quality)"
        " select media_id, 'pdq', 0, :value, 100 from item where id = :item",
        value=((1 << bits) - 1).to_bytes(32, "big"),
        item=item_id,
    )
    room.flag(item_id)
    return room.opened(item_id, flagged=True), item_id


def test_twenty_copies_take_no_more_questions_than_one(room: Any) -> None:
    first = appears(room, 0, 0)
    room.takes(first[0], room.ada)
    room.looks(*first, Tier.CLEAR, by=room.ada)
    room.settles(*first, room.files(*first, room.not_illegal, by=room.ada))
    places, took = [appears(room, 1, 1)], []
    for more in (19, 0):
        with room.begin() as tx, counted(tx) as asked:
            found = alike.offered(
                tx, *first, by=room.ada, policy=room.policy, bits=4, now=room.now, most=len(places)
            )
        assert found is not None
        assert {copy.item.id for copy in found.copies} == {place[1] for place in places}
        took.append(len(asked))
        places += [appears(room, 2 + number, 1 + number % 4) for number in range(more)]
    assert took[0] == took[1]
