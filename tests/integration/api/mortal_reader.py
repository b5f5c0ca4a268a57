"""Reads one conversation again and again, and is killed once at each point, until a life comes through.

A point is a message, and whether the end comes before its transaction commits or after, when nobody has heard
the answer yet. A parent forks each life before anything is open. Each life begins with the first message.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.app.conversations import Message, Told, take
from safehold.app.program import open_program
from safehold.app.settings import Settings
from safehold.model.conversation import Participant, Years
from safehold.model.permissions import Actor

WHO = (Participant(id="ann", years=Years(11, 13)), Participant(id="bo", years=Years(34, 34)))
READER = Actor(permissions=frozenset(), system="tests")


def told(surface: str, said: list[Any]) -> Told:
    """Return one message of the conversation."""
    name, by, sent_at, text = said
    one = Message(id=name, by=by, sent_at=datetime.fromisoformat(sent_at), language="en", text=text)
    return Told(reference="killed", surface=surface, participants=WHO, messages=(one,))


def die(*_: object) -> None:
    """End as a machine does that loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)


def live(settings: Settings, surface: str, said: list[list[Any]], point: list[Any] | None) -> None:
    """Send every message from the first on, and die at the point."""
    with open_program(settings, surfaces=frozenset({"api"})) as program:
        for place, each in enumerate(said):
            if point == [place, "before"]:
                sa.event.listen(sa.Engine, "commit", die)
            take(program, told(surface, each), actor=READER)
            if point == [place, "after"]:
                die()


def main(asked: str) -> None:
    """Print how each life ended."""
    values = json.loads(asked)
    settings, ends = Settings.model_validate(values["settings"]), []
    for point in [*values["points"], None]:
        child = os.fork()
        if child == 0:
            live(settings, values["surface"], values["said"], point)
            os._exit(0)
        ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    sys.stdout.write(json.dumps(ends))


if __name__ == "__main__":
    main(sys.argv[1])
