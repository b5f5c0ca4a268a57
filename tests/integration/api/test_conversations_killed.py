"""kill -9 while a conversation is read: what was answered is there, and nothing counts twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from safehold.testing.running import SURFACES, Installation

SAID = (
    ("m1", "bo", "How old are you?"),
    ("m2", "ann", "a long walk with bread and a map by the sea"),
    ("m3", "bo", "Please don't tell anyone about the blue boat"),
    ("m4", "bo", "add me on the other app"),
    ("m5", "ann", "no"),
    ("m6", "bo", "I will send it to all your friends unless you pay, you have two hours"),
)
LEFT = (
    "select convert_from(state, 'UTF8') as it from conversation where surface = %(surface)s",
    "select h.habits as it from account_habits h where surface = %(surface)s order by account_id",
    "select message_id || ' ' || (sealed is not null) as it from conversation_message m"
    " join conversation c on c.id = m.conversation_id where surface = %(surface)s order by message_id",
    "select f.reason || ' ' || f.score as it from flag f join item i on i.id = f.item_id"
    " where i.surface = %(surface)s order by f.score",
    "select count(*) as it from event e join item i on i.id = e.item_id where i.surface = %(surface)s",
)
"""Everything that reading leaves: states, habits, messages, what asks a person, what follows."""


POINTS = [(place, end) for place in (0, 2, 3, 5) for end in ("before", "after")]


def lives(at: Installation, surface: str, said: list[list[str]], points: list[tuple[int, str]]) -> list[int]:
    """Let the conversation be read on a surface, killed at each of the points; return how each life ended."""
    settings = at.program.settings
    values = {
        "data_folder": str(settings.data_folder),
        "surfaces": SURFACES,
        "database": {"url": settings.database.url},
    }
    asked = {"settings": values, "surface": surface, "said": said, "points": points}
    command = [sys.executable, str(Path(__file__).with_name("mortal_reader.py")), json.dumps(asked)]
    lived = subprocess.run(command, capture_output=True, text=True, check=False)
    assert lived.returncode == 0, lived.stderr
    ends: list[int] = json.loads(lived.stdout.splitlines()[-1])
    return ends


def left(at: Installation, surface: str) -> list[Any]:
    """Return what reading left on a surface."""
    return [[row.it for row in at.sql(text, surface=surface)] for text in LEFT]


def test_killed_before_and_after_any_commit_a_conversation_comes_to_what_an_undisturbed_one_does(
    bare: Installation,
) -> None:
    start = datetime.now(UTC) - timedelta(minutes=30)
    said = [
        [name, by, (start + timedelta(minutes=place)).isoformat(), text]
        for place, (name, by, text) in enumerate(SAID)
    ]
    assert lives(bare, "public", said, POINTS) == [-signal.SIGKILL] * len(POINTS) + [0]
    assert lives(bare, "rehearsal", said, []) == [0]
    killed, whole = left(bare, "public"), left(bare, "rehearsal")
    assert killed == whole
    assert len(killed[2]) == len(SAID)
    assert len(bare.sql("select 1 from item where kind = 'messages'")) == 2
