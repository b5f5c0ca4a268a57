"""A process that serves to its end does not search for garbage among what it keeps to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import gc, os, signal, sys
from pathlib import Path

from safehold.app.operator import set_up
from safehold.testing import running
from safehold.web.server import serve_program

settings = running.settings_of(Path(sys.argv[1]), None)
set_up(settings)


def answering(where):
    print(gc.get_freeze_count() > 10_000, len(gc.get_objects()) < gc.get_freeze_count())
    os.kill(os.getpid(), signal.SIGTERM)


serve_program(
    settings,
    frozenset({"console"}),
    listen="127.0.0.1:0",
    media_listen="127.0.0.1:0",
    when_answering=answering,
)
"""


def test_the_collector_passes_over_what_is_there_when_a_server_begins_to_answer(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "data")], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "True True"
