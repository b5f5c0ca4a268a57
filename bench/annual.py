"""How long the annual report takes, and what memory, with millions of recorded events.

Every event is made by plain statements in a fresh embedded database, in the order of time: five for each
item, over two years, a twentieth of the outcomes reversed later. Run by `make bench`; `annual.py EVENTS` for
another number.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from safehold.app import annual_report
from safehold.app.settings_transparency import TransparencySettings
from safehold.storage.database import Database
from safehold.storage.databases import create_database
from safehold.storage.embedded import EmbeddedServer
from safehold.storage.migrate import upgrade
from safehold.transparency import site

EVENTS = 200_000
PER_ITEM = 5

# Ids go up as ours do, which begin with the time: what is written last stands last in every index. The first
# digits are a number, the last one says of what.
FILL = """
set session_replication_role = replica;
create function pg_temp.id(n bigint, what int) returns uuid immutable parallel safe
  return (lpad(to_hex(n), 12, '0') || '7000800000000000000' || what)::uuid;
insert into app_user (id, name, password_hash, roles, created_at)
  select pg_temp.id(n, 1), 'person ' || n, '-', '{analyst}', now() from generate_series(1, 20) n;
insert into media (id, sha256, size_bytes, media_type, kind, frames, first_seen_at)
  select pg_temp.id(n, 2), sha256(n::text::bytea), 1000, 'image/jpeg', 'image', 1, now()
  from generate_series(0, :items / 2) n;
insert into page (id, url, seen_at)
  select pg_temp.id(n, 3), 'about:blank', now() from generate_series(0, :items, 4) n;
insert into item (id, kind, surface, media_id, page_id, scan_id, result, rehearsal, received_at)
  select pg_temp.id(n, 4), case when n % 4 = 0 then 'page' else 'media' end, 'public_uploads',
    case when n % 4 > 0 then pg_temp.id(n / 2, 2) end,
    case when n % 4 = 0 then pg_temp.id(n, 3) end, pg_temp.id(n, 5), 'review', false,
    timestamptz '2023-12-30 00:00Z' + interval '729 days' * (n::float / :items)
  from generate_series(1, :items) n;
insert into review_case (id, purpose, gathered_by, rehearsal, state, priority, priority_parts, opened_at,
    settled_at)
  select pg_temp.id(n, 6), 'csam', 'item:' || n, false, 'settled', 0, '[]', now(), now()
  from generate_series(1, :items) n;
insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding, category, answers, tier,
    policy_version, filed_at)
  select pg_temp.id(n, 7), pg_temp.id(n, 6), 'csam', pg_temp.id(n, 4),
    pg_temp.id(1 + n % 20, 1), 'imagery', 'illegal', (array['A', 'B', 'C', 'C', 'C'])[1 + n % 5],
    jsonb_build_object('age_band', (array['3-6', '7-10', '7-10', '11-13', '11-13', '14-15'])[1 + n % 6],
      'sex', (array['girls', 'girls', 'girls', 'girls', 'boys', 'both', 'unknown'])[1 + n % 7],
      'self_generated', (array['yes', 'yes', 'no', 'unknown'])[1 + n % 4],
      'circumstances', 'unknown', 'company', (array['alone', 'sibling', 'unknown'])[1 + n % 3],
      'count', 1 + n % 3, 'made_by', case when n % 50 = 0 then 'ai_generated' else 'camera' end,
      'site_type', case when n % 4 = 0 then (array['image_host', 'forum', 'file_host'])[1 + n % 3] end),
    'clear', '1', timestamptz '2024-01-01 00:00Z' + interval '729 days' * (n::float / :items)
  from generate_series(1, :items) n;
insert into outcome (id, case_id, purpose, item_id, finding, category, settled_at, settled_by, rests_on, tier)
  select pg_temp.id(row_number() over (), 8), case_id, purpose, item_id, finding, category, filed_at,
    analyst_id, id, 'clear'
  from assessment;
