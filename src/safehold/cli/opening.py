"""What most commands begin with: the settings, the database, and who acts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from safehold.model.permissions import Actor, Permission

if TYPE_CHECKING:
    from safehold.app.operator import Operator
    from safehold.app.settings import Settings

SHELL = Actor(permissions=frozenset(Permission), system="shell")
"""Whoever runs commands here owns the data folder, so the shell may do everything; it is all logged."""

config_file: ContextVar[Path | None] = ContextVar("config_file", default=None)
"""What `--config` names."""


def settings() -> Settings:
    """Read the settings and set up the log. Raises BadSettings."""
    from safehold.app.logs import configure
    from safehold.app.settings import load_settings

    configure(json=False)
    return load_settings(config_file.get())


@contextmanager
def operator() -> Iterator[Operator]:
    """Open what an administrative command needs: the database and the means to record events."""
    from safehold.app.operator import open_operator

    with open_operator(settings()) as opened:
        yield opened


def printable(text: object) -> str:
    """Return a name as a terminal and a text file can take it: what is no letter or sign is escaped.

    Bytes of a file name that are not UTF-8 are shown as \\xNN.
    """
    plain = os.fsencode(str(text)).decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in plain)


def say(text: str) -> None:
    """Tell what is going on, at once, also where the output is a file."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def shown(instant: datetime | None) -> str:
    """Return an instant as people read it, in UTC to the second; a dash for none."""
    return instant.strftime("%Y-%m-%d %H:%M:%S UTC") if instant else "—"
