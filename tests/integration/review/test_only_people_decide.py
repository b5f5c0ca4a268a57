"""The database lets findings rest on people alone, and keeps them to their purposes."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from safehold.model.assessment import Category, Finding, ImageryForm
from safehold.model.case import CaseState
from safehold.model.ids import new_id

CATEGORY_B = ImageryForm(finding=Finding.ILLEGAL, category=Category.B)


def insert_outcome(room: Any, **changed: Any) -> None:
    """Record an outcome beside an assessment of Ada's that says the same, save for what is changed."""
    case_id, item_id = room.matched_case()
    form = CATEGORY_B if changed.get("finding") == "illegal" else room.not_illegal
    filed = room.files(case_id, item_id, form, by=room.ada)
    values = {
        "id": new_id(),
        "rests_on": filed,
        "case_id": case_id,
        "item_id": item_id,
        "purpose": "csam",
        "finding": "not_illegal",
        "category": None,
        "settled_by": room.ada,
        "at": room.now,
        "tier": "clear",
        "listed": False,
        "people_asked": 1,
        "second_by": None,
        "second_assessment": None,
        **changed,
    }
    room.sql(
        "insert into outcome (id, case_id, item_id, purpose, finding, category, settled_at, settled_by,"
        " rests_on, tier, listed, people_asked, second_by, second_assessment)"
        " values (:id, :case_id, :item_id, :purpose, :finding, :category, :at, :settled_by, :rests_on, :tier,"
        " :listed, :people_asked, :second_by, :second_assessment)",
        **values,
    )


def test_the_database_takes_an_outcome_that_rests_on_a_person(room: Any) -> None:
    insert_outcome(room)


@pytest.mark.parametrize(
    "changed", ["rests_on", "case_id", "item_id", "settled_by", "finding"], ids=lambda one: f"another {one}"
)
def test_the_database_takes_no_outcome_that_says_other_than_its_assessment(room: Any, changed: str) -> None:
    other_case, other_item = room.matched_case()
    other = {
        "rests_on": room.files(other_case, other_item, room.not_illegal, by=room.ben),
        "case_id": other_case,
        "item_id": other_item,
        "settled_by": room.ben,
        "finding": "cannot_determine",
    }[changed]
    with pytest.raises(sa.exc.IntegrityError, match="fk_outcome_rests_on"):
        insert_outcome(room, **{changed: other})


def test_the_database_takes_no_outcome_without_an_assessment(room: Any) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="rests_on"):
        insert_outcome(room, rests_on=None)


@pytest.mark.parametrize("who", ["nobody", "a flag", "the system"])
def test_the_database_takes_no_outcome_that_rests_on_anything_but_a_person(room: Any, who: str) -> None:
    item_id = room.arrives()
    room.flag(item_id)
    flag_id = room.sql("select id from flag where item_id = :item", item=item_id)[0].id
    settled_by = {"nobody": None, "a flag": flag_id, "the system": new_id()}[who]
    with pytest.raises(sa.exc.IntegrityError):
        insert_outcome(room, settled_by=settled_by)


def test_the_database_takes_no_assessment_that_rests_on_anything_but_a_person(room: Any) -> None:
    case_id, item_id = room.matched_case()
    with pytest.raises(sa.exc.IntegrityError, match="analyst"):
        room.sql(
            "insert into assessment (id, case_id, item_id, purpose, analyst_id, form, finding, answers, tier,"
            " policy_version, filed_at) values (:id, :case_id, :item_id, 'csam', :nobody, 'imagery',"
            " 'not_illegal', '{}', 'none', '', now())",
            id=new_id(),
            case_id=case_id,
            item_id=item_id,
            nobody=new_id(),
        )


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"category": "A"}, "category_only_when_illegal"),
        ({"finding": "against_terms"}, "against_terms_has_its_purposes"),
        ({"purpose": "own_terms", "finding": "against_terms"}, "outcome_purpose"),
        ({"finding": "illegal", "category": "D"}, "category_known"),
        ({"finding": "guilty"}, "finding_known"),
    ],
)
def test_the_database_keeps_findings_and_categories_to_their_purposes(
    room: Any, changed: dict[str, Any], rule: str
) -> None:
    with pytest.raises(sa.exc.IntegrityError, match=rule):
        insert_outcome(room, **changed)


def test_the_database_takes_no_illegal_imagery_without_a_category(room: Any) -> None:
    case_id, item_id = room.matched_case()
    with pytest.raises(sa.exc.IntegrityError, match="category_when_illegal_imagery"):
        room.sql(
            "insert into assessment (id, case_id, item_id, purpose, analyst_id, form, finding, answers, tier,"
            " policy_version, filed_at) values (:id, :case_id, :item_id, 'csam', :ada, 'imagery',"
            " 'illegal', '{}', 'none', '', now())",
            id=new_id(),
            case_id=case_id,
            item_id=item_id,
            ada=room.ada,
        )


def test_a_flag_alone_never_leads_to_an_outcome(room: Any) -> None:
    case_id, item_id = room.flagged_case()
    for _ in range(3):
        room.flag(item_id)
        room.opened(item_id, flagged=True)
    assert room.sql("select id from outcome where item_id = :item", item=item_id) == []
    assert room.case(case_id).state is CaseState.OPEN
    assert room.events("item_confirmed", "item_cleared") == []
