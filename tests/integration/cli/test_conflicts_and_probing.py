"""`safehold conflicts` and `safehold probing`: what they change, and that accounts are never printed."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from safehold.storage.database import Database
from safehold.testing.commands import Run

ACCOUNT = "acc-4711"


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "safehold.toml").write_text(
        f'data_folder = "data"\n[database]\nurl = "{database_url}"\n[surfaces.uploads]\n'
    )


@pytest.fixture
def ada(database_url: str) -> str:
    """Return the name of an analyst."""
    database = Database(database_url, pool_size=1)
    with database.begin() as tx:
        statement = """insert into app_user (id, name, password_hash, roles, created_at)
            values (gen_random_uuid(), 'ada', 'x', '{analyst}', now())"""
        tx.run(sa.text(statement))
    database.close()
    return "ada"


def test_a_conflict_is_declared_and_listed_without_the_account(run: Run, ada: str) -> None:
    added, listed = run("conflicts", "add", ada, "--account", ACCOUNT), run("conflicts", "list")
    assert (added.code, listed.code) == (0, 0)
    assert "ada  since " in listed.out
    assert ACCOUNT not in added.out + listed.out


def test_a_person_who_does_not_exist_is_named_as_such(run: Run) -> None:
    assert run("conflicts", "add", "nobody", "--account", ACCOUNT).code != 0


def test_nobody_near_a_list_is_said_in_words(run: Run) -> None:
    assert run("probing").err.startswith("Nobody came near a list")


def test_the_digest_of_an_account_is_the_same_each_time_and_another_for_another_key(run: Run) -> None:
    keys = [str(uuid4()) for _ in range(2)]
    first, again, other = (
        run("probing", "--key", key, "--account", ACCOUNT).out for key in (keys[0], keys[0], keys[1])
    )
    assert first == again != other
    assert first.startswith("account:")
    assert ACCOUNT not in first


def test_an_account_without_its_key_is_wrong_usage(run: Run) -> None:
    assert run("probing", "--account", ACCOUNT).code == 64
