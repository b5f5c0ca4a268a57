"""The story of a backup: what was destroyed since stays closed, and the rest goes on as before."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyotp
import pytest

from safehold.app import destruction_guard, wiring
from safehold.app.access import second_factors, sign_in, users
from safehold.app.access.gate import Visitor
from safehold.app.audit.sequencer import sequence
from safehold.app.audit.verify import verify
from safehold.app.keeping import manifest, replaced, restore
from safehold.app.keeping.backup import Made, back_up
from safehold.app.operator import open_operator, set_up
from safehold.app.settings import Settings
from safehold.evidence.sweep import ORPHAN_AGE
from safehold.model.errors import (
    BadSettings,
    Conflict,
    DatabaseDown,
    ErasedEvidence,
    NotAuthenticated,
    NotFound,
    Refused,
)
from safehold.model.permissions import Role
from safehold.storage.aside import schema_name
from safehold.storage.dumps import Dumps
from safehold.testing import running
from safehold.testing.commands import COMMAND
from safehold.testing.processes import environment_of
from safehold.testing.running import TESTER, Installation, MovableClock, altered_copy, settings_of
from safehold.web.server import served

CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}
PASSWORD, VISITOR = "correct horse battery", Visitor("192.0.2.1/32", "Firefox on Linux")


class Place:
    """An installation with records, an evidence store, and a folder for its backups."""

    def __init__(self, folder: Path, url: str) -> None:
        self.settings: Settings = settings_of(folder / "data", url)
        self.url, self.folder, self.backups = url, folder, folder / "backups"
        self.clock = MovableClock()
        set_up(self.settings, clock=self.clock)

    @contextmanager
    def running(self) -> Iterator[Installation]:
        with running.installation(self.settings, serve=served, clock=self.clock) as opened:
            yield opened

    def back_up(self) -> Made:
        with open_operator(self.settings, clock=self.clock) as opened:
            sequence(opened.database, now=self.clock())
            return back_up(opened, self.backups, keys_to=None, actor=TESTER)

    def restore(self, made: Made, **options: Any) -> restore.Restored:
        return restore.restore(self.settings, made.folder, actor=TESTER, clock=self.clock, **options)


@pytest.fixture
def place(fresh_database_url: str, tmp_path: Path) -> Place:
    return Place(tmp_path, fresh_database_url)


def upload(opened: Installation, seed: int) -> str:
    answer = opened.platform().upload(altered_copy(seed), CONTEXT, media_type="image/jpeg")
    assert answer.body["result"] == "hold"
    opened.run_steps()
    return str(answer.body["item_id"])


def test_what_was_destroyed_after_the_backup_stays_closed_after_the_restore(place: Place) -> None:
    with place.running() as opened:
        opened.add_list()
        destroyed, kept = upload(opened, 1), None
        place.clock.ahead = timedelta(days=50)
        kept = upload(opened, 2)
        place.clock.ahead = timedelta(days=89)
        made = place.back_up()
        place.clock.ahead = timedelta(days=91)
        swept = wiring.sweep_retention(opened.program)
        newer = upload(opened, 3)
        stored_since = len(opened.sql("select id from sealed_object where destroyed_at is null")) - 2
        assert len(swept.destroyed) == 2
        with pytest.raises(ErasedEvidence):
            opened.open_sealed(destroyed)
        with pytest.raises(Conflict, match="connected"):
            place.restore(made, replace=True)

    # The backup holds the key: by itself it would open again.
    assert made.counts["wrapped_key"] == 4
    done = place.restore(made, replace=True)
    assert (done.closed_again, done.strangers) == (2, stored_since) == (2, 2)

    with place.running() as opened:
        [waits] = opened.sql("select cleared_at from alarm where code = 'destruction_waits'")
        assert waits.cleared_at is None, "nothing is destroyed by these records before a person has looked"
        with pytest.raises(ErasedEvidence):
            opened.open_sealed(destroyed)
        assert opened.open_sealed(kept) == altered_copy(2)
        assert opened.sql("select id from item where id = %(id)s", id=newer) == []
        closed = opened.sql("select object from audit_record where verb = 'evidence.closed_again'")
        assert len(closed) == 2
        sequence(opened.program.database, now=place.clock())
        verdict = verify(opened.program.database)
        assert (verdict.breaks, verdict.waiting) == ((), 0)
        assert opened.open_sealed(upload(opened, 4)) == altered_copy(4)
        # Nothing of the newer upload is lost silently: a day, and a word. An hour is not enough.
        place.clock.ahead += ORPHAN_AGE + timedelta(minutes=1)
        with pytest.raises(Refused, match="destruction_waits"):
            wiring.sweep_now(opened.program, acknowledged_by=None)
        assert not sweeps_leftovers(opened)
        place.clock.ahead += timedelta(days=1)
        assert sweeps_leftovers(opened)


def sweeps_leftovers(opened: Installation) -> bool:
    """Give the sweep of leftovers its turn, as a worker does; say whether it deleted the two strangers."""
    objects = Path(opened.program.home.vault) / "objects"

    def stored() -> int:
        return sum(path.is_file() for path in objects.rglob("*"))

    before = stored()
    [schedule] = [one for one in wiring.schedules(opened.program) if one.name == "leftovers"]
    schedule.run()
    assert stored() in (before, before - 2)
    return stored() < before


def test_an_alarm_that_stands_in_the_backup_does_not_shorten_the_wait_after_its_restore(place: Place) -> None:
    with place.running() as opened:
        opened.add_list()
        upload(opened, 1)
        with opened.program.database.begin() as tx:
            destruction_guard.hold_back(tx, now=place.clock())
        made = place.back_up()
    place.clock.ahead = timedelta(hours=20)
    place.restore(made, replace=True)
    place.clock.ahead = timedelta(hours=25)
    with place.running() as opened:
        with pytest.raises(Refused, match="destruction_waits"):
            wiring.sweep_now(opened.program, acknowledged_by=None)
        [before, raised] = opened.sql(
            "select * from alarm where code = 'destruction_waits' order by raised_at"
        )
        assert before.cleared_at == raised.raised_at
        assert raised.cleared_at is None


def test_a_restore_beside_a_store_without_the_evidence_says_how_much_of_it_is_missing(place: Place) -> None:
    with place.running() as opened:
        opened.add_list()
        upload(opened, 1)
    made = place.back_up()
    assert place.restore(made, replace=True).missing == 0
    objects = place.settings.data_folder / "vault" / "objects"
    objects.rename(objects.with_name("objects-elsewhere"))
    assert place.restore(made, replace=True).missing == made.counts["wrapped_key"] == 2


def test_the_command_destroys_nothing_after_a_restore_until_somebody_takes_note_on_record(
    place: Place,
) -> None:
    place.restore(place.back_up(), replace=True)
    environment = environment_of(
        {"data_folder": str(place.settings.data_folder), "database": {"url": place.url}}
    )

    def sweep(*options: str) -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, "evidence", "sweep", *options]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    refused = sweep()
    assert (refused.returncode, "--acknowledge" in refused.stderr, refused.stdout) == (77, True, "")
    done = sweep("--acknowledge")
    assert (done.returncode, "0 objects destroyed" in done.stdout) == (0, True)
    assert sweep().returncode == 0
    with place.running() as opened:
        [record] = opened.sql("select actor, detail from audit_record where verb = 'alarm.acknowledge'")
        assert (record.actor, record.detail) == ("system:shell", {"code": "destruction_waits"})


def test_what_a_restore_moved_aside_is_shown_and_dropped_keys_and_all_once_that_is_said(
    place: Place,
) -> None:
    with place.running() as opened:
        opened.add_list()
        upload(opened, 1)
        opened.sql("create schema replaced_by_somebody_else")
    made = place.back_up()
    schemas = [place.restore(made, replace=True).aside]
    place.clock.ahead = timedelta(days=1)
    schemas.append(place.restore(made, replace=True).aside)

    def dropping(*options: str, url: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        database = {"url": place.url} if url is None else {"surface_urls": url}
        environment = environment_of({"data_folder": str(place.settings.data_folder), "database": database})
        command = [*COMMAND, "db", "drop-replaced", *options]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    asked = dropping()
    assert (asked.returncode, asked.stderr.rstrip().endswith("[refused]")) == (77, True)
    assert [line.partition(",")[0] for line in asked.stdout.splitlines()] == schemas
    assert asked.stdout.count("keys of 2 sealed objects.") == 2
    assert dropping("--yes", url={"console": place.url}).returncode == 78
    done = dropping("--yes")
    assert (done.returncode, done.stdout.count(": dropped.")) == (0, 2)
    assert [ended.stdout for ended in (dropping(), dropping("--yes"))] == ["No records lie aside.\n"] * 2

    with place.running() as opened:
        left = opened.sql("select nspname from pg_namespace where nspname like 'replaced%%'")
        assert [row.nspname for row in left] == ["replaced_by_somebody_else"]
        recorded = opened.sql("select actor, detail from audit_record where verb = 'db.drop_replaced'")
        assert [row.actor for row in recorded] == ["system:shell"] * 2
        assert [row.detail for row in recorded] == [{"schema": name, "keys": 2} for name in schemas]
        assert len(opened.sql("select object_id from wrapped_key")) == 2


def test_nothing_is_dropped_while_what_lies_aside_are_the_only_records(place: Place) -> None:
    made = place.back_up()
    with (made.folder / manifest.RECORDS).open("rb") as records:
        Dumps(place.url).begin_load(records, None, aside=schema_name(place.clock()))
    with pytest.raises(DatabaseDown, match="not finished"):
        replaced.drop(place.settings, actor=TESTER, clock=place.clock)
    place.restore(made)
    [one] = replaced.drop(place.settings, actor=TESTER, clock=place.clock)
    assert one.keys == 0


def test_nothing_starts_between_the_loading_and_the_replay(place: Place) -> None:
    made = place.back_up()
    dumps = Dumps(place.url)
    with (made.folder / manifest.RECORDS).open("rb") as records, made.keys.open("rb") as keys:
        dumps.begin_load(records, keys, aside="replaced_by_a_killed_restore")
    with pytest.raises(DatabaseDown, match="not finished"), place.running():
        pass
    with pytest.raises(DatabaseDown, match="not finished"):
        place.back_up()
    # The same command begins afresh; the records that were here stay aside.
    assert place.restore(made).counts["audit_record"] == made.counts["audit_record"]
    with place.running() as opened:
        assert opened.sql("select to_regclass('replaced_by_a_killed_restore.audit_record') as t")[0].t


def test_a_restore_refuses_what_could_open_erased_evidence_or_lose_records(
    place: Place, tmp_path: Path
) -> None:
    made = place.back_up()
    with pytest.raises(Conflict, match="There are records here already"):
        place.restore(made)
    store = place.settings.data_folder / "vault"
    ledger = store.rename(tmp_path / "away")
    for present in (None, "another"):
        if present:
            shutil.rmtree(store)
            (store / "ledger").mkdir(parents=True)
            (store / "ledger" / "origin").write_text("00000000-0000-4000-8000-000000000000")
        with pytest.raises(Refused, match="ledger of destructions"):
            place.restore(made, replace=True)
    without = place.restore(made, replace=True, without_keys=True)
    assert not without.with_keys
    shutil.rmtree(store)
    ledger.rename(store)
    made.keys.rename(tmp_path / "keys-elsewhere")
    with pytest.raises(NotFound, match="keys of this backup"):
        place.restore(made, replace=True)
    place.restore(made, replace=True, keys_from=tmp_path / "keys-elsewhere")
    (tmp_path / "keys-elsewhere").write_bytes(b"PGDMP")
    with pytest.raises(BadSettings, match=r"keys\.dump is not what was written"):
        place.restore(made, replace=True, keys_from=tmp_path / "keys-elsewhere")
    shutil.rmtree(place.settings.data_folder / "keys")
    with pytest.raises(BadSettings, match="keys are not here yet"):
        place.restore(made, replace=True, without_keys=True)


def test_without_its_sign_in_key_apps_are_void_and_a_reset_or_the_key_lets_people_in_again(
    place: Place, tmp_path: Path
) -> None:
    with place.running() as opened:
        app, recovery_code = a_person_with_an_app(opened)
        made = place.back_up()
    key = place.settings.data_folder / "keys" / "sign-in.key"
    key.rename(tmp_path / "kept")

    assert place.restore(made, replace=True).other_keys == ("sign-in.key",)
    with place.running() as opened:
        place.clock.ahead += timedelta(minutes=2)
        for code in (app.at(place.clock()), recovery_code):
            with pytest.raises(NotAuthenticated, match="does not prove"):
                sign_in_with(opened, code)
        [robin] = opened.sql("select id from app_user")
        with opened.program.database.begin() as tx:
            second_factors.reset(tx, robin.id, actor=TESTER, now=place.clock())
        assert isinstance(sign_in_as_robin(opened), sign_in.Admitted)

    command = [*COMMAND, "db", "restore", "--replace", "--from", str(made.folder)]
    environment = environment_of(
        {"data_folder": str(place.settings.data_folder), "database": {"url": place.url}}
    )
    # The process that just ended has made another key in its place.
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "keys/sign-in.key is not here, or is another" in said
    assert "safehold users reset-factors" in said
    assert "requests.key" not in said

    (tmp_path / "kept").replace(key)
    assert place.restore(made, replace=True).other_keys == ()
    with place.running() as opened:
        assert isinstance(sign_in_with(opened, app.at(place.clock())), sign_in.Admitted)


def a_person_with_an_app(opened: Installation) -> tuple[pyotp.TOTP, str]:
    """Add somebody with an authenticator app; return it, and one of their recovery codes."""
    gate, now = opened.program.gate, opened.program.clock()
    with opened.program.database.begin() as tx:
        given: dict[str, Any] = {"actor": TESTER, "now": now}
        robin = users.add_user(tx, name="robin", password=PASSWORD, roles=frozenset({Role.ANALYST}), **given)
        second_factors.begin_app(tx, gate, robin)
        app = pyotp.TOTP(second_factors.app_being_set_up(tx, gate, robin, name="robin").secret)
        second_factors.confirm_app(tx, gate, robin, app.at(now), **given)
        return app, second_factors.make_codes(tx, gate, robin, **given)[0]


def sign_in_as_robin(opened: Installation) -> sign_in.Admitted | sign_in.FactorDue:
    """Say name and password."""
    program = opened.program
    return sign_in.check_password(
        program.gate, name="robin", password=PASSWORD, visitor=VISITOR, now=program.clock()
    )


def sign_in_with(opened: Installation, code: str) -> sign_in.Admitted:
    """Say name, password and a code."""
    due = sign_in_as_robin(opened)
    assert isinstance(due, sign_in.FactorDue)
    program = opened.program
    return sign_in.finish_by_code(program.gate, due.token, code, visitor=VISITOR, now=program.clock())


def test_a_backup_is_private_holds_no_keys_of_evidence_and_ends_those_of_old_ones(place: Place) -> None:
    with place.running() as opened:
        opened.add_list()
        upload(opened, 1)
        [row, _] = opened.sql("select wrapped from wrapped_key")
    made = place.back_up()
    assert {path.stat().st_mode & 0o777 for path in (*made.folder.iterdir(), made.keys)} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (place.backups, made.folder)} == {0o700}
    written = json.loads((made.folder / manifest.MANIFEST).read_text())
    assert written["counts"]["wrapped_key"] == 2
    loaded = subprocess.run(
        [_pg_restore(), "-f", "-", str(made.folder / manifest.RECORDS)], capture_output=True, check=True
    ).stdout
    assert bytes(row.wrapped).hex().encode() not in loaded
    place.clock.ahead = timedelta(days=15)
    again = place.back_up()
    assert again.ended == (made.keys.name,)
    assert not made.keys.exists()
    assert made.folder.exists()


def test_a_backup_that_cannot_be_written_leaves_nothing_and_says_why(place: Place) -> None:
    place.backups.mkdir()
    (place.backups / "keys").write_text("a file where a folder has to be")
    with pytest.raises(Exception, match="could not be written"):
        place.back_up()
    assert [path.name for path in place.backups.iterdir()] == ["keys"]


def test_a_full_disk_is_told_and_leaves_nothing_that_looks_like_a_backup(place: Place) -> None:
    place.backups.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(place.backups)]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        with pytest.raises(Exception, match="could not be written: no space is left"):
            place.back_up()
        assert [path for path in place.backups.rglob("*") if path.is_file()] == []
    finally:
        subprocess.run(["umount", str(place.backups)], check=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_backup_or_restore_that_is_killed_at_any_moment_is_done_again(place: Place) -> None:
    with place.running() as opened:
        opened.add_list()
        upload(opened, 1)
    environment = environment_of(
        {"data_folder": str(place.settings.data_folder), "database": {"url": place.url}}
    )
    for seconds in (0.0, 0.2, 0.5, 1.0, 2.0):
        _killed(("db", "backup", "--to", str(place.backups)), seconds, environment, place.url)
        for folder in place.backups.glob("safehold-*"):
            key = (place.settings.data_folder / "keys" / "backups.key").read_bytes()
            whole = manifest.read_backup(folder, key)
            with whole.checked(manifest.RECORDS, folder / manifest.RECORDS, within=place.folder):
                pass
    made = place.back_up()
    states = set()
    for seconds in (0.0, 0.3, 0.6, 1.0, 1.5, 2.0):
        _killed(("db", "restore", "--replace", "--from", str(made.folder)), seconds, environment, place.url)
        states.add(_state(place))
    assert "unfinished" in states <= {"unfinished", "whole"}
    place.restore(made, replace=True)
    with place.running() as opened:
        assert len(opened.sql("select object_id from wrapped_key")) == 2


def _killed(arguments: tuple[str, ...], seconds: float, environment: dict[str, str], url: str) -> None:
    """Kill a command so long after it came to the database, and sooner where it had ended by then."""
    while True:
        with subprocess.Popen(
            [*COMMAND, *arguments], env=environment, stdout=subprocess.DEVNULL, start_new_session=True
        ) as process:
            _until(url, lambda connected: connected > 0 or process.poll() is not None)
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
        # What it had started, such as a dump, ends by itself.
        _until(url, lambda connected: connected == 0)
        if process.returncode == -signal.SIGKILL:
            return
        assert process.returncode == 0, "it failed before it was killed"
        seconds *= 0.7


def _until(url: str, is_so: Callable[[int], bool]) -> None:
    """Wait until this is so of how many are connected besides us."""
    asked = (
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid() and backend_type = 'client backend'"
    )
    with closing(psycopg.connect(url.replace("+psycopg", ""), autocommit=True)) as connection:
        while not is_so(connection.execute(asked).fetchall()[0][0]):
            time.sleep(0.02)


def _state(place: Place) -> str:
    try:
        with open_operator(place.settings) as opened, opened.database.begin() as tx:
            found = tx.driver.execute("select count(*) from wrapped_key").fetchone()
    except DatabaseDown as error:
        return "unfinished" if "not finished" in error.what else error.what
    return "whole" if found == (2,) else f"{found} keys"


def _pg_restore() -> str:
    from safehold.storage.binaries import find_binaries

    return str(find_binaries().folder / "pg_restore")
