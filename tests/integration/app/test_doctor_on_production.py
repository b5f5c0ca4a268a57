"""The doctor is red in production about every wall that a trial may do without, and says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from safehold.app import production
from safehold.app.doctor import examine
from safehold.app.findings import Finding, Level
from safehold.app.operator import set_up
from safehold.app.settings import Settings
from safehold.storage.database import Database
from safehold.storage.processes import connection_name
from safehold.testing import running
from safehold.vault.decoding.confinement import Confinement
from safehold.vault.key_sources import KeySource

WALLED = Confinement(rlimits=True, no_new_privs=True, landlock=4, seccomp=True)
ANCHOR = {"kind": "object_store", "url": "s3://elsewhere/anchors", "enabled": True}


def settings_of(production_on: bool, **sections: Any) -> Settings:
    return Settings.model_validate({"production": production_on, **sections})


def by_part(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.part: finding for finding in findings}


@pytest.fixture
def connected(fresh_database_url: str) -> Iterator[Any]:
    """Yield what opens a process's connections as `serve` does, and settings of the doctor."""
    opened: list[Database] = []

    def serve(*surfaces: str) -> None:
        role = surfaces[0] if len(surfaces) == 1 else "app"
        url = make_url(fresh_database_url).set(username=f"safehold_{role}").render_as_string(False)
        database = Database(url, pool_size=1, application=connection_name(surfaces))
        database.ping()
        opened.append(database)

    yield serve
    for database in opened:
        database.close()


def records(url: str, settings: Settings) -> dict[str, Finding]:
    database = Database(url, pool_size=1)
    try:
        with database.begin() as tx:
            return by_part(production.of_records(settings, tx))
    finally:
        database.close()


@pytest.mark.parametrize(("is_on", "level"), [(True, Level.RED), (False, Level.ADVICE)])
def test_a_portal_and_a_console_in_one_process_are_seen_while_it_runs(
    fresh_database_url: str, connected: Any, is_on: bool, level: Level
) -> None:
    settings = settings_of(is_on, database={"url": fresh_database_url})
    assert records(fresh_database_url, settings)["surfaces"].level is Level.OK
    connected("api", "console", "portal", "worker", "media")
    found = records(fresh_database_url, settings)["surfaces"]
    assert found.level is level
    assert "--surfaces portal" in found.what
    assert found.what.startswith("For production: ") is not is_on


def test_surfaces_that_run_apart_are_named_and_ask_for_nothing(
    fresh_database_url: str, connected: Any
) -> None:
    connected("portal")
    connected("console")
    connected("api")
    settings = settings_of(True, database={"url": fresh_database_url})
    found = records(fresh_database_url, settings)["surfaces"]
    assert (found.level, found.what) == (Level.OK, "api; console; portal")


def test_what_runs_can_be_asked_by_a_role_that_reads_no_table(
    fresh_database_url: str, connected: Any
) -> None:
    connected("portal", "console")
    url = make_url(fresh_database_url).set(username="safehold_portal").render_as_string(False)
    settings = settings_of(True, database={"surface_urls": {"portal": url}})
    found = records(url, settings)
    assert found["surfaces"].level is Level.RED
    assert found["database role"].level is Level.OK


def test_connecting_as_the_owner_of_the_tables_is_red(fresh_database_url: str) -> None:
    settings = settings_of(True, database={"url": fresh_database_url})
    assert records(fresh_database_url, settings)["database role"].level is Level.RED


WALLS = {
    "database server": {"database": {"url": "postgresql+psycopg://db.invalid/x"}},
    "audit anchors": {"audit": {"anchors": {"elsewhere": ANCHOR}}},
    "second factor": {"sign_in": {"second_factor": "required"}},
    "cookies": {"web": {"secure_cookies": True}},
}


@pytest.mark.parametrize("part", list(WALLS))
def test_each_wall_is_red_in_production_advice_in_a_trial_and_well_once_it_is_set(part: str) -> None:
    assert by_part(production.of_settings(settings_of(True)))[part].level is Level.RED
    assert by_part(production.of_settings(settings_of(False)))[part].level is Level.ADVICE
    assert by_part(production.of_settings(settings_of(True, **WALLS[part])))[part].level is Level.OK


@pytest.mark.parametrize(
    "anchor",
    [
        ANCHOR | {"enabled": False},
        ANCHOR | {"url": "/var/lib/anchors"},
        ANCHOR | {"url": "file:///var/lib/anchors"},
    ],
)
def test_an_anchor_that_is_off_or_on_this_machine_is_none(anchor: dict[str, Any]) -> None:
    settings = settings_of(True, audit={"anchors": {"here": anchor}})
    assert by_part(production.of_settings(settings))["audit anchors"].level is Level.RED


def test_decoders_that_lack_a_layer_are_red_in_production() -> None:
    assert production.of_decoders(settings_of(True), WALLED).level is Level.OK
    for layer in ("rlimits", "no_new_privs", "landlock", "seccomp"):
        without = Confinement.of_fields(WALLED.fields() | {layer: 0})
        assert production.of_decoders(settings_of(True), without).level is Level.RED
        assert production.of_decoders(settings_of(False), without).level is Level.ADVICE


def test_a_private_key_within_reach_is_said_and_root_is_told_to_ask_as_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    key.touch()
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert production.of_private_key(settings_of(True), KeySource(path=key)).level is Level.RED
    assert production.of_private_key(settings_of(True), KeySource(path=tmp_path / "no")).level is Level.OK
    assert production.of_private_key(settings_of(True), KeySource(variable="KEY")).level is Level.OK
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert production.of_private_key(settings_of(True), KeySource(path=key)).level is Level.ADVICE


def test_a_trial_that_works_has_advice_and_nothing_red(tmp_path: Path) -> None:
    settings = running.settings_of(tmp_path / "data", None)
    set_up(settings)
    found = by_part(examine(settings))
    assert [finding for finding in found.values() if not finding.ok] == []
    assert {part for part, finding in found.items() if finding.level is Level.ADVICE} >= set(WALLS)
    assert found["database role"].level is Level.OK
    assert found["surfaces"].what == "nothing is being served now"


def test_settings_that_name_the_portal_alone_are_examined_with_what_they_have(
    fresh_database_url: str, tmp_path: Path
) -> None:
    set_up(running.settings_of(tmp_path / "inside", fresh_database_url))
    url = make_url(fresh_database_url).set(username="safehold_portal").render_as_string(False)
    public = tmp_path / "inside" / "keys" / "vault-sealing.pub.pem"
    settings = settings_of(
        False,
        data_folder=str(tmp_path / "outside"),
        database={"surface_urls": {"portal": url}},
        vault={"sealing_key": str(public)},
    )
    found = by_part(examine(settings))
    assert [finding for finding in found.values() if not finding.ok] == []
    assert found["vault keys"].what.startswith("the public half is here")
    assert found["lists"].what == "not for this process to read"
