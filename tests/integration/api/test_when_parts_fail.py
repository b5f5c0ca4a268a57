"""Parts of the program fail: a hold never waits for them, and nothing turns into a silent clear."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from safehold.app.index_damage import place_of
from safehold.detect.host_indexes import folder_of
from safehold.model.signal import PDQ
from safehold.storage import migrate
from safehold.storage.databases import create_database
from safehold.storage.embedded import EmbeddedServer
from safehold.testing import running
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, altered_copy
from safehold.web.server import served

CONTEXT = {"surface": "rehearsal"}


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """Yield a database server that a test may stop."""
    with EmbeddedServer(tmp_path / "postgres", durable=False) as server:
        create_database(server, "safehold")
        migrate.upgrade(server.url("safehold"))
        yield server


@pytest.fixture
def own(fresh_database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Yield a program with records and a vault that a test may break."""
    settings = running.settings_of(tmp_path / "data", fresh_database_url)
    with running.installation(settings, serve=served) as opened:
        opened.add_list()
        yield opened


def test_a_killed_decoding_worker_costs_no_answer(safehold: Installation, platform: Platform) -> None:
    for _ in range(2):
        for pid in safehold.program.scanner.decoders.pids:
            os.kill(pid, signal.SIGKILL)
        assert platform.upload(altered_copy(1), CONTEXT).body["result"] == "hold"
    assert Platform(safehold.base_url, "").ask("GET", "/v1/health/ready").status == 200


def test_without_any_decoder_digests_still_match_and_nothing_is_clear(own: Installation) -> None:
    own.add_list("exact", seeds=[], exact=[altered_copy(2)])
    own.program.scanner.decoders.stop()
    platform = own.platform()
    listed = platform.upload(altered_copy(2), CONTEXT).body
    unlisted = platform.upload(altered_copy(100), CONTEXT).body
    assert (listed["result"], unlisted["result"]) == ("hold", "incomplete")
    assert "matcher_down" in unlisted["degraded"]
    ready = platform.ask("GET", "/v1/health/ready")
    assert (ready.status, ready.body["parts"]["decoders"]) == (503, "decoder_down")


def test_without_the_database_nothing_is_answered_and_it_recovers_by_itself(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    settings = running.settings_of(tmp_path / "data", own_server.url("safehold"))
    with running.installation(settings, serve=served) as opened:
        opened.add_list()
        platform = opened.platform()
        assert platform.upload(altered_copy(1), CONTEXT).status == 200
        own_server.stop()
        header = {"Idempotency-Key": "upload-1"}
        for answer in (
            platform.upload(altered_copy(1), CONTEXT),
            platform.upload(altered_copy(1), CONTEXT, headers=header),
            platform.ask("GET", "/v1/lists"),
            platform.ask("GET", "/metrics"),
        ):
            assert (answer.status, answer.body["code"]) == (503, "database_down")
            assert answer.body["request_id"]
        ready = platform.ask("GET", "/v1/health/ready")
        assert (ready.status, ready.body["parts"]["database"]) == (503, "database_down")
        assert platform.ask("GET", "/v1/health/live").status == 200
        own_server.start()
        assert platform.upload(altered_copy(1), CONTEXT, headers=header).body["result"] == "hold"
        assert platform.ask("GET", "/v1/health/ready").status == 200


def test_a_store_that_takes_nothing_holds_all_the_same_and_alarms_a_person(own: Installation) -> None:
    platform = own.platform()
    objects = Path(own.program.home.vault) / "objects"
    objects.write_bytes(b"in the way of the folder")
    answer = platform.upload(altered_copy(1), CONTEXT)
    assert (answer.status, answer.body["result"]) == (200, "hold")
    [alarm] = own.sql("select * from alarm where cleared_at is null")
    assert (alarm.code, alarm.subject) == ("custody_failed", f"item:{answer.body['item_id']}")
    assert len(own.sql("select * from audit_record where verb = 'alarm.raise'")) == 1
    assert "sealed_object" not in own.counts()
    # The next copy of the same media is sealed as soon as the store takes it.
    objects.unlink()
    assert platform.upload(altered_copy(1), CONTEXT).body["result"] == "hold"
    assert own.counts()["sealed_object"] == 2


def test_a_damaged_index_is_built_anew_alarms_a_person_and_is_counted(
    fresh_database_url: str, tmp_path: Path
) -> None:
    settings = running.settings_of(tmp_path / "data", fresh_database_url)
    with running.installation(settings, serve=served) as opened:
        opened.add_list()
        place = folder_of(opened.program.home.index, PDQ)
    (place / "contents.json").write_bytes(b"not what was written")
    with running.installation(settings, serve=served) as opened:
        platform = opened.platform()
        assert platform.upload(altered_copy(1), CONTEXT).body["result"] == "hold"
        [alarm] = opened.sql("select * from alarm where cleared_at is null")
        assert (alarm.code, alarm.subject) == ("index_damaged", f"index:{place_of(place.parent, PDQ)}")
        told = platform.ask("GET", "/metrics").body
        assert 'safehold_index_damages_total{signal_type="pdq"} 1.0' in told
        assert 'safehold_index_damages_total{signal_type="md5"} 0.0' in told
        assert 'safehold_lists{state="current"} 1.0' in told
        assert 'safehold_alarms{code="index_damaged"} 1.0' in told
        ready = platform.ask("GET", "/v1/health/ready")
        assert (ready.status, ready.body["parts"]["index"], ready.body["parts"]["lists"]) == (200, "ok", "ok")


def test_a_store_that_is_gone_opens_no_clear_way_for_a_match(own: Installation) -> None:
    shutil.rmtree(own.program.home.vault)
    Path(own.program.home.vault).write_bytes(b"no folder")
    assert own.platform().upload(altered_copy(1), CONTEXT).body["result"] == "hold"


def test_what_nobody_foresaw_has_the_same_form_and_says_nothing_of_the_request(
    own: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    key = own.key()
    own.sql("drop table incomplete_scan")
    where = urlsplit(own.base_url)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=30)
    body = '{"text": "a secret sentence", "context": {"surface": "rehearsal", "account_id": "account-77"}}'
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/scan", body, headers)
    response = connection.getresponse()
    answer = response.read().decode()
    connection.close()
    assert response.status == 500
    assert response.getheader("content-type") == "application/problem+json"
    assert response.getheader("x-content-type-options") == "nosniff"
    assert (response.getheader("x-request-id") or "none") in answer
    logged = "".join(capfd.readouterr())
    for written in (answer, logged):
        assert "secret" not in written
        assert "account-77" not in written
        assert "incomplete_scan" not in written


def test_a_client_that_leaves_in_the_middle_is_no_failure_of_ours(
    safehold: Installation, platform: Platform, capfd: pytest.CaptureFixture[str]
) -> None:
    where = urlsplit(safehold.base_url)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=30)
    connection.putrequest("POST", "/v1/scan")
    for name, value in {
        "Authorization": f"Bearer {safehold.key()}",
        "Content-Type": "application/json",
        "Content-Length": "1000",
    }.items():
        connection.putheader(name, value)
    connection.endheaders(b'{"text": "')
    connection.close()
    assert platform.upload(altered_copy(1), CONTEXT).status == 200
    assert "unforeseen" not in "".join(capfd.readouterr())
