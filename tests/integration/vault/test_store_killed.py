"""Claims about a process that is killed while it writes evidence."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from safehold.model.ids import ObjectId, new_id
from safehold.vault.store import CiphertextStore

SIZE = 48_000_000
SCRIPT = """
import sys
from uuid import UUID
from safehold.vault.store import CiphertextStore
store, content = CiphertextStore(sys.argv[1]), bytes([7]) * int(sys.argv[2])
print("ready", flush=True)
store.put(UUID(sys.argv[3]), content)
print("done", flush=True)
"""


def test_an_object_is_whole_or_absent_after_kill_9_during_the_write(tmp_path: Path) -> None:
    store = CiphertextStore(tmp_path)
    whole = absent = 0
    for attempt in range(12):
        object_id = ObjectId(new_id())
        command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(SIZE), str(object_id)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout.readline() == "ready\n"
            time.sleep(attempt * 0.008)
            writer.kill()
        listed = [stored for batch in store.objects() for stored in batch if stored.object_id == object_id]
        if listed:
            assert store.get(object_id) == bytes([7]) * SIZE
            whole += 1
        else:
            absent += 1
        store.delete(object_id)
    drafts = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert store.drop_drafts(before=datetime.now(UTC) - timedelta(hours=1)) == 0  # somebody may be at them
    assert store.drop_drafts(before=datetime.now(UTC) + timedelta(hours=1)) == len(drafts)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert absent  # some were killed in time; else this test shows nothing
    assert whole + absent == 12
