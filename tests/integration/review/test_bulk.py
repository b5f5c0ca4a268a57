"""Many cases at once: counted first, looked at one by one, done once, and never decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.model.bulk import BulkKind, LeftOut
from safehold.model.errors import BadForm, Conflict, NotAllowed, NotFound, SafeholdError, TooManyCases
from safehold.model.events import BulkLeft
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, BulkId, CaseId, UserId, new_id
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.review import bulk, bulk_work, cases, moves
from safehold.review.bulk import Wanted

FOR_LEAD = Wanted(kind=BulkKind.FOR_LEAD)
PART = 2
"""As many cases are done at once: small parts, so that a few cases have several."""
ASK = Wanted(kind=BulkKind.ASK_SKILL, skill="language:sv")


def actor(person: AnalystId, role: Role = Role.LEAD) -> Actor:
    return Actor(permissions=permissions_of(frozenset({role})), user_id=UserId(person))


@pytest.fixture
def lead(room: Any) -> AnalystId:
    return room.new_analyst(role="lead")  # type: ignore[no-any-return]


def asks(room: Any, wanted: Wanted, chosen: list[CaseId], lead: AnalystId) -> BulkId:
    with room.begin() as tx:
        return bulk.ask(tx, wanted, chosen, actor=actor(lead), now=room.now)


def confirms(room: Any, bulk_id: BulkId, lead: AnalystId, **later: float) -> None:
    with room.begin() as tx:
        now = room.later(**later)
        bulk.confirm(tx, bulk_id, actor=actor(lead), record=room.record, now=now, at_once=PART)


def goes_on(room: Any, bulk_id: BulkId) -> None:
    with room.begin() as tx:
        event = BulkLeft(at=room.now, bulk_id=bulk_id)
        bulk.carry_on(tx, event, record=room.record, now=room.now, in_a_step=PART)


def came_of(room: Any, bulk_id: BulkId, lead: AnalystId) -> dict[CaseId, LeftOut | str | None]:
    """Return what became of each case: why it was left out, "done", or None where it is still to do."""
    with room.begin() as tx:
        sheet = bulk.sheet(tx, bulk_id, actor=actor(lead))
    return {each.case.id: each.left_out or ("done" if each.done_at else None) for each in sheet.cases}


def carried_out(room: Any, wanted: Wanted, chosen: list[CaseId], lead: AnalystId) -> dict[CaseId, Any]:
    bulk_id = asks(room, wanted, chosen, lead)
    confirms(room, bulk_id, lead)
    while len(room.events("bulk_left")) and None in came_of(room, bulk_id, lead).values():
        goes_on(room, bulk_id)
    return came_of(room, bulk_id, lead)


def some_cases(room: Any, count: int) -> list[CaseId]:
    return [room.matched_case()[0] for _ in range(count)]


def test_asking_changes_no_case_and_says_which_would_be_changed(room: Any, lead: AnalystId) -> None:
    chosen = some_cases(room, 3)
    before = [room.case(each) for each in chosen]
    bulk_id = asks(room, FOR_LEAD, chosen, lead)
    assert [room.case(each) for each in chosen] == before
    assert came_of(room, bulk_id, lead) == dict.fromkeys(chosen)
    assert [room.audited(f"case:{each}") for each in chosen] == [["case.open"]] * 3
    assert room.audited(f"bulk:{bulk_id}") == ["bulk.ask"]


def test_each_case_is_done_and_audited_by_itself_in_parts_and_once(room: Any, lead: AnalystId) -> None:
    chosen = some_cases(room, 5)
    bulk_id = asks(room, FOR_LEAD, chosen, lead)
    confirms(room, bulk_id, lead)
    assert list(came_of(room, bulk_id, lead).values()).count("done") == 2
    for _ in range(4):
        confirms(room, bulk_id, lead)
        goes_on(room, bulk_id)
    assert set(came_of(room, bulk_id, lead).values()) == {"done"}
    assert all(room.case(each).for_lead for each in chosen)
    verbs = [room.audited(f"case:{each}") for each in chosen]
    assert verbs == [["case.open", "case.bulk_for_lead"]] * 5
    assert room.audited(f"bulk:{bulk_id}") == ["bulk.ask", "bulk.confirm"]
    assert len(room.events("bulk_left")) == 2


def test_what_dies_in_the_middle_of_a_part_is_done_whole_the_next_time(room: Any, lead: AnalystId) -> None:
    chosen = some_cases(room, 4)
    bulk_id = asks(room, ASK, chosen, lead)
    confirms(room, bulk_id, lead)
    # The connection dies when the last of them is changed, after another case of the part.
    last = max(case_id for case_id, became in came_of(room, bulk_id, lead).items() if became is None)
    room.sql(
        "create function dies() returns trigger language plpgsql as"
        " $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$"
    )
    room.sql(
        "create trigger dies before update of skills on review_case for each row"
        f" when (old.id = '{last}') execute function dies()"
    )
    try:
        with pytest.raises(SafeholdError):
            goes_on(room, bulk_id)
    finally:
        room.sql("drop function dies cascade")
    assert list(came_of(room, bulk_id, lead).values()).count("done") == 2
    goes_on(room, bulk_id)
    goes_on(room, bulk_id)
    assert [room.audited(f"case:{each}").count("case.bulk_ask_skill") for each in chosen] == [1] * 4


def held(room: Any, case_id: CaseId) -> None:
    room.takes(case_id, room.ada)


def at_risk(room: Any, case_id: CaseId) -> None:
    room.sql(
        "insert into emergency (id, case_id, declared_by, declared_at, due_at)"
        " values (:id, :case, :who, :now, now() + interval '9 years')",
        id=new_id(),
        case=case_id,
        who=room.ada,
        now=room.now,
    )


def settled(room: Any, case_id: CaseId) -> None:
    room.sql("update review_case set state = 'settled', settled_at = now() where id = :case", case=case_id)


def changed(room: Any, case_id: CaseId) -> None:
    room.sql("update review_case set revision = revision + 1 where id = :case", case=case_id)


def is_so_already(room: Any, case_id: CaseId) -> None:
    room.sql("update review_case set for_lead = true where id = :case", case=case_id)


def of_a_queue_too_many(room: Any, case_id: CaseId) -> None:
    room.sql("update review_case set other_purposes = '{intimate_images}' where id = :case", case=case_id)


def of_somebody_known(room: Any, case_id: CaseId) -> None:
    [who] = room.sql("select id from app_user where roles = '{lead}' order by created_at, id desc limit 1")
    room.sql(
        "insert into declared_conflict (id, user_id, about, declared_at)"
        " select :id, :who, gathered_by, now() from review_case where id = :case",
        id=new_id(),
        who=who.id,
        case=case_id,
    )


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (held, LeftOut.HELD),
        (at_risk, LeftOut.RISK),
        (settled, LeftOut.SETTLED),
        (changed, LeftOut.CHANGED),
        (is_so_already, LeftOut.ALREADY),
        (of_somebody_known, LeftOut.CONFLICT),
    ],
    ids=["held", "risk", "settled", "changed", "already", "conflict"],
)
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_what_may_not_be_changed_is_left_out_and_said_whether_it_came_before_or_after_the_count(
    room: Any, lead: AnalystId, meanwhile: Callable[[Any, CaseId], None], why: LeftOut, before: bool
) -> None:
    odd, plain = some_cases(room, 2)
    if before and why is not LeftOut.CHANGED:
        meanwhile(room, odd)
    bulk_id = asks(room, FOR_LEAD, [odd, plain], lead)
    if before and why is not LeftOut.CHANGED:
        assert came_of(room, bulk_id, lead) == {odd: why, plain: None}
    else:
        meanwhile(room, odd)
    confirms(room, bulk_id, lead)
    assert came_of(room, bulk_id, lead) == {odd: why, plain: "done"}
    assert "case.bulk_for_lead" not in room.audited(f"case:{odd}")


def test_what_one_may_not_know_of_is_neither_counted_nor_named_nor_changed(room: Any) -> None:
    narrow = room.new_analyst(role="lead", queues=[Purpose.CSAM])
    first, second = some_cases(room, 2)
    of_a_queue_too_many(room, first)
    bulk_id = asks(room, FOR_LEAD, [first, second, CaseId(new_id())], narrow)
    assert came_of(room, bulk_id, narrow) == {second: None}
    [counted] = room.sql(
        "select detail from audit_record where verb = 'bulk.ask' and object = :object",
        object=f"bulk:{bulk_id}",
    )
    assert counted.detail["cases"] == 1
    of_a_queue_too_many(room, second)
    confirms(room, bulk_id, narrow)
    assert came_of(room, bulk_id, narrow) == {}
    assert not room.case(second).for_lead
    with pytest.raises(BadForm):
        asks(room, FOR_LEAD, [first], narrow)


def test_cases_of_golden_items_of_others_are_no_cases(room: Any, lead: AnalystId) -> None:
    case_id, item_id = room.flagged_case()
    room.sql("insert into golden_item values (:item, 'csam', 'not_illegal', now(), now())", item=item_id)
    room.sql(
        "insert into golden_case (case_id, item_id, analyst_id, begun_at) values (:case, :item, :who, now())",
        case=case_id,
        item=item_id,
        who=room.ada,
    )
    with pytest.raises(BadForm):
        asks(room, FOR_LEAD, [case_id], lead)


def test_only_who_arranges_cases_asks_sees_or_confirms_and_nobody_what_others_asked(
    room: Any, lead: AnalystId
) -> None:
    bulk_id, another = asks(room, FOR_LEAD, some_cases(room, 1), lead), room.new_analyst(role="lead")
    tries: list[Callable[[Any, Actor], object]] = [
        lambda tx, who: bulk.sheet(tx, bulk_id, actor=who),
        lambda tx, who: bulk.confirm(tx, bulk_id, actor=who, record=room.record, now=room.now),
        lambda tx, who: bulk.take_back(tx, bulk_id, actor=who, now=room.now),
    ]
    for attempt in tries:
        with pytest.raises(NotFound), room.begin() as tx:
            attempt(tx, actor(another))
        with pytest.raises(NotAllowed), room.begin() as tx:
            attempt(tx, actor(lead, Role.ANALYST))
    with pytest.raises(NotAllowed), room.begin() as tx:
        bulk.ask(tx, FOR_LEAD, some_cases(room, 1), actor=actor(room.ada, Role.ANALYST), now=room.now)


def test_the_rest_is_left_when_whoever_asked_may_not_arrange_cases_any_more(
    room: Any, lead: AnalystId
) -> None:
    bulk_id = asks(room, FOR_LEAD, some_cases(room, 4), lead)
    confirms(room, bulk_id, lead)
    room.sql("update app_user set roles = '{analyst}' where id = :who", who=lead)
    goes_on(room, bulk_id)
    left = list(came_of(room, bulk_id, lead).values())
    assert (left.count("done"), left.count(LeftOut.NOT_ALLOWED)) == (2, 2)


def test_more_than_the_cap_is_refused_by_its_number_with_a_code_that_stays(
    room: Any, lead: AnalystId
) -> None:
    for wanted, most in ((FOR_LEAD, bulk.MOST), (Wanted(kind=BulkKind.MERGE), bulk.MOST_MERGED)):
        with pytest.raises(TooManyCases) as refused:
            asks(room, wanted, [CaseId(new_id()) for _ in range(most + 1)], lead)
        assert refused.value.code == "too_many_cases"
        assert f"at most {most:,}" in refused.value.what


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Wanted(kind=BulkKind.NOTE, words="  "), "words"),
        (Wanted(kind=BulkKind.NOTE, words="x" * 2001), "words"),
        (Wanted(kind=BulkKind.ASK_SKILL), "skill"),
        (Wanted(kind=BulkKind.DROP_SKILL, skill="two words"), "skill"),
        (Wanted(kind=BulkKind.MERGE), "case"),
    ],
    ids=["no-words", "long", "no-skill", "no-tag", "one-case"],
)
def test_what_is_not_complete_is_refused_by_its_field(
    room: Any, lead: AnalystId, wanted: Wanted, field: str
) -> None:
    with pytest.raises(BadForm) as refused:
        asks(room, wanted, some_cases(room, 1), lead)
    assert refused.value.field == field
    with pytest.raises(BadForm):
        asks(room, FOR_LEAD, [], lead)


def test_a_note_is_left_in_each_also_where_somebody_works_and_its_words_stay_nowhere_else(
    room: Any, lead: AnalystId
) -> None:
    chosen = some_cases(room, 3)
    held(room, chosen[1])
    came = carried_out(room, Wanted(kind=BulkKind.NOTE, words=" Wait for the list. "), chosen, lead)
    assert came == dict.fromkeys(chosen, "done")
    rows = room.sql("select case_id, words, written_by from case_note")
    assert {(row.case_id, row.words, row.written_by) for row in rows} == {
        (each, "Wait for the list.", lead) for each in chosen
    }
    assert [row.words for row in room.sql("select words from bulk_change")] == [None]
    assert "Wait for" not in str(room.sql("select detail from audit_record"))


def test_a_skill_is_asked_for_and_taken_back_of_exactly_those_that_had_not_asked_for_it(
    room: Any, lead: AnalystId
) -> None:
    chosen = some_cases(room, 2)
    room.sql("update review_case set skills = '{language:sv,other}' where id = :case", case=chosen[0])
    bulk_id = asks(room, ASK, chosen, lead)
    confirms(room, bulk_id, lead)
    assert came_of(room, bulk_id, lead) == {chosen[0]: LeftOut.ALREADY, chosen[1]: "done"}
    assert room.case(chosen[1]).skills == {"language:sv"}
    with room.begin() as tx:
        back = bulk.take_back(tx, bulk_id, actor=actor(lead), now=room.now)
    confirms(room, back, lead)
    assert [room.case(each).skills for each in chosen] == [{"language:sv", "other"}, frozenset()]


def test_a_case_asks_for_ten_skills_at_most(room: Any, lead: AnalystId) -> None:
    [chosen] = some_cases(room, 1)
    room.sql(
        "update review_case set skills = array(select 's' || n from generate_series(1, 10) n)"
        " where id = :case",
        case=chosen,
    )
    assert came_of(room, asks(room, ASK, [chosen], lead), lead) == {chosen: LeftOut.CANNOT}


def test_who_was_at_it_a_moment_ago_keeps_the_case_and_who_left_it_lying_does_not(
    room: Any, lead: AnalystId
) -> None:
    idle, busy, free = some_cases(room, 3)
    room.takes(idle, room.ada, room.now - timedelta(minutes=6))
    room.takes(busy, room.ben, room.now - timedelta(minutes=4))
    came = carried_out(room, Wanted(kind=BulkKind.LET_GO), [idle, busy, free], lead)
    assert came == {idle: "done", busy: LeftOut.AT_WORK, free: LeftOut.ALREADY}
    assert (room.case(idle).locked_by, room.case(busy).locked_by) == (None, room.ben)


def test_cases_are_merged_into_the_one_that_was_opened_first_which_nobody_holds_then(
    room: Any, lead: AnalystId
) -> None:
    items = [room.arrives(account=f"merged-{number}") for number in range(3)]
    for item_id in items:
        room.match(item_id)
    chosen = [room.opened(item_id, now=room.later(hours=-n)) for n, item_id in enumerate(items)]
    other_queue = room.arrives()
    room.match(other_queue, room.new_list(Purpose.INTIMATE_IMAGES, vetted=True))
    another = room.opened(other_queue, purpose=Purpose.INTIMATE_IMAGES)
    bulk_id = asks(room, Wanted(kind=BulkKind.MERGE), [*chosen, another], lead)
    confirms(room, bulk_id, lead)
    goes_on(room, bulk_id)
    assert came_of(room, bulk_id, lead) == {
        chosen[0]: "done",
        chosen[1]: "done",
        another: LeftOut.CANNOT,
    }
    with room.begin() as tx:
        assert len(moves.moves_of(tx, chosen[2], viewer=None)) == 2
    assert room.case(chosen[2]).locked_by is None
    assert room.case(another).state == "open"
    assert bulk_work.AT_WORK < cases.LOCK_LASTS


def test_nothing_is_taken_back_where_nothing_was_done_or_where_that_is_done_case_by_case(
    room: Any, lead: AnalystId
) -> None:
    chosen = some_cases(room, 2)
    note = asks(room, Wanted(kind=BulkKind.NOTE, words="x"), chosen, lead)
    confirms(room, note, lead)
    for bulk_id in (note, asks(room, FOR_LEAD, chosen, lead)):
        with pytest.raises(Conflict), room.begin() as tx:
            bulk.take_back(tx, bulk_id, actor=actor(lead), now=room.now)


def test_what_nobody_confirmed_goes_after_a_day_and_what_was_done_after_a_month(
    room: Any, lead: AnalystId
) -> None:
    chosen = some_cases(room, 3)
    left, done = (
        asks(room, Wanted(kind=BulkKind.NOTE, words="x"), chosen, lead),
        asks(room, FOR_LEAD, chosen, lead),
    )
    confirms(room, done, lead)
    goes_on(room, done)
    for later, kept in (({"hours": 23}, {left, done}), ({"hours": 25}, {done}), ({"days": 31}, set())):
        with room.begin() as tx:
            bulk.forget(tx, now=room.later(**later))
        asked = room.sql("select id from bulk_change where asked_by = :who", who=lead)
        assert {row.id for row in asked} == kept


def dies_after_a_part(room: Any, bulk_id: BulkId) -> None:
    with room.begin() as tx:
        bulk.carry_on(tx, BulkLeft(at=room.now, bulk_id=bulk_id), record=room.record, now=room.now)
        raise KeyboardInterrupt


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order=st.lists(st.sampled_from(["confirm", "step", "dead step"]), min_size=1, max_size=8))
def test_whatever_runs_twice_or_dies_each_case_is_done_once_at_most_and_all_in_the_end(
    room: Any, order: list[str]
) -> None:
    lead = room.new_analyst(role="lead")
    chosen = some_cases(room, 5)
    bulk_id = asks(room, FOR_LEAD, chosen, lead)
    for what in [*order, "confirm", "step", "step", "step"]:
        if what == "confirm":
            confirms(room, bulk_id, lead)
        elif what == "step":
            goes_on(room, bulk_id)
        else:
            with pytest.raises(KeyboardInterrupt):
                dies_after_a_part(room, bulk_id)
    verbs = [room.audited(f"case:{each}") for each in chosen]
    assert [each.count("case.bulk_for_lead") for each in verbs] == [1] * 5


def as_role(tx: Any, role: str) -> Any:
    tx.run(sa.text(f"set local role safehold_{role}"))
    return tx


@pytest.mark.parametrize("kind", list(BulkKind), ids=[kind.value for kind in BulkKind])
def test_each_surface_does_its_part_with_its_own_role(room: Any, lead: AnalystId, kind: BulkKind) -> None:
    chosen = some_cases(room, 5)
    for case_id in chosen:
        if kind is BulkKind.LET_GO:
            room.takes(case_id, room.ada, room.now - timedelta(minutes=9))
    skills = ["a-skill"] if kind is BulkKind.DROP_SKILL else []
    for_lead = kind is BulkKind.FOR_EVERYBODY
    room.sql("update review_case set skills = :skills, for_lead = :lead", skills=skills, lead=for_lead)
    wanted = Wanted(kind=kind, words="words", skill="a-skill")
    with room.begin() as tx:
        bulk_id = bulk.ask(as_role(tx, "console"), wanted, chosen, actor=actor(lead), now=room.now)
    with room.begin() as tx:
        console = as_role(tx, "console")
        bulk.confirm(console, bulk_id, actor=actor(lead), record=room.record, now=room.now, at_once=PART)
        bulk.sheet(console, bulk_id, actor=actor(lead))
    for _ in range(2):
        with room.begin() as tx:
            event = BulkLeft(at=room.now, bulk_id=bulk_id)
            bulk.carry_on(as_role(tx, "worker"), event, record=room.record, now=room.now)
    with room.begin() as tx:
        bulk.forget(as_role(tx, "worker"), now=room.later(hours=1))
    assert set(came_of(room, bulk_id, lead).values()) == {"done"}


def test_nothing_that_can_be_asked_of_many_cases_decides_what_anything_shows(
    room: Any, lead: AnalystId
) -> None:
    before = [
        room.sql(f"select count(*) from {table}")[0][0] for table in ("assessment", "outcome", "reveal")
    ]
    for kind in BulkKind:
        wanted = Wanted(kind=kind, words="words", skill="a-skill")
        carried_out(room, wanted, some_cases(room, 3), lead)
    after = [room.sql(f"select count(*) from {table}")[0][0] for table in ("assessment", "outcome", "reveal")]
    assert after == before
    assert room.events("item_confirmed", "item_cleared", "outcome_reversed", "proposal_approved") == []
