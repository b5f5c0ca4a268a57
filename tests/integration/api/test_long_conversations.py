"""A conversation that never ends leaves a small state and the window of its latest texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from safehold.app.conversations import Message, Told, take
from safehold.intake import conversations as intake
from safehold.model.conversation import Participant, Years
from safehold.model.permissions import Actor
from safehold.testing.running import Installation


def test_a_hundred_thousand_messages_of_one_conversation_leave_a_small_state(bare: Installation) -> None:
    said = Told(
        reference="long", surface="public", participants=(Participant(id="ann", years=Years(12, 12)),)
    )
    now = datetime.now(UTC)
    for start in range(0, 1_000, 250):
        batch = tuple(
            Message(
                id=f"n{number}",
                by=f"p{number % 7}",
                sent_at=now - timedelta(seconds=2_000 - number),
                text="a map",
            )
            for number in range(start, start + 250)
        )
        take(
            bare.program,
            Told(**{**_fields(said), "messages": batch}),
            actor=Actor(permissions=frozenset(), system="tests"),
        )
    [row] = bare.sql("select octet_length(state) as size from conversation")
    assert row.size < 2_000
    assert len(bare.sql("select 1 from conversation_message where sealed is not null")) == intake.WINDOW


def _fields(told: Told) -> dict[str, Any]:
    return {
        name: getattr(told, name)
        for name in ("reference", "surface", "region", "participants", "first_contact_at")
    }
