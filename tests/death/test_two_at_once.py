"""Processes that begin at the same moment on one data folder share what is there; nothing is made twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from death_engine.inspector import Inspector
from death_engine.lives import Life, Mother, eventually
from death_engine.platform_side import Answers

from safehold.app.operator import open_operator
from safehold.testing import running
from safehold.testing.platform import Platform
from safehold.testing.processes import environment_of, free_port
from safehold.testing.running import altered_copy

CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}


@pytest.mark.timeout(600)
def test_whoever_begins_at_the_same_moment_finds_one_database_one_key_pair_and_one_schema(
    tmp_path: Path,
) -> None:
    sections = {"data_folder": str(tmp_path / "data"), "surfaces": running.SURFACES}
    inspector = Inspector(tmp_path / "data", Answers(), searched=[])
    with Mother(environment_of(sections), tmp_path / "lives") as mother:
        beginning = [mother.bear("db", "init") for _ in range(3)]
        assert [life.ended_with() for life in beginning] == ["0"] * 3, [life.said() for life in beginning]
        settings = running.Settings.model_validate(sections)
        with open_operator(settings) as records, records.database.begin() as tx:
            key = running.keys.add_key(
                tx, name="platform", scopes=running.SCOPES, actor=running.TESTER, now=records.clock()
            )
        servers = [start_on(mother, free_port()) for _ in range(2)]
        for server, port in servers:
            eventually(lambda port=port: ready(port), or_say=server.said)
        assert len(inspector.servers()) == 1

        (first, first_port), (second, second_port) = servers
        platform = Platform(f"http://127.0.0.1:{first_port}", key)
        assert platform.upload(altered_copy(1), CONTEXT).status == 200
        first.kill()
        assert ready(second_port)
        assert Platform(f"http://127.0.0.1:{second_port}", key).upload(altered_copy(1), CONTEXT).status == 200
        eventually(lambda: not mother.orphans(), or_say=mother.orphans)
        second.stop()
        assert second.ended_with() == "0"
        # The last one out closes the database, also the one that a killed process had started.
        assert inspector.servers() == []
        assert mother.orphans() == []


def start_on(mother: Mother, port: int) -> tuple[Life, int]:
    """Start a server with a worker on this port."""
    return mother.bear("serve", "--surfaces", "api,worker", "--listen", f"127.0.0.1:{port}"), port


def ready(port: int) -> bool:
    """Say whether scans can be answered there."""
    try:
        return Platform(f"http://127.0.0.1:{port}", "nobody").ask("GET", "/v1/health/ready").status == 200
    except (OSError, ValueError):
        return False
