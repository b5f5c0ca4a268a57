"""Whoever holds the reference of a statement of reasons contests it, and learns nothing by it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from safehold.model.assessment import Finding
from safehold.model.permissions import Role
from safehold.review import left_appeals
from safehold.storage import appeals as appeal_rows
from safehold.storage.hash_lists import entry, hash_list
from safehold.storage.holds import hold
from safehold.storage.matches import match

WORDS = "This is my own garden."
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LIST = {
    "purpose": "csam",
    "kind": "hash",
    "max_distance": 31,
    "hold_max_distance": 15,
    "may_hold": True,
    "vetted": False,
    "provenance": "",
    "created_at": NOW,
}
ENTRY = {"signal_type": "pdq", "origin": "file", "added_at": NOW, "added_seq": 1}
MATCH = {"signal_type": "pdq", "distance": 4, "frame": 0, "may_hold": True, "matched_at": NOW}


def contest(portal: Any, reference: object, **more: str) -> Any:
    return portal.send("/appeal", {"reference": str(reference), "statement": WORDS, "by": "me"} | more)


def held(portal: Any) -> tuple[UUID, UUID]:
    """Return a hold, which is the reference of its statement, and the item that it holds."""
    portal.report()
    portal.follow()
    [item] = portal.sql("select item_id as id from inbound_report order by received_at desc limit 1")
    listed, known, matched, reference = (uuid4() for _ in range(4))
    rows: tuple[tuple[sa.Table, dict[str, Any]], ...] = (
        (hash_list, {"id": listed, "name": str(listed), **LIST}),
        (entry, {"id": known, "list_id": listed, "value": known.bytes * 2, **ENTRY}),
        (match, {"id": matched, "item_id": item.id, "list_id": listed, "entry_id": known, **MATCH}),
        (hold, {"id": reference, "item_id": item.id, "match_id": matched, "placed_at": NOW}),
    )
    with portal.behind.program.database.begin() as tx:
        for table, values in rows:
            tx.run(table.insert().values(**values))
    return reference, item.id


def test_what_somebody_contests_waits_for_a_person_with_their_words(portal: Any) -> None:
    reference, item_id = held(portal)
    written = str(reference).upper().replace("-", " ")
    assert contest(portal, written, statement="This\r\nis mine.\x00").status_code == 201
    assert portal.sql("select 1 from appeal") == []

    portal.follow()

    [row] = portal.sql("select item_id, by, statement, state from appeal")
    assert (row.item_id, row.by, row.statement, row.state) == (
        item_id,
        "me",
        "This\nis mine.",
        "received",
    )
    assert portal.sql("select 1 from left_appeal") == []
    [record] = portal.sql("select actor, detail from audit_record where verb = 'appeal.receive'")
    assert record.actor == "system:portal"
    assert "me" not in record.detail.values()


def test_whoever_does_not_say_what_they_are_called_is_heard_as_well(portal: Any) -> None:
    reference, _ = held(portal)
    assert contest(portal, reference, by=" ").status_code == 201
    portal.follow()
    [row] = portal.sql("select by from appeal")
    assert row.by == left_appeals.UNNAMED


def test_nobody_learns_whether_a_reference_exists(portal: Any) -> None:
    reference, _ = held(portal)
    known, unknown = contest(portal, reference), contest(portal, uuid4())
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert set(known.headers) == set(unknown.headers)
    portal.follow()
    assert contest(portal, reference).text == unknown.text


def test_what_belongs_to_nothing_is_erased_and_leaves_no_trace(portal: Any) -> None:
    before = portal.behind.counts()
    contest(portal, uuid4())
    portal.follow()
    assert portal.behind.counts() == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reference": "nothing"}, "reference"),
        ({"reference": ""}, "reference"),
        ({"reference": "0" * 33}, "reference"),
        ({"statement": " \n"}, "statement"),
        ({"statement": "a" * 4001}, "statement"),
        ({"by": "a" * 201}, "by"),
    ],
)
def test_what_is_wrong_is_named_and_what_was_typed_is_kept(
    portal: Any, change: dict[str, str], field: str
) -> None:
    given = {"reference": str(uuid4()), "statement": WORDS, "by": "me"} | change
    answer = portal.send("/appeal", given)
    assert answer.status_code == 422
    assert f'id="wrong-{field}"' in answer.text
    assert answer.text.count('class="wrong" id=') == 1
    assert portal.sql("select 1 from left_appeal") == []
    if field != "statement":
        assert WORDS in answer.text


def test_an_item_gathers_only_so_many_appeals_at_once(portal: Any) -> None:
    reference, _ = held(portal)
    for _ in range(left_appeals.UNDECIDED_AT_ONCE + 2):
        contest(portal, reference)
    portal.follow()
    assert len(portal.sql("select 1 from appeal")) == left_appeals.UNDECIDED_AT_ONCE
    dropped = portal.sql("select detail from audit_record where verb = 'appeal.not_taken'")
    assert [row.detail for row in dropped] == [{"why": "too_many"}] * 2


def test_what_was_rejected_before_is_not_assessed_again_and_again(portal: Any) -> None:
    reference, item_id = held(portal)
    first, second = (portal.behind.analyst(f"analyst-{n}-{item_id}", Role.ANALYST) for n in (1, 2))
    portal.behind.assess(str(item_id), Finding.OUT_OF_REMIT, by=first)
    portal.follow()
    contest(portal, reference)
    portal.follow()
    portal.behind.assess(str(item_id), Finding.OUT_OF_REMIT, by=second)
    portal.follow()
    [decided] = portal.sql("select state from appeal")
    assert decided.state == "rejected"

    assert contest(portal, reference).status_code == 201
    portal.follow()
    assert len(portal.sql("select 1 from appeal")) == 1
    [row] = portal.sql("select detail from audit_record where verb = 'appeal.not_taken'")
    assert row.detail == {"why": "rejected_before"}


def test_taking_appeals_in_again_makes_nothing_twice(portal: Any) -> None:
    reference, item_id = held(portal)
    contest(portal, reference)
    portal.follow()
    portal.follow()
    with portal.behind.program.database.begin() as tx:
        assert len(appeal_rows.of_item(tx, item_id)) == 1


def test_nothing_that_was_written_is_in_a_log(portal: Any, capfd: pytest.CaptureFixture[str]) -> None:
    reference, _ = held(portal)
    contest(portal, reference, by="the gardener next door")
    portal.follow()
    logged = "".join(capfd.readouterr())
    assert "/appeal" in logged
    for word in (str(reference), WORDS, "gardener"):
        assert word not in logged
