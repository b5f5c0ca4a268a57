"""What a hundred thousand conversations have shown is there again after the database was killed."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from safehold.app.operator import set_up
from safehold.detect.conversations.stages import Side, State, add, from_bytes, to_bytes
from safehold.model.conversation import Cue, Evidence, Years
from safehold.model.ids import new_id
from safehold.storage.embedded import EmbeddedServer
from safehold.testing import running

MANY = 100_000
MOST_MEGABYTES = 500
SENT = 1_795_000_000
CUES = tuple(Cue)


def state_of(number: int) -> State:
    """Return what a conversation of two has shown: three to six pieces of evidence, with long ids."""
    child, other = f"account-{number:028}", f"account-{number + MANY:028}"
    state = State((Side(child, Years(11, 13)), Side(other, Years(30, 30))))
    for nth in range(3 + number % 4):
        cue = CUES[(number + nth) % len(CUES)]
        piece = Evidence(SENT + nth, f"message-{number:020}-{nth:07}", cue, "en.asks_age", 3, 30)
        state = add(state, sides=(), by=(child, other)[nth % 2], evidence=[piece])
    return state


def put_all(connection: psycopg.Connection) -> None:
    """Put the states on record, in one transaction that is over when this returns."""
    ends = datetime.now(UTC) + timedelta(days=30)
    columns = "id, surface, reference, rehearsal, state, expires_at"
    with (
        connection.transaction(),
        connection.cursor() as cursor,
        cursor.copy(f"copy conversation ({columns}) from stdin") as rows,
    ):
        for number in range(MANY):
            kept = to_bytes(state_of(number))
            rows.write_row((new_id(), "public", f"talk-{number}", False, kept, ends))


def restored(connection: psycopg.Connection) -> Iterator[tuple[int, State]]:
    """Yield each conversation's number and state, as they are on record."""
    with connection.cursor(name="all") as cursor:
        cursor.execute("select reference, state from conversation")
        for reference, kept in cursor:
            yield int(reference.removeprefix("talk-")), from_bytes(kept)


def resident_megabytes() -> float:
    """Return how much memory this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_states_are_restored_after_a_kill_and_take_less_than_500_megabytes(
    tmp_path: Path,
) -> None:
    settings = running.settings_of(tmp_path / "data", None)
    set_up(settings)
    server = EmbeddedServer(settings.data_folder / "postgres")
    server.start()
    with psycopg.connect(server.conninfo("safehold")) as connection:
        put_all(connection)
    pid = server.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while server.pid() is not None:
        time.sleep(0.01)
    server.start()
    try:
        before = resident_megabytes()
        with psycopg.connect(server.conninfo("safehold")) as connection:
            live = dict(restored(connection))
        grown = resident_megabytes() - before
        assert len(live) == MANY
        assert all(state_of(number) == state for number, state in live.items())
    finally:
        server.stop()
    sys.stdout.write(f"\n{MANY:,} conversations restored after a kill: {grown:,.0f} MB\n")
    assert grown < MOST_MEGABYTES
