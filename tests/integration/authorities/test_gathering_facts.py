"""Claims about gathering the facts of a report from a real database, as console and worker may read it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.authorities.facts import gather
from safehold.intake.uploads import receive
from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.model.answers import Form
from safehold.model.assessment import Category, ConductForm, ConductKind, Finding, ImageryForm, Tier
from safehold.model.case import SubjectPart
from safehold.model.errors import NotFound
from safehold.model.events import AssessmentFiled, ItemFlagged
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, FlagId, ItemId, ScanId, new_id
from safehold.model.item import Context
from safehold.model.match import Flag
from safehold.model.media import DecodeFailure, Examined, MediaKind
from safehold.model.report_facts import Bytes, ReportFacts
from safehold.model.scan import ScanResult
from safehold.model.signal import MD5, SHA1, Signal
from safehold.model.surface import Visibility
from safehold.review.assess import file_assessment
from safehold.review.cases import open_case, take
from safehold.review.rules import Policy
from safehold.review.settle import settle
from safehold.review.viewing import ViewLimits, mark_fetched, open_reveal
from safehold.storage import matches as match_rows
from safehold.storage.database import Database
from safehold.storage.roles import CONSOLE, WORKER
from safehold.storage.users import app_user

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
UPLOADED = NOW - timedelta(hours=3)
PHOTO = Examined(media_type="image/jpeg", kind=MediaKind.IMAGE, width=640, height=480, frames=1)
FILM = Examined(media_type="video/mp4", kind=MediaKind.VIDEO, width=640, height=480, frames=90)
BROKEN = Examined(media_type="image/jpeg", kind=MediaKind.IMAGE, frames=1, failure=DecodeFailure.TRUNCATED)
B = ImageryForm(finding=Finding.ILLEGAL, category=Category.B)
OFTEN = ViewLimits(per_minute=10_000, per_hour=10_000, per_day=10_000)


class Desk:
    """A database with an analyst, where items arrive and are looked at."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.record = Recorder({}, Queue(self.database.driver_url)).record
        self.ada = AnalystId(new_id())
        with self.database.begin() as tx:
            values: dict[str, Any] = {"id": self.ada, "name": "ada", "roles": ["analyst"]}
            values |= {"password_hash": "x", "queues": sorted(Purpose), "skills": []}
            tx.run(app_user.insert().values(created_at=NOW, **values))

    def sql(self, statement: str, **values: Any) -> None:
        with self.database.begin() as tx:
            tx.run(sa.text(statement), values)

    def arrives(
        self, content: str, examined: Examined = PHOTO, *, sealed: bool = True, rehearsal: bool = False
    ) -> ItemId:
        """Return a flagged upload of these bytes."""
        data = content.encode()
        context = Context(
            surface="public_uploads",
            account_id="uploader",
            content_id=content,
            uploaded_at=UPLOADED,
            ip="192.0.2.7",
            port=50_000,
            original_name="landscape.jpg",
            region="GB",
        )
        with self.database.begin() as tx:
            item_id, media_id = receive(
                tx,
                scan_id=ScanId(new_id()),
                context=context,
                rehearsal=rehearsal,
                result=ScanResult.REVIEW,
                digest_sha256=hashlib.sha256(data).digest(),
                examined=examined,
                size_bytes=len(data),
                signals=[Signal(MD5, b"m" * 16), Signal(SHA1, b"s" * 20)],
                key_id=None,
                now=NOW,
            )
            asked = Flag(id=FlagId(new_id()), source="nudge", score=1.0, reason="looks_like")
            match_rows.insert_flags(tx, item_id, [asked], now=NOW)
        if sealed:
            self.sql(
                "insert into sealed_object (id, media_id, role, media_type, size_bytes, sealed_at)"
                " values (:id, :media, 'original', 'image/jpeg', 5, :now) on conflict do nothing",
                id=new_id(),
                media=media_id,
                now=NOW,
            )
        return item_id

    def opened(self, item_id: ItemId) -> CaseId:
        """Return the case that the item came into."""
        event = ItemFlagged(at=NOW, item_id=item_id, purpose=Purpose.CSAM)
        with self.database.begin() as tx:
            return open_case(tx, event, record=self.record, now=NOW)

    def looks(self, case_id: CaseId, item_id: ItemId, tier: Tier, *, fetch: bool = True) -> None:
        """Let the analyst ask to see an item, and mostly fetch it."""
        with self.database.begin() as tx:
            take(tx, case_id, self.ada, NOW)
            asked = open_reveal(
                tx, case_id, item_id, tier, by=self.ada, now=NOW, limits=OFTEN, own_request=True
            )
            if fetch:
                mark_fetched(tx, asked.id, by=self.ada, now=NOW)

    def finds(self, case_id: CaseId, item_id: ItemId, form: Form) -> None:
        """Let the analyst file an assessment, and settle it."""
        with self.database.begin() as tx:
            case = take(tx, case_id, self.ada, NOW)
            filed = file_assessment(
                tx,
                case_id,
                item_id,
                form,
                by=self.ada,
                policy_version="2026-01",
                case_revision=case.revision,
                record=self.record,
                now=NOW,
            )
            event = AssessmentFiled(at=NOW, item_id=item_id, case_id=case_id, assessment_id=filed)
            settle(tx, event, policy=Policy(), record=self.record, now=NOW)

    def facts(self, case_id: CaseId, *item_ids: ItemId, **more: Any) -> ReportFacts:
        with self.database.begin() as tx:
            return gather(tx, case_id, item_ids, now=NOW, **more)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    desk = Desk(database_url)
    yield desk
    desk.database.close()


