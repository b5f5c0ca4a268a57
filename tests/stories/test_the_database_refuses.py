"""What no program may do, the database refuses by itself: tried with plain SQL, past all our code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.model.assessment import Finding
from safehold.model.ids import new_id
from safehold.storage.database import Database
from safehold.storage.roles import API, APP, CONSOLE, WORKER


@pytest.fixture
def case(story: Any) -> dict[str, Any]:
    """Return the ids of a confirmed item, its case, outcome, subject and match."""
    item_id = story.uploads()
    story.assesses(item_id, Finding.ILLEGAL)
    row = story.one(
        """select i.id as item, i.media_id as media, m.id as match, m.list_id as list, m.entry_id as entry,
            ci.case_id as "case", o.id as outcome, s.id as subject, a.id as assessment
        from item i join match m on m.item_id = i.id join case_item ci on ci.item_id = i.id
            join outcome o on o.item_id = i.id join subject s on s.case_id = ci.case_id
            join assessment a on a.item_id = i.id"""
    )
    return {**vars(row), "analyst": story.analyst.user_id, "id": new_id()}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Yield the records as their owner has them."""
    opened = Database(database_url, pool_size=1)
    yield opened
    opened.close()


def refused(story: Any, statement: str, **values: Any) -> str:
    """Run a statement that must fail, and return the name of the rule that it broke."""
    with pytest.raises(sa.exc.IntegrityError) as caught, story.safehold.program.database.begin() as tx:
        tx.run(sa.text(statement), values)
    return str(caught.value.orig.diag.constraint_name)  # type: ignore[union-attr]


def add_match(story: Any, case: dict[str, Any], *, may_hold: bool) -> Any:
    """Record another match of the item."""
    match_id = new_id()
    story.safehold.sql(
        """insert into match (id, item_id, list_id, entry_id, signal_type, distance, frame, may_hold,
            matched_at) values (%(id)s, %(item)s, %(list)s, %(entry)s, 'pdq', 20, 0, %(may_hold)s, now())""",
        id=match_id,
        may_hold=may_hold,
        **{name: case[name] for name in ("item", "list", "entry")},
    )
    return match_id


HOLD = "insert into hold (id, item_id, match_id{0}, placed_at) values (:id, :item, :match{1}, now())"


def test_a_hold_rests_on_a_match_that_may_hold_and_on_nothing_else(story: Any, case: dict[str, Any]) -> None:
    story.safehold.sql("update hold set released_at = now(), release_reason = 'item_cleared'")
    weak = add_match(story, case, may_hold=False)
    flag = new_id()
    story.safehold.sql(
        """insert into flag (id, item_id, source, score, reason, flagged_at)
        values (%(flag)s, %(item)s, 'nudge', 1.0, 'looks_like', now())""",
        flag=flag,
        item=case["item"],
    )
    place, wanted = HOLD.format("", ""), {"id": case["id"], "item": case["item"]}
    assert refused(story, place, match=weak, **wanted) == "fk_hold_match"
    assert refused(story, place, match=flag, **wanted) == "fk_hold_match"
    admitted = HOLD.format(", match_may_hold", ", false")
    assert refused(story, admitted, match=weak, **wanted) == "ck_hold_rests_on_a_holding_match"
    nothing = place.replace(":match", "null")
    with pytest.raises(sa.exc.IntegrityError), story.safehold.program.database.begin() as tx:
        tx.run(sa.text(nothing), wanted)
    # And a match that holds cannot be weakened while a hold rests on it.
    weaken = "update match set may_hold = false where id = :match"
    assert refused(story, weaken, match=case["match"]) == "fk_hold_match"


def test_an_outcome_and_an_assessment_are_a_persons(story: Any, case: dict[str, Any]) -> None:
    story.safehold.sql("update outcome set reversed_at = now(), reversed_by = settled_by")
    outcome = """insert into outcome
        (id, case_id, purpose, item_id, finding, settled_at, settled_by, rests_on, tier)
        values (:id, :case, 'test', :item, :finding, now(), :by, :assessment, 'clear')"""
    wanted = {name: case[name] for name in ("id", "case", "item")}
    said = {"finding": "illegal", "assessment": case["assessment"], **wanted}
    assert refused(story, outcome, by=new_id(), **said) == "fk_outcome_settled_by"
    with pytest.raises(sa.exc.IntegrityError, match="settled_by"), _tx(story) as tx:
        tx.run(sa.text(outcome), {**said, "by": None})
    # Nor by a person who never said so: of this item, in this case, with this finding.
    by = case["analyst"]
    assert refused(story, outcome, by=by, **{**said, "finding": "not_illegal"}) == "fk_outcome_rests_on"
    assert refused(story, outcome, by=by, **{**said, "assessment": new_id()}) == "fk_outcome_rests_on"
    with pytest.raises(sa.exc.IntegrityError, match="rests_on"), _tx(story) as tx:
        tx.run(sa.text(outcome), {**said, "by": by, "assessment": None})
    assessment = """insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding,
            answers, tier, policy_version, filed_at)
        values (:id, :case, 'test', :item, :by, 'imagery', 'not_illegal', '{}', 'none', '1', now())"""
    # Nobody works in no queue: that is asked first, and the key would refuse it as well.
    assert refused(story, assessment, by=new_id(), **wanted) == "need_to_know"


