"""How long the annual report takes, and what memory, with millions of recorded events.

Every event is made by plain statements in a fresh embedded database: five for each item, over two years, a
twentieth of the outcomes reversed later. Run by `make bench`; `annual.py EVENTS` for another number.
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

FILL = """
set session_replication_role = replica;
insert into app_user (id, name, password_hash, roles, created_at)
  select md5('user' || n)::uuid, 'person ' || n, '-', '{analyst}', now() from generate_series(1, 20) n;
insert into media (id, sha256, size_bytes, media_type, kind, frames, first_seen_at)
  select md5('media' || n)::uuid, sha256(n::text::bytea), 1000, 'image/jpeg', 'image', 1, now()
  from generate_series(0, :items / 2) n;
insert into page (id, url, seen_at)
  select md5('page' || n)::uuid, 'about:blank', now() from generate_series(0, :items, 4) n;
insert into item (id, kind, surface, media_id, page_id, scan_id, result, rehearsal, received_at)
  select md5('item' || n)::uuid, case when n % 4 = 0 then 'page' else 'media' end, 'public_uploads',
    case when n % 4 > 0 then md5('media' || n / 2)::uuid end,
    case when n % 4 = 0 then md5('page' || n)::uuid end, md5('scan' || n)::uuid, 'review', false, now()
  from generate_series(1, :items) n;
insert into review_case (id, purpose, gathered_by, rehearsal, state, priority, priority_parts, opened_at,
    settled_at)
  select md5('case' || n)::uuid, 'csam', 'item:' || n, false, 'settled', 0, '[]', now(), now()
  from generate_series(1, :items) n;
insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding, category, answers, tier,
    policy_version, filed_at)
  select md5('assessment' || n)::uuid, md5('case' || n)::uuid, 'csam', md5('item' || n)::uuid,
    md5('user' || 1 + n % 20)::uuid, 'imagery', 'illegal', (array['A', 'B', 'C', 'C', 'C'])[1 + n % 5],
    jsonb_build_object('age_band', (array['3-6', '7-10', '7-10', '11-13', '11-13', '14-15'])[1 + n % 6],
      'sex', (array['girls', 'girls', 'girls', 'girls', 'boys', 'both', 'unknown'])[1 + n % 7],
      'self_generated', (array['yes', 'yes', 'no', 'unknown'])[1 + n % 4],
      'circumstances', 'unknown', 'company', (array['alone', 'sibling', 'unknown'])[1 + n % 3],
      'count', 1 + n % 3, 'made_by', case when n % 50 = 0 then 'ai_generated' else 'camera' end,
      'site_type', case when n % 4 = 0 then (array['image_host', 'forum', 'file_host'])[1 + n % 3] end),
    'clear', '1', timestamptz '2024-01-01 00:00Z' + interval '729 days' * (n::float / :items)
  from generate_series(1, :items) n;
insert into outcome (id, case_id, purpose, item_id, finding, category, settled_at, settled_by, rests_on, tier)
  select md5('outcome' || n)::uuid, case_id, purpose, item_id, finding, category, filed_at, analyst_id, id,
    'clear'
  from (select *, row_number() over () as n from assessment) assessed;
insert into event (id, kind, version, item_id, revision, fields, at)
  select gen_random_uuid(), kind, 1, item_id, 1,
    jsonb_build_object('case_id', case_id, 'item_id', item_id, 'finding', finding, 'category', category,
      'confirmed_by', jsonb_build_array(settled_by)), settled_at
  from outcome, unnest(array['item_matched', 'item_flagged', 'assessment_filed', 'item_confirmed',
    'item_preserved']) kind;
insert into event (id, kind, version, item_id, revision, fields, at)
  select gen_random_uuid(), 'outcome_reversed', 1, item_id, 2,
    jsonb_build_object('case_id', case_id, 'item_id', item_id), settled_at + interval '40 days'
  from (select *, row_number() over () as n from outcome) numbered where n % 20 = 0;
set session_replication_role = origin;
analyze;
"""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Memory:
    """The most memory that the processes of the server held together, sampled ten times a second."""

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
        while not self._over.wait(0.1):
            self._most = max(self._most, sum(_held(pid) for pid in _below(self._server)))


def _below(parent: int) -> list[int]:
    found = [parent]
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found


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


def main() -> None:
    """Fill a database and time the report of a closed year with the year before."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder), durable=False) as server:
        create_database(server, "annual")
        upgrade(server.url("annual"))
        database = Database(server.url("annual"), pool_size=2)
        with database.begin() as tx:
            for statement in FILL.strip().rstrip(";").split(";\n"):
                values = {"items": events // PER_ITEM} if ":items" in statement else None
                tx.run(sa.text(statement), values)
        with database.session() as connection:
            connection.execute(sa.text("vacuum analyze"))
            postmaster = int((Path(folder) / "cluster" / "postmaster.pid").read_text().split()[0])
        say(f"{events:,} events of {events // PER_ITEM:,} items over two years")
        memory, began = Memory(postmaster), time.perf_counter()
        own_before, before = time.process_time(), _spent(postmaster)
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
        say(f"processor time here, in all:   {time.process_time() - own_before:8.1f} s")
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        say(f"most memory, this process:     {own / 1e6:8.0f} MB")
        say(f"most memory, the database:     {memory.most() / 1e6:8.0f} MB")
        say(f"items confirmed: {report.tables['items.confirmed'].total.words}")
        database.close()


if __name__ == "__main__":
    main()
