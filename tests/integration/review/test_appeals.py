"""Appeals: kept word for word for people, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from safehold.model.errors import InvalidInput, NotFound, TooLarge
from safehold.model.events import AppealReceived
from safehold.model.ids import AppealId, CaseId, ItemId, new_id
from safehold.review.appeals import LONGEST_STATEMENT, receive_appeal
from safehold.review.facts import facts
from safehold.storage import appeals

WORDS = "This is a picture of my own garden."


def appeal(room: Any, *, statement: str = WORDS, by: str = "the gardener", **contested: Any) -> AppealId:
    with room.begin() as tx:
        return receive_appeal(tx, statement=statement, by=by, record=room.record, now=room.now, **contested)


def test_an_appeal_is_kept_word_for_word_and_recorded(room: Any) -> None:
    case_id, item_id = room.matched_case()
    appeal_id = appeal(room, item_id=item_id)
    with room.begin() as tx:
        kept = appeals.of_item(tx, item_id)
        assert facts(tx, case_id).items[0].appeals == tuple(kept)
    assert [(one.id, one.by, one.statement) for one in kept] == [(appeal_id, "the gardener", WORDS)]
    assert room.events("appeal_received") == [
        AppealReceived(at=room.now, item_id=item_id, appeal_id=appeal_id)
    ]


def test_neither_the_words_nor_the_name_leave_the_appeal(room: Any) -> None:
    _, item_id = room.matched_case()
    appeal(room, item_id=item_id)
    for table in ("audit_record", "audit_personal", "event"):
        kept = "".join(str(row[0]) for row in room.sql(f"select row_to_json(t)::text from {table} t"))
        assert "garden" not in kept
    assert room.audited(f"item:{item_id}")[-1] == "appeal.receive"


def test_an_appeal_about_a_case_is_listed_with_each_of_its_items(room: Any) -> None:
    case_id, first = room.matched_case(account="d-1")
    second = room.arrives(account="d-1")
    room.opened(second)
    appeal_id = appeal(room, case_id=case_id)
    with room.begin() as tx:
        for item_id in (first, second):
            assert [one.id for one in appeals.of_item(tx, item_id)] == [appeal_id]
    assert len(room.events("appeal_received")) == 1


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"statement": " \n"}, InvalidInput),
        ({"statement": "x" * (LONGEST_STATEMENT + 1)}, TooLarge),
        ({"by": ""}, InvalidInput),
        ({"by": "x" * 201}, TooLarge),
        ({"item_id": ItemId(new_id())}, NotFound),
        ({"item_id": None, "case_id": CaseId(new_id())}, NotFound),
        ({"item_id": None}, InvalidInput),
        ({"case_id": CaseId(new_id())}, InvalidInput),
    ],
    ids=["no words", "too many words", "nobody", "long name", "no item", "no case", "neither", "both"],
)
def test_an_appeal_that_cannot_be_taken_leaves_nothing(
    room: Any, changed: dict[str, Any], error: type[Exception]
) -> None:
    _, item_id = room.matched_case()
    with pytest.raises(error):
        appeal(room, **{"item_id": item_id, **changed})
    assert room.sql("select 1 from appeal") == []


def test_the_longest_statement_is_taken(room: Any) -> None:
    _, item_id = room.matched_case()
    appeal(room, item_id=item_id, statement="x" * LONGEST_STATEMENT)