@pytest.mark.parametrize("part", ["unknown", "victim"])
@pytest.mark.parametrize("state", ["waiting", "approved"])
def test_nothing_is_planned_against_an_account_whose_part_is_unknown_or_that_of_a_victim(
    story: Any, case: dict[str, Any], part: str, state: str
) -> None:
    story.safehold.sql(
        "update subject set part = %(part)s, part_set_by = %(by)s, part_set_at = now()",
        part=part,
        by=case["analyst"],
    )
    plan = """insert into proposal (id, kind, item_id, case_id, outcome_id, subject_id, subject_part, state,
            planned_at, approved_by, decided_at)
        values (:id, 'account_action', :item, :case, :outcome, :subject, :part, :state, now(),
            case when :state = 'approved' then cast(:analyst as uuid) end,
            case when :state = 'approved' then now() end)"""
    wanted = {name: case[name] for name in ("id", "item", "case", "outcome", "subject", "analyst")}
    rule = "ck_proposal_never_against_unknown_or_victim"
    assert refused(story, plan, part=part, state=state, **wanted) == rule
    # Nor by claiming another part than the person set, or none.
    assert refused(story, plan, part="suspected", state=state, **wanted) == "fk_proposal_subject"
    assert refused(story, plan, part=None, state=state, **wanted) == rule
    nameless = plan.replace(":subject,", "null,")
    assert refused(story, nameless, part="suspected", state=state, **wanted).startswith("ck_proposal_")


def test_a_part_cannot_turn_into_a_victims_under_a_planned_action(story: Any, case: dict[str, Any]) -> None:
    story.safehold.sql(
        "update subject set part = 'suspected', part_set_by = %(by)s, part_set_at = now()", by=case["analyst"]
    )
    with _tx(story) as tx:
        plan = """insert into proposal (id, kind, item_id, case_id, outcome_id, subject_id, subject_part,
                state, planned_at)
            values (:id, 'account_action', :item, :case, :outcome, :subject, 'suspected', 'waiting', now())"""
        tx.run(sa.text(plan), {name: case[name] for name in ("id", "item", "case", "outcome", "subject")})
    turn = "update subject set part = 'victim'"
    assert refused(story, turn) == "ck_proposal_never_against_unknown_or_victim"


def test_no_program_sets_a_subjects_part(story: Any, case: dict[str, Any]) -> None:
    assert case["subject"]
    assert refused(story, "update subject set part = 'suspected'") == "ck_subject_part_set_by_person"


def test_what_is_confirmed_has_no_date_of_destruction(story: Any, case: dict[str, Any]) -> None:
    assert case["media"]
    rule = "ck_retention_confirmed_is_never_swept"
    assert refused(story, "update retention set destroy_at = now()") == rule
    assert refused(story, "update retention set rule = 'undecided'") == rule


def test_a_test_list_or_purpose_stays_in_the_rehearsal(story: Any, case: dict[str, Any]) -> None:
    assert case["case"]
    rule = "ck_review_case_test_is_rehearsal"
    assert refused(story, "update review_case set rehearsal = false") == rule


@pytest.mark.parametrize("role", [APP, API, CONSOLE, WORKER])
@pytest.mark.parametrize(
    "table", ["audit_record", "audit_link", "audit_anchor", "event", "destruction", "list_change"]
)
def test_no_role_changes_or_removes_what_is_append_only(database: Database, role: str, table: str) -> None:
    for statement in (f"update {table} set {_column(table)} = {_column(table)}", f"delete from {table}"):
        assert denied(database, role, statement)


@pytest.mark.parametrize(
    ("role", "table"),
    [
        (API, "wrapped_key"),
        (API, "app_user"),
        (API, "session"),
        (API, "assessment"),
        (API, "reveal"),
        (API, "delivery"),
        (CONSOLE, "api_key"),
        (CONSOLE, "idempotency"),
        (WORKER, "app_user"),
        (WORKER, "api_key"),
    ],
)
def test_a_surface_cannot_read_what_another_needs(database: Database, role: str, table: str) -> None:
    assert denied(database, role, f"select * from {table}")


def denied(database: Database, role: str, statement: str) -> bool:
    """Say whether the database refuses this role a statement."""
    with database.begin() as tx:
        tx.run(sa.text(f"set local role {role}"))
        try:
            tx.run(sa.text(statement))
        except sa.exc.ProgrammingError as error:
            tx.connection.rollback()
            return "permission denied" in str(error.orig)
    return False


def _column(table: str) -> str:
    return {"audit_link": "seq", "destruction": "object_id"}.get(table, "id")


def _tx(story: Any) -> Any:
    return story.safehold.program.database.begin()
