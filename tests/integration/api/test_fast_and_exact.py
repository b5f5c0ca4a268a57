"""Uploads are looked up fast and answered exactly; a list may ask for exact, or for turned pictures."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from safehold.lists import ledger
from safehold.model.media import HashMode
from safehold.model.permissions import Permission
from safehold.signals.pdq import Pdq
from safehold.testing.alterations import to_jpeg, turned_with_exif
from safehold.testing.pictures import landscape
from safehold.testing.running import LIST, TESTER, Installation

REHEARSAL = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}
COPY = to_jpeg(landscape(1, (1600, 1200)), 80)
UNLISTED = to_jpeg(landscape(100, (1600, 1200)), 80)


def scan(safehold: Installation, data: bytes) -> dict[str, Any]:
    platform = safehold.platform(Permission.SCAN, Permission.SCAN_DETAIL)
    answer = platform.upload(data, REHEARSAL, media_type="image/jpeg")
    assert answer.status == 200
    return dict(answer.body)


def change(safehold: Installation, **properties: bool) -> None:
    program = safehold.program
    with program.database.begin() as tx:
        wanted = ledger.ListProperties(**properties)
        ledger.change_list(tx, LIST, wanted, actor=TESTER, now=program.clock())


def pdq_of(answer: dict[str, Any]) -> str:
    return next(str(signal["value"]) for signal in answer["signals"] if signal["type"] == "pdq")


def test_what_is_on_no_list_is_read_fast_and_what_matches_is_answered_and_kept_exactly(
    safehold: Installation,
) -> None:
    decoders = safehold.program.scanner.decoders
    clear = scan(safehold, UNLISTED)
    assert (clear["result"], clear["mode"]) == ("clear", "fast")
    assert pdq_of(clear) == decoders.examine(UNLISTED, mode=HashMode.FAST).signals[0].text

    held = scan(safehold, COPY)
    exact = decoders.examine(COPY).signals[0]
    [listed] = safehold.sql(
        "select value from entry where id = %(id)s", id=next(match["entry_id"] for match in held["matches"])
    )
    [match] = held["matches"]
    assert (held["result"], held["mode"], match["turn"]) == ("hold", "exact", "none")
    assert match["distance"] == Pdq().distance(exact.value, bytes(listed.value))
    assert pdq_of(held) == exact.text
    stored = safehold.sql("select value from media_signal where signal_type = 'pdq'")
    assert [bytes(row.value) for row in stored] == [exact.value]
    sealed = safehold.sql("select role from sealed_object join wrapped_key on object_id = id")
    assert {row.role for row in sealed} == {"original", "rendition"}


def test_a_list_that_asks_for_exact_is_obeyed_from_the_next_scan_on(safehold: Installation) -> None:
    change(safehold, needs_exact=True)
    assert scan(safehold, UNLISTED)["mode"] == "exact"
    change(safehold, needs_exact=False)
    assert scan(safehold, UNLISTED)["mode"] == "fast"


@pytest.mark.parametrize(
    ("transpose", "turn"),
    [
        # The match says how the upload has to be turned to be the listed picture.
        (Image.Transpose.ROTATE_90, "rotated_90"),
        (Image.Transpose.ROTATE_180, "rotated_180"),
        (Image.Transpose.FLIP_LEFT_RIGHT, "mirrored"),
        (Image.Transpose.TRANSVERSE, "transversed"),
    ],
)
def test_a_turned_copy_matches_where_the_list_asks_for_it_and_the_match_says_how(
    safehold: Installation, transpose: Image.Transpose, turn: str
) -> None:
    copy = to_jpeg(landscape(1, (1200, 900)).transpose(transpose), 85)
    assert scan(safehold, copy)["result"] == "clear"
    change(safehold, match_turned=True)
    answer = scan(safehold, copy)
    assert [match["turn"] for match in answer["matches"]] == [turn]
    assert answer["matches"][0]["distance"] <= 20
    assert answer["item_id"] is not None
    assert [row.turn for row in safehold.sql("select turn from match")] == [turn]
    signals = safehold.sql("select signal_type from media_signal where signal_type = 'pdq'")
    assert len(signals) == 1


def test_a_camera_that_was_turned_is_no_turned_picture(safehold: Installation) -> None:
    answer = scan(safehold, turned_with_exif(landscape(1, (1200, 900)), 6))
    assert [match["turn"] for match in answer["matches"]] == ["none"]


def test_half_a_jpeg_is_incomplete_in_fast_mode_too(safehold: Installation) -> None:
    answer = scan(safehold, UNLISTED[: len(UNLISTED) // 2])
    assert (answer["result"], answer["degraded"]) == ("incomplete", ["decoder:truncated"])
