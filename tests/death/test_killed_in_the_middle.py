"""A server killed in the middle: an upload that never ends is on no disk, and counters lose a second."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from random import Random

import pytest
from death_engine.inspector import Inspector
from death_engine.lives import Life, Mother, eventually, open_files
from death_engine.platform_side import SURFACE, Answers, fragments, upload

from safehold.app.operator import open_operator, set_up
from safehold.storage.embedded import EmbeddedServer
from safehold.testing import running
from safehold.testing.platform import Answer, Platform
from safehold.testing.processes import environment_of, free_port

BOUNDARY = "half-an-upload"
SEVERAL_FLUSHES = 5.0
"""Seconds, in which counters are written down ten times."""


@dataclass(frozen=True, slots=True)
class Api:
    """A data folder with a key, and a mother for lives of the server."""

    mother: Mother
    key: str
    port: int
    temporary: Path
    inspector: Inspector

    def serve(self) -> Life:
        """Start the server, and return when it answers."""
        server = self.mother.bear("serve", "--surfaces", "api", "--listen", f"127.0.0.1:{self.port}")
        eventually(lambda: _answers(self.port), or_say=server.said)
        return server


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder, port = tmp_path_factory.mktemp("api"), free_port()
    temporary, data_folder = folder / "tmp", folder / "data"
    sections = {"data_folder": str(data_folder), "surfaces": running.SURFACES}
    settings = running.Settings.model_validate(sections)
    set_up(settings)
    with open_operator(settings) as records, records.database.begin() as tx:
        key = running.keys.add_key(
            tx, name="platform", scopes=running.SCOPES, actor=running.TESTER, now=records.clock()
        )
    temporary.mkdir()
    environment = environment_of(sections) | {"TMPDIR": str(temporary)}
    with Mother(environment, folder / "lives") as mother:
        yield Api(mother, key, port, temporary, Inspector(data_folder, Answers(), searched=[]))
    EmbeddedServer(data_folder / "postgres").stop()


def test_a_large_upload_that_has_half_arrived_is_in_memory_alone_when_the_server_is_killed(api: Api) -> None:
    server, file = api.serve(), upload("large", 0)
    head = (
        f"POST /v1/scan HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {api.key}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(file) + 1000}\r\n\r\n"
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", api.port)) as connection:
        connection.sendall(head.encode() + file)
        # What the kernel still holds for it is nobody's file.
        eventually(lambda: _all_read(api.port, connection.getsockname()[1]), or_say=server.said)
        written = [
            leads_to
            for handle, leads_to in open_files([server.pid])
            if any(piece in handle.read_bytes() for piece in fragments(file))
        ]
        server.kill()
    assert written == []
    eventually(lambda: not api.mother.orphans(), or_say=api.mother.orphans)
    assert list(api.temporary.iterdir()) == []


def test_what_was_counted_some_seconds_before_the_server_was_killed_is_counted(api: Api) -> None:
    server = api.serve()
    platform, before = Platform(f"http://127.0.0.1:{api.port}", api.key), api.inspector.counted()
    body = {"text": "Good morning", "context": {"surface": SURFACE}}
    for _ in range(20):
        assert platform.ask("POST", "/v1/scan", body).status == 200
    eventually(lambda: api.inspector.counted() == before + 20, within=SEVERAL_FLUSHES, or_say=server.said)
    for _ in range(5):
        assert platform.ask("POST", "/v1/scan", body).status == 200
    server.kill()
    assert 20 <= api.inspector.counted() - before <= 25


def test_a_batch_that_dies_in_its_middle_leaves_nothing_and_its_repeat_records_each_item_once(
    api: Api, tmp_path: Path
) -> None:
    listed = [Random(seed).randbytes(32).hex() for seed in range(100)]
    file = tmp_path / "listed.txt"
    file.write_text("\n".join(listed))
    for command in (
        ("lists", "add", "batch", "--purpose", "test", "--may-hold"),
        ("lists", "import", "batch", str(file)),
    ):
        assert api.mother.bear(*command).ended_with() == "0"
    batch = {
        "items": [{"signals": [{"type": "pdq", "value": value}]} for value in listed],
        "context": {"surface": SURFACE},
    }

    def sent() -> Answer:
        platform = Platform(f"http://127.0.0.1:{api.port}", api.key)
        return platform.ask("POST", "/v1/scan", batch, {"Idempotency-Key": "batch-1"})

    server = api.serve()
    with ThreadPoolExecutor(1) as threads, api.inspector.connected() as other, other.transaction():
        # What the batch writes last of each item has to wait, with the item already written.
        other.execute("lock table event in share row exclusive mode")
        first = threads.submit(sent)
        eventually(lambda: _waits_for(api, "event"), or_say=server.said)
        server.kill()
        with pytest.raises((OSError, HTTPException)):
            first.result()
    eventually(lambda: not _waits_for(api, "event"))
    assert _items(api) == []

    again = api.serve()
    assert sent().status == 409, "the first attempt may still be going on"
    # As if a minute had gone by.
    api.inspector.rows("update idempotency set started_at = started_at - interval '1 minute' returning 1")
    answer = sent()
    assert answer.status == 200
    assert [item["result"] for item in answer.body["items"]] == ["hold"] * len(listed)
    told = [item["item_id"] for item in answer.body["items"]]
    assert _items(api) == told
    assert sent().body == answer.body
    again.kill()


def _waits_for(api: Api, table: str) -> bool:
    waiting = "select 1 from pg_locks where not granted and relation = to_regclass(%s)"
    return bool(api.inspector.rows(waiting, table))


def _items(api: Api) -> list[str]:
    return [str(item_id) for (item_id,) in api.inspector.rows("select id from item order by received_at, id")]


def _answers(port: int) -> bool:
    try:
        return Platform(f"http://127.0.0.1:{port}", "nobody").ask("GET", "/v1/health/ready").status == 200
    except OSError:
        return False


def _all_read(port: int, client: int) -> bool:
    """Say whether nothing of this connection is on its way any more: all of it is in the server's hands."""
    queued = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, _, queues = line.split()[1:5]
        if {int(local.partition(":")[2], 16), int(remote.partition(":")[2], 16)} == {port, client}:
            queued += sum(int(queue, 16) for queue in queues.split(":"))
    return queued == 0