@pytest.fixture
def confirmed(desk: Desk) -> tuple[CaseId, ItemId]:
    """Return a case with a photo that was seen clearly and found illegal."""
    item_id = desk.arrives("a lake")
    case_id = desk.opened(item_id)
    desk.looks(case_id, item_id, Tier.CLEAR)
    desk.finds(case_id, item_id, B)
    return case_id, item_id


def test_all_that_is_on_record_of_an_item_is_gathered(desk: Desk, confirmed: tuple[CaseId, ItemId]) -> None:
    found = desk.facts(*confirmed, visibilities={"public_uploads": Visibility.PUBLIC}, prior=("4564000",))
    assert (found.purpose, found.rehearsal, found.prior) == (Purpose.CSAM, False, ("4564000",))
    assert found.case_number > 1000
    [subject] = found.subjects
    assert (subject.account_id, subject.part) == ("uploader", SubjectPart.UNKNOWN)
    [item] = found.items
    assert item.context is not None
    assert (item.context.ip, item.context.port, item.context.uploaded_at) == ("192.0.2.7", 50_000, UPLOADED)
    assert (item.visibility, item.held, item.flagged_by) == (Visibility.PUBLIC, False, ("nudge",))
    assert item.media is not None
    assert item.media.sha256 == hashlib.sha256(b"a lake").hexdigest()
    assert (item.media.md5, item.media.sha1) == ((b"m" * 16).hex(), (b"s" * 20).hex())
    assert item.media.original is not None
    assert item.bytes is Bytes.SEALED
    assert item.outcome is not None
    assert (item.outcome.finding, item.outcome.category, item.outcome.people) == (
        Finding.ILLEGAL,
        Category.B,
        1,
    )
    assert item.outcome.form == B
    assert found.told == (item,)


@pytest.mark.parametrize(
    ("examined", "whole"), [(PHOTO, True), (FILM, False), (BROKEN, False)], ids=["photo", "film", "broken"]
)
def test_a_clear_look_is_at_the_whole_of_a_photo_and_of_nothing_else(
    desk: Desk, examined: Examined, whole: bool
) -> None:
    item_id = desk.arrives("a lake", examined)
    case_id = desk.opened(item_id)
    desk.looks(case_id, item_id, Tier.CLEAR)
    [item] = desk.facts(case_id, item_id).items
    assert (item.viewing.tier, item.viewing.whole, item.viewing.last_at) == (Tier.CLEAR, whole, NOW)


def test_what_was_asked_for_and_never_fetched_or_seen_blurred_was_not_viewed(desk: Desk) -> None:
    item_id = desk.arrives("a lake")
    case_id = desk.opened(item_id)
    desk.looks(case_id, item_id, Tier.CLEAR, fetch=False)
    [asked] = desk.facts(case_id, item_id).items
    assert (asked.viewing.tier, asked.viewing.whole) == (Tier.NONE, False)
    desk.looks(case_id, item_id, Tier.BLURRED)
    [blurred] = desk.facts(case_id, item_id).items
    assert (blurred.viewing.tier, blurred.viewing.whole) == (Tier.BLURRED, False)


def test_looking_at_the_same_bytes_elsewhere_is_not_looking_at_this_upload(
    desk: Desk, confirmed: tuple[CaseId, ItemId]
) -> None:
    again = desk.arrives("a lake")
    case_id = desk.opened(again)
    [item] = desk.facts(case_id, again).items
    assert (item.viewing.tier, item.viewing.whole, item.viewing.elsewhere) == (Tier.NONE, False, Tier.CLEAR)


def test_bytes_that_are_not_held_say_why(desk: Desk) -> None:
    never, gone = desk.arrives("a forest", sealed=False), desk.arrives("a lake")
    case_id = desk.opened(never)
    assert desk.opened(gone) == case_id
    desk.sql(
        "update sealed_object set destroyed_at = :now"
        " where media_id = (select media_id from item where id = :i)",
        now=NOW,
        i=gone,
    )
    by_id = {each.id: each for each in desk.facts(case_id, never, gone).items}
    assert (by_id[never].bytes, by_id[gone].bytes) == (Bytes.NEVER_SEALED, Bytes.DESTROYED)
    media = by_id[gone].media
    assert media is not None
    assert media.original is None


