"""Outside anchors: a head that was set down outside cannot be rewritten here without its being found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from safehold.app import alarms
from safehold.app.audit.anchoring import RETRY, anchor_now, sweep_anchors
from safehold.app.audit.anchors.base import Anchor, Head, Receipt
from safehold.app.audit.anchors.declared import Declared, outside_anchors
from safehold.app.audit.anchors.mail import MailToOthers
from safehold.app.audit.anchors.object_store import StoreOfOthers
from safehold.app.audit.anchors.rfc3161 import TimeStampServer
from safehold.app.audit.chain import FIRST, link_hash
from safehold.app.audit.sequencer import sequence
from safehold.app.audit.verify import Verdict, verify
from safehold.app.settings import Settings
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.egress.mail import MailServer, Security
from safehold.model.errors import AnchorFailed, FetchFailed, MailFailed, NotFound, SafeholdError, VaultDown
from safehold.storage import anchors as rows
from safehold.storage import audit, roles
from safehold.storage.database import Database
from safehold.testing import bucket as buckets
from safehold.testing import time_stamp_authority as authorities
from safehold.testing.bucket import Bucket
from safehold.testing.mail_server import MailReceiver
from safehold.testing.time_stamp_authority import POLICY, TimeStampAuthority

# Time stamps carry the real time, so the clock begins there.
BEGIN = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, pool_size=4)
    yield opened
    opened.close()


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimeStampAuthority]:
    with TimeStampAuthority(tmp_path) as running:
        yield running
    assert running.rejections == []


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Bucket() as running:
        yield running


@pytest.fixture
def keeper() -> Iterator[MailReceiver]:
    with MailReceiver() as running:
        yield running


def stamps(authority: TimeStampAuthority) -> TimeStampServer:
    return TimeStampServer(
        name="stamps",
        url=authority.url,
        roots=(authority.root,),
        policy=POLICY,
        permitted=PermittedNetworks.of(f"127.0.0.1:{authority.port}"),
        egress=Egress(user_agent="test"),
    )


def mails(keeper: MailReceiver) -> MailToOthers:
    server = MailServer(
        host="127.0.0.1",
        port=keeper.port,
        security=Security.NONE,
        permitted=PermittedNetworks.of(f"127.0.0.1:{keeper.port}"),
    )
    return MailToOthers(
        name="mails", log="Here", server=server, sender="a@here.test", recipients=("k@others.test",)
    )


def objects(bucket: Bucket) -> StoreOfOthers:
    return StoreOfOthers(name="objects", place="s3://others/here", options=bucket.options)


@pytest.fixture(params=["stamps", "mails", "objects"])
def anchor(
    request: pytest.FixtureRequest, authority: TimeStampAuthority, keeper: MailReceiver, bucket: Bucket
) -> Anchor:
    made: dict[str, Anchor] = {
        "stamps": stamps(authority),
        "mails": mails(keeper),
        "objects": objects(bucket),
    }
    return made[request.param]


def write(database: Database, count: int, *, at: datetime = BEGIN) -> None:
    with database.begin() as tx:
        for number in range(count):
            audit.append(tx, at=at, actor="user:1", verb="case.view", object=f"case:{number}")
    sequence(database, now=at)


def rewrite(database: Database) -> None:
    """Change the third record, and each link after it, so that the chain is whole again."""
    with database.begin() as tx:
        [records] = audit.whole_chain(tx, batch=10_000)
        previous = FIRST
        for seq, record in enumerate(records, 1):
            now = replace(record, actor="user:2") if seq == 3 else record
            digest = link_hash(now, seq=seq, previous=previous)
            values = {"actor": now.actor, "id": now.id, "seq": seq, "previous": previous, "hash": digest}
            tx.run(sa.text("update audit_record set actor = :actor where id = :id"), values)
            tx.run(
                sa.text("update audit_link set previous = :previous, hash = :hash where seq = :seq"), values
            )
            previous = digest


def run(database: Database, statement: str) -> None:
    with database.begin() as tx:
        tx.run(sa.text(statement))


def said(verdict: Verdict) -> str:
    return "; ".join(f"{found.seq}: {found.what}" for found in verdict.breaks)


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def test_a_head_is_set_down_outside_and_the_log_counts_as_anchored_up_to_it(
    database: Database, anchor: Anchor
) -> None:
    write(database, 5)
    done = anchor_now(database, anchor, clock=at(BEGIN))
    assert done.head.seq == 5
    # A mail is with others: what they kept is brought along.
    brought = [done.head] if anchor.kind == "mail" else []
    assert verify(database, anchors=[anchor], heads=brought).oldest_unanchored is None

    later = BEGIN + timedelta(hours=1)
    write(database, 2, at=later)

    verdict = verify(database, anchors=[anchor], heads=brought)
    assert verdict.intact, said(verdict)
    # The record of anchoring itself is the first one that is not anchored.
    assert (verdict.links, verdict.oldest_unanchored) == (8, BEGIN)
    [asked] = verdict.anchors
    found = (0, None) if anchor.kind == "mail" else (1, 5)
    assert (asked.heads, asked.checked, asked.newest_seq) == (1, *found)
    assert (asked.failure, asked.differences) == ("", [])


def test_a_head_of_which_only_our_own_records_tell_does_not_count_as_anchored(
    database: Database, keeper: MailReceiver, bucket: Bucket
) -> None:
    write(database, 5)
    kept, mailed = objects(bucket), mails(keeper)
    anchor_now(database, kept, clock=at(BEGIN))
    anchor_now(database, mailed, clock=at(BEGIN))

    def unanchored(*anchors: Anchor) -> tuple[bool, list[int]]:
        verdict = verify(database, anchors=anchors)
        assert verdict.intact, said(verdict)
        return verdict.oldest_unanchored is not None, [each.checked for each in verdict.anchors]

    assert unanchored(kept, mailed) == (False, [1, 0])
    assert unanchored(mailed) == (True, [0, 0]), "the store is in the settings no more"
    assert unanchored() == (True, [0, 0])
    bucket.fault = buckets.Fault.AWAY
    assert unanchored(kept, mailed) == (True, [0, 0])


def test_a_whole_chain_is_verified_in_batches_of_any_size(database: Database) -> None:
    write(database, 7)
    with database.begin() as tx:
        for size in (1, 3, 7, 8):
            read = [record.seq for batch in audit.whole_chain(tx, batch=size) for record in batch]
            assert read == list(range(1, 8))


def test_an_owner_who_rewrites_the_whole_chain_is_found_out(database: Database, anchor: Anchor) -> None:
    write(database, 5)
    anchor_now(database, anchor, clock=at(BEGIN))

    rewrite(database)

    assert said(verify(database, anchors=[anchor])).startswith("5: it is not the link that")


def test_an_owner_who_rewrites_the_records_of_anchoring_too_is_found_out(
    database: Database, anchor: Anchor, keeper: MailReceiver
) -> None:
    write(database, 5)
    done = anchor_now(database, anchor, clock=at(BEGIN))
    rewrite(database)

    run(database, "update audit_anchor set head = (select hash from audit_link where seq = 5)")

    # A mail can only be compared by whoever has it.
    brought = [done.head] if anchor.kind == "mail" else []
    assert not verify(database, anchors=[anchor], heads=brought).intact
    if brought:
        kept = keeper.taken[0].content.decode()
        assert f"safehold audit head 5 {done.head.hash.hex()}" in kept


def test_a_store_of_others_finds_what_was_rewritten_and_then_forgotten(
    database: Database, bucket: Bucket
) -> None:
    anchor = objects(bucket)
    write(database, 5)
    anchor_now(database, anchor, clock=at(BEGIN))
    rewrite(database)

    run(database, "delete from audit_anchor")

    assert (
        said(verify(database, anchors=[anchor])) == "5: it is not the link that anchor objects itself keeps"
    )


def test_a_chain_that_was_cut_short_is_found_by_what_is_missing(database: Database, anchor: Anchor) -> None:
    write(database, 5)
    anchor_now(database, anchor, clock=at(BEGIN))

    run(database, "delete from audit_link where seq > 3")

    verdict = verify(database, anchors=[anchor])
    assert said(verdict).startswith("5: it is missing, and anchor")
    assert verdict.oldest_unanchored == BEGIN


def test_a_head_that_somebody_else_kept_is_compared(database: Database) -> None:
    write(database, 3)
    right = Head(3, verify(database).head)
    assert verify(database, heads=[right]).intact
    assert not verify(database, heads=[replace(right, hash=bytes(32))]).intact
    assert not verify(database, heads=[Head(2, right.hash)]).intact
    assert not verify(database, heads=[Head(9, right.hash)]).intact


def test_what_is_set_down_can_be_set_down_again_without_harm(database: Database, anchor: Anchor) -> None:
    write(database, 2)
    for _ in range(2):
        anchor_now(database, anchor, clock=at(BEGIN))
    [asked] = verify(database, anchors=[anchor]).anchors
    assert asked.heads == 2


def test_a_trial_anchors_nothing(
    database: Database, anchor: Anchor, keeper: MailReceiver, bucket: Bucket
) -> None:
    write(database, 2)
    assert anchor.try_out(now=BEGIN)
    with database.begin() as tx:
        assert rows.all_anchors(tx) == []
    assert (keeper.taken, bucket.objects) == ([], {})


def test_an_empty_chain_has_no_head(database: Database, anchor: Anchor) -> None:
    with pytest.raises(NotFound, match="no link"):
        anchor_now(database, anchor, clock=at(BEGIN))


REASONS = {
    authorities.Fault.REJECTED: "rejected",
    authorities.Fault.GARBAGE: "answer",
    authorities.Fault.TRUNCATED: "answer",
    authorities.Fault.ENDLESS: "answer",
    authorities.Fault.LONG_AGO: "clock",
    authorities.Fault.SERVER_ERROR: "status:500",
    authorities.Fault.RESET: "closed",
}


@pytest.mark.parametrize(
    "fault", [fault for fault in authorities.Fault if fault is not authorities.Fault.SILENT]
)
def test_no_faulty_time_stamp_is_taken_for_one(
    database: Database, authority: TimeStampAuthority, fault: authorities.Fault
) -> None:
    write(database, 2)
    authority.fault = fault
    with pytest.raises((AnchorFailed, FetchFailed)) as failed:
        anchor_now(database, stamps(authority), clock=at(BEGIN))
    assert f"({REASONS.get(fault, 'untrusted')})" in str(failed.value)
    with database.begin() as tx:
        assert rows.all_anchors(tx) == []


def test_a_stored_time_stamp_is_checked_against_the_roots_its_head_and_its_day(
    database: Database, authority: TimeStampAuthority, tmp_path: Path
) -> None:
    write(database, 2)
    anchor = stamps(authority)
    anchor_now(database, anchor, clock=at(BEGIN))
    assert verify(database, anchors=[anchor]).intact

    (tmp_path / "other").mkdir()
    with TimeStampAuthority(tmp_path / "other") as other:
        verdict = verify(database, anchors=[replace(anchor, roots=(other.root,))])
    assert said(verdict) == "2: anchor stamps: its time stamp is not a valid one for this head"

    run(database, "update audit_anchor set at = at - interval '3 days'")
    verdict = verify(database, anchors=[anchor])
    assert said(verdict) == "2: anchor stamps: its time stamp is of another day than the record says"

    gone = verify(database, anchors=[replace(anchor, roots=(tmp_path / "nowhere",))])
    assert [asked.failure for asked in gone.anchors] == ["bad_settings"]


@pytest.mark.parametrize("fault", list(buckets.Fault))
def test_no_faulty_store_is_taken_for_one_that_keeps_a_head(
    database: Database, bucket: Bucket, fault: buckets.Fault
) -> None:
    write(database, 2)
    bucket.fault = fault
    with pytest.raises((AnchorFailed, VaultDown)):
        anchor_now(database, objects(bucket), clock=at(BEGIN))
    if fault is not buckets.Fault.CONFLICT:
        with pytest.raises((AnchorFailed, VaultDown)):
            objects(bucket).try_out(now=BEGIN)
    with database.begin() as tx:
        assert rows.all_anchors(tx) == []


def test_an_object_that_was_changed_or_removed_is_found(database: Database, bucket: Bucket) -> None:
    write(database, 2)
    anchor = objects(bucket)
    anchor_now(database, anchor, clock=at(BEGIN))
    [path] = bucket.objects
    assert path == "/others/here/anchors/2"

    bucket.objects[path] = b"safehold audit head 2 " + b"0" * 64 + b"\n"
    assert "its object holds another head" in said(verify(database, anchors=[anchor]))

    del bucket.objects[path]
    assert said(verify(database, anchors=[anchor])) == (
        "2: anchor objects: its object is not in the store any more"
    )


def test_two_logs_in_one_place_are_noticed_and_not_overwritten(database: Database, bucket: Bucket) -> None:
    write(database, 2)
    bucket.objects["/others/here/anchors/2"] = b"safehold audit head 2 of another log\n"
    with pytest.raises(AnchorFailed, match="taken"):
        anchor_now(database, objects(bucket), clock=at(BEGIN))
    assert bucket.objects["/others/here/anchors/2"].endswith(b"another log\n")


def test_a_store_that_is_away_during_a_check_is_said_to_be(database: Database, bucket: Bucket) -> None:
    write(database, 2)
    anchor_now(database, objects(bucket), clock=at(BEGIN))
    bucket.fault = buckets.Fault.AWAY
    verdict = verify(database, anchors=[objects(bucket)])
    assert verdict.intact
    assert [asked.failure for asked in verdict.anchors] == ["vault_down"]


@dataclass
class Flaky:
    """An anchor that can be told to fail; counts how often it was asked."""

    name: str = "flaky"
    kind: str = "object_store"
    answers: bool = True
    error: SafeholdError | None = None
    asked: int = 0

    def set_down(self, head: Head, *, now: datetime) -> Receipt:
        self.asked += 1
        if self.error:
            raise self.error
        return Receipt(b"kept", "kept")

    def try_out(self, *, now: datetime) -> str:
        return "fine"

    def what_differs(self, anchored: object) -> None:
        return None

    def held(self) -> Iterator[tuple[int, bytes]]:
        yield from ()


def standing(database: Database) -> list[str]:
    with database.begin() as tx:
        return [alarm.code for alarm in alarms.standing(tx)]


def test_an_anchor_gets_the_head_when_its_period_has_passed_and_the_log_has_moved(database: Database) -> None:
    flaky = Flaky()
    declared = [Declared(flaky, DAY)]
    assert sweep_anchors(database, declared, clock=at(BEGIN)) == 0
    write(database, 2)
    assert sweep_anchors(database, declared, clock=at(BEGIN)) == 1
    sequence(database, now=BEGIN)
    assert sweep_anchors(database, declared, clock=at(BEGIN + 2 * DAY)) == 0, "only the anchoring is new"
    write(database, 1)
    assert sweep_anchors(database, declared, clock=at(BEGIN + DAY / 2)) == 0, "it is not time yet"
    assert sweep_anchors(database, declared, clock=at(BEGIN + DAY)) == 1
    write(database, 1)
    assert sweep_anchors(database, declared, clock=at(BEGIN - DAY)) == 1, "a clock that went back"
    assert flaky.asked == 3


def test_a_failing_anchor_is_tried_again_and_alarms_a_person_until_it_works(database: Database) -> None:
    flaky, sound = Flaky(error=MailFailed("connect")), Flaky(name="sound")
    declared = [Declared(flaky, DAY), Declared(sound, DAY)]
    write(database, 2)

    assert sweep_anchors(database, declared, clock=at(BEGIN)) == 1, "one that fails keeps no other back"
    assert sweep_anchors(database, declared, clock=at(BEGIN + RETRY / 2)) == 0
    assert flaky.asked == 1
    sweep_anchors(database, declared, clock=at(BEGIN + RETRY))
    assert flaky.asked == 2
    assert standing(database) == []

    late = BEGIN + alarms.ANCHOR_PATIENCE
    sweep_anchors(database, declared, clock=at(late))
    assert standing(database) == [alarms.ANCHOR_FAILING]

    flaky.error = None
    assert sweep_anchors(database, declared, clock=at(late + RETRY)) == 1
    assert standing(database) == []


def test_the_role_of_the_worker_is_enough_to_anchor_and_that_of_the_console_to_verify(
    database: Database, database_url: str
) -> None:
    write(database, 2)
    as_worker, as_console = (
        Database(sa.make_url(database_url).set(username=role).render_as_string(hide_password=False))
        for role in (roles.WORKER, roles.CONSOLE)
    )
    try:
        flaky = Flaky(error=MailFailed("connect"))
        assert sweep_anchors(as_worker, [Declared(flaky, DAY)], clock=at(BEGIN)) == 0
        flaky.error = None
        assert sweep_anchors(as_worker, [Declared(flaky, DAY)], clock=at(BEGIN + RETRY)) == 1
        verdict = verify(as_console)
        assert (verdict.intact, verdict.erased) == (True, None), "no surface reads personal side rows"
        assert [asked.heads for asked in verdict.anchors] == [1]
    finally:
        as_worker.close()
        as_console.close()


def test_the_alarm_ends_when_the_anchor_is_switched_off(database: Database) -> None:
    flaky = Flaky(error=MailFailed("connect"))
    write(database, 2)
    for moment in (BEGIN, BEGIN + alarms.ANCHOR_PATIENCE):
        sweep_anchors(database, [Declared(flaky, DAY)], clock=at(moment))
    assert standing(database) == [alarms.ANCHOR_FAILING]

    sweep_anchors(database, [], clock=at(BEGIN + DAY))
    with database.begin() as tx:
        alarms.clear_what_is_over(tx, now=BEGIN + DAY)
    assert standing(database) == []


def declared_as(**anchor: object) -> Settings:
    return Settings(audit={"anchors": {"one": {"enabled": True, **anchor}}})


@pytest.mark.parametrize(
    ("anchor", "outside"),
    [
        ({"kind": "object_store", "url": "/var/anchors"}, 0),
        ({"kind": "object_store", "url": "memory://x"}, 0),
        ({"kind": "object_store", "url": "s3://b", "options": {"endpoint": "http://127.0.0.1:9000"}}, 0),
        ({"kind": "object_store", "url": "s3://b", "options": {"endpoint": "https://s3.others.test"}}, 1),
        ({"kind": "object_store", "url": "gs://b", "enabled": False}, 0),
        ({"kind": "mail", "host": "localhost", "sender": "a@b.test", "recipients": ["c@d.test"]}, 0),
        ({"kind": "mail", "host": "0x7f.1", "sender": "a@b.test", "recipients": ["c@d.test"]}, 0),
        ({"kind": "mail", "host": "mail.others.test", "sender": "a@b.test", "recipients": ["c@d.test"]}, 1),
        ({"kind": "rfc3161", "url": "http://[::1]:318/", "roots": ["r.pem"]}, 0),
        ({"kind": "rfc3161", "url": "https://tsa.others.test/", "roots": ["r.pem"]}, 1),
    ],
)
def test_only_what_lies_beyond_this_host_counts_as_outside(anchor: dict[str, object], outside: int) -> None:
    assert outside_anchors(declared_as(**anchor)) == outside
