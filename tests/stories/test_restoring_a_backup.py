"""The story of a backup: what was destroyed since stays closed, and the rest goes on as before."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from safehold.app import wiring
from safehold.app.audit.sequencer import sequence
from safehold.app.audit.verify import verify
from safehold.app.keeping import backup, restore
from safehold.app.keeping.backup import Made, back_up
from safehold.app.operator import open_operator, set_up
from safehold.app.settings import Settings
from safehold.evidence.sweep import ORPHAN_AGE
from safehold.model.errors import BadSettings, Conflict, DatabaseDown, ErasedEvidence, NotFound, Refused
from safehold.storage.dumps import Dumps
from safehold.testing import running
from safehold.testing.commands import COMMAND
from safehold.testing.processes import environment_of
from safehold.testing.running import TESTER, Installation, MovableClock, altered_copy, settings_of
from safehold.web.server import served

CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}


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
        [waits] = opened.sql("select cleared_at from alarm where code = 'time_jumped'")
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
        # Nothing of the newer upload is lost silently: an hour, and a word.
        assert wiring.sweep_leftovers(opened.program).strangers_kept == 2
        place.clock.ahead += ORPHAN_AGE + timedelta(minutes=1)
        assert wiring.sweep_leftovers(opened.program).strangers == 2


def test_nothing_starts_between_the_loading_and_the_replay(place: Place) -> None:
    made = place.back_up()
    dumps = Dumps(place.url)
    with (made.folder / backup.RECORDS).open("rb") as records, made.keys.open("rb") as keys:
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
            (store / "ledger-origin").mkdir(parents=True)
            (store / "ledger-origin" / "id").write_text("00000000-0000-4000-8000-000000000000")
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


def test_a_backup_is_private_holds_no_keys_of_evidence_and_ends_those_of_old_ones(place: Place) -> None:
    with place.running() as opened:
        opened.add_list()
        upload(opened, 1)
        [row, _] = opened.sql("select wrapped from wrapped_key")
    made = place.back_up()
    assert {path.stat().st_mode & 0o777 for path in (*made.folder.iterdir(), made.keys)} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (place.backups, made.folder)} == {0o700}
    manifest = json.loads((made.folder / backup.MANIFEST).read_text())
    assert manifest["counts"]["wrapped_key"] == 2
    loaded = subprocess.run(
        [_pg_restore(), "-f", "-", str(made.folder / backup.RECORDS)], capture_output=True, check=True
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
def test_a_backup_or_restore_that_is_killed_at_any_moment_is_done_again(place: Place) -> None:
    with place.running() as opened:
        opened.add_list()
        upload(opened, 1)
    environment = environment_of(
        {"data_folder": str(place.settings.data_folder), "database": {"url": place.url}}
    )
    for tenth in range(12, 40, 6):
        _killed(("db", "backup", "--to", str(place.backups)), tenth / 10, environment)
        for folder in place.backups.glob("safehold-*"):
            backup.read_backup(folder).check(backup.RECORDS, folder / backup.RECORDS)
    made = place.back_up()
    for tenth in range(12, 60, 8):
        _killed(("db", "restore", "--replace", "--from", str(made.folder)), tenth / 10, environment)
        _until_nobody_is_connected(place.url)
        state = _state(place)
        assert state in ("unfinished", "whole")
    place.restore(made, replace=True)
    with place.running() as opened:
        assert len(opened.sql("select object_id from wrapped_key")) == 2


def _killed(arguments: tuple[str, ...], after: float, environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [*COMMAND, *arguments], env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        time.sleep(after)
        process.send_signal(signal.SIGKILL)


def _until_nobody_is_connected(url: str) -> None:
    with closing(psycopg.connect(url.replace("+psycopg", ""), autocommit=True)) as connection:
        asked = (
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and backend_type = 'client backend'"
        )
        while connection.execute(asked).fetchone() != (0,):
            time.sleep(0.05)


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