def test_bytes_that_were_destroyed_and_came_again_are_held(desk: Desk) -> None:
    item_id = desk.arrives("a lake")
    case_id = desk.opened(item_id)
    desk.sql("update sealed_object set destroyed_at = :now", now=NOW)
    desk.arrives("a lake")
    [item] = desk.facts(case_id, item_id).items
    assert item.bytes is Bytes.SEALED


def test_an_outcome_that_was_reversed_is_none_and_an_erased_context_is_none(
    desk: Desk, confirmed: tuple[CaseId, ItemId]
) -> None:
    case_id, item_id = confirmed
    desk.sql("update outcome set reversed_at = :now, reversed_by = :ada", now=NOW, ada=desk.ada)
    desk.sql("delete from item_context where item_id = :i", i=item_id)
    [item] = desk.facts(case_id, item_id).items
    assert (item.outcome, item.context) == (None, None)
    assert desk.facts(case_id, item_id).not_told == (item,)


def test_only_a_declaration_that_was_not_withdrawn_makes_a_risk_to_life(desk: Desk) -> None:
    item_id = desk.arrives("a lake")
    case_id = desk.opened(item_id)
    assert desk.facts(case_id, item_id).risk_to_life is None
    for number, how in enumerate(["reported", "withdrawn"]):
        at = NOW + timedelta(minutes=number)
        desk.sql(
            "insert into emergency (id, case_id, declared_by, declared_at, due_at, ended_how, ended_by,"
            " ended_at, words) values (:id, :case, :ada, :at, :due, :how, :ada, :due, 'practice')",
            id=new_id(),
            case=case_id,
            ada=desk.ada,
            at=at,
            due=at + timedelta(minutes=15),
            how=how,
        )
    risk = desk.facts(case_id, item_id).risk_to_life
    assert risk is not None
    assert (risk.declared_at, risk.stands) == (NOW, False)
    assert desk.facts(case_id, item_id).unverified


def test_an_item_of_a_rehearsal_makes_the_report_a_rehearsal(desk: Desk) -> None:
    item_id = desk.arrives("a lake", rehearsal=True)
    assert desk.facts(desk.opened(item_id), item_id).rehearsal


def test_a_golden_item_makes_it_a_rehearsal_whatever_somebody_declares(
    desk: Desk, confirmed: tuple[CaseId, ItemId]
) -> None:
    assert not desk.facts(*confirmed).rehearsal
    desk.sql(
        "insert into golden_item (item_id, purpose, expected, loaded_at, until)"
        " values (:i, 'csam', 'not_illegal', :now, :now)",
        i=confirmed[1],
        now=NOW,
    )
    assert desk.facts(*confirmed).rehearsal


def test_a_conversation_brings_the_messages_that_were_relied_on(desk: Desk) -> None:
    item_id = desk.arrives("a lake")
    desk.sql("update item set kind = 'messages', media_id = null where id = :i", i=item_id)
    case_id = desk.opened(item_id)
    form = ConductForm(
        finding=Finding.ILLEGAL,
        kind=ConductKind.GROOMING,
        by="uploader",
        relied_on=("message 1", "message 2"),
    )
    desk.finds(case_id, item_id, form)
    [item] = desk.facts(case_id, item_id).items
    assert item.messages == ("message 1", "message 2")
    assert item.bytes is Bytes.NO_MEDIA


def test_items_of_another_case_and_cases_that_do_not_exist_are_refused(
    desk: Desk, confirmed: tuple[CaseId, ItemId]
) -> None:
    elsewhere = desk.arrives("a forest")
    with pytest.raises(NotFound, match="item"):
        desk.facts(confirmed[0], elsewhere)
    with pytest.raises(NotFound, match="case"):
        desk.facts(CaseId(new_id()), confirmed[1])


def test_so_many_items_take_as_many_queries_as_one(desk: Desk, confirmed: tuple[CaseId, ItemId]) -> None:
    case_id, first = confirmed
    others = [desk.arrives(f"a lake {number}") for number in range(20)]
    joined = desk.opened(others[0])
    for each in others[1:]:
        desk.opened(each)
    alone, together = queries(desk, case_id, [first]), queries(desk, joined, others)
    assert len(alone) == len(together) < 20
    assert not [each for each in together if not each.lstrip().upper().startswith("SELECT")]


def queries(desk: Desk, case_id: CaseId, item_ids: list[ItemId]) -> list[str]:
    """Return the statements with which the facts of these items are gathered."""
    made: list[str] = []
    with desk.database.begin() as tx:
        sa.event.listen(tx.connection, "before_cursor_execute", lambda *args: made.append(args[2]))
        assert len(gather(tx, case_id, item_ids, now=NOW).items) == len(item_ids)
    return made


@pytest.mark.parametrize("role", [CONSOLE, WORKER])
def test_console_and_worker_may_read_all_of_it(
    desk: Desk, confirmed: tuple[CaseId, ItemId], role: str
) -> None:
    with desk.database.begin() as tx:
        tx.run(sa.text(f'set local role "{role}"'))
        assert gather(tx, confirmed[0], [confirmed[1]], now=NOW).told
