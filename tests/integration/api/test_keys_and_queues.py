"""Keys are no people: queues bind analysts, and a key with the scope answers for all of them."""

from __future__ import annotations

from typing import Any

import pytest

from safehold.model.permissions import Permission
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, altered_copy

STANDING = {
    *("case_id", "number", "purpose", "state", "rehearsal", "opened_at", "settled_at", "items"),
}


def case_of(safehold: Installation, platform: Platform, purpose: str) -> Any:
    """Return the id of a case of this purpose."""
    answer = platform.upload(altered_copy(1), {"surface": "rehearsal"}, media_type="image/jpeg")
    safehold.run_steps()
    item_id = answer.body["item_id"]
    safehold.sql("update review_case set purpose = " + repr(purpose))
    [row] = safehold.sql("select case_id from case_item")
    return item_id, row.case_id


@pytest.mark.parametrize("purpose", ["test", "csam", "intimate_images", "own_terms"])
def test_a_key_that_may_read_cases_reads_those_of_every_queue_and_states_alone(
    safehold: Installation, platform: Platform, purpose: str
) -> None:
    _, case_id = case_of(safehold, platform, purpose)
    answer = platform.ask("GET", f"/v1/cases/{case_id}")
    assert answer.status == 200
    assert answer.body["purpose"] == purpose
    assert set(answer.body) == STANDING
    [item] = answer.body["items"]
    assert set(item) == {"item_id", "finding", "category", "settled_at", "single_assessor"}


def test_a_key_without_the_scope_learns_nothing_of_any_case(
    safehold: Installation, platform: Platform
) -> None:
    _, case_id = case_of(safehold, platform, "csam")
    other = safehold.platform(Permission.SCAN)
    refused = [
        other.ask("GET", f"/v1/cases/{each}") for each in (case_id, "01990000-0000-7000-8000-000000000000")
    ]
    assert [answer.status for answer in refused] == [403, 403]
