"""A backup that somebody edited: nothing in it runs, unless it is knowingly loaded unverified."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from safehold.app.audit.sequencer import sequence
from safehold.app.keeping.backup import Made, back_up
from safehold.app.keeping.manifest import MANIFEST, RECORDS
from safehold.app.keeping.restore import Restored, restore
from safehold.app.operator import open_operator, set_up
from safehold.app.settings import Settings
from safehold.model.clock import utc_now
from safehold.model.errors import Refused
from safehold.storage.dumps import Dumps
from safehold.testing.commands import COMMAND
from safehold.testing.processes import environment_of
from safehold.testing.running import TESTER, settings_of

PLANTED = """
create function public.planted() returns int language plpgsql as $code$
begin
  execute $run$copy (select 1) to program 'cat > {marker}'$run$;
  return 1;
end $code$;
create materialized view public.planted_view as select public.planted()
"""
"""What a dump may hold besides rows: it runs as soon as the dump is loaded."""


@dataclass(frozen=True)
class Place:
    """An installation, a backup of it, and a file that is there once something of an edited backup ran."""

    settings: Settings
    url: str
    made: Made
    marker: Path

    @property
    def key(self) -> Path:
        return self.settings.data_folder / "keys" / "backups.key"

    def plant(self) -> None:
        """Exchange the records for a dump with code in it, and put its digest into the manifest."""
        with psycopg.connect(self.url.replace("+psycopg", "")) as owner:
            owner.execute(PLANTED.format(marker=self.marker))
        dumps, records = Dumps(self.url), self.made.folder / RECORDS
        with dumps.snapshot() as snapshot, records.open("wb") as file:
            dumps.dump_records(snapshot, file)
        with psycopg.connect(self.url.replace("+psycopg", "")) as owner:
            owner.execute("drop materialized view planted_view; drop function planted")
        self.marker.unlink()
        manifest = json.loads((self.made.folder / MANIFEST).read_text())
        content = records.read_bytes()
        manifest["parts"][RECORDS] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        (self.made.folder / MANIFEST).write_text(json.dumps(manifest))

    def restore(self, *, unverified: bool = False) -> Restored:
        return restore(self.settings, self.made.folder, replace=True, unverified=unverified, actor=TESTER)

    def records_of_restores(self) -> list[dict[str, object]]:
        with psycopg.connect(self.url.replace("+psycopg", "")) as owner:
            found = owner.execute("select detail from audit_record where verb = 'db.restore' order by at")
            return [row[0] for row in found]


@pytest.fixture
def place(fresh_database_url: str, tmp_path: Path) -> Iterator[Place]:
    settings = settings_of(tmp_path / "data", fresh_database_url)
    set_up(settings)
    with open_operator(settings) as opened:
        sequence(opened.database, now=utc_now())
        made = back_up(opened, tmp_path / "backups", keys_to=None, actor=TESTER)
    with tempfile.TemporaryDirectory(prefix="safehold-marker-") as folder:
        # The server may run as another user than the test.
        Path(folder).chmod(0o777)
        yield Place(settings, fresh_database_url, made, Path(folder) / "marker")


def test_nothing_of_an_edited_backup_runs_and_the_records_stay_as_they_were(place: Place) -> None:
    place.plant()
    with pytest.raises(Refused, match="was changed since"):
        place.restore()
    assert not place.marker.exists()
    assert place.records_of_restores() == []
    with open_operator(place.settings):
        pass


def test_a_backup_that_nobody_edited_is_loaded_and_its_proof_is_on_record(place: Place) -> None:
    assert place.key.stat().st_mode & 0o777 == 0o600
    assert place.restore().verified
    assert [detail["verified"] for detail in place.records_of_restores()] == [True]


@pytest.mark.parametrize("other", [None, bytes(32), b""])
def test_without_the_key_it_was_made_beside_it_is_refused_and_none_is_made(
    place: Place, other: bytes | None
) -> None:
    place.key.unlink()
    if other is not None:
        place.key.write_bytes(other)
    with pytest.raises(Refused, match=r"backups\.key"):
        place.restore()
    assert place.key.exists() is (other is not None)
    assert not place.restore(unverified=True).verified
    assert [detail["verified"] for detail in place.records_of_restores()] == [False]


def test_whoever_loads_it_unverified_is_told_what_that_means_and_it_is_meant(place: Place) -> None:
    place.plant()
    command = [*COMMAND, "db", "restore", "--replace", "--from", str(place.made.folder)]
    environment = environment_of(
        {"data_folder": str(place.settings.data_folder), "database": {"url": place.url}}
    )

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *options], env=environment, capture_output=True, text=True, check=False
        )

    refused = run()
    assert (refused.returncode, refused.stdout, place.marker.exists()) == (77, "", False)
    assert "--unverified" in refused.stderr
    done = run("--unverified")
    assert (done.returncode, done.stderr) == (0, "")
    assert "whoever changed it has run whatever they liked here, as the database's owner" in done.stdout
    assert place.marker.exists()
    assert [detail["verified"] for detail in place.records_of_restores()] == [False]
