"""A worker killed in the middle of many cases: each is changed once, and the next worker finishes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from death_engine.lives import Mother, eventually

from safehold.model.bulk import BulkKind
from safehold.model.ids import BulkId, CaseId
from safehold.model.permissions import Actor, Role
from safehold.review import bulk
from safehold.review.bulk import Wanted
from safehold.storage.database import Database
from safehold.testing import running
from safehold.testing.processes import environment_of
from safehold.testing.running import Installation

CASES, DEATHS = 320, 3
# Each has an item of which it is known where it appeared: notes of others are forgotten.
FILL = (
    "insert into media (id, sha256, size_bytes, media_type, kind, frames, first_seen_at)"
    " values (md5('media')::uuid, sha256('media'), 1, 'image/png', 'image', 1, now())",
    "insert into item (id, kind, surface, media_id, scan_id, result, rehearsal, received_at)"
    " select md5('item' || n)::uuid, 'media', 'public_uploads', md5('media')::uuid, md5('scan' || n)::uuid,"
    " 'review', false, now() from generate_series(1, :cases) n",
    "insert into item_context (item_id, account_id)"
    " select md5('item' || n)::uuid, 'account-' || n from generate_series(1, :cases) n",
    "insert into review_case (id, purpose, account_id, gathered_by, rehearsal, state, priority,"
    " priority_parts, opened_at) select md5('case' || n)::uuid, 'csam', 'account-' || n,"
    " 'account:account-' || n, false, 'open', 1, '[]', now() from generate_series(1, :cases) n",
    "insert into case_item (case_id, item_id, joined_at)"
    " select md5('case' || n)::uuid, md5('item' || n)::uuid, now() from generate_series(1, :cases) n",
)
# A part of a hundred takes a second, so that there is a middle to die in.
SLOWLY = (
    "create function slowly() returns trigger language plpgsql as"
    " $$ begin perform pg_sleep(0.01); return new; end $$",
    "create trigger slowly before insert on case_note for each row execute function slowly()",
)
IN_THE_MIDDLE = (
    "select 1 from pg_locks l join pg_class c on c.oid = l.relation"
    " where c.relname = 'case_note' and l.mode = 'RowExclusiveLock' and l.granted"
)


@contextmanager
def owner_of(url: str) -> Iterator[Any]:
    """Ask the database as its owner, each statement by itself."""
    database = Database(url, pool_size=1)

    def ask(statement: str, **values: Any) -> list[Any]:
        with database.begin() as tx:
            result = tx.run(sa.text(statement), values)
            return list(result) if result.returns_rows else []

    try:
        yield ask
    finally:
        database.close()


def begun(safehold: Installation, lead: Actor, chosen: list[CaseId]) -> BulkId:
    """Let a lead leave a note in each of these cases: the first are done at once, the rest is for steps."""
    program = safehold.program
    with program.database.begin() as tx:
        wanted = Wanted(kind=BulkKind.NOTE, words="Seen at the meeting.")
        bulk_id = bulk.ask(tx, wanted, chosen, actor=lead, now=program.clock())
        bulk.confirm(tx, bulk_id, actor=lead, record=program.recorder.record, now=program.clock())
    return bulk_id


def test_each_case_is_changed_exactly_once_and_the_next_worker_finishes_whenever_one_is_killed(
    fresh_database_url: str, tmp_path: Path, seed: str
) -> None:
    settings, instants = running.settings_of(tmp_path / "data", fresh_database_url), Random(seed)
    environment = environment_of(
        {"data_folder": str(tmp_path / "data"), "database": {"url": fresh_database_url}}
    )
    with (
        running.installation(settings) as safehold,
        owner_of(fresh_database_url) as ask,
        Mother(environment, tmp_path / "lives") as mother,
    ):
        for statement in FILL:
            ask(statement, **({"cases": CASES} if ":cases" in statement else {}))
        chosen = [CaseId(row.id) for row in ask("select id from review_case")]
        bulk_id = begun(safehold, safehold.analyst("lead", Role.LEAD), chosen)
        for statement in SLOWLY:
            ask(statement)
        for _ in range(DEATHS):
            before = len(ask("select from case_note"))
            worker = mother.bear("worker")
            eventually(lambda: ask(IN_THE_MIDDLE), or_say=worker.said)
            time.sleep(instants.uniform(0, 0.8))
            assert worker.kill()
            # What the server was still doing for the dead one ends as well.
            eventually(lambda: not ask(IN_THE_MIDDLE))
            notes, done = ask("select from case_note"), ask("select from bulk_case where done_at is not null")
            assert len(notes) == len(done)
            assert (len(notes) - before) % bulk.IN_A_STEP == 0
        assert len(ask("select from case_note")) < CASES
        ask("drop function slowly cascade")
        worker = mother.bear("worker")
        finished = "select from bulk_change where id = :bulk and finished_at is not null"
        eventually(lambda: ask(finished, bulk=bulk_id), or_say=worker.said)
        worker.stop()
        assert sorted(row.case_id for row in ask("select case_id from case_note")) == sorted(chosen)
        records = ask("select object from audit_record where verb = 'case.bulk_note'")
        assert sorted(row.object for row in records) == sorted(f"case:{each}" for each in chosen)
        assert len(ask("select from bulk_case where done_at is not null and left_out is null")) == CASES
        assert ask("select from step where state = 'stuck'") == []
