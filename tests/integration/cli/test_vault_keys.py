"""Claims about the commands for the vault's private key, each in a process of its own."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from safehold.storage.database import Database
from safehold.testing.commands import Ended, run_apart


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "safehold.toml").write_text(f'data_folder = "data"\n[database]\nurl = "{database_url}"\n')
    assert keys("db", "init").code == 0


def keys(*arguments: object) -> Ended:
    return run_apart(*arguments)


def test_shares_go_to_one_place_only_when_that_is_asked_for_and_said(tmp_path: Path) -> None:
    refused = keys("keys", "split", "--of", 3, "--need", 2)
    assert (refused.code, "All shares would lie in one place" in refused.err) == (77, True)
    assert refused.out == ""
    done = keys("keys", "split", "--of", 3, "--need", 2, "--out", "shares")
    assert done.out.startswith("All 3 shares lie in shares now: whoever reads that folder has the key.")
    files = sorted((tmp_path / "shares").iterdir())
    assert [path.name for path in files] == [f"share-{number}-of-3.txt" for number in (1, 2, 3)]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (*files, tmp_path / "shares")} == {0o600, 0o700}


def test_shares_go_into_a_new_folder_alone_and_what_cannot_be_split_leaves_none(tmp_path: Path) -> None:
    few = keys("keys", "split", "--of", 2, "--need", 3, "--out", "shares")
    assert (few.code, few.err.rstrip().endswith("[bad_form]"), (tmp_path / "shares").exists()) == (
        71,
        True,
        False,
    )
    (tmp_path / "shares").mkdir()
    for taken in ("shares", "safehold.toml"):
        ended = keys("keys", "split", "--of", 3, "--need", 2, "--out", taken)
        assert (ended.code, f"{taken} is there already" in ended.err) == (73, True)
        assert ended.err.rstrip().endswith("[name_taken]")
    assert list((tmp_path / "shares").iterdir()) == []


def test_a_share_that_is_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "shares").mkdir()
    (tmp_path / "one.txt").write_text("words")
    for share, code, said in (
        ("nowhere.txt", 72, "There is no file nowhere.txt. "),
        ("one.txt/two.txt", 72, "There is no file one.txt/two.txt. "),
        ("shares", 71, "shares is a folder. "),
    ):
        ended = keys("keys", "recover", share, "--out", "back.pem")
        assert (ended.code, ended.err.startswith(said.strip())) == (code, True)
    assert not (tmp_path / "back.pem").exists()


@pytest.mark.slow
def test_the_key_is_recovered_from_enough_shares_and_proved_before_it_is_written(tmp_path: Path) -> None:
    keys("keys", "split", "--of", 3, "--need", 2, "--out", "shares")
    one, two = (tmp_path / "shares" / f"share-{number}-of-3.txt" for number in (1, 3))
    too_few = keys("keys", "recover", one, "--out", "back.pem")
    assert (too_few.code, "2 different shares are needed" in too_few.err) == (71, True)
    done = keys("keys", "recover", one, two, "--out", "back.pem")
    assert done.code == 0
    back = tmp_path / "back.pem"
    assert back.read_bytes() == (tmp_path / "data/keys/vault-opening.key.pem").read_bytes()
    assert stat.S_IMODE(back.stat().st_mode) == 0o600
    assert keys("keys", "recover", one, two, "--out", "back.pem").code == 73
    rotated = keys("keys", "rotate")
    assert "0 are left" in rotated.out
    another = keys("keys", "recover", one, two, "--out", "other.pem")
    assert (another.code, "the public key is another one" in another.err) == (77, True)
    assert not (tmp_path / "other.pem").exists()


@pytest.mark.slow
def test_the_old_key_goes_only_when_what_that_means_was_said(tmp_path: Path) -> None:
    keys("keys", "rotate")
    asked = keys("keys", "destroy-old")
    assert (asked.code, "open no evidence any more" in asked.err) == (77, True)
    early = keys("keys", "destroy-old", "--yes")
    assert (early.code, "less than an hour" in early.err) == (77, True)
    public = tmp_path / "data/keys/vault-sealing.pub.pem"
    os.utime(public, (public.stat().st_mtime - 3601,) * 2)
    assert keys("keys", "destroy-old", "--yes").code == 0
    assert list((tmp_path / "data/keys/others").iterdir()) == []


def test_the_key_is_recovered_where_there_is_nothing_else_and_nothing_else_is_made(tmp_path: Path) -> None:
    keys("keys", "split", "--of", 3, "--need", 2, "--out", "shares")
    shares = sorted((tmp_path / "shares").iterdir())[:2]
    lost = tmp_path / "data"
    expected = (lost / "keys/vault-opening.key.pem").read_bytes()
    lost.rename(tmp_path / "away")
    nobody = "postgresql+psycopg://safehold@127.0.0.1:1/safehold"
    (tmp_path / "safehold.toml").write_text(f'data_folder = "data"\n[database]\nurl = "{nobody}"\n')
    done = keys("keys", "recover", *shares, "--out", "back.pem")
    assert (done.code, "no audit log" in done.out) == (0, True)
    assert (tmp_path / "back.pem").read_bytes() == expected
    assert not (lost / "keys").exists()


def test_a_recovery_is_on_record_where_there_are_records_and_makes_no_pair_there(
    tmp_path: Path, database_url: str
) -> None:
    keys("keys", "split", "--of", 3, "--need", 2, "--out", "shares")
    shares = sorted((tmp_path / "shares").iterdir())[:2]
    folder = tmp_path / "data/keys"
    for path in folder.iterdir():
        path.unlink()
    # The place where it belongs is free for it.
    done = keys("keys", "recover", *shares, "--out", "data/keys/vault-opening.key.pem")
    assert (done.code, "audit log" in done.out) == (0, False)
    assert [path.name for path in folder.iterdir()] == ["vault-opening.key.pem"]
    with contextlib.closing(Database(database_url, pool_size=1)) as database, database.begin() as tx:
        recorded = sa.text("select count(*) from audit_record where verb = 'vault.recover'")
        assert tx.run(recorded).scalar_one() == 1
