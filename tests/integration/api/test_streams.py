"""Live video: sampled frames are scanned like uploads, and what is found of a stream lies in one case."""

from __future__ import annotations

from typing import Any

import pytest

from safehold.model.permissions import Permission
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, altered_copy

LIVE = {"surface": "live", "account_id": "account-1"}
HARMLESS, LISTED = altered_copy(100), altered_copy(1)


def contents(safehold: Installation) -> list[str]:
    rows = safehold.sql("select content_id from item_context join item on item.id = item_id order by item.id")
    return [row.content_id for row in rows]


def test_a_stream_is_answered_by_its_most_urgent_frame_and_each_frame_by_itself(
    safehold: Installation, platform: Platform
) -> None:
    answer = platform.stream("show-1", [HARMLESS, LISTED], {**LIVE, "positions": [0, 12.5]})
    assert answer.status == 200
    assert (answer.body["stream_id"], answer.body["result"], answer.body["advice"]) == (
        "show-1",
        "hold",
        "hold",
    )
    assert [each["result"] for each in answer.body["frames"]] == ["clear", "hold"]
    assert contents(safehold) == ["show-1#t=12.5"]


def test_frames_of_one_account_wait_in_one_case_that_comes_before_others(
    safehold: Installation, platform: Platform
) -> None:
    platform.upload(altered_copy(3), {"surface": "rehearsal", "account_id": "account-2"})
    sent = [platform.stream("show-1", [altered_copy(copy)], LIVE).body["frames"][0] for copy in (1, 2)]
    safehold.run_steps()
    [case_id] = {safehold.case_of(each["item_id"]) for each in sent}
    first, *_ = safehold.sql("select id from review_case where state = 'open' order by turn_at")
    assert str(first.id) == str(case_id)


def test_a_harmless_frame_leaves_nothing(safehold: Installation, platform: Platform) -> None:
    before = safehold.counts()
    assert platform.stream("show-1", [HARMLESS], LIVE).body["result"] == "clear"
    safehold.program.scanner.counters.flush()
    assert safehold.counts() == before | {"scan_counter": before.get("scan_counter", 0) + 1}


def test_a_frame_that_cannot_be_scanned_takes_no_other_with_it_and_is_not_clear(platform: Platform) -> None:
    body = platform.stream("show-1", [b"", HARMLESS, b"no picture"], LIVE).body
    empty, clear, unread = body["frames"]
    assert empty["error"]["code"] == "empty_file"
    assert (clear["result"], unread["result"]) == ("clear", "incomplete")
    assert (body["result"], body["advice"]) == ("incomplete", "hold")


def test_the_same_key_and_frames_have_one_effect_and_other_frames_are_refused(
    safehold: Installation, platform: Platform
) -> None:
    key = {"Idempotency-Key": "second-7"}
    first = platform.stream("show-1", [HARMLESS, LISTED], LIVE, headers=key)
    again = platform.stream("show-1", [HARMLESS, LISTED], LIVE, headers=key)
    assert first.body == again.body
    assert len(contents(safehold)) == 1
    for other in ({"stream_id": "show-2", "frames": [HARMLESS, LISTED]}, {"frames": [LISTED, HARMLESS]}):
        refused = platform.stream(**{"stream_id": "show-1", "context": LIVE, "headers": key} | other)
        assert (refused.status, refused.body["code"]) == (422, "idempotency_mismatch")


def test_a_private_stream_without_a_legal_basis_is_not_scanned(
    safehold: Installation, platform: Platform
) -> None:
    before = safehold.counts()
    private = {"surface": "private_without_basis", "account_id": "account-1"}
    body = platform.stream("show-1", [LISTED, HARMLESS], private).body
    assert (body["result"], body["advice"]) == ("not_scanned", "publish")
    safehold.program.scanner.counters.flush()
    assert safehold.counts() == before | {"scan_counter": before.get("scan_counter", 0) + 1}


@pytest.mark.parametrize(
    ("context", "frames"),
    [
        ({"surface": "live"}, 1),
        ({**LIVE, "positions": [1]}, 2),
        ({**LIVE, "positions": [-1]}, 1),
        ({**LIVE, "positions": [float("nan")]}, 1),
        ({**LIVE, "content_id": "post-1"}, 1),
        ({**LIVE, "surface": "unheard_of"}, 1),
        ({**LIVE, "account": "account-1"}, 1),
        (LIVE, 0),
    ],
    ids=["no-account", "one-position", "before-it-began", "nan", "content", "surface", "typo", "no-frame"],
)
def test_what_would_be_misread_is_refused(
    platform: Platform, safehold: Installation, context: dict[str, Any], frames: int
) -> None:
    answer = platform.stream("show-1", [LISTED] * frames, context)
    assert answer.status == 422
    assert contents(safehold) == []


def test_frames_may_be_together_as_large_as_one_upload(platform: Platform, safehold: Installation) -> None:
    limits = safehold.program.settings.limits
    frames = [HARMLESS] * 20
    assert limits.json_bytes < len(HARMLESS) * len(frames) < limits.upload_bytes
    assert platform.stream("show-1", frames, LIVE).body["result"] == "clear"


def test_ids_types_and_amounts_that_cannot_be_are_refused(platform: Platform, safehold: Installation) -> None:
    most = safehold.program.settings.limits.stream_frames
    assert platform.stream("show-1", [HARMLESS] * (most + 1), LIVE).status == 413
    assert platform.stream("a%20b", [HARMLESS], LIVE).status == 422
    assert platform.stream("a" * 65, [HARMLESS], LIVE).status == 422
    assert platform.ask("POST", "/v1/streams/show-1/frames", LIVE).status == 415
    stranger = safehold.platform(Permission.ITEM_READ)
    assert stranger.stream("show-1", [HARMLESS], LIVE).status == 403
