"""A review room over a real database: people, lists, items that arrive, and the events they cause."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from safehold.intake.uploads import receive
from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.model.answers import Form
from safehold.model.assessment import Category, Finding, ImageryForm, Tier
from safehold.model.case import Case
from safehold.model.events import AssessmentFiled, Event, ItemFlagged, ItemMatched, from_fields
from safehold.model.hash_list import Purpose
from safehold.model.ids import (
    AnalystId,
    AssessmentId,
    CaseId,
    EntryId,
    FlagId,
    ItemId,
    ListId,
    MatchId,
    ScanId,
    new_id,
)
from safehold.model.item import Context
from safehold.model.match import Flag, Match
from safehold.model.media import Examined, MediaKind
from safehold.model.scan import ScanResult
from safehold.model.signal import PDQ
from safehold.review import golden
from safehold.review.assess import file_assessment
from safehold.review.cases import open_case, take
from safehold.review.rules import Policy
from safehold.review.settle import settle
from safehold.review.viewing import ViewLimits, mark_fetched, open_reveal
from safehold.storage import cases as case_rows
from safehold.storage import golden as golden_rows
from safehold.storage import hash_lists
from safehold.storage import matches as match_rows
from safehold.storage.database import Database, Tx
from safehold.storage.hash_lists import entry, hash_list
from safehold.storage.users import app_user

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OFTEN = ViewLimits(per_minute=10_000, per_hour=10_000, per_day=10_000)
PHOTO = Examined(media_type="image/jpeg", kind=MediaKind.IMAGE, width=640, height=480, frames=1)
ILLEGAL = ImageryForm(finding=Finding.ILLEGAL, category=Category.B)
NOT_ILLEGAL = ImageryForm(finding=Finding.NOT_ILLEGAL)


class Room:
    """What a test of review needs. Each method that changes something commits it."""

    now = NOW
    illegal, not_illegal = ILLEGAL, NOT_ILLEGAL
    policy = Policy()

    def __init__(self, url: str) -> None:
        self.database = Database(url, pool_size=10)
        self.record = Recorder({}, Queue(self.database.driver_url)).record
        self.vetted = self.new_list(Purpose.CSAM, vetted=True)
        self.unvetted = self.new_list(Purpose.CSAM, vetted=False)
        self.test_list = self.new_list(Purpose.TEST, vetted=True)
        self.ada, self.ben = self.new_analyst(), self.new_analyst()

    def begin(self) -> AbstractContextManager[Tx]:
        """Open a transaction."""
        return self.database.begin()

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Run one statement in a transaction of its own and return its rows."""
        with self.begin() as tx:
            result = tx.run(sa.text(statement), values)
            return list(result) if result.returns_rows else []

    def has_assessed_enough(self, analyst: AnalystId, *, percent: float = 2) -> None:
        """Let somebody have assessed, a day ago, as much as makes a golden item due for them now."""
        with self.begin() as tx:
            ordinary, met = golden_rows.counts(tx, analyst, since=self.now - golden.LOOKED_BACK)
        enough = next(
            count
            for count in range(ordinary, 10_000)
            if golden.is_due(ordinary=count, met=met, percent=percent, drawn_by=str(analyst))
        )
        self.sql(
            "insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding, answers, tier,"
            " policy_version, filed_at, round, blind)"
            " select gen_random_uuid(), i.case_id, c.purpose, i.item_id, :analyst, 'imagery', 'not_illegal',"
            " '{}', 'clear', 'earlier', cast(:now as timestamptz) - interval '1 day', 0, false"
            " from generate_series(1, :more) n, (select * from case_item where case_id not in"
            " (select case_id from golden_case) limit 1) i join review_case c on c.id = i.case_id",
            analyst=analyst,
            now=self.now,
            more=enough - ordinary,
        )

    def new_analyst(
        self, *, role: str = "analyst", queues: Iterable[Purpose] = tuple(Purpose), skills: Iterable[str] = ()
    ) -> AnalystId:
        """Return somebody who may assess, in every queue unless told otherwise."""
        analyst = AnalystId(new_id())
        with self.begin() as tx:
            values: dict[str, Any] = {"id": analyst, "name": f"{role} {analyst}", "roles": [role]}
            values |= {"password_hash": "x", "queues": sorted(queues), "skills": sorted(skills)}
            tx.run(app_user.insert().values(created_at=NOW, **values))
        return analyst

    def new_list(self, purpose: Purpose, *, vetted: bool) -> tuple[ListId, EntryId, Purpose]:
        """Return a list that matches within 31 bits and holds within 15, with one entry."""
        list_id, entry_id = ListId(new_id()), EntryId(new_id())
        with self.begin() as tx:
            tx.run(
                hash_list.insert().values(
                    id=list_id,
                    name=f"list {list_id}",
                    purpose=purpose.value,
                    kind="hash",
                    max_distance=31,
                    hold_max_distance=15,
                    may_hold=purpose is not Purpose.OWN_TERMS,
                    vetted=vetted,
                    provenance="",
                    created_at=NOW,
                )
            )
            tx.run(
                entry.insert().values(
                    id=entry_id,
                    list_id=list_id,
                    signal_type=PDQ,
                    value=uuid4().bytes * 2,
                    origin="file",
                    added_at=NOW,
                    added_seq=1,
                )
            )
        return list_id, entry_id, purpose

    def withdraws_lists(self) -> None:
        """Take every list out of use with all of its entries, as operators do."""
        with self.begin() as tx:
            for known in hash_lists.in_use(tx):
                hash_lists.remove_entries(tx, known.id, None, now=NOW)
                hash_lists.mark_withdrawn(tx, known.id, NOW)

    def arrives(
        self, *, account: str | None = None, media: str | None = None, rehearsal: bool = False
    ) -> ItemId:
        """Return an item of these bytes (new ones unless named), without match or flag."""
        content = (media or uuid4().hex).encode()
        with self.begin() as tx:
            item_id, _ = receive(
                tx,
                scan_id=ScanId(new_id()),
                context=Context(surface="public_uploads", account_id=account),
                rehearsal=rehearsal,
                result=ScanResult.REVIEW,
                digest_sha256=hashlib.sha256(content).digest(),
                examined=PHOTO,
                size_bytes=len(content),
                signals=(),
                key_id=None,
                now=NOW,
            )
        return item_id

    def match(
        self,
        item_id: ItemId,
        on: tuple[ListId, EntryId, Purpose] | None = None,
        *,
        distance: int = 4,
        category: str | None = None,
    ) -> None:
        """Let the item match a list: the vetted one unless told otherwise."""
        list_id, entry_id, purpose = on or self.vetted
        found = Match(
            id=MatchId(new_id()),
            list_id=list_id,
            list_name="",
            purpose=purpose,
            entry_id=entry_id,
            signal_type=PDQ,
            distance=distance,
            category=category,
        )
        with self.begin() as tx:
            match_rows.insert_matches(tx, item_id, [found], now=NOW)

    def flag(self, item_id: ItemId, *, score: float = 1.0) -> None:
        """Let a classifier ask that somebody look at the item."""
        asked = Flag(id=FlagId(new_id()), source="nudge", score=score, reason="looks_like")
        with self.begin() as tx:
            match_rows.insert_flags(tx, item_id, [asked], now=NOW)

    def opened(
        self,
        item_id: ItemId,
        *,
        purpose: Purpose = Purpose.CSAM,
        flagged: bool = False,
        now: datetime = NOW,
    ) -> CaseId:
        """Handle the event that the item matched, or was flagged, and return its case."""
        event: ItemMatched | ItemFlagged = ItemMatched(at=now, item_id=item_id, purpose=purpose, held=False)
        if flagged:
            event = ItemFlagged(at=now, item_id=item_id, purpose=purpose)
        with self.begin() as tx:
            return open_case(tx, event, record=self.record, now=now)

    def matched_case(self, *, account: str | None = None, distance: int = 4) -> tuple[CaseId, ItemId]:
        """Return a case with one item that matched the vetted list."""
        item_id = self.arrives(account=account)
        self.match(item_id, distance=distance)
        return self.opened(item_id), item_id

    def flagged_case(self) -> tuple[CaseId, ItemId]:
        """Return a case with one item that no list knows."""
        item_id = self.arrives()
        self.flag(item_id)
        return self.opened(item_id, flagged=True), item_id

    def case(self, case_id: CaseId) -> Case:
        """Return the case as it is now."""
        with self.begin() as tx:
            case = case_rows.get(tx, case_id)
        assert case is not None
        return case

    def waits_for(self, case_id: CaseId, item_id: ItemId) -> str | None:
        """Return what the item waits for in this case."""
        with self.begin() as tx:
            place = case_rows.item_in(tx, case_id, item_id)
        assert place is not None
        return place.waits_for.value if place.waits_for else None

    def takes(self, case_id: CaseId, analyst: AnalystId, now: datetime = NOW) -> Case:
        """Give the case to this analyst."""
        with self.begin() as tx:
            return take(tx, case_id, analyst, now)

    def looks(
        self,
        case_id: CaseId,
        item_id: ItemId,
        tier: Tier,
        *,
        by: AnalystId,
        fetch: bool = True,
        now: datetime = NOW,
    ) -> None:
        """Let an analyst who holds the case see the item."""
        with self.begin() as tx:
            reveal_id = open_reveal(tx, case_id, item_id, tier, by=by, now=now, limits=OFTEN).id
            if fetch:
                mark_fetched(tx, reveal_id, by=by, now=now)

    def files(
        self, case_id: CaseId, item_id: ItemId, form: Form, *, by: AnalystId, now: datetime = NOW
    ) -> AssessmentId:
        """Let an analyst take the case and assess the item, and leave the settling for later."""
        case = self.takes(case_id, by, now)
        with self.begin() as tx:
            return file_assessment(
                tx,
                case_id,
                item_id,
                form,
                by=by,
                policy_version="2026-01",
                case_revision=case.revision,
                record=self.record,
                now=now,
            )

    def settles(self, case_id: CaseId, item_id: ItemId, filed: AssessmentId, now: datetime = NOW) -> None:
        """Handle the event that an assessment was filed."""
        event = AssessmentFiled(at=now, item_id=item_id, case_id=case_id, assessment_id=filed)
        with self.begin() as tx:
            settle(tx, event, policy=self.policy, record=self.record, now=now)

    def assesses(
        self, case_id: CaseId, item_id: ItemId, form: Form, *, by: AnalystId, now: datetime = NOW
    ) -> AssessmentId:
        """Let an analyst assess the item, and settle what can be settled.

        They have looked at it before they say that it is nothing.
        """
        if not form.finding.confirms:
            self.takes(case_id, by, now)
            self.looks(case_id, item_id, Tier.CLEAR, by=by, now=now)
        filed = self.files(case_id, item_id, form, by=by, now=now)
        self.settles(case_id, item_id, filed, now)
        return filed

    def signs(self, item_id: ItemId, value: bytes, *, quality: int = 90) -> None:
        """Give an item's media this PDQ."""
        self.sql(
            "insert into media_signal (media_id, signal_type, frame, value, quality)"
            " select media_id, 'pdq', 0, :value, :quality from item where id = :item",
            value=value,
            quality=quality,
            item=item_id,
        )

    def events(self, *kinds: str) -> list[Event]:
        """Return the events of these kinds that were recorded, in order."""
        rows = self.sql(
            "select kind, at, fields from event where kind = any(:kinds) order by seq", kinds=list(kinds)
        )
        return [from_fields(row.kind, row.at, row.fields) for row in rows]

    def audited(self, object: str) -> list[str]:
        """Return the verbs of the audit records about an object such as "case:018f…", in order."""
        rows = self.sql("select verb from audit_record where object = :object order by at, id", object=object)
        return [row.verb for row in rows]

    @staticmethod
    def later(**distance: float) -> datetime:
        """Return an instant that is this much later than NOW."""
        return NOW + timedelta(**distance)


@pytest.fixture
def room(database_url: str) -> Iterator[Room]:
    """Yield a review room with two analysts, a vetted and an unvetted list, and a test list."""
    room = Room(database_url)
    yield room
    room.database.close()
