"""How a served program ends: everything closed at a signal, and our own exit code where it cannot begin."""

from __future__ import annotations

from pathlib import Path

import httpx

from safehold.app.operator import open_operator, set_up
from safehold.storage.embedded import EmbeddedServer
from safehold.storage.scans import totals
from safehold.testing import running
from safehold.testing.processes import SafeholdProcess, environment_of
from safehold.testing.running import TESTER


def test_a_signal_ends_it_in_order_and_an_address_in_use_has_its_own_exit_code(tmp_path: Path) -> None:
    sections = {"data_folder": str(tmp_path / "data"), "surfaces": running.SURFACES}
    settings = running.Settings.model_validate(sections)
    set_up(settings)
    with open_operator(settings) as records, records.database.begin() as tx:
        key = running.keys.add_key(
            tx, name="platform", scopes=running.SCOPES, actor=TESTER, now=records.clock()
        )
    environment, server = environment_of(sections), EmbeddedServer(tmp_path / "data" / "postgres")
    assert server.pid() is None
    with SafeholdProcess("serve", environment=environment, log=tmp_path / "1.log", listen=True) as first:
        port = httpx.URL(first.base_url).port
        second = SafeholdProcess(
            "serve",
            "--listen",
            f"127.0.0.1:{port}",
            environment=environment,
            log=tmp_path / "2.log",
            listen=False,
        )
        with second:
            assert second.stop_by_itself() == 75
        assert "another process" in second.written().lower()
        body = {"text": "Good morning", "context": {"surface": "rehearsal"}}
        assert running.Platform(first.base_url, key).ask("POST", "/v1/scan", body).status == 200
        assert first.stop() == 0
    assert server.pid() is None, "the database that it started still runs"
    assert "Traceback" not in first.written()
    with open_operator(settings) as records, records.database.begin() as tx:
        # Counted a moment before the signal, and written down all the same.
        assert totals(tx) == {("rehearsal", "incomplete"): 1}
