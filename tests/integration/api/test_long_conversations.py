"""A conversation that never ends leaves a small state and the window of its latest texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from safehold.app.conversations import Message, Told, take
from safehold.intake import conversations as intake
from safehold.model.conversation import Participant, Years
from safehold.model.permissions import Actor
from safehold.testing.running import Installation


def say(at: Installation, messages: int) -> None:
    """Send so many messages to one conversation, in requests of 250."""
    now = datetime.now(UTC)
    for start in range(0, messages, 250):
        batch = tuple(
            Message(
                id=f"n{number}",
                by=f"p{number % 7}",
                sent_at=now - timedelta(seconds=messages + 1_000 - number),
                text="a map",
            )
            for number in range(start, start + 250)
        )
        told = Told(
            reference="long",
            surface="public",
            participants=(Participant(id="ann", years=Years(12, 12)),),
            messages=batch,
        )
        read = take(at.program, told, actor=Actor(permissions=frozenset(), system="tests"))
        assert read.taken == len(batch)


@pytest.mark.parametrize(
    "messages",
    [
        1_000,
        pytest.param(100_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
    ],
)
def test_however_many_messages_a_conversation_has_a_small_state_and_its_window_are_left(
    bare: Installation, messages: int
) -> None:
    say(bare, messages)
    [row] = bare.sql("select octet_length(state) as size from conversation")
    assert row.size < 2_000
    assert len(bare.sql("select 1 from conversation_message where sealed is not null")) == intake.WINDOW
    [came] = bare.sql("select count(*) as messages from conversation_message")
    assert came.messages == messages