insert into event (id, kind, version, item_id, revision, fields, at)
  select pg_temp.id(row_number() over (), 9), kind, 1, item_id, revision,
    case when revision = 1 then jsonb_build_object('case_id', case_id, 'item_id', item_id,
        'finding', finding, 'category', category, 'confirmed_by', jsonb_build_array(settled_by))
      else jsonb_build_object('case_id', case_id, 'item_id', item_id) end, happened
  from (
    select outcome.*, 1 as revision, kind, settled_at as happened
      from outcome, unnest(array['item_matched', 'item_flagged', 'assessment_filed', 'item_confirmed',
        'item_preserved']) kind
    union all
    select outcome.*, 2, 'outcome_reversed', settled_at + interval '40 days'
      from outcome where ('x' || left(id::text, 8) || substr(id::text, 10, 4))::bit(48)::bigint % 20 = 0
    order by happened, revision) told;
set session_replication_role = origin;
"""
# Indexes that no constraint rests on are built anew afterwards, which is quicker than row by row.
_INDEXES = """
select indexname, indexdef from pg_indexes
 where schemaname = 'public'
   and tablename in ('media', 'item', 'review_case', 'assessment', 'outcome', 'event')
   and not exists (select from pg_constraint where conindid = format('public.%I', indexname)::regclass)
"""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Memory:
    """The most memory that the processes of the server held together, sampled four times a second."""

    def __init__(self, server: int) -> None:
        self._server, self._most, self._over = server, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def most(self) -> int:
        """Stop, and return it in bytes. Shared memory is shared out among those who share it."""
        self._over.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._over.wait(0.25):
            self._most = max(self._most, sum(_held(pid) for pid in _below(self._server)))


def _below(parent: int) -> list[int]:
    children = Path("/proc") / str(parent) / "task" / str(parent) / "children"
    return [parent, *(int(each) for each in children.read_text().split())]


def _spent(parent: int) -> float:
    """Return the processor time of a server's processes in seconds, those that have ended among them."""
    ticks = 0
    for pid in _below(parent):
        try:
            fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(each) for each in (fields[11:15] if pid == parent else fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _held(pid: int) -> int:
    try:
        lines = (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def fill(database: Database, events: int) -> None:
    """Write so many events, and what they are about, into an empty database."""
    with database.begin() as tx:
        indexes = tx.run(sa.text(_INDEXES)).all()
        for index in indexes:
            tx.run(sa.text(f'drop index "{index.indexname}"'))
        for statement in FILL.strip().rstrip(";").split(";\n"):
            tx.run(sa.text(statement), {"items": events // PER_ITEM} if ":items" in statement else None)
        for index in indexes:
            tx.run(sa.text(index.indexdef))
    with database.session() as connection:
        connection.execute(sa.text("vacuum analyze"))


def main() -> None:
    """Fill a database and time the report of a closed year with the year before."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder), durable=False) as server:
        create_database(server, "annual")
        upgrade(server.url("annual"))
        database = Database(server.url("annual"), pool_size=2)
        fill(database, events)
        postmaster = int((Path(folder) / "cluster" / "postmaster.pid").read_text().split()[0])
        say(f"{events:,} events of {events // PER_ITEM:,} items over two years")
        memory, began = Memory(postmaster), time.perf_counter()
        own_before, before = time.thread_time(), _spent(postmaster)
        report = annual_report.make(
            database,
            2025,
            settings=TransparencySettings(),
            now=datetime(2026, 3, 1, tzinfo=UTC),
            audited=False,
        )
        counted, spent = time.perf_counter(), _spent(postmaster) - before
        site.write(report, Path(folder) / "report")
        say(f"counted, with the year before: {counted - began:8.1f} s")
        say(f"  processor time there:        {spent:8.1f} s")
        say(f"written, without PDF:          {time.perf_counter() - counted:8.1f} s")
        say(f"processor time here, in all:   {time.thread_time() - own_before:8.1f} s")
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        say(f"most memory, this process:     {own / 1e6:8.0f} MB")
        say(f"most memory, the database:     {memory.most() / 1e6:8.0f} MB")
        say(f"items confirmed: {report.tables['items.confirmed'].total.words}")
        database.close()


if __name__ == "__main__":
    main()
