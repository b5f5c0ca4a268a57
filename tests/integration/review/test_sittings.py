"""A page and what it shows lie in one case, and are assessed in one sitting, each by its own finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from safehold.intake import inbound_reports
from safehold.model.assessment import AgeBand, Answer, Category, Finding, ImageryForm, SiteType, Tier
from safehold.model.errors import BadForm, Conflict, NotFound
from safehold.model.events import AppealReceived, BasisReversed, InboundReportReceived
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, AssessmentId, CaseId, InboundReportId, ItemId, new_id
from safehold.model.inbound_report import InboundReport, Seen
from safehold.model.team import TeamSize
from safehold.review import appeals, contest, moves, pages, sitting
from safehold.review.cases import open_case
from safehold.review.rules import Policy, SecondFor
from safehold.review.rules.enough_people import is_drawn
from safehold.review.settle import ReversalReason, outcomes, reverse
from safehold.review.turns import Turn
from safehold.storage import cases as case_rows
from safehold.storage import inbound_reports as report_rows
from safehold.storage import reported_items

PAGE = ImageryForm(
    finding=Finding.ILLEGAL,
    category=Category.B,
    age_band=AgeBand.FROM_7_TO_10,
    commercial=Answer.NO,
    site_type=SiteType.FORUM,
)
LESS = ImageryForm(finding=Finding.ILLEGAL, category=Category.C)
NOTHING = ImageryForm(finding=Finding.NOT_ILLEGAL)


def reported(room: Any, *shows: ItemId, seen: Seen = Seen.CHILD_IMAGES) -> tuple[CaseId, ItemId]:
    """Let somebody report a page that shows these items; return its case and the page."""
    report = InboundReport(
        id=InboundReportId(new_id()), seen=seen, statement="", key_id=None, received_at=room.now
    )
    address = "https://example.org/gallery"
    with room.begin() as tx:
        report_rows.insert(tx, report, address=address, reference_digest=report.id.bytes * 2, contact=None)
        reported_items.insert(tx, report.id, shows)
    with room.begin() as tx:
        inbound_reports.pick_up(tx, record=room.record, now=room.now)
    event = room.events(InboundReportReceived.kind)[-1]
    with room.begin() as tx:
        case_id = open_case(tx, event, record=room.record, now=room.now)
    return case_id, event.item_id


def items_of(room: Any, case_id: CaseId) -> set[ItemId]:
    with room.begin() as tx:
        return {place.item_id for place in case_rows.items_of(tx, case_id)}


def sits(
    room: Any,
    case_id: CaseId,
    page: ItemId,
    form: ImageryForm,
    items: Mapping[ItemId, ImageryForm],
    *,
    by: AnalystId,
    settles: bool = True,
) -> bool:
    """Let an analyst take the case and file a sitting; return whether more waits for them."""
    case = room.takes(case_id, by)
    with room.begin() as tx:
        more: bool = sitting.file_sitting(
            tx,
            case_id,
            page,
            form,
            items,
            by=by,
            policy_version="2026-01",
            case_revision=case.revision,
            record=room.record,
            now=room.now,
        )
    if settles:
        last = {row.item_id: row.id for row in room.sql("select id, item_id from assessment order by id")}
        for item_id in (*items, page):
            room.settles(case_id, item_id, AssessmentId(last[item_id]))
    return more


def found(room: Any, case_id: CaseId) -> dict[ItemId, tuple[Finding, Category | None]]:
    with room.begin() as tx:
        standing = [each.outcome for each in outcomes(tx, case_id) if each.stands]
    return {each.item_id: (each.finding, each.category) for each in standing}


def tier_of(room: Any, item_id: ItemId) -> str:
    [row] = room.sql("select tier from assessment where item_id = :item", item=item_id)
    return str(row.tier)


def test_a_page_gathers_what_lies_in_no_case_and_goes_where_the_rest_waits_already(room: Any) -> None:
    waiting_case, waiting = room.matched_case(account="somebody")
    fresh, of_another = room.arrives(), room.arrives(account="another")

    case_id, page = reported(room, fresh, waiting, of_another)

    assert case_id == waiting_case
    assert items_of(room, case_id) == {page, waiting, fresh, of_another}
    subjects = room.sql("select account_id from subject where case_id = :case", case=case_id)
    assert {row.account_id for row in subjects} == {"somebody", "another"}
    # What they match is heard of later: they stay where they are.
    room.match(fresh)
    assert room.opened(fresh) == case_id


def test_a_page_of_one_account_joins_what_else_is_known_of_that_account(room: Any) -> None:
    case_id, _ = reported(room, room.arrives(account="somebody"))
    later = room.arrives(account="somebody")
    room.match(later)
    assert room.opened(later) == case_id
    assert later in items_of(room, case_id)


def test_what_was_settled_before_stays_settled_and_the_page_has_a_case_of_its_own(room: Any) -> None:
    settled_case, settled = room.matched_case()
    room.assesses(settled_case, settled, room.illegal, by=room.ada)
    case_id, page = reported(room, settled)
    assert case_id != settled_case
    assert items_of(room, case_id) == {page}


def test_an_item_that_waits_for_another_purpose_joins_and_its_case_is_known_by_need(room: Any) -> None:
    other_case, item = room.matched_case()
    case_id, page = reported(room, item, seen=Seen.INTIMATE_IMAGES)
    assert items_of(room, case_id) == {page, item}
    [row] = room.sql("select other_purposes from review_case where id = :id", id=other_case)
    assert row.other_purposes == [Purpose.INTIMATE_IMAGES.value]


def test_hearing_of_a_page_twice_changes_nothing(room: Any) -> None:
    case_id, _ = reported(room, room.arrives())
    before = room.sql("select * from case_item order by item_id")
    event = room.events(InboundReportReceived.kind)[-1]
    with room.begin() as tx:
        assert open_case(tx, event, record=room.record, now=room.now) == case_id
    assert room.sql("select * from case_item order by item_id") == before


def test_one_sitting_settles_the_page_and_each_item_by_its_own_finding(room: Any) -> None:
    first, second, third = (room.arrives() for _ in range(3))
    case_id, page = reported(room, first, second, third)
    room.takes(case_id, room.ada)
    for item in (first, second, third):
        room.looks(case_id, item, Tier.CLEAR, by=room.ada)
    same = sitting.alike(PAGE)
    assert same == replace(PAGE, site_type=None)

    more = sits(room, case_id, page, PAGE, {first: same, second: LESS, third: NOTHING}, by=room.ada)

    assert not more
    assert found(room, case_id) == {
        page: (Finding.ILLEGAL, Category.B),
        first: (Finding.ILLEGAL, Category.B),
        second: (Finding.ILLEGAL, Category.C),
        third: (Finding.NOT_ILLEGAL, None),
    }
    assert room.case(case_id).state.value == "settled"
    [row] = room.sql("select answers from assessment where item_id = :item", item=page)
    assert (row.answers["site_type"], row.answers["commercial"]) == ("forum", "no")


def test_what_is_left_out_goes_on_waiting(room: Any) -> None:
    first, second = room.arrives(), room.arrives()
    case_id, page = reported(room, first, second)
    room.takes(case_id, room.ada)
    room.looks(case_id, first, Tier.CLEAR, by=room.ada)
    assert sits(room, case_id, page, PAGE, {first: sitting.alike(PAGE)}, by=room.ada)
    assert room.waits_for(case_id, second) == "assessment"


@pytest.mark.parametrize(
    ("page", "item", "field"),
    [
        (NOTHING, LESS, "finding"),
        (replace(PAGE, category=Category.C), sitting.alike(PAGE), "finding"),
        (PAGE, NOTHING, "finding"),
        (PAGE, LESS, "finding"),
        (PAGE, replace(sitting.alike(PAGE), age_band=AgeBand.FROM_0_TO_2), "age_band"),
    ],
)
def test_a_page_is_as_severe_and_as_young_as_what_it_shows(
    room: Any, page: ImageryForm, item: ImageryForm, field: str
) -> None:
    shown = room.arrives()
    case_id, page_id = reported(room, shown)
    with pytest.raises(BadForm) as refused:
        sits(room, case_id, page_id, page, {shown: item}, by=room.ada)
    assert refused.value.field == field
    assert room.sql("select 1 from assessment") == []


def test_an_item_that_is_not_on_the_page_cannot_be_assessed_with_it(room: Any) -> None:
    case_id, page = reported(room, room.arrives())
    _, elsewhere = room.flagged_case()
    with pytest.raises(NotFound):
        sits(room, case_id, page, PAGE, {elsewhere: sitting.alike(PAGE)}, by=room.ada)


def test_a_page_is_seen_as_clearly_as_what_it_is_confirmed_by(room: Any) -> None:
    first, second = room.arrives(), room.arrives()
    case_id, page = reported(room, first, second)
    room.takes(case_id, room.ada)
    room.looks(case_id, second, Tier.CLEAR, by=room.ada)
    sits(room, case_id, page, PAGE, {first: sitting.alike(PAGE), second: LESS}, by=room.ada)
    # Only what is less severe was seen clearly: that does not confirm the page.
    assert tier_of(room, page) == "none"
    assert room.waits_for(case_id, page) == "clear_view"
    assert room.waits_for(case_id, second) is None


def test_to_let_a_page_go_takes_a_look_at_all_that_it_shows(room: Any) -> None:
    first, second = room.arrives(), room.arrives()
    case_id, page = reported(room, first, second)
    room.takes(case_id, room.ada)
    room.looks(case_id, first, Tier.CLEAR, by=room.ada)
    sits(room, case_id, page, NOTHING, {first: NOTHING, second: NOTHING}, by=room.ada)
    assert room.waits_for(case_id, page) == "view"


def test_what_a_vetted_list_knows_confirms_its_page_unseen(room: Any) -> None:
    case_id, item = room.matched_case()
    _, page = reported(room, item)
    sits(room, case_id, page, PAGE, {item: sitting.alike(PAGE)}, by=room.ada)
    assert found(room, case_id)[page] == (Finding.ILLEGAL, Category.B)


def test_a_second_person_sits_blind_and_both_are_counted_for_page_and_item(room: Any) -> None:
    room.policy = Policy(size=TeamSize.FULL, second_for=frozenset({SecondFor.ALL}))
    case_id, item = room.matched_case()
    _, page = reported(room, item)
    sits(room, case_id, page, PAGE, {item: sitting.alike(PAGE)}, by=room.ada)
    with room.begin() as tx:
        [row] = sitting.shown_for(tx, case_id, page, viewer=room.ben)
        [own] = sitting.shown_for(tx, case_id, page, viewer=room.ada)
    assert (row.turn, row.found) == (Turn.BLIND, None)
    assert (own.turn, own.found) == (Turn.OF_OTHERS, (Finding.ILLEGAL, Category.B))

    sits(room, case_id, page, PAGE, {item: sitting.alike(PAGE)}, by=room.ben)
    people = room.sql("select people_asked, second_by from outcome")
    assert [row.people_asked for row in people] == [2, 2]


def test_a_page_falls_with_what_it_was_confirmed_by(room: Any) -> None:
    case_id, item = room.matched_case()
    _, page = reported(room, item)
    sits(room, case_id, page, PAGE, {item: sitting.alike(PAGE)}, by=room.ada)
    with room.begin() as tx:
        [basis] = [each.outcome.id for each in outcomes(tx, case_id) if each.outcome.item_id == item]
        reverse(
            tx,
            basis,
            by=room.ben,
            reason_code=ReversalReason.MISTAKE,
            record=room.record,
            now=room.later(hours=1),
        )
    [fallen] = room.events(BasisReversed.kind)
    with room.begin() as tx:
        contest.follow_reversal(tx, fallen, policy=room.policy, record=room.record, now=room.later(hours=1))
    assert found(room, case_id) == {}
    assert room.waits_for(case_id, page) == "assessment"
    [row] = room.sql(
        "select detail from audit_record where verb = 'outcome.reverse' order by id desc limit 1"
    )
    assert row.detail["reason"] == "part_reversed"


def drawn_photo(room: Any, others: int = 0) -> tuple[CaseId, ItemId, list[ItemId]]:
    """Return a page that nobody has to assess twice, and what it shows: the first of it takes two."""
    room.policy = Policy(size=TeamSize.FULL, second_share=0.5)
    while True:
        shown = [room.arrives() for _ in range(1 + others)]
        case_id, page = reported(room, *shown)
        if [is_drawn(each, 0.5) for each in (page, *shown)] == [False, True] + [False] * others:
            return case_id, page, shown


def alone(room: Any, case_id: CaseId, item: ItemId, form: ImageryForm) -> None:
    """Let somebody new assess an item by itself, having seen it clearly."""
    somebody = room.new_analyst()
    room.sql("update review_case set locked_by = null, locked_until = null")
    room.takes(case_id, somebody)
    room.looks(case_id, item, Tier.CLEAR, by=somebody)
    room.assesses(case_id, item, form, by=somebody)


def test_a_page_falls_where_others_let_go_of_what_it_was_confirmed_by(room: Any) -> None:
    case_id, page, [photo] = drawn_photo(room)
    room.takes(case_id, room.ada)
    room.looks(case_id, photo, Tier.CLEAR, by=room.ada)
    sits(room, case_id, page, PAGE, {photo: sitting.alike(PAGE)}, by=room.ada)
    assert set(found(room, case_id)) == {page}

    alone(room, case_id, photo, NOTHING)
    assert room.waits_for(case_id, photo) == "third"
    assert room.events(BasisReversed.kind) == []
    alone(room, case_id, photo, NOTHING)

    [fallen] = room.events(BasisReversed.kind)
    for _ in range(2):
        with room.begin() as tx:
            contest.follow_reversal(tx, fallen, policy=room.policy, record=room.record, now=room.now)
    assert found(room, case_id) == {photo: (Finding.NOT_ILLEGAL, None)}
    assert room.waits_for(case_id, page) == "assessment"
    assert len(room.events("outcome_reversed")) == 1


def test_a_page_stands_while_something_else_on_it_is_found_as_it_was(room: Any) -> None:
    case_id, page, [photo, other] = drawn_photo(room, others=1)
    room.takes(case_id, room.ada)
    for each in (photo, other):
        room.looks(case_id, each, Tier.CLEAR, by=room.ada)
    same = sitting.alike(PAGE)
    sits(room, case_id, page, PAGE, {photo: same, other: same}, by=room.ada)
    for _ in range(2):
        alone(room, case_id, photo, NOTHING)
    assert found(room, case_id)[photo] == (Finding.NOT_ILLEGAL, None)
    assert found(room, case_id)[page] == (Finding.ILLEGAL, Category.B)
    assert room.events(BasisReversed.kind) == []


def test_a_page_is_not_confirmed_once_what_it_was_found_by_is_reversed(room: Any) -> None:
    case_id, item = room.matched_case()
    _, page = reported(room, item)
    sits(room, case_id, page, PAGE, {item: sitting.alike(PAGE)}, by=room.ada, settles=False)
    filed = {row.item_id: AssessmentId(row.id) for row in room.sql("select id, item_id from assessment")}
    room.settles(case_id, item, filed[item])
    with room.begin() as tx:
        [basis] = [each.outcome.id for each in outcomes(tx, case_id)]
        reverse(tx, basis, by=room.ben, reason_code=ReversalReason.MISTAKE, record=room.record, now=room.now)
    room.settles(case_id, page, filed[page])
    assert found(room, case_id) == {}
    assert room.waits_for(case_id, page) == "assessment"


def test_while_an_item_is_contested_what_somebody_finds_of_it_counts_for_their_page(room: Any) -> None:
    case_id, item = room.matched_case()
    _, page = reported(room, item)
    sits(room, case_id, page, PAGE, {item: sitting.alike(PAGE)}, by=room.ada)
    room.policy = Policy(size=TeamSize.FULL, second_for=frozenset({SecondFor.ALL}))
    with room.begin() as tx:
        appeal_id = appeals.receive_appeal(
            tx, statement="Mine.", by="somebody", case_id=case_id, record=room.record, now=room.now
        )
    [event] = room.events(AppealReceived.kind)
    assert event.appeal_id == appeal_id
    with room.begin() as tx:
        contest.contest(tx, event, policy=room.policy, now=room.now)
    alone(room, case_id, item, NOTHING)
    [somebody] = room.sql("select analyst_id from assessment where finding = 'not_illegal'")
    with room.begin() as tx:
        assert pages.found_of(tx, case_id, item, somebody.analyst_id) == (Finding.NOT_ILLEGAL, None)
        assert pages.found_of(tx, case_id, item, room.ben) == (Finding.ILLEGAL, Category.B)


def test_a_page_that_was_let_go_does_not_fall_with_what_it_shows(room: Any) -> None:
    case_id, item = room.matched_case()
    _, page = reported(room, item)
    room.takes(case_id, room.ada)
    room.looks(case_id, item, Tier.CLEAR, by=room.ada)
    sits(room, case_id, page, NOTHING, {item: NOTHING}, by=room.ada)
    with room.begin() as tx:
        [basis] = [each.outcome.id for each in outcomes(tx, case_id) if each.outcome.item_id == item]
        reverse(tx, basis, by=room.ben, reason_code=ReversalReason.MISTAKE, record=room.record, now=room.now)
    assert room.events(BasisReversed.kind) == []


def test_a_page_is_not_parted_from_what_it_shows(room: Any) -> None:
    case_id, photo = room.matched_case(account="somebody")
    other = room.arrives(account="somebody")
    room.match(other)
    assert room.opened(other) == case_id
    _, page = reported(room, photo)
    room.takes(case_id, room.ada)
    for chosen in ([photo], [page], [page, other]):
        with pytest.raises(Conflict), room.begin() as tx:
            moves.split(tx, case_id, chosen, by=room.ada, record=room.record, now=room.now)
    with room.begin() as tx:
        apart = moves.split(tx, case_id, [photo, page], by=room.ada, record=room.record, now=room.now)
    with room.begin() as tx:
        assert pages.shown_within(tx, page, apart) == [photo]
        # Their rows stay where they were, and count for nothing.
        assert pages.shown_within(tx, page, case_id) == []


def test_a_page_does_not_leave_what_was_settled_of_it_by_a_merge(room: Any) -> None:
    older, _ = room.matched_case(account="another")
    case_id, photo = room.matched_case(account="somebody")
    _, page = reported(room, photo)
    room.assesses(case_id, photo, room.illegal, by=room.ada)
    room.takes(older, room.ada)
    with pytest.raises(Conflict), room.begin() as tx:
        moves.merge(tx, older, room.case(case_id).number, by=room.ada, now=room.now)
    assert room.waits_for(case_id, page) == "assessment"
