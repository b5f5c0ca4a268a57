"""Golden items: new to whoever meets them, theirs alone, and nothing ever follows from them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from psycopg.errors import CheckViolation

from safehold.model.assessment import Finding, ImageryForm, Tier
from safehold.model.bulk import BulkKind, LeftOut
from safehold.model.case import CaseState
from safehold.model.errors import BadForm, Conflict
from safehold.model.exposure import ExposureChoices, ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, ItemId, UserId
from safehold.model.permissions import Actor, Permission, Role, permissions_of
from safehold.review import bulk, cases, golden, moves, quality, wellbeing
from safehold.review.assess import file_assessment
from safehold.review.budget import ExposureRules
from safehold.storage import golden as rows
from safehold.storage.finding import Sight, by_number

SHELL = Actor(permissions=frozenset(Permission), system="tests")


def loaded(room: Any, *, purpose: Purpose = Purpose.CSAM, expected: Finding = Finding.NOT_ILLEGAL) -> ItemId:
    item_id: ItemId = room.arrives()
    with room.begin() as tx:
        golden.declare(tx, item_id, purpose=purpose, expected=expected, actor=SHELL, now=room.now)
    room.flag(item_id)
    return item_id


def met(room: Any, who: AnalystId, *, now: Any = None) -> Any:
    """Let somebody ask for a case when their turn has come: when that is, is claimed elsewhere."""
    room.has_assessed_enough(who)
    with room.begin() as tx:
        return golden.instead_of_next(tx, who, percent=2, now=now or room.now)


def answered(room: Any, who: AnalystId, item_id: ItemId, form: ImageryForm, now: Any = None) -> Any:
    """Let somebody meet an item and say what they found."""
    case = met(room, who, now=now)
    room.looks(case.id, item_id, Tier.BLURRED, by=who, now=now or room.now)
    room.files(case.id, item_id, form, by=who, now=now or room.now)
    return case


def test_a_golden_item_becomes_no_outcome_no_event_and_no_case_that_waits(room: Any) -> None:
    item_id = loaded(room)
    room.flagged_case()
    before = len(room.events("assessment_filed", "item_confirmed", "item_cleared", "case_opened"))
    case = answered(room, room.ada, item_id, room.not_illegal)
    assert room.case(case.id).state is CaseState.SETTLED
    assert len(room.events("assessment_filed", "item_confirmed", "item_cleared", "case_opened")) == before
    assert room.sql("select 1 from outcome") == []
    assert room.waits_for(case.id, item_id) is None
    # What somebody saw of it is on record like any looking, and counts.
    [reveal] = room.sql("select kind, weight from reveal where item_id = :id", id=item_id)
    assert (reveal.kind, reveal.weight) == ("unknown", 100)


@pytest.mark.parametrize("table", ["outcome", "hold", "proposal", "delivery"])
def test_the_database_lets_nothing_follow_from_one(room: Any, table: str) -> None:
    item_id = loaded(room)
    [column] = room.sql(
        "select count(*) as n from information_schema.triggers"
        " where event_object_table = :table and trigger_name = 'nothing_follows_from_golden'",
        table=table,
    )
    assert column.n == 1
    if table == "hold":
        with pytest.raises((CheckViolation, sa.exc.DBAPIError), match="nothing follows"):
            room.sql(
                "insert into hold (id, item_id, placed_at) values (gen_random_uuid(), :item, now())",
                item=item_id,
            )


def test_nobody_meets_the_same_one_twice_and_nobody_anothers(room: Any) -> None:
    item_id = loaded(room)
    room.flagged_case()
    case = met(room, room.ada)
    assert met(room, room.ada, now=room.later(days=2)) is None
    with room.begin() as tx, pytest.raises(Conflict):
        cases.take(tx, case.id, room.ben, room.later(hours=2))
    now = room.later(hours=2)
    with room.begin() as tx:
        seen = {
            who: [each.case.id for each in cases.queue(tx, purposes=Purpose, limit=10, analyst=who)]
            for who in (room.ada, room.ben, None)
        }
        given = cases.take_next(tx, room.ben, now)
    assert case.id in seen[room.ada]
    number = room.case(case.id).number
    with room.begin() as tx:
        for who, found in ((room.ada, 1), (room.ben, 0)):
            sight = Sight(user_id=UserId(who))
            assert len(by_number(tx, number, sight)) == found
    assert case.id not in seen[room.ben] + seen[None]
    assert given is not None
    assert given.id != case.id
    assert answered(room, room.ben, item_id, room.not_illegal, room.later(hours=3)) is not None


def test_it_comes_back_to_whoever_holds_it_and_is_closed_when_it_was_left_lying(room: Any) -> None:
    loaded(room)
    room.flagged_case()
    case = met(room, room.ada)
    with room.begin() as tx:
        again = wellbeing.next_case(tx, room.ada, room.later(minutes=1), rules=ExposureRules())
        assert golden.close_left_lying(tx, now=room.later(hours=23)) == 0
        assert golden.close_left_lying(tx, now=room.later(hours=25)) == 1
        assert golden.close_left_lying(tx, now=room.later(hours=26)) == 0
    assert again.id == case.id
    assert room.case(case.id).state is CaseState.SETTLED
    assert room.sql("select 1 from golden_case where answered_at is not null") == []


def test_none_comes_before_the_severest_a_rehearsal_an_empty_queue_or_what_is_under_way(room: Any) -> None:
    loaded(room)
    assert met(room, room.ada) is None
    case_id, _ = room.flagged_case()
    room.sql("update review_case set exposure_kinds = '{A}' where id = :id", id=case_id)
    assert met(room, room.ada) is None
    room.sql("update review_case set exposure_kinds = '{B}', rehearsal = true where id = :id", id=case_id)
    assert met(room, room.ada) is None
    room.sql("update review_case set rehearsal = false where id = :id", id=case_id)
    room.takes(case_id, room.ada)
    assert met(room, room.ada) is None
    assert met(room, room.ada, now=room.later(hours=1)) is not None


def test_who_opted_out_of_its_kind_or_has_seen_the_picture_meets_another_or_none(room: Any) -> None:
    item_id = loaded(room)
    room.flagged_case()
    chosen = ExposureChoices(opted_out=frozenset({ExposureKind.UNKNOWN}))
    someone = Actor(permissions=frozenset({Permission.SIGNED_IN}), user_id=UserId(room.ada))
    [other] = room.sql("select id from review_case")
    room.sql("update review_case set exposure_kinds = '{C}' where id = :id", id=other.id)
    with room.begin() as tx:
        wellbeing.choose(tx, chosen, actor=someone, rules=ExposureRules(), now=room.now)
    assert met(room, room.ada) is None
    # Ben saw the very picture in a case of its own.
    [media] = room.sql("select media_id from item where id = :id", id=item_id)
    room.sql(
        "update item set media_id = :media where id = (select item_id from case_item)", media=media.media_id
    )
    [place] = room.sql("select case_id, item_id from case_item")
    room.takes(place.case_id, room.ben)
    room.looks(place.case_id, place.item_id, Tier.BLURRED, by=room.ben)
    assert met(room, room.ben, now=room.later(hours=1)) is None


def test_a_retired_one_is_met_by_nobody(room: Any) -> None:
    item_id = loaded(room)
    room.flagged_case()
    with room.begin() as tx:
        golden.retire(tx, item_id, actor=SHELL, now=room.now)
        [listed] = golden.listed(tx)
    assert listed.until == room.now
    assert met(room, room.ada) is None


def test_only_harmless_pictures_can_be_one_also_where_the_code_is_wrong(room: Any) -> None:
    item_id = room.arrives()
    with room.begin() as tx:
        for finding in (Finding.ILLEGAL, Finding.AGAINST_TERMS, Finding.CANNOT_DETERMINE):
            with pytest.raises(BadForm):
                golden.declare(tx, item_id, purpose=Purpose.CSAM, expected=finding, actor=SHELL, now=room.now)
        with pytest.raises(BadForm):
            golden.declare(
                tx, item_id, purpose=Purpose.TEST, expected=Finding.NOT_ILLEGAL, actor=SHELL, now=room.now
            )
    with room.begin() as tx, pytest.raises(sa.exc.DBAPIError, match="is_harmless"):
        rows.insert(
            tx,
            item_id,
            purpose=Purpose.CSAM,
            expected=Finding.ILLEGAL,
            at=room.now,
            until=room.now + timedelta(days=1),
        )


def test_figures_are_for_whoever_they_are_about_and_sums_for_five_and_past_weeks(room: Any) -> None:
    item_id = loaded(room)
    room.flagged_case()
    people = [room.new_analyst() for _ in range(5)]
    for who in people[:4]:
        answered(room, who, item_id, room.not_illegal)
    with room.begin() as tx:
        own = golden.own_figures(tx, people[0], now=room.now)
        assert (own.as_expected.value, own.as_expected.units) == (1.0, 1)
        assert golden.own_figures(tx, room.ada, now=room.now).newest == ()
        assert golden.team_figure(tx, now=room.later(days=8)) is None
    answered(room, people[4], item_id, ImageryForm(finding=Finding.OUT_OF_REMIT))
    with room.begin() as tx:
        assert golden.team_figure(tx, now=room.now) is None
        team = golden.team_figure(tx, now=room.later(days=8))
        agreed = {one.field: one for one in quality.agreement(tx, now=room.later(days=1))}
    assert team is not None
    assert (team.value, team.units) == (pytest.approx(0.8), 5)
    # One case each: nobody is compared with anybody by them.
    assert agreed["finding"].everybody.units == 0


def test_off_is_off(room: Any) -> None:
    loaded(room)
    room.flagged_case()
    with room.begin() as tx:
        assert golden.instead_of_next(tx, room.ada, percent=0, now=room.now) is None
        # Nothing assessed yet: one in a hundred of nothing.
        assert golden.instead_of_next(tx, room.ada, percent=2, now=room.now) is None


def test_the_console_and_the_worker_do_their_parts_with_their_own_roles(room: Any) -> None:
    item_id = loaded(room)
    room.flagged_case()
    for who in (room.ada, room.ben):
        room.has_assessed_enough(who)
    with room.begin() as tx:
        tx.run(sa.text("set local role safehold_console"))
        case = golden.instead_of_next(tx, room.ada, percent=2, now=room.now)
        assert case is not None
        file_assessment(
            tx,
            case.id,
            item_id,
            room.not_illegal,
            by=room.ada,
            policy_version="tests",
            case_revision=case.revision,
            record=room.record,
            now=room.now,
        )
        assert golden.own_figures(tx, room.ada, now=room.now).as_expected.units == 1
        assert golden.team_figure(tx, now=room.now) is None
        assert golden.instead_of_next(tx, room.ben, percent=2, now=room.now) is not None
    with room.begin() as tx:
        tx.run(sa.text("set local role safehold_worker"))
        assert golden.close_left_lying(tx, now=room.later(days=2)) == 1


def of_an_account(room: Any, number: int) -> Any:
    item_id = room.arrives(account=f"acc-{number}")
    room.match(item_id)
    return room.opened(item_id, now=room.later(hours=number))


@pytest.mark.parametrize("way", ["into", "from"])
def test_merging_answers_the_same_for_one_as_for_any_single_item_that_was_flagged(
    room: Any, way: str
) -> None:
    loaded(room)
    ordinary, _ = room.flagged_case()
    case, other = met(room, room.ada), of_an_account(room, 1)
    said = []
    for alone in (case.id, ordinary):
        held, named = (alone, other) if way == "into" else (other, alone)
        room.takes(held, room.ada)
        with room.begin() as tx, pytest.raises(Conflict) as refused:
            moves.merge(tx, held, room.case(named).number, by=room.ada, now=room.now)
        said.append((str(refused.value), refused.value.advice))
        room.sql("update review_case set locked_by = null, locked_until = null")
    assert said[0] == said[1]


def test_neither_one_nor_any_single_item_that_was_flagged_is_merged_among_many(room: Any) -> None:
    lead = room.new_analyst(role="lead")
    loaded(room)
    ordinary, _ = room.flagged_case()
    case = met(room, lead)
    with room.begin() as tx:
        cases.release_lock(tx, case.id, lead, room.now)
    others = [of_an_account(room, number) for number in (1, 2)]
    actor = Actor(permissions=permissions_of(frozenset({Role.LEAD})), user_id=UserId(lead))
    wanted = bulk.Wanted(kind=BulkKind.MERGE)
    with room.begin() as tx:
        # Both were opened before the others, and neither is what they are merged into.
        asked = bulk.ask(tx, wanted, [case.id, ordinary, *others], actor=actor, now=room.now)
        sheet = bulk.sheet(tx, asked, actor=actor)
    assert sheet.into is not None
    assert sheet.into.id == others[0]
    left_out = {each.case.id: each.left_out for each in sheet.cases}
    assert left_out == {case.id: LeftOut.CANNOT, ordinary: LeftOut.CANNOT, others[1]: None}


def test_what_a_list_knows_and_what_has_an_account_or_several_items_can_be_merged(room: Any) -> None:
    matched, _ = room.matched_case()
    of_account = of_an_account(room, 1)
    media = "the same bytes"
    several = {room.opened(room.arrives(media=media), flagged=True) for _ in range(2)}
    with room.begin() as tx:
        assert moves.stay_alone(tx, [matched, of_account, *several]) == set()
