"""`safehold audit causes`: what was done in a period, what is behind it, and 74 where nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from safehold.model.ids import new_id
from safehold.storage.database import Database
from safehold.testing.commands import Run

CLOSED = """insert into review_case (id, purpose, gathered_by, rehearsal, state, priority, priority_parts,
    exposure_kinds, opened_at, settled_at, revision, turn_at)
values (:id, 'test', :by, true, 'settled', 0, '{}', '{}', :at, :at, 1, :at)"""


@pytest.fixture
def records(tmp_path: Path, database_url: str) -> Database:
    (tmp_path / "safehold.toml").write_text(f'data_folder = "data"\n[database]\nurl = "{database_url}"\n')
    return Database(database_url, pool_size=1)


def plant(records: Database, at: str) -> str:
    case_id = str(new_id())
    with records.begin() as tx:
        tx.run(sa.text(CLOSED), {"id": case_id, "by": f"case:{case_id}", "at": at})
    records.close()
    return case_id


def test_where_nothing_was_done_it_says_that_this_proves_nothing(run: Run, records: Database) -> None:
    records.close()
    ended = run("audit", "causes")
    assert ended.code == 0
    assert ended.out.startswith("From the first record to ")
    assert ended.out.endswith(
        "0 acts looked at; the only cause of 0 is a machine.\n"
        "Nothing was done in this time, so this proves nothing.\n"
    )


def test_an_act_behind_which_nobody_is_is_named_and_ends_with_74(run: Run, records: Database) -> None:
    case_id = plant(records, "2026-03-31T23:59:59Z")
    ended = run("audit", "causes", "--from", "2026-01-01", "--to", "2026-03-31")
    assert ended.code == 74
    lines = ended.out.splitlines()
    assert lines[0] == "From 2026-01-01 00:00:00 UTC to 2026-04-01 00:00:00 UTC:"
    assert "  closed cases                       1  1 by nobody" in lines
    assert f"closed_case {case_id}: no decision is on record behind it" in lines
    assert lines[-1] == "1 acts looked at; the only cause of 1 is a machine."


def test_a_period_is_of_whole_days_in_utc_and_what_lies_outside_is_not_looked_at(
    run: Run, records: Database
) -> None:
    plant(records, "2026-03-31T23:59:59Z")
    assert run("audit", "causes", "--from", "2026-04-01").code == 0
    assert run("audit", "causes", "--to", "2026-03-30").code == 0
    assert run("audit", "causes", "--to", "2026-03-31").code == 74


def test_a_period_that_ends_before_it_begins_is_wrong_usage(run: Run, records: Database) -> None:
    records.close()
    ended = run("audit", "causes", "--from", "2026-04-01", "--to", "2026-03-31")
    assert ended.code == 64
