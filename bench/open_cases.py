"""How long the queue, the next case and a case of thousands of items take, with many cases open.

Every case is made by plain statements in a fresh embedded database. Run by `make bench`; `open_cases.py CASES
ITEMS` for other sizes.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from safehold.app import console_filtering, console_view
from safehold.app.access.sessions import SignedIn
from safehold.app.settings import Settings
from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.model.bulk import BulkKind
from safehold.model.case_filter import ANYTHING, Said, filter_from
from safehold.model.clock import utc_now
from safehold.model.events import BulkLeft
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, BulkId, CaseId, SessionId, UserId, new_id
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.review import bulk, cases, filters, weighing
from safehold.review.bulk import Wanted
from safehold.storage.database import Database, Tx
from safehold.storage.databases import create_database
from safehold.storage.embedded import EmbeddedServer
from safehold.storage.migrate import upgrade
from safehold.web.console import filter_words
from safehold.web.console.pages import rendered

CASES, ITEMS, TIMES = 100_000, 5_000, 25
EVERY = tuple(Purpose)
SEVERE = (ExposureKind.A, ExposureKind.B)

FILL = """
insert into app_user (id, name, password_hash, roles, queues, skills, created_at)
  select md5('user' || n)::uuid, 'person ' || n, '-',
    case when n > 18 then '{lead}'::text[] else '{analyst}' end,
    '{csam,intimate_images,own_terms,test}', '{}', now() from generate_series(1, 20) n;
insert into media (id, sha256, size_bytes, media_type, kind, frames, first_seen_at)
  select md5('media' || n)::uuid, sha256(n::text::bytea), 1000, 'image/jpeg', 'image', 1, now()
  from generate_series(1, :cases + :items) n;
insert into item (id, kind, surface, media_id, scan_id, result, rehearsal, received_at)
  select md5('item' || n)::uuid, 'media', 'public_uploads', md5('media' || n)::uuid,
    md5('scan' || n)::uuid, 'review', false, now() - n * interval '1 minute'
  from generate_series(1, :cases + :items) n;
insert into review_case (id, purpose, account_id, gathered_by, rehearsal, state, priority, priority_parts,
    opened_at, turn_at, exposure_kinds)
  select md5('case' || n)::uuid, (array['csam', 'csam', 'csam', 'intimate_images', 'own_terms'])[1 + n % 5],
    'account-' || n, 'account:account-' || n, false, 'open', n % 100, jsonb_build_array(
      jsonb_build_object('name', 'child at risk now', 'seen', 'Nobody has said so', 'weight', 0),
      jsonb_build_object('name', 'likelihood', 'seen', 'Match on a vetted list', 'weight', n % 45),
      jsonb_build_object('name', 'severity', 'seen', 'Category B on the list', 'weight', 22),
      jsonb_build_object('name', 'reach', 'seen', 'Held', 'weight', 5 + 15 * (n % 2)),
      jsonb_build_object('name', 'repeats', 'seen', 'The only item of this case', 'weight', 0),
      jsonb_build_object('name', 'legal clock', 'seen', 'No date is set', 'weight', 0)
    ), now() - n * interval '1 minute',
    now() - n * interval '1 minute' - (n % 100) * interval '1 hour',
    array[(array['A', 'B', 'C', 'unknown', 'prohibited', 'conversation'])[1 + n % 6]]
  from generate_series(1, :cases) n;
insert into hash_list (id, name, purpose, kind, max_distance, hold_max_distance, may_hold, vetted, provenance,
    created_at)
  select md5('list' || n)::uuid, 'list ' || n, 'csam', 'hash', 31, 15, true, true, '', now()
  from generate_series(1, 20) n;
insert into entry (id, list_id, signal_type, value, origin, added_at, added_seq)
  select md5('entry' || n)::uuid, md5('list' || n)::uuid, 'pdq', sha256(n::text::bytea), 'file', now(), 1
  from generate_series(1, 20) n;
insert into match (id, item_id, list_id, entry_id, signal_type, distance, frame, may_hold, matched_at)
  select gen_random_uuid(), md5('item' || n)::uuid, md5('list' || l)::uuid, md5('entry' || l)::uuid, 'pdq', 4,
    0, true, now()
  from generate_series(1, :cases) n,
    lateral (select case when n % 500 = 0 then 20 else 1 + n % 19 end as l) x;
insert into case_item (case_id, item_id, joined_at, waits_for)
  select md5('case' || n)::uuid, md5('item' || n)::uuid, now(), 'assessment'
  from generate_series(1, :cases) n;
