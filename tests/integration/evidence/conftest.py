"""A database, a vault in a folder, and rows that other rooms would have written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from safehold.evidence import clocks, custody
from safehold.jobs.record import Record
from safehold.model.assessment import Category, Finding
from safehold.model.events import Event
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, EventId, ItemId, MediaId, ObjectId, OutcomeId, new_id
from safehold.model.retention import Basis, RetentionClock
from safehold.storage import evidence as evidence_rows
from safehold.storage import retention_clocks
from safehold.storage.assessments import assessment, outcome
from safehold.storage.cases import case_item, review_case
from safehold.storage.database import Database
from safehold.storage.events import insert_event, lock_revision
from safehold.storage.items import item, item_context
from safehold.storage.media import media
from safehold.storage.users import app_user
from safehold.vault.keys import generate_keys, load_opening_key, load_sealing_key
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Reader, Vault

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@dataclass
class World:
    """Everything a test of this room needs, and short ways of making what comes from other rooms."""

    database: Database
    vault: Vault
    reader: Reader
    store: CiphertextStore
    folder: Path
    analyst: object
    start: datetime = START

    def after(self, days: float) -> datetime:
        return self.start + timedelta(days=days)

    def add_media(self, data: bytes) -> MediaId:
        media_id = MediaId(new_id())
        with self.database.begin() as tx:
            tx.run(
                media.insert().values(
                    id=media_id,
                    sha256=hashlib.sha256(data + media_id.bytes).digest(),
                    media_type="image/png",
                    kind="image",
                    size_bytes=len(data),
                    first_seen_at=START,
                )
            )
        return media_id

    def add_item(
        self,
        media_id: MediaId | None,
        at: datetime = START,
        *,
        cases: int = 1,
        purpose: Purpose = Purpose.CSAM,
        account: str | None = None,
    ) -> ItemId:
        item_id = ItemId(new_id())
        with self.database.begin() as tx:
            tx.run(
                item.insert().values(
                    id=item_id,
                    kind="media" if media_id else "signals",
                    surface="public_uploads",
                    media_id=media_id,
                    scan_id=new_id(),
                    result="review",
                    rehearsal=False,
                    received_at=at,
                )
            )
            tx.run(
                item_context.insert().values(
                    item_id=item_id, content_id=f"content-{item_id}", account_id=account
                )
            )
        for _ in range(cases):
            self.add_case(item_id, at, purpose=purpose, account=account)
        return item_id

    def add_case(
        self,
        item_id: ItemId,
        at: datetime = START,
        *,
        purpose: Purpose = Purpose.CSAM,
        account: str | None = None,
    ) -> CaseId:
        case_id = CaseId(new_id())
        with self.database.begin() as tx:
            tx.run(
                review_case.insert().values(
                    id=case_id,
                    purpose=purpose,
                    account_id=account,
                    gathered_by=str(case_id),
                    rehearsal=False,
                    state="open",
                    priority=0,
                    priority_parts=[],
                    opened_at=at,
                )
            )
            tx.run(case_item.insert().values(case_id=case_id, item_id=item_id, joined_at=at))
        return case_id

    def case_of(self, item_id: ItemId) -> CaseId:
        with self.database.begin() as tx:
            found = tx.run(case_item.select().where(case_item.c.item_id == item_id)).all()
        [row] = found
        return CaseId(row.case_id)

    def settle(self, item_id: ItemId, finding: Finding, at: datetime, case_id: CaseId | None = None) -> None:
        case_id = case_id or self.case_of(item_id)
        with self.database.begin() as tx:
            [purpose] = tx.run(sa.select(review_case.c.purpose).where(review_case.c.id == case_id)).scalars()
        both = {
            "case_id": case_id,
            "item_id": item_id,
            "purpose": purpose,
            "finding": finding,
            "category": Category.B if finding is Finding.ILLEGAL and purpose == "csam" else None,
        }
        filed = new_id()
        form = {"answers": {}, "policy_version": "1"}
        both |= {"form": "imagery", "tier": "clear"}
        with self.database.begin() as tx:
            tx.run(assessment.insert().values(id=filed, analyst_id=self.analyst, filed_at=at, **both, **form))
            tx.run(
                outcome.insert().values(
                    id=OutcomeId(new_id()),
                    settled_at=at,
                    settled_by=self.analyst,
                    rests_on=filed,
                    **both,
                )
            )

    def reverse(self, item_id: ItemId, at: datetime) -> None:
        with self.database.begin() as tx:
            tx.run(
                outcome.update()
                .where(outcome.c.item_id == item_id, outcome.c.reversed_at.is_(None))
                .values(reversed_at=at, reversed_by=self.analyst)
            )

    def keep(self, media_id: MediaId, data: bytes = b"a grey square", *, at: datetime = START) -> bool:
        sealed = custody.seal_media(self.vault, data, b"a small grey square", media_type="image/png")
        with self.database.begin() as tx:
            taken = custody.take(tx, media_id, sealed, now=at)
        if not taken:
            custody.discard(self.vault, sealed)
        return taken

    def objects(self, media_id: MediaId) -> list[ObjectId]:
        with self.database.begin() as tx:
            return [one.id for one in evidence_rows.live_objects(tx, media_id)]

    def retention(self, media_id: MediaId) -> evidence_rows.Retention | None:
        with self.database.begin() as tx:
            return evidence_rows.retention_of(tx, media_id)

    def clocks(self, media_id: MediaId) -> list[RetentionClock]:
        with self.database.begin() as tx:
            return retention_clocks.of_media(tx, [media_id])

    def files(self, media_id: MediaId, days: float, basis: Basis = Basis.US_PRESERVATION) -> UUID:
        """Start the clock of a report that was filed on a day, and return the report."""
        report = new_id()
        with self.database.begin() as tx:
            clocks.start(
                tx,
                media_ids=[media_id],
                basis=basis,
                since=self.after(days),
                about=report,
                now=self.after(days),
            )
        return report

    def stored(self) -> set[ObjectId]:
        return {one.object_id for batch in self.store.objects() for one in batch}

    @property
    def record(self) -> Record:
        def record(tx: evidence_rows.Tx, event: Event) -> EventId:
            revision = lock_revision(tx, event.item, raised=event.sets_course) if event.item else None
            return insert_event(tx, event, revision=revision).id

        return record


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    files = generate_keys(tmp_path / "keys")
    store = CiphertextStore(tmp_path / "vault")
    opening = load_opening_key(files.opening)
    database = Database(database_url, pool_size=2)
    analyst = new_id()
    with database.begin() as tx:
        tx.run(
            app_user.insert().values(
                id=analyst,
                name="Analyst",
                password_hash="-",
                roles=["analyst"],
                queues=sorted(Purpose),
                created_at=START,
            )
        )
    yield World(
        database,
        Vault(store, load_sealing_key(files.sealing)),
        Reader(store, opening),
        store,
        tmp_path,
        analyst,
    )
    database.close()
