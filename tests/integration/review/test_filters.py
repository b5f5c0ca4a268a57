"""Filters: what they find is what they ask, of what one may know; and each person has their own by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.model.case import Case
from safehold.model.case_filter import ANYTHING, CaseFilter, Holder, Reason
from safehold.model.errors import BadForm, NotAllowed, NotFound
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, UserId
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.model.queue import QueueRules, Stage
from safehold.review import cases, conflicts, filters, moves, weighing
from safehold.review.cases import PassReason
from safehold.storage import case_filters, case_urgency, migrate

EVERY = 1000


def actor(person: AnalystId, role: Role = Role.LEAD) -> Actor:
    return Actor(permissions=permissions_of(frozenset({role})), user_id=UserId(person))


def found(
    room: Any, wanted: CaseFilter, person: AnalystId, role: Role = Role.LEAD, limit: int = EVERY
) -> list[CaseId]:
    with room.begin() as tx:
        shown = filters.show(tx, wanted, actor=actor(person, role), limit=limit, now=room.now)
        assert [one.case.id for one in shown.cases] == filters.first_of(
            tx, wanted, actor=actor(person, role), limit=limit, now=room.now
        )
    return [one.case.id for one in shown.cases]


def weigh(case: Case, name: str) -> int:
    return next(each.weight for each in case.priority_parts if each.name == name)


def held_by(case: Case, now: Any) -> AnalystId | None:
    return case.locked_by if case.locked_until is not None and now < case.locked_until else None


REASONS: dict[Reason, Callable[[Case], bool]] = {
    Reason.AT_RISK: lambda case: weigh(case, "child at risk now") > 0,
    Reason.CLOCK: lambda case: weigh(case, "legal clock") > 0,
    Reason.REACH: lambda case: weigh(case, "reach") >= 20,
    Reason.VETTED: lambda case: weigh(case, "likelihood") >= 25,
    Reason.SEVERAL: lambda case: weigh(case, "repeats") > 0,
}


def is_asked(room: Any, wanted: CaseFilter, case: Case, stage: str, me: AnalystId) -> bool:
    """Say the same as a filter, of one case and in plain words."""
    holder = held_by(case, room.now)
    items = room.sql(
        "select i.surface, m.list_id, m.signal_type from case_item c join item i on i.id = c.item_id"
        " left join match m on m.item_id = i.id where c.case_id = :case",
        case=case.id,
    )
    held = {None: True, Holder.NOBODY: holder is None, Holder.ME: holder == me}
    held[Holder.OTHERS] = holder not in (None, me)
    due = case.decide_by is not None and wanted.due_hours is not None
    return all(
        (
            not wanted.queues or case.purpose in wanted.queues,
            not wanted.kinds or bool(wanted.kinds & case.exposure_kinds),
            not wanted.stages or stage in wanted.stages,
            all(REASONS[reason](case) for reason in wanted.reasons),
            case.priority >= wanted.need_from,
            held[wanted.held],
            case.opened_at + timedelta(hours=wanted.open_hours) <= room.now or not wanted.open_hours,
            wanted.due_hours is None
            or (due and case.decide_by < room.now + timedelta(hours=wanted.due_hours)),  # type: ignore[operator]
            not wanted.surface or any(row.surface == wanted.surface for row in items),
            # One match may be of the list and another of the signal's type: each is asked of one match.
            (wanted.list_id is None and not wanted.signals)
            or any(
                row.list_id is not None
                and (wanted.list_id is None or row.list_id == wanted.list_id)
                and (not wanted.signals or row.signal_type in wanted.signals)
                for row in items
            ),
            not wanted.skill or wanted.skill in case.skills,
            wanted.for_lead in (None, case.for_lead),
            wanted.practice in (None, case.rehearsal),
        )
    )


@pytest.fixture
def many(room: Any) -> list[CaseId]:
    """Return cases that differ in everything that a filter can ask."""
    found = []
    rules = QueueRules(
        decide_within={Purpose.CSAM: timedelta(hours=20)},
        skills_for={ExposureKind.A: frozenset({"severe"})},
    )
    for number in range(24):
        item_id = room.arrives(
            account=f"many-{number // 2}" if number < 4 else None, rehearsal=number % 7 == 6
        )
        lists = (room.vetted, room.unvetted, room.new_list(Purpose.INTIMATE_IMAGES, vetted=True))
        on = lists[number % 3]
        room.match(item_id, on, distance=number, category="ABC"[number % 3] if number % 4 else None)
        surface = ("public_uploads", "avatars")[number % 2]
        room.sql("update item set surface = :surface where id = :item", surface=surface, item=item_id)
        if number % 5 == 4:
            room.sql("update match set signal_type = 'sha256' where item_id = :item", item=item_id)
        opened_at = room.now - timedelta(hours=number * 3)
        case_id = room.opened(item_id, purpose=on[2], now=opened_at)
        with room.begin() as tx:
            weighing.reckon(tx, case_id, now=room.now, rules=rules)
            case_urgency.set_for_lead(tx, case_id, number % 6 == 5)
        found.append(case_id)
    for case_id, person in ((found[1], room.ada), (found[2], room.ben), (found[5], room.ben)):
        room.takes(case_id, person)
    room.sql("update review_case set locked_until = :now where id = :case", now=room.now, case=found[5])
    room.sql("update case_item set waits_for = 'second' where case_id = :case", case=found[7])
    room.sql("update case_item set waits_for = 'lead' where case_id = :case", case=found[8])
    room.sql("update case_item set waits_for = 'settling' where case_id = :case", case=found[9])
    return list(dict.fromkeys(found))


def some(values: Any) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(list(values)), max_size=2)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(data=st.data())
def test_a_filter_finds_exactly_the_cases_that_are_so_in_the_order_of_the_queue(
    room: Any, many: list[CaseId], data: st.DataObject
) -> None:
    known = room.sql("select id, stage from review_case where state = 'open' order by turn_at, id")
    wanted = data.draw(
        st.builds(
            CaseFilter,
            queues=some([Purpose.CSAM, Purpose.INTIMATE_IMAGES, Purpose.OWN_TERMS]),
            kinds=some(ExposureKind),
            stages=some(Stage),
            reasons=some(Reason),
            need_from=st.sampled_from([0, 0, 40, 70]),
            held=st.sampled_from([None, None, *Holder]),
            open_hours=st.sampled_from([0, 0, 12, 30]),
            due_hours=st.sampled_from([None, None, 0, 10]),
            surface=st.sampled_from(["", "", "avatars"]),
            list_id=st.sampled_from([None, None, room.vetted[0], room.unvetted[0]]),
            signals=some(["pdq", "sha256"]),
            skill=st.sampled_from(["", "", "severe"]),
            for_lead=st.sampled_from([None, None, True, False]),
            practice=st.sampled_from([None, None, True, False]),
        )
    )
    # Most filters of all fields find nothing: one or two fields at a time are asked as well.
    asked = data.draw(st.sets(st.sampled_from([each.name for each in fields(CaseFilter)]), min_size=1))
    if data.draw(st.booleans()):
        asked = set(sorted(asked)[:2])
    wanted = CaseFilter(**{name: getattr(wanted, name) for name in asked})
    expected = [row.id for row in known if is_asked(room, wanted, room.case(row.id), row.stage, room.ada)]
    assert found(room, wanted, room.ada) == expected
    with room.begin() as tx:
        shown = filters.show(tx, wanted, actor=actor(room.ada), limit=3, now=room.now)
    assert (shown.total, [one.case.id for one in shown.cases]) == (len(expected), expected[:3])


def test_nobody_finds_or_counts_what_is_in_queues_in_which_they_do_not_work(
    room: Any, many: list[CaseId]
) -> None:
    outsider = room.new_analyst(role="lead", queues=[Purpose.INTIMATE_IMAGES])
    for wanted in (ANYTHING, CaseFilter(queues=frozenset({Purpose.CSAM})), CaseFilter(surface="avatars")):
        seen = {room.case(case_id).purpose for case_id in found(room, wanted, outsider)}
        assert seen <= {Purpose.INTIMATE_IMAGES}
    with room.begin() as tx:
        shown = filters.show(tx, ANYTHING, actor=actor(outsider), limit=1, now=room.now)
        assert filters.choices(tx, actor=actor(outsider)).skills in ((), ("severe",))
    assert shown.total == len(found(room, ANYTHING, outsider))


def test_a_filter_by_what_items_are_finds_and_counts_no_case_in_which_one_knows_somebody(room: Any) -> None:
    known, _ = room.matched_case(account="acc-known")
    other, _ = room.matched_case(account="acc-other")
    with room.begin() as tx:
        conflicts.declare_about_case(tx, known, actor=actor(room.ada, Role.ANALYST), now=room.now)
    by_items = (
        CaseFilter(surface="public_uploads"),
        CaseFilter(list_id=room.vetted[0]),
        CaseFilter(signals=frozenset({"pdq"})),
    )
    for wanted in by_items:
        assert found(room, wanted, room.ada, Role.ANALYST) == [other]
        assert set(found(room, wanted, room.ben, Role.ANALYST)) == {known, other}
        with room.begin() as tx:
            asked = actor(room.ada, Role.ANALYST)
            assert filters.show(tx, wanted, actor=asked, limit=9, now=room.now).total == 1
    assert set(found(room, ANYTHING, room.ada, Role.ANALYST)) == {known, other}


def test_lists_of_queues_in_which_one_does_not_work_are_not_there_to_choose(room: Any) -> None:
    room.new_list(Purpose.OWN_TERMS, vetted=False)
    narrow = room.new_analyst(queues=[Purpose.CSAM])
    with room.begin() as tx:
        offered = {each for each, _ in filters.choices(tx, actor=actor(narrow)).lists}
        every = {each for each, _ in filters.choices(tx, actor=actor(room.ada)).lists}
    assert offered == {room.vetted[0], room.unvetted[0]}
    assert offered < every


@pytest.mark.parametrize("role", [Role.ANALYST, Role.LEAD])
def test_what_few_cases_have_and_what_many_have_is_found_by_two_ways_that_agree(
    room: Any, many: list[CaseId], role: Role
) -> None:
    asked = (
        CaseFilter(surface="avatars"),
        CaseFilter(list_id=room.vetted[0], signals=frozenset({"pdq"})),
        CaseFilter(reasons=frozenset({Reason.VETTED}), need_from=30),
        CaseFilter(signals=frozenset({"pdq", "sha256"}), reasons=frozenset({Reason.REACH, Reason.VETTED})),
    )
    for wanted in asked:
        with room.begin() as tx:
            among, viewer = filters._offered(tx, actor(room.ada, role))
            for limit, most in ((EVERY, EVERY), (2, EVERY), (2, 3)):
                by_index, by_lanes = (
                    case_filters.first_and_count(
                        tx, wanted, among, viewer, limit=limit, most=most, now=room.now, few=few
                    )
                    for few in (case_filters.FEW, 0)
                )
                assert by_index == by_lanes
                assert 0 < len(by_index[0]) <= limit


def traits(room: Any, case_id: CaseId) -> set[str]:
    """Return what is kept of a case for filters, without why it is urgent."""
    [row] = room.sql("select traits from review_case where id = :case", case=case_id)
    assert row.traits == sorted(set(row.traits))
    return {each for each in row.traits if not each.startswith("why ")}


def test_whatever_comes_into_a_case_or_matches_later_can_be_asked_for_and_stays_when_it_goes_on_elsewhere(
    room: Any,
) -> None:
    case_id, item_id = room.matched_case(account="acc-one")
    known = {"surface public_uploads", "signal pdq", f"list {room.vetted[0]}", f"list {room.vetted[0]} pdq"}
    assert traits(room, case_id) == known
    room.match(item_id, room.unvetted)
    known |= {f"list {room.unvetted[0]}", f"list {room.unvetted[0]} pdq"}
    assert traits(room, case_id) == known
    other = room.arrives(account="acc-one")
    room.sql("update item set surface = 'avatars' where id = :item", item=other)
    room.flag(other)
    assert room.opened(other, flagged=True) == case_id
    assert traits(room, case_id) == known | {"surface avatars"}
    room.takes(case_id, room.ada)
    with room.begin() as tx:
        apart = moves.split(tx, case_id, [other], by=room.ada, now=room.now, record=room.record)
    assert traits(room, apart) == {"surface avatars"}
    assert traits(room, case_id) == known | {"surface avatars"}


def test_what_a_trigger_keeps_is_what_an_upgrade_works_out_for_cases_that_were_there(
    room: Any, many: list[CaseId]
) -> None:
    asked = "select id, traits from review_case order by id"
    kept = room.sql(asked)
    migrate.downgrade(room.database.url, "0022")
    migrate.upgrade(room.database.url)
    assert room.sql(asked) == kept
    assert any("why vetted" in row.traits for row in kept)


def test_golden_items_of_others_are_nobodys_to_find_by_any_filter(room: Any) -> None:
    case_id, item_id = room.flagged_case()
    room.sql(
        "insert into golden_item values (:item, 'csam', 'not_illegal', :now, :until)",
        item=item_id,
        now=room.now,
        until=room.later(days=9),
    )
    room.sql(
        "insert into golden_case (case_id, item_id, analyst_id, begun_at) values (:case, :item, :who, :now)",
        case=case_id,
        item=item_id,
        who=room.ben,
        now=room.now,
    )
    lead = room.new_analyst(role="lead")
    assert found(room, ANYTHING, lead) == found(room, ANYTHING, room.ada, Role.ANALYST) == []
    assert found(room, ANYTHING, room.ben, Role.ANALYST) == [case_id]


def test_whoever_assesses_finds_what_their_queue_has_and_a_lead_what_waits_for_others_too(
    room: Any, many: list[CaseId]
) -> None:
    with room.begin() as tx:
        queue = cases.queue(tx, purposes=tuple(Purpose), limit=EVERY, analyst=room.ada)
    assert set(found(room, ANYTHING, room.ada, Role.ANALYST)) == {one.case.id for one in queue}
    lead = room.new_analyst(role="lead")
    [for_leads] = room.sql("select id from review_case where stage = 'lead' and state = 'open'")
    assert set(found(room, ANYTHING, lead)) - {one.case.id for one in queue} >= {for_leads.id}
    assert set(found(room, ANYTHING, lead)) == set(many)


def test_what_was_passed_on_to_a_lead_is_found_by_that(room: Any) -> None:
    case_id, _ = room.matched_case()
    room.matched_case()
    room.takes(case_id, room.ada)
    with room.begin() as tx:
        cases.pass_on(tx, case_id, room.ada, PassReason.NEEDS_LEAD, room.now)
    assert found(room, CaseFilter(for_lead=True), room.new_analyst(role="lead")) == [case_id]


def test_a_filter_is_saved_by_a_name_of_ones_own_replaced_and_deleted(room: Any) -> None:
    wanted, other = CaseFilter(surface="avatars"), CaseFilter(need_from=50)
    with room.begin() as tx:
        filters.save(tx, "  My   avatars ", wanted, shared=False, actor=actor(room.ada), now=room.now)
        filters.save(tx, "My avatars", other, shared=False, actor=actor(room.ada), now=room.now)
        [mine] = filters.saved_for(tx, actor(room.ada))
        assert (mine.name, mine.fields) == ("My avatars", {"need": ["50"]})
        assert filters.saved_for(tx, actor(room.ben)) == []
        assert [each.id for each in filters.called(tx, "AVATAR", actor=actor(room.ada))] == [mine.id]
        assert filters.called(tx, " ", actor=actor(room.ada)) == []
        with pytest.raises(NotFound):
            filters.forget(tx, mine.id, actor=actor(room.ben), now=room.now)
        filters.forget(tx, mine.id, actor=actor(room.ada), now=room.now)
        assert filters.saved_for(tx, actor(room.ada)) == []
    assert room.audited(f"filter:{mine.id}") == ["filter.save", "filter.save", "filter.delete"]


def test_what_a_lead_shares_is_there_for_everybody_of_its_queues_and_only_a_lead_shares(room: Any) -> None:
    wanted = CaseFilter(queues=frozenset({Purpose.CSAM}))
    outsider = room.new_analyst(queues=[Purpose.INTIMATE_IMAGES])
    with room.begin() as tx:
        filters.save(tx, "Ours", wanted, shared=True, actor=actor(room.ada), now=room.now)
        assert [each.name for each in filters.saved_for(tx, actor(room.ben, Role.ANALYST))] == ["Ours"]
        assert filters.saved_for(tx, actor(outsider, Role.ANALYST)) == []
        with pytest.raises(NotAllowed):
            filters.save(tx, "X", wanted, shared=True, actor=actor(room.ben, Role.ANALYST), now=room.now)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61], ids=["empty", "blank", "long"])
def test_a_filter_without_a_name_that_can_be_one_is_refused(room: Any, name: str) -> None:
    with pytest.raises(BadForm), room.begin() as tx:
        filters.save(tx, name, CaseFilter(need_from=1), shared=False, actor=actor(room.ada), now=room.now)


def test_one_person_has_so_many_filters_and_none_that_asks_nothing(room: Any) -> None:
    with room.begin() as tx:
        for number in range(filters.MOST_SAVED):
            wanted = CaseFilter(need_from=number + 1)
            filters.save(tx, f"n{number}", wanted, shared=False, actor=actor(room.ada), now=room.now)
        with pytest.raises(BadForm):
            filters.save(tx, "more", wanted, shared=False, actor=actor(room.ada), now=room.now)
        filters.save(tx, "n1", CaseFilter(skill="x"), shared=False, actor=actor(room.ada), now=room.now)
        with pytest.raises(BadForm):
            filters.save(tx, "none", ANYTHING, shared=False, actor=actor(room.ben), now=room.now)