insert into case_item (case_id, item_id, joined_at, waits_for)
  select md5('case1')::uuid, md5('item' || n)::uuid, now(), 'assessment'
  from generate_series(:cases + 1, :cases + :items) n;
"""
ASSESSED = """
insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding, answers, tier,
    policy_version, filed_at)
  select gen_random_uuid(), c.id, c.purpose, i.item_id, md5('user1')::uuid, 'imagery', 'cannot_determine',
    '{}', 'clear', '1', now()
  from (select * from review_case order by turn_at limit :cases / 20) c join case_item i on i.case_id = c.id;
update case_item set waits_for = 'second' where case_id in (select case_id from assessment);
insert into exposure_choice (user_id, day_begins, opted_out, press_to_show)
  select md5('user2')::uuid, 0, '{A,B,C}', false;
insert into declared_conflict (id, user_id, about, declared_at)
  select gen_random_uuid(), md5('user3')::uuid, gathered_by, now()
  from review_case order by turn_at limit 100;
"""

FILTERS: dict[str, Said] = {
    "nothing": {},
    "one queue": {"queue": ["csam"]},
    "need 75 and nobody at it": {"need": ["75"], "held": ["nobody"]},
    "a surface that all have": {"surface": ["public_uploads"]},
    "a list that 0.2 % match": {"list": [str(UUID(hashlib.md5(b"list20").hexdigest()))]},  # noqa: S324
    "a list that 5 % match": {"list": [str(UUID(hashlib.md5(b"list7").hexdigest()))]},  # noqa: S324
    "a signal that nothing has": {"signal": ["md5"]},
    "a child at risk now, which none is": {"why": ["at_risk"]},
    "two of everything": {"why": ["vetted", "reach"], "open": ["24"], "signal": ["pdq"], "kind": ["A", "B"]},
}
"""What filters are asked, from what the index knows to what has to be looked at case by case."""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def timed(name: str, run: Callable[[], Any]) -> Any:
    """Run something several times and print the quickest and the middle, in milliseconds."""
    took, result = [], None
    for _ in range(TIMES):
        began = time.perf_counter()
        result = run()
        took.append((time.perf_counter() - began) * 1000)
    say(f"{name:<66} {min(took):8.1f} {median(took):8.1f}")
    return result


def person(number: int, tx: Tx) -> AnalystId:
    """Return one of the people."""
    return AnalystId(tx.run(sa.text("select md5('user' || :n)::uuid"), {"n": number}).scalar_one())


def signed_in(analyst: AnalystId, role: Role = Role.ANALYST) -> SignedIn:
    """Return this analyst as somebody with a session."""
    roles = frozenset({role})
    user = UserId(analyst)
    return SignedIn(
        actor=Actor(permissions=permissions_of(roles), user_id=user),
        user_id=user,
        name="person",
        roles=roles,
        session_id=SessionId(new_id()),
        form_token="t",  # noqa: S106 - a page that nobody sends
        proved_at=None,
    )


def measure(database: Database, items: int) -> None:
    """Print how long each thing takes that people wait for."""
    say(f"{'':<66} {'quickest':>8} {'middle':>8}  ms")
    with database.begin() as tx:
        plain, opted_out, kept_from = person(9, tx), person(2, tx), person(3, tx)
        assessed, lead = person(1, tx), person(20, tx)
        large = CaseId(tx.run(sa.text("select md5('case1')::uuid")).scalar_one())
    for name, who, last in (
        ("next case", plain, ()),
        ("next case, severe ones last", plain, SEVERE),
        ("next case, opted out of half the kinds", opted_out, SEVERE),
        ("next case, knows somebody in the first hundred", kept_from, ()),
        ("next case, has assessed the first 5 %, which waits for others", assessed, ()),
        ("next case, a lead", lead, ()),
    ):
        timed(name, lambda who=who, last=last: _next(database, who, last))
    for name, who in (("plain", plain), ("has assessed the first 5 %", assessed)):
        html = timed(f"queue page, {name}", lambda who=who: _queue(database, who))
        say(f"  {len(html) / 1000:.0f} KB")
    with database.begin() as tx:
        cases.take(tx, large, plain, utc_now())
    for name, said in FILTERS.items():
        for whose, who, roles in (("an analyst", plain, Role.ANALYST), ("a lead", lead, Role.LEAD)):
            html = timed(f"filter, {name}, {whose}", lambda: _filtered(database, who, roles, said))  # noqa: B023
        say(f"  {len(html) / 1000:.0f} KB")
    _bulk(database, lead)
    timed(f"weighing a case of {items + 1:,} items", lambda: _weigh(database, large))
    timed(f"looking up a case of {items + 1:,} items", lambda: _case(database, large, plain))


def _next(database: Database, who: AnalystId, last: tuple[ExposureKind, ...]) -> None:
    with database.begin() as tx:
        found = cases.take_next(tx, who, utc_now(), purposes=EVERY, last=last)
        assert found is not None
        cases.release_lock(tx, found.id, who, utc_now())


def _queue(database: Database, who: AnalystId) -> bytes:
    someone, now = signed_in(who), utc_now()
    with database.begin() as tx:
        view = console_view.queue(tx, actor=someone.actor, now=now)
    context = {"view": view, "figures": [], "may_take": True, "now": now + timedelta(0)}
    page = rendered("queue.html", 200, signed_in=someone, bar=None, place="queue", notice=None, **context)
    return bytes(page.body)


def _filtered(database: Database, who: AnalystId, role: Role, said: Said) -> bytes:
    someone, now, settings = signed_in(who, role), utc_now(), Settings()
    with database.begin() as tx:
        wanted = filter_from(said)
        listing = console_filtering.listing(tx, wanted, settings=settings, actor=someone.actor, now=now)
    told = filter_words.told(listing.fields, listing.offered)
    page = rendered(
        "cases_found.html",
        200,
        signed_in=someone,
        bar=None,
        place="queue",
        notice=None,
        now=now,
        listing=listing,
        told=told,
        one_of=filter_words.one_of(listing.offered),
        several_of=filter_words.several_of(listing.offered),
        asked=said,
        most=bulk.MOST,
        longest_note=1,
        longest_name=1,
        bulk_kinds=list(filter_words.KINDS.items()),
        unread=False,
    )
    return bytes(page.body)


def _bulk(database: Database, lead: AnalystId) -> None:
    actor, queue = signed_in(lead, Role.LEAD).actor, Queue(database.driver_url)
    recorder = Recorder({}, queue)
    with database.begin() as tx:
        chosen = filters.first_of(tx, ANYTHING, actor=actor, limit=bulk.MOST, now=utc_now())

    def asked() -> BulkId:
        with database.begin() as tx:
            wanted = Wanted(kind=BulkKind.ASK_SKILL, skill=f"s{time.time_ns() % 10**9}")
            return bulk.ask(tx, wanted, chosen, actor=actor, now=utc_now())

    last = timed(f"asking something of {len(chosen):,} cases, which changes none", asked)
    with database.begin() as tx:
        timed(f"looking at what was asked of {len(chosen):,}", lambda: bulk.sheet(tx, last, actor=actor))

    def part(change: Callable[[Tx], None], name: str) -> None:
        began = time.perf_counter()
        with database.begin() as tx:
            change(tx)
        say(f"{name:<66} {(time.perf_counter() - began) * 1000:8.1f}")

    record = recorder.record
    part(
        lambda tx: bulk.confirm(tx, last, actor=actor, record=record, now=utc_now()),
        f"confirming, with the first {bulk.AT_ONCE}",
    )
    left = BulkLeft(at=utc_now(), bulk_id=last)
    part(
        lambda tx: bulk.carry_on(tx, left, record=record, now=utc_now()),
        f"a step of it, {bulk.IN_A_STEP} cases",
    )


def _weigh(database: Database, case_id: CaseId) -> None:
    with database.begin() as tx:
        weighing.reckon(tx, case_id, now=utc_now())


def _case(database: Database, case_id: CaseId, who: AnalystId) -> None:
    with database.begin() as tx:
        console_view.case(tx, case_id, actor=signed_in(who).actor, now=utc_now())


def filled(server: EmbeddedServer, many: int, items: int) -> str:
    """Make a database of so many open cases, one of them with so many more items; return its URL."""
    create_database(server, "bench")
    url = server.url("bench")
    upgrade(url)
    database = Database(url, pool_size=1)
    for statement in (*FILL.split(";"), *ASSESSED.split(";")):
        if statement.strip():
            with database.begin() as tx:
                tx.run(sa.text(statement), {"cases": many, "items": items})
    with database.session() as connection:
        connection.execute(sa.text("vacuum analyze"))
    database.close()
    return url


def main() -> None:
    """Fill a database and measure."""
    sizes = [int(each) for each in sys.argv[1:]]
    many, items = (*sizes, CASES, ITEMS)[:2] if len(sizes) < 2 else sizes[:2]
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder), durable=False) as server:
        database = Database(filled(server, many, items), pool_size=2)
        say(f"{many:,} open cases, one of them with {items + 1:,} items")
        measure(database, items)
        database.close()


if __name__ == "__main__":
    main()
