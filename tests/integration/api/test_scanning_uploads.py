"""Uploads over HTTP: what matches is held, what cannot be read is incomplete, what is clear is forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from safehold.lists.withdrawal import Withdrawal
from safehold.model.hash_list import Purpose
from safehold.model.permissions import Permission
from safehold.testing.pictures import landscape, plain_grey
from safehold.testing.platform import Platform
from safehold.testing.running import LIST, TESTER, Installation, altered_copy, encoded

REHEARSAL = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}
JPEG = altered_copy(100)


def test_an_altered_copy_of_a_listed_picture_is_held_before_it_is_answered(
    safehold: Installation, platform: Platform
) -> None:
    answer = platform.upload(altered_copy(1), REHEARSAL, media_type="image/jpeg")
    assert answer.status == 200
    assert (answer.body["result"], answer.body["advice"]) == ("hold", "hold")
    assert answer.body["degraded"] == []
    assert answer.body["case_id"] is None
    [hold] = safehold.sql("select * from hold where released_at is null")
    assert str(hold.item_id) == answer.body["item_id"]
    sealed = safehold.sql("select role from sealed_object join wrapped_key on object_id = id")
    assert {row.role for row in sealed} == {"original", "rendition"}


def test_a_picture_that_is_on_no_list_is_clear_and_leaves_no_row(
    safehold: Installation, platform: Platform
) -> None:
    before = safehold.counts()
    answer = platform.upload(JPEG, REHEARSAL, media_type="image/jpeg")
    safehold.program.scanner.counters.flush()
    assert answer.status == 200
    assert (answer.body["result"], answer.body["advice"]) == ("clear", "publish")
    assert (answer.body["item_id"], answer.body["degraded"], answer.body["limits"]) == (None, [], [])
    assert safehold.counts() == before | {"scan_counter": before.get("scan_counter", 0) + 1}


def test_when_a_list_is_withdrawn_what_it_held_stays_held_and_nothing_more_is(
    safehold: Installation, platform: Platform
) -> None:
    safehold.add_list("another", (21,))
    first = platform.upload(altered_copy(1), REHEARSAL, media_type="image/jpeg").body
    program = safehold.program
    withdrawal = Withdrawal(
        reason="source_error", actor=TESTER, record=program.recorder.record, clock=program.clock
    )
    with program.database.begin() as tx:
        withdrawal.whole_list(tx, LIST)
    safehold.run_steps()

    second = platform.upload(altered_copy(2), REHEARSAL, media_type="image/jpeg").body
    assert (second["result"], second["degraded"]) == ("clear", [])
    [hold] = safehold.sql("select item_id from hold where released_at is null")
    assert str(hold.item_id) == first["item_id"]
    assert safehold.case_of(first["item_id"])


@pytest.mark.parametrize(
    ("data", "claimed", "code"),
    [
        (JPEG[: len(JPEG) // 2], "image/jpeg", "decoder:truncated"),
        (b"This is a letter, whatever its name says.\n" * 9, "image/jpeg", "decoder:mislabelled"),
        (b"This is a letter, whatever its name says.\n" * 9, "text/plain", "decoder:unsupported"),
        (b"\x00", "application/octet-stream", "decoder:unsupported"),
    ],
    ids=["truncated", "text called .jpg", "text", "one byte"],
)
def test_what_cannot_be_read_is_incomplete_and_says_why(
    platform: Platform, data: bytes, claimed: str, code: str
) -> None:
    answer = platform.upload(data, REHEARSAL, media_type=claimed)
    assert (answer.status, answer.body["result"], answer.body["advice"]) == (200, "incomplete", "hold")
    assert code in answer.body["degraded"]
    assert answer.body["item_id"] is None


def test_a_picture_is_read_by_its_bytes_whatever_the_platform_calls_it(platform: Platform) -> None:
    for claimed in ("image/png", "text/plain", "video/mp4"):
        listed = platform.upload(altered_copy(1), REHEARSAL, media_type=claimed)
        unlisted = platform.upload(JPEG, REHEARSAL, media_type=claimed)
        assert [listed.body["result"], unlisted.body["result"]] == ["hold", "clear"]


def test_bytes_that_cannot_be_read_are_held_all_the_same_when_their_digest_is_listed(
    bare: Installation,
) -> None:
    broken = JPEG[:1000]
    bare.add_list(seeds=[], exact=[broken])
    answer = bare.platform().upload(broken, REHEARSAL, media_type="image/jpeg")
    assert (answer.body["result"], answer.body["advice"]) == ("hold", "hold")
    assert "decoder:truncated" in answer.body["degraded"]
    assert [match["signal_type"] for match in answer.body["matches"]] == ["sha256"]


def test_a_plain_grey_picture_is_clear_and_says_that_there_was_little_to_go_on(platform: Platform) -> None:
    answer = platform.upload(encoded(plain_grey()), REHEARSAL, media_type="image/png")
    assert (answer.body["result"], answer.body["limits"]) == ("clear", ["low_detail:pdq"])
    assert (answer.body["advice"], answer.body["degraded"]) == ("publish", [])


def test_an_empty_file_concerns_the_request(platform: Platform) -> None:
    answer = platform.upload(b"", REHEARSAL, media_type="image/jpeg")
    assert (answer.status, answer.body["code"]) == (422, "empty_file")


@pytest.mark.parametrize("size", [0, 1, 65])
def test_a_file_part_without_a_name_is_not_taken_for_a_file(platform: Platform, size: int) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + b"a" * size + b"\r\n--x--\r\n"
    answer = platform.send("POST", "/v1/scan", body, {"Content-Type": "multipart/form-data; boundary=x"})
    assert (answer.status, answer.body["code"]) == (422, "bad_form")


def test_two_identical_uploads_at_once_are_one_media_and_two_items_in_one_case_of_the_account(
    safehold: Installation, platform: Platform
) -> None:
    data = altered_copy(2)
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: platform.upload(data, REHEARSAL), range(2)))
    assert [answer.body["result"] for answer in answers] == ["hold", "hold"]
    assert len({answer.body["item_id"] for answer in answers}) == 2
    safehold.run_steps()
    counts = safehold.counts()
    assert (counts["media"], counts["item"], counts["hold"], counts["review_case"]) == (1, 2, 2, 1)
    assert (counts["sealed_object"], counts["wrapped_key"]) == (2, 2)
    [subject] = safehold.sql("select * from subject")
    assert (subject.account_id, subject.part) == ("account-1", "unknown")


def test_uploads_of_two_accounts_come_into_two_cases(safehold: Installation, platform: Platform) -> None:
    for account in ("account-1", "account-2"):
        platform.upload(altered_copy(2), REHEARSAL | {"account_id": account})
    safehold.run_steps()
    assert safehold.counts()["review_case"] == 2


def test_only_a_key_with_the_scope_sees_what_matched(safehold: Installation, platform: Platform) -> None:
    detailed = safehold.platform(Permission.SCAN, Permission.SCAN_DETAIL)
    plain = platform.upload(altered_copy(1), REHEARSAL).body
    assert not {"matches", "flags", "signals"} & plain.keys()
    shown = detailed.upload(altered_copy(1), REHEARSAL).body
    [match] = shown["matches"]
    assert (match["list"], match["signal_type"], match["category"]) == ("painted", "pdq", "A")
    assert 0 <= match["distance"] <= 15
    assert [signal["type"] for signal in shown["signals"]] == ["md5", "sha1", "sha256", "pdq"]


def test_a_test_list_neither_holds_nor_clears_outside_a_rehearsal(platform: Platform) -> None:
    answer = platform.upload(altered_copy(1), REHEARSAL | {"surface": "public"})
    assert (answer.body["result"], answer.body["degraded"]) == ("incomplete", ["no_check:media"])


def test_a_list_that_may_not_hold_asks_for_review(bare: Installation) -> None:
    bare.add_list(purpose=Purpose.CSAM, may_hold=False)
    answer = bare.platform().upload(altered_copy(1), {"surface": "public"})
    assert answer.body["result"] == "review"
    assert "hold" not in bare.counts()
    bare.run_steps()
    [case] = bare.sql("select * from review_case")
    assert (case.purpose, case.rehearsal) == ("csam", False)


def test_a_stale_list_makes_the_answer_incomplete_and_the_surface_decides_the_advice(
    bare: Installation,
) -> None:
    bare.add_list(purpose=Purpose.CSAM, stale_after_seconds=60)
    bare.sql("update hash_list set refreshed_at = refreshed_at - interval '2 minutes'")
    platform = bare.platform()
    held = platform.upload(JPEG, {"surface": "public"}).body
    published = platform.upload(JPEG, {"surface": "public_retries"}).body
    for answer in (held, published):
        assert (answer["result"], answer["degraded"]) == ("incomplete", ["list_stale:painted"])
    assert (held["advice"], published["advice"]) == ("hold", "publish")
    assert platform.upload(altered_copy(1), {"surface": "public_retries"}).body["result"] == "hold"


def test_an_empty_list_makes_the_answer_incomplete(bare: Installation) -> None:
    bare.add_list(seeds=[])
    answer = bare.platform().upload(JPEG, REHEARSAL).body
    assert (answer["result"], answer["degraded"]) == ("incomplete", ["list_empty:painted"])


def test_without_any_list_nothing_is_clear(bare: Installation) -> None:
    answer = bare.platform().upload(JPEG, {"surface": "public_retries"}).body
    assert (answer["result"], answer["degraded"]) == ("incomplete", ["no_check:media"])
    assert answer["advice"] == "retry"


@pytest.mark.parametrize(
    "context",
    [
        {"surface": "private_without_basis", "region": "north"},
        {"surface": "private", "region": "south"},
        {"surface": "private", "region": "elsewhere"},
        {"surface": "private"},
    ],
    ids=["no basis", "no basis in this region", "undeclared region", "unknown region"],
)
@pytest.mark.parametrize("header", [{}, {"Idempotency-Key": "once"}], ids=["", "with a key"])
def test_a_private_surface_without_a_legal_basis_is_not_scanned_and_nothing_is_kept(
    bare: Installation, context: dict[str, Any], header: dict[str, str]
) -> None:
    bare.add_list(purpose=Purpose.CSAM)
    platform = bare.platform()
    before = bare.counts()
    answer = platform.upload(altered_copy(1), context | {"account_id": "a"}, headers=header)
    assert (answer.status, answer.body.get("result")) == (200, "not_scanned"), answer.body
    assert (answer.body["item_id"], answer.body["matches"], answer.body["signals"]) == (None, [], [])
    bare.program.scanner.counters.flush()
    assert {**bare.counts(), "scan_counter": 0} == {**before, "scan_counter": 0}


def test_a_private_surface_is_scanned_where_its_legal_basis_stands(bare: Installation) -> None:
    bare.add_list(purpose=Purpose.CSAM)
    answer = bare.platform().upload(altered_copy(1), {"surface": "private", "region": "north"})
    assert answer.body["result"] == "hold"


def test_a_listed_picture_is_found_in_every_format(platform: Platform) -> None:
    picture = landscape(3).convert("RGB")
    formats = {
        "gif": encoded(picture, "GIF"),
        "cmyk": encoded(picture.convert("CMYK"), "JPEG", quality=90),
        "palette": encoded(picture.convert("P"), "PNG"),
        "webp": encoded(picture, "WEBP", quality=80),
    }
    results = {name: platform.upload(data, REHEARSAL).body["result"] for name, data in formats.items()}
    assert set(results.values()) == {"hold"}, results
