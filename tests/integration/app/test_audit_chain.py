"""The audit log: any change before its end is found, and personal data can be erased without one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.app.audit.chain import FIRST, link_hash
from safehold.app.audit.sequencer import sequence
from safehold.app.audit.verify import verify
from safehold.storage import audit
from safehold.storage.database import Database

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, pool_size=4)
    yield opened
    opened.close()


def write(database: Database, count: int, *, personal: bool = False) -> None:
    with database.begin() as tx:
        for number in range(count):
            audit.append(
                tx,
                at=NOON + timedelta(seconds=number),
                actor="user:1",
                verb="case.view",
                object=f"case:{number}",
                detail={"number": number},
                personal={"name": f"person {number}"} if personal else None,
            )


def run(database: Database, statement: str) -> None:
    with database.begin() as tx:
        tx.run(sa.text(statement))


def test_an_untouched_log_is_intact_and_says_since_when_it_is_unanchored(database: Database) -> None:
    write(database, 30, personal=True)

    assert sequence(database, now=NOON) == 30

    verdict = verify(database)
    assert verdict.intact
    assert (verdict.links, verdict.waiting, verdict.erased) == (30, 0, 0)
    assert verdict.oldest_unanchored == NOON


def test_what_is_chained_while_the_chain_is_read_is_never_counted_below_nothing(database: Database) -> None:
    write(database, 3)
    sequence(database, now=NOON)

    with ThreadPoolExecutor(1) as threads:
        with database.begin() as tx:
            tx.run(sa.text("lock table audit_link"))
            verifying = threads.submit(verify, database)
            waits = sa.text("select from pg_locks where not granted and relation = 'audit_link'::regclass")
            while tx.run(waits).first() is None:
                time.sleep(0.01)
            audit.append(tx, at=NOON + timedelta(hours=1), actor="user:1", verb="case.view", object="case:9")
            seq, previous = audit.newest_link(tx) or (0, FIRST)
            [record] = audit.unlinked(tx, limit=5)
            digest = link_hash(record, seq=seq + 1, previous=previous)
            audit.link(tx, seq=seq + 1, record_id=record.id, previous=previous, hash=digest, at=NOON)
        verdict = verifying.result()
    assert (verdict.intact, verdict.links, verdict.waiting) == (True, 4, 0)


def test_records_without_a_link_are_counted_as_waiting(database: Database) -> None:
    write(database, 3)

    assert (verify(database).links, verify(database).waiting) == (0, 3)


@pytest.mark.parametrize(
    "change",
    [
        "update audit_record set verb = 'case.close' where object = 'case:7'",
        "update audit_record set actor = 'user:2' where object = 'case:7'",
        "update audit_record set detail = '{}' where object = 'case:7'",
        "update audit_record set at = at + interval '1 microsecond' where object = 'case:7'",
        "update audit_link set previous = hash where seq = 8",
        "update audit_link set hash = previous where seq = 8",
        "delete from audit_link where seq = 8",
        "delete from audit_link where seq = 1",
        "update audit_record set personal_digest = null where object = 'case:7'",
        'update audit_personal set data = data || \'{"name": "somebody else"}\''
        " where record_id = (select id from audit_record where object = 'case:7')",
    ],
)
def test_any_change_of_a_written_log_is_found(database: Database, change: str) -> None:
    write(database, 12, personal=True)
    sequence(database, now=NOON)

    run(database, change)

    assert not verify(database).intact


def test_a_link_cut_off_at_the_end_leaves_a_record_that_waits(database: Database) -> None:
    write(database, 12)
    sequence(database, now=NOON)

    run(database, "delete from audit_link where seq = 12")

    assert verify(database).waiting == 1


def test_erasing_personal_data_leaves_the_chain_intact(database: Database) -> None:
    write(database, 5, personal=True)
    sequence(database, now=NOON)

    run(database, "delete from audit_personal")

    verdict = verify(database)
    assert verdict.intact
    assert verdict.erased == 5


def test_two_sequencers_at_once_make_one_chain(database: Database) -> None:
    write(database, 1200)

    with ThreadPoolExecutor(4) as threads:
        linked = sum(threads.map(lambda _: sequence(database, now=NOON), range(4)))

    linked += sequence(database, now=NOON)
    assert linked == 1200
    assert verify(database).intact


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_the_chain_grows_by_what_was_committed_however_it_came(
    database: Database, batches: list[int]
) -> None:
    before = verify(database).links
    for count in batches:
        write(database, count)
        sequence(database, now=NOON)

    verdict = verify(database)
    assert verdict.intact
    assert verdict.links == before + sum(batches)
