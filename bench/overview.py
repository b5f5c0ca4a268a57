"""How long the overview takes, and counting its days, with many open cases and a year of events.

Every case is made by plain statements in a fresh embedded database: open ones, and settled ones whose events
are spread over a year in the order of time. Run by `make bench`; `overview.py OPEN EVENTS` for other sizes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from safehold.model.clock import utc_now
from safehold.model.period import Period, PeriodKind, around
from safehold.storage.database import Database
from safehold.storage.databases import create_database
from safehold.storage.embedded import EmbeddedServer
from safehold.storage.migrate import upgrade
from safehold.transparency import overview, overview_exports
from safehold.transparency.day_counts import count_days
from safehold.transparency.overview_pages import parts_of

OPEN, EVENTS, TIMES, PER_ITEM = 100_000, 200_000, 15, 5
ZONE = ZoneInfo("Europe/London")

FILL = """
set session_replication_role = replica;
insert into app_user (id, name, password_hash, roles, created_at)
  select md5('user' || n)::uuid, 'person ' || n, '-', '{analyst}', now() from generate_series(1, 20) n;
insert into item (id, kind, surface, media_id, scan_id, result, rehearsal, received_at)
  select md5('item' || n)::uuid, 'media', (array['uploads', 'avatars', 'chat'])[1 + n % 3],
    md5('media' || n)::uuid, md5('scan' || n)::uuid, 'review', false,
    now() - interval '365 days' * (1 - n::float / :items)
  from generate_series(1, :items) n;
insert into review_case (id, purpose, gathered_by, rehearsal, state, priority, priority_parts, opened_at,
    settled_at, decide_by)
  select md5('case' || n)::uuid, (array['csam', 'csam', 'intimate_images', 'own_terms'])[1 + n % 4],
    'item:' || n, false, 'settled', 0, '[]', i.received_at, i.received_at, i.received_at + interval '1 day'
  from generate_series(1, :items) n join item i on i.id = md5('item' || n)::uuid;
insert into review_case (id, purpose, gathered_by, rehearsal, state, priority, priority_parts, opened_at,
    turn_at)
  select md5('open' || n)::uuid, (array['csam', 'csam', 'intimate_images', 'own_terms'])[1 + n % 4],
    'open:' || n, false, 'open', 0, '[]', now() - n * interval '1 minute', now()
  from generate_series(1, :open) n;
insert into event (id, kind, version, item_id, revision, fields, at)
  select gen_random_uuid(), happened, 1, i.id, 1,
    jsonb_build_object('case_id', md5('case' || n)::uuid, 'item_id', i.id, 'purpose', 'csam',
      'category', (array['A', 'B', 'C', null])[1 + n % 4]),
    i.received_at + case when happened in ('item_confirmed', 'item_preserved')
      then interval '1 minute' * (n % 3000) else interval '0' end
  from generate_series(1, :items) n join item i on i.id = md5('item' || n)::uuid,
    unnest(array['item_matched', 'case_opened',
       'assessment_filed', 'item_confirmed', 'item_preserved']) happened
  order by 7;
insert into item_revision (item_id, revision) select id, 1 from item;
set session_replication_role = origin;
"""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def timed(name: str, run: Callable[[], Any], times: int = TIMES) -> Any:
    """Run something several times and print the quickest and the middle, in milliseconds."""
    took, result = [], None
    for _ in range(times):
        began = time.perf_counter()
        result = run()
        took.append((time.perf_counter() - began) * 1000)
    say(f"{name:<66} {min(took):8.1f} {median(took):8.1f}")
    return result


def filled(server: EmbeddedServer, many_open: int, items: int) -> str:
    """Make a database of so many open cases, and of so many items with five events each; return its URL."""
    create_database(server, "bench")
    url = server.url("bench")
    upgrade(url)
    database = Database(url, pool_size=1)
    with database.begin() as tx:
        for statement in FILL.split(";"):
            if statement.strip():
                tx.run(sa.text(statement), {"open": many_open, "items": items})
    with database.session() as connection:
        connection.execute(sa.text("vacuum analyze"))
    database.close()
    return url


def measure(database: Database) -> None:
    """Print how long counting takes, and then reading by period and slice."""
    now = utc_now()
    began, days = time.perf_counter(), 0
    while (counted := count_days(database, zone=ZONE, now=now)) > 2:
        days += counted
    say(f"counting {days + counted} days once: {time.perf_counter() - began:.1f} s")
    say(f"{'':<66} {'quickest':>8} {'middle':>8}  ms")
    timed("counting today again, with all that is open", lambda: count_days(database, zone=ZONE, now=now))
    today = now.astimezone(ZONE).date()
    year = Period(PeriodKind.DATES, today - timedelta(days=364), today)
    for name, period, sliced in (
        ("today", around(PeriodKind.DAY, today), {}),
        ("this week", around(PeriodKind.WEEK, today), {}),
        ("a year", year, {}),
        ("a year, one queue of one surface", year, {"purpose": "csam", "surface": "chat"}),
    ):
        asked = {"practice": "no"} | sliced
        for what, finish in (("page", parts_of), ("CSV", overview_exports.as_csv)):

            def read(period: Period = period, finish: Callable[..., Any] = finish) -> None:
                with database.begin() as tx:
                    finish(overview.read(tx, period, asked, zone=ZONE, now=now))  # noqa: B023

            timed(f"{name}, ready for its {what}", read)
    with database.begin() as tx:
        stored = tx.run(sa.text("select count(*) from day_fact")).scalar_one()
    say(f"{stored:,} counts are put by")


def main() -> None:
    """Fill a database and measure."""
    sizes = [int(each) for each in sys.argv[1:]]
    many_open, events = sizes if len(sizes) == 2 else (OPEN, EVENTS)
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder), durable=False) as server:
        database = Database(filled(server, many_open, events // PER_ITEM), pool_size=2)
        say(f"{many_open:,} open cases, {events:,} events in a year")
        measure(database)
        database.close()


if __name__ == "__main__":
    main()
