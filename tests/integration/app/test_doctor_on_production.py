"""The doctor is red in production about every wall that a trial may do without, and says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import make_url

from safehold.app import production
from safehold.app.conditions import Condition, Level
from safehold.app.doctor import examine
from safehold.app.keeping.backup import back_up
from safehold.app.operator import open_operator, set_up
from safehold.app.settings import Settings
from safehold.model.clock import utc_now
from safehold.model.errors import Unavailable
from safehold.storage.aside import schema_name
from safehold.storage.database import Database
from safehold.storage.processes import connection_name
from safehold.testing import running
from safehold.testing.running import TESTER
from safehold.vault.decoding.confinement import Confinement
from safehold.vault.key_sources import KeySource

WALLED = Confinement(rlimits=True, no_new_privs=True, landlock=4, seccomp=True)
ANCHOR = {"kind": "object_store", "url": "s3://elsewhere/anchors", "enabled": True}


def settings_of(production_on: bool, **sections: Any) -> Settings:
    return Settings.model_validate({"production": production_on, **sections})


def by_part(conditions: list[Condition]) -> dict[str, Condition]:
    return {condition.part: condition for condition in conditions}


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


def records(url: str, settings: Settings, *, days: int = 0) -> dict[str, Condition]:
    """Return the conditions that are asked of the database, as they are in so many days."""
    database = Database(url, pool_size=1)
    try:
        with database.begin() as tx:
            return by_part(production.of_records(settings, tx, now=utc_now() + timedelta(days=days)))
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


@pytest.mark.parametrize(("is_on", "level"), [(True, Level.RED), (False, Level.ADVICE)])
def test_a_role_that_has_settings_of_its_own_is_named_with_how_to_reset_it(
    fresh_database_url: str, is_on: bool, level: Level
) -> None:
    settings = settings_of(is_on, database={"url": fresh_database_url})
    assert records(fresh_database_url, settings)["role settings"].level is Level.OK
    as_portal = make_url(fresh_database_url).set(username="safehold_portal").render_as_string(False)
    name = make_url(fresh_database_url).database
    in_database = f'alter role current_user in database "{name}"'
    portal = Database(as_portal, pool_size=1)
    try:
        with portal.begin() as tx:
            tx.run(sa.text(f"{in_database} set search_path = nowhere"))
            tx.run(sa.text(f"{in_database} set work_mem = '1MB'"))
    finally:
        portal.close()
    for asked_by in (fresh_database_url, as_portal):
        found = records(asked_by, settings)["role settings"]
        assert found.level is level
        assert "safehold_portal has search_path, work_mem" in found.what
        assert "`alter role ROLE in database DATABASE reset all`" in found.what
        assert "nowhere" not in found.what
    owner = Database(fresh_database_url, pool_size=1)
    with owner.begin() as tx:
        tx.run(sa.text(f'alter role safehold_portal in database "{name}" reset all'))
    owner.close()
    assert records(fresh_database_url, settings)["role settings"].level is Level.OK


@pytest.mark.parametrize("is_on", [True, False])
def test_records_that_lie_aside_are_noted_and_after_14_days_red_in_a_trial_too(
    fresh_database_url: str, is_on: bool
) -> None:
    settings = settings_of(is_on, database={"url": fresh_database_url})
    assert records(fresh_database_url, settings)["replaced records"].level is Level.OK
    owner = Database(fresh_database_url, pool_size=1)
    with owner.begin() as tx:
        # Not ours, whatever it is; the last one names no day.
        for name in ("replaced", "replaced_by_me", "replaced_20260231t000000_000000"):
            tx.run(sa.text(f"create schema {name}"))
    assert records(fresh_database_url, settings)["replaced records"].level is Level.OK
    with owner.begin() as tx:
        tx.run(sa.text(f"create schema {schema_name(utc_now())}"))
    owner.close()
    as_portal = make_url(fresh_database_url).set(username="safehold_portal").render_as_string(False)
    for asked_by in (fresh_database_url, as_portal):
        for days, level in ((0, Level.ADVICE), (13, Level.ADVICE), (15, Level.RED)):
            found = records(asked_by, settings, days=days)["replaced records"]
            assert (found.level, found.what[:13]) == (level, "1 lie aside, ")
            assert "`safehold db drop-replaced`" in found.what


def test_our_connections_find_the_tables_whatever_path_the_role_was_left_with(
    fresh_database_url: str,
) -> None:
    name = make_url(fresh_database_url).database
    as_console = make_url(fresh_database_url).set(username="safehold_console")
    in_database = f'alter role current_user in database "{name}"'
    for asked_for in (None, "1MB"):
        url = as_console.update_query_dict({"options": f"-cwork_mem={asked_for}"} if asked_for else {})
        before = Database(url.render_as_string(False), pool_size=1)
        with before.begin() as tx:
            tx.run(sa.text(f"{in_database} set search_path = nowhere"))
        before.close()
        after = Database(url.render_as_string(False), pool_size=1)
        with after.begin() as tx:
            assert tx.run(sa.text("select count(*) from review_case")).scalar_one() == 0
            assert tx.run(sa.text("show work_mem")).scalar_one() == (asked_for or "4MB")
        after.close()


@pytest.mark.parametrize(("is_on", "level"), [(True, Level.RED), (False, Level.ADVICE)])
def test_a_backup_that_was_never_made_or_is_older_than_a_week_is_said_with_what_to_do(
    fresh_database_url: str, tmp_path: Path, is_on: bool, level: Level
) -> None:
    settings = settings_of(is_on, data_folder=str(tmp_path / "data"), database={"url": fresh_database_url})
    never = records(fresh_database_url, settings)["backups"]
    assert never.level is level
    assert "none was ever made" in never.what
    assert "`safehold db backup`" in never.what

    with open_operator(settings) as opened:
        back_up(opened, tmp_path / "backups", keys_to=None, actor=TESTER)
    fresh = records(fresh_database_url, settings, days=6)["backups"]
    assert (fresh.level, "the newest was made on" in fresh.what) == (Level.OK, True)
    old = records(fresh_database_url, settings, days=8)["backups"]
    assert old.level is level
    assert "the newest was made on" in old.what
    assert "`safehold db backup`" in old.what


def test_a_backup_that_failed_counts_as_none(fresh_database_url: str, tmp_path: Path) -> None:
    settings = settings_of(True, data_folder=str(tmp_path / "data"), database={"url": fresh_database_url})
    (tmp_path / "backups").touch()
    with open_operator(settings) as opened, pytest.raises(Unavailable):
        back_up(opened, tmp_path / "backups", keys_to=None, actor=TESTER)
    assert "none was ever made" in records(fresh_database_url, settings)["backups"].what


def test_when_a_backup_was_made_is_read_by_those_who_may_read_the_log_and_by_no_other(
    fresh_database_url: str,
) -> None:
    expected = {"console": Level.RED, "worker": Level.RED, "api": Level.OK, "portal": Level.OK}
    for surface, level in expected.items():
        url = make_url(fresh_database_url).set(username=f"safehold_{surface}").render_as_string(False)
        settings = settings_of(True, database={"surface_urls": {surface: url}})
        found = records(url, settings)["backups"]
        assert (found.level, "not for this process" in found.what) == (level, level is Level.OK), surface


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


@pytest.mark.parametrize("is_on", [True, False])
def test_listening_beyond_this_machine_is_told_with_what_to_do(is_on: bool) -> None:
    for listen in ("0.0.0.0:8400", "[::]:8400", "10.9.8.7:8400", "console.lan:8400"):
        found = by_part(production.of_settings(settings_of(is_on, web={"listen": listen})))["listening"]
        assert (found.level, listen in found.what) == (Level.ADVICE, True)
        assert "TLS" in found.what
    for listen in ("127.0.0.1:8400", "[::1]:8400", "localhost:8400"):
        found = by_part(production.of_settings(settings_of(is_on, web={"listen": listen})))["listening"]
        assert found.level is Level.OK


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
    assert [condition for condition in found.values() if not condition.ok] == []
    assert {part for part, condition in found.items() if condition.level is Level.ADVICE} >= set(WALLS)
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
    assert [condition for condition in found.values() if not condition.ok] == []
    assert found["vault keys"].what.startswith("the public half is here")
    assert found["looked at"].what.startswith("portal alone")
    assert not {"lists", "evidence store", "decoders"} & set(found)
