"""What arrives is kept once, each appearance apart, and where it appeared can be forgotten."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.intake.uploads import forget_context, item_facts, receive
from safehold.model.errors import InvalidInput, NotFound
from safehold.model.ids import ItemId, MediaId, ScanId, new_id
from safehold.model.item import Context, ItemKind
from safehold.model.media import DecodeFailure, Examined, MediaKind
from safehold.model.scan import ScanResult
from safehold.model.signal import PDQ, SHA256, Signal
from safehold.storage import media as media_rows
from safehold.storage.database import Database, Tx

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MEADOW = hashlib.sha256(b"meadow").digest()
PHOTO = Examined(media_type="image/jpeg", kind=MediaKind.IMAGE, width=640, height=480, frames=1)
WHERE = Context(
    surface="public_uploads",
    content_id="c-1",
    account_id="a-1",
    uploaded_at=NOW - timedelta(seconds=3),
    ip="192.0.2.7",
    port=4711,
    original_name="meadow.jpg",
    region="GB",
)
SIGNALS = (Signal(SHA256, MEADOW), Signal(PDQ, b"\x0f" * 32, 90))


class Intake:
    """Uploads over a real database; each is committed."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, pool_size=10)

    def begin(self) -> AbstractContextManager[Tx]:
        return self.database.begin()

    def receives(self, **changed: Any) -> tuple[ItemId, MediaId | None]:
        sent: dict[str, Any] = {
            "scan_id": ScanId(new_id()),
            "context": WHERE,
            "rehearsal": False,
            "result": ScanResult.HOLD,
            "digest_sha256": MEADOW,
            "examined": PHOTO,
            "size_bytes": 1234,
            "signals": SIGNALS,
            "key_id": None,
            "now": NOW,
        }
        with self.begin() as tx:
            return receive(tx, **{**sent, **changed})

    def count(self, table: str) -> int:
        with self.begin() as tx:
            return int(tx.run(sa.text(f"select count(*) from {table}")).scalar_one())


@pytest.fixture
def intake(database_url: str) -> Iterator[Intake]:
    intake = Intake(database_url)
    yield intake
    intake.database.close()


def test_an_upload_is_kept_as_it_was_sent(intake: Intake) -> None:
    scan_id = ScanId(new_id())
    item_id, media_id = intake.receives(scan_id=scan_id, rehearsal=True)
    assert media_id is not None
    with intake.begin() as tx:
        kept = item_facts(tx, item_id)
        assert media_rows.signals_of(tx, media_id) == tuple(sorted(SIGNALS))
    assert kept.media is not None
    assert (kept.stored.scan_id, kept.stored.result, kept.stored.context) == (scan_id, ScanResult.HOLD, WHERE)
    assert (kept.stored.item.kind, kept.stored.item.media_id) == (ItemKind.MEDIA, media_id)
    assert kept.stored.item.rehearsal
    assert (kept.media.media_type, kept.media.width, kept.media.size_bytes) == ("image/jpeg", 640, 1234)


def test_every_way_in_which_a_frame_is_seen_is_kept(intake: Intake) -> None:
    looks = tuple(Signal(PDQ, bytes([value]) * 32, 90, 0) for value in (1, 2, 3))
    _, media_id = intake.receives(signals=looks)
    assert media_id is not None
    with intake.begin() as tx:
        assert media_rows.signals_of(tx, media_id) == looks


def test_signals_alone_make_an_item_without_media(intake: Intake) -> None:
    item_id, media_id = intake.receives(digest_sha256=None, examined=None)
    with intake.begin() as tx:
        kept = item_facts(tx, item_id)
    assert (media_id, kept.media, kept.stored.item.kind) == (None, None, ItemKind.SIGNALS)
    assert intake.count("media") == intake.count("media_signal") == 0


def test_identical_uploads_at_the_same_instant_are_one_media_and_an_item_each(intake: Intake) -> None:
    barrier = threading.Barrier(6)

    def upload(_: int) -> tuple[ItemId, MediaId | None]:
        barrier.wait()
        return intake.receives()

    with ThreadPoolExecutor(6) as pool:
        kept = list(pool.map(upload, range(6)))
    assert len({item_id for item_id, _ in kept}) == 6
    assert len({media_id for _, media_id in kept}) == 1
    assert (intake.count("media"), intake.count("item"), intake.count("media_signal")) == (1, 6, 2)
    with intake.begin() as tx:
        facts = item_facts(tx, kept[0][0]).media
    assert facts is not None
    assert facts.items == 6


def test_what_could_not_be_read_at_first_is_filled_in_later_and_never_taken_away(intake: Intake) -> None:
    broken = Examined(media_type="image/jpeg", failure=DecodeFailure.LIMIT)
    item_id, _ = intake.receives(examined=None)

    def known() -> tuple[str, MediaKind, DecodeFailure | None]:
        with intake.begin() as tx:
            media = item_facts(tx, item_id).media
        assert media is not None
        return media.media_type, media.kind, media.failure

    assert known() == ("application/octet-stream", MediaKind.UNKNOWN, None)
    intake.receives(examined=PHOTO)
    assert known() == ("image/jpeg", MediaKind.IMAGE, None)
    intake.receives(examined=broken)
    assert known() == ("image/jpeg", MediaKind.IMAGE, None)


@pytest.mark.parametrize("result", [ScanResult.CLEAR, ScanResult.INCOMPLETE, ScanResult.NOT_SCANNED], ids=str)
def test_nothing_is_kept_of_what_neither_matched_nor_was_flagged(intake: Intake, result: ScanResult) -> None:
    with pytest.raises(InvalidInput):
        intake.receives(result=result)
    assert intake.count("item") == intake.count("media") == intake.count("item_context") == 0


def test_forgetting_where_media_appeared_reaches_every_appearance_and_no_other(intake: Intake) -> None:
    first, media_id = intake.receives()
    second, _ = intake.receives()
    other, _ = intake.receives(digest_sha256=hashlib.sha256(b"heath").digest())
    with intake.begin() as tx:
        assert forget_context(tx, media_id=media_id, now=NOW) == 2
    with intake.begin() as tx:
        assert forget_context(tx, media_id=media_id, now=NOW) == 0
        kept = {item: item_facts(tx, item).stored.context for item in (first, second, other)}
    assert kept == {first: None, second: None, other: WHERE}
    assert intake.count("audit_record") == 2
    assert intake.count("item") == 3


def test_forgetting_named_items_reaches_those_alone(intake: Intake) -> None:
    first, _ = intake.receives()
    second, _ = intake.receives()
    with intake.begin() as tx:
        assert forget_context(tx, item_ids=[first], now=NOW) == 1
        assert item_facts(tx, second).stored.context == WHERE


def test_an_item_that_does_not_exist_has_no_facts(intake: Intake) -> None:
    with pytest.raises(NotFound), intake.begin() as tx:
        item_facts(tx, ItemId(new_id()))
