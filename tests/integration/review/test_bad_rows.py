"""One row that cannot be read as it was meant never blanks a page, and keeps nobody from deciding."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from safehold.model.assessment import Category, Finding, ImageryForm
from safehold.model.ids import CaseId, ItemId
from safehold.review.facts import PAGE, CaseView, facts
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Tx


def seen(room: Any, case_id: CaseId) -> CaseView:
    with room.begin() as tx:
        return facts(tx, case_id, viewer=room.ada)


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"age_band": "of a later version", "category": "B", "sex": "girls"},
        {"age_band": None, "category": "B", "sex": "girls", "count": "many"},
        {"unheard_of": [1, 2], "category": "B", "sex": "girls"},
        {"finding": "of a later version", "category": ["B"], "sex": {"a": 1}},
    ],
)
def test_answers_that_cannot_be_read_are_left_open_and_the_others_are_shown(
    room: Any, answers: dict[str, Any]
) -> None:
    case_id, item_id = room.matched_case(account="acc-1")
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    room.sql("update assessment set answers = cast(:answers as jsonb)", answers=json.dumps(answers))
    [item] = seen(room, case_id).items
    [one] = item.assessments
    assert isinstance(one.form, ImageryForm)
    assert one.form.finding is Finding.ILLEGAL
    assert one.form.category in (Category.B, None)
    assert one.form.sex.value == (answers.get("sex") if isinstance(answers.get("sex"), str) else "unknown")


def test_a_case_with_such_a_row_is_decided_all_the_same(room: Any) -> None:
    case_id, first = room.matched_case(account="acc-1")
    other = room.arrives(account="acc-1")
    room.match(other)
    assert room.opened(other) == case_id
    room.assesses(case_id, first, room.illegal, by=room.ada)
    room.sql("update assessment set answers = cast('{\"age_band\": 7}' as jsonb)")
    assert len(seen(room, case_id).items) == 2
    room.assesses(case_id, other, room.illegal, by=room.ada)
    assert room.case(case_id).state.value == "settled"


def test_a_decision_on_an_item_whose_bytes_and_context_are_gone_is_taken_unless_it_confirms(
    room: Any,
) -> None:
    case_id, item_id = room.flagged_case()
    gone(room, item_id)
    assert seen(room, case_id).items[0].context is None
    filed = room.files(case_id, item_id, room.illegal, by=room.ada)
    room.settles(case_id, item_id, filed)
    # Nobody can have seen it clearly, and nobody ever will.
    assert room.waits_for(case_id, item_id) == "clear_view"
    closing = ImageryForm(finding=Finding.CANNOT_DETERMINE)
    filed = room.files(case_id, item_id, closing, by=room.ada)
    room.settles(case_id, item_id, filed)
    assert room.waits_for(case_id, item_id) is None


def gone(room: Any, item_id: ItemId) -> None:
    """Let where an item appeared be erased, and its bytes be destroyed."""
    room.sql("delete from item_context where item_id = :item", item=item_id)
    with room.begin() as tx:
        media_id = evidence_rows.media_of_item(tx, item_id)
    room.sql(
        "insert into destruction (object_id, media_id, role, rule, destroyed_at)"
        " values (:media, :media, 'original', 'undecided', :at)",
        media=media_id,
        at=room.now,
    )


def test_a_case_with_five_thousand_items_is_looked_up_and_decided_in_parts(room: Any) -> None:
    case_id, first = room.matched_case(account="acc-1")
    take_in(room, 4999)
    with room.begin() as tx:
        put_into(tx, case_id, room.later(minutes=1))
    view = seen(room, case_id)
    assert (view.total, len(view.items), view.items[0].item.id) == (5000, PAGE, first)
    room.assesses(case_id, first, room.illegal, by=room.ada)
    after = seen(room, case_id)
    assert (after.case.state.value, after.next_item is not None) == ("open", True)
    assert after.next_item != first


def test_many_items_that_come_into_a_case_are_looked_up_one_by_one_whatever_is_believed_of_the_tables(
    room: Any,
) -> None:
    case_id, _ = room.matched_case(account="acc-1")
    # What is believed is of tables that hold next to nothing, and that is the worst that it can be.
    with psycopg.connect(room.database.driver_url, autocommit=True) as connection:
        connection.execute("vacuum analyze item, case_item, match, review_case")
    take_in(room, 500)
    with room.begin() as tx:
        put_into(tx, case_id, room.now)
        read = tx.run(
            sa.text("select relname, seq_tup_read from pg_stat_xact_user_tables where seq_tup_read > 0")
        )
        passes = {row.relname: row.seq_tup_read for row in read}
    # The statement itself reads all items once. What follows from it reads no table through, row by row: a
    # few rows are of what the session had done before.
    assert passes["item"] < 520
    assert max(passes.get("case_item", 0), passes.get("match", 0)) < 20


def take_in(room: Any, many: int) -> None:
    """Take in so many items without bytes."""
    room.sql(
        "insert into item (id, kind, surface, scan_id, result, rehearsal, received_at)"
        " select md5('item ' || n)::uuid, 'signals', 'public_uploads', md5('item ' || n)::uuid, 'review',"
        " false, :now from generate_series(1, :many) n",
        now=room.now,
        many=many,
    )


def put_into(tx: Tx, case_id: CaseId, at: datetime) -> None:
    """Put them all into a case by one statement."""
    statement = sa.text(
        "insert into case_item (case_id, item_id, joined_at)"
        " select :case, id, :at from item where kind = 'signals'"
    )
    tx.run(statement, {"case": case_id, "at": at})
