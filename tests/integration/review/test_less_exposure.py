"""Less exposure: one decision for the same picture, and nobody is shown it again without knowing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.model.assessment import Tier
from safehold.model.errors import SeenBefore, StaleRevision
from safehold.model.exposure import Again
from safehold.model.ids import AnalystId, AssessmentId, CaseId, ItemId, UserId
from safehold.model.permissions import Actor
from safehold.model.signal import PDQ
from safehold.review.again import SecondExposures, last_seen, second_exposures
from safehold.review.appeals import receive_appeal
from safehold.review.exposure_figures import of_person
from safehold.review.same import decide_as_before, decided_before
from safehold.review.settle import ReversalReason, outcomes, reverse
from safehold.review.viewing import ViewLimits, mark_fetched, open_reveal
from safehold.storage import items as item_rows

OFTEN = ViewLimits(per_minute=10_000, per_hour=10_000, per_day=10_000)


def appears(room: Any, media: str, *, listed: bool = True, on: Any = None) -> tuple[CaseId, ItemId]:
    """Return a case of a new appearance of these bytes, on an account of its own."""
    item_id = room.arrives(media=media, account=f"of {room.later()} {len(room.sql('select 1 from item'))}")
    if listed:
        room.match(item_id, on)
        return room.opened(item_id), item_id
    room.flag(item_id)
    return room.opened(item_id, flagged=True), item_id


def looks(
    room: Any, case_id: CaseId, item_id: ItemId, *, by: AnalystId, own_request: bool = False
) -> Again | None:
    room.takes(case_id, by)
    with room.begin() as tx:
        asked = open_reveal(
            tx, case_id, item_id, Tier.CLEAR, by=by, now=room.now, limits=OFTEN, own_request=own_request
        )
        mark_fetched(tx, asked.id, by=by, now=room.now)
    return asked.again


def counted(room: Any) -> SecondExposures:
    with room.begin() as tx:
        return second_exposures(tx, since=room.later(days=-1), until=room.later(days=1))


def before(room: Any, item_id: ItemId, case_id: CaseId) -> Any:
    with room.begin() as tx:
        stored = item_rows.get(tx, item_id)
        assert stored is not None
        return decided_before(tx, stored.item, room.case(case_id).purpose)


def decides_the_same(
    room: Any, case_id: CaseId, item_id: ItemId, earlier: AssessmentId, by: AnalystId
) -> None:
    case = room.takes(case_id, by)
    with room.begin() as tx:
        filed = decide_as_before(
            tx,
            case_id,
            item_id,
            earlier,
            by=by,
            policy_version="2026-01",
            case_revision=case.revision,
            policy=room.policy,
            record=room.record,
            now=room.now,
        )
    room.settles(case_id, item_id, filed)


def test_what_was_seen_elsewhere_is_shown_again_only_on_an_own_request_and_that_is_counted(room: Any) -> None:
    first, second = appears(room, "a"), appears(room, "a")
    assert looks(room, *first, by=room.ada) is None
    with pytest.raises(SeenBefore) as refused:
        looks(room, *second, by=room.ada)
    assert refused.value.at == room.now
    assert looks(room, *second, by=room.ada, own_request=True) is Again.OWN_REQUEST
    assert counted(room) == SecondExposures(unasked=0, own_request=1, appeal=0)


def test_what_is_open_in_another_window_counts_as_seen(room: Any) -> None:
    (case_id, item_id), second = appears(room, "a"), appears(room, "a")
    room.takes(case_id, room.ada)
    room.looks(case_id, item_id, Tier.CLEAR, by=room.ada, fetch=False)
    with pytest.raises(SeenBefore):
        looks(room, *second, by=room.ada)


def test_another_person_and_another_picture_are_no_second_exposure(room: Any) -> None:
    first, second, other = appears(room, "a"), appears(room, "a"), appears(room, "b")
    looks(room, *first, by=room.ada)
    assert looks(room, *other, by=room.ada) is None
    assert looks(room, *second, by=room.ben) is None
    assert counted(room) == SecondExposures(unasked=0, own_request=0, appeal=0)


def test_to_look_again_at_the_same_item_is_one_sitting(room: Any) -> None:
    case = appears(room, "a")
    looks(room, *case, by=room.ada)
    assert looks(room, *case, by=room.ada) is None


def test_an_appeal_is_a_reason_to_look_again(room: Any) -> None:
    first, (case_id, item_id) = appears(room, "a"), appears(room, "a")
    looks(room, *first, by=room.ada)
    with room.begin() as tx:
        receive_appeal(
            tx, case_id=case_id, statement="My garden.", by="e-1", record=room.record, now=room.now
        )
    assert looks(room, case_id, item_id, by=room.ada) is Again.APPEAL
    assert counted(room) == SecondExposures(unasked=0, own_request=0, appeal=1)


def _signal(room: Any, item_id: ItemId, value: bytes, quality: int) -> None:
    room.sql(
        "insert into media_signal (media_id, signal_type, frame, value, quality)"
        " select media_id, :pdq, 0, :value, :quality from item where id = :item",
        pdq=PDQ,
        value=value,
        quality=quality,
        item=item_id,
    )


@pytest.mark.parametrize(
    ("bits", "quality", "counts"), [(8, 100, True), (9, 100, False), (0, 49, False), (3, 50, True)]
)
def test_nearly_the_same_picture_counts_as_seen_within_eight_bits_and_not_where_pictures_are_plain(
    room: Any, bits: int, quality: int, counts: bool
) -> None:
    (case_id, item_id), (_, other) = appears(room, "a"), appears(room, "b")
    _signal(room, item_id, bytes(32), 100)
    _signal(room, other, ((1 << bits) - 1).to_bytes(32, "big"), quality)
    looks(room, case_id, item_id, by=room.ada)
    with room.begin() as tx:
        stored = item_rows.get(tx, other)
        assert stored is not None
        seen = last_seen(tx, UserId(room.ada), stored.item, now=room.now)
    assert (seen is not None) is counts


def test_nearly_the_same_shown_without_a_reason_is_counted_as_far_back_as_it_is_looked_for(room: Any) -> None:
    one, other, far = (appears(room, name) for name in "abc")
    for (_, item_id), value in ((one, 0), (other, 255), (far, 511)):
        _signal(room, item_id, value.to_bytes(32, "big"), 100)
    looks(room, *one, by=room.ada)
    looks(room, *far, by=room.ada)
    assert looks(room, *other, by=room.ada, own_request=True) is Again.OWN_REQUEST
    assert counted(room) == SecondExposures(unasked=0, own_request=1, appeal=0)
    # As a program would leave it that shows what it should not.
    room.sql("update reveal set again = null")
    room.sql("update reveal set fetched_at = fetched_at + interval '1 second' where item_id = :i", i=other[1])
    assert counted(room) == SecondExposures(unasked=1, own_request=0, appeal=0)
    room.sql(
        "update reveal set opened_at = opened_at - :ago, fetched_at = fetched_at - :ago,"
        " ends_by = ends_by - :ago where item_id <> :item",
        ago=timedelta(days=31),
        item=other[1],
    )
    assert counted(room) == SecondExposures(unasked=0, own_request=0, appeal=0)


def test_each_showing_says_in_the_log_and_in_ones_own_figures_whether_it_was_a_second_one(room: Any) -> None:
    first, second, third = (appears(room, "a") for _ in range(3))
    looks(room, *first, by=room.ada)
    looks(room, *second, by=room.ada, own_request=True)
    with room.begin() as tx:
        receive_appeal(
            tx, case_id=third[0], statement="My garden.", by="e-1", record=room.record, now=room.now
        )
    looks(room, *third, by=room.ada)
    said = {
        row.object: row.detail.get("again")
        for row in room.sql("select object, detail from audit_record where verb = 'item.reveal'")
    }
    assert [said[f"item:{place[1]}"] for place in (first, second, third)] == [None, "own_request", "appeal"]
    ada = Actor(permissions=frozenset(), user_id=UserId(room.ada))
    with room.begin() as tx:
        [figure] = of_person(tx, UserId(room.ada), actor=ada, now=room.now)
    assert (figure.showings, figure.own_request, figure.appeal, figure.unasked) == (3, 1, 1, 0)
    room.sql("update reveal set fetched_at = fetched_at + interval '1 second' where again is not null")
    room.sql("update reveal set again = null")
    with room.begin() as tx:
        [figure] = of_person(tx, UserId(room.ada), actor=ada, now=room.now)
    assert (figure.own_request, figure.appeal, figure.unasked) == (0, 0, 2)


STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.booleans()), min_size=1, max_size=10)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_however_people_look_nobody_is_shown_again_what_they_did_not_ask_for(
    room: Any, steps: list[tuple[int, int, bool]]
) -> None:
    mark = str(len(room.sql("select 1 from item")))
    places = [appears(room, f"{mark} {number % 2}") for number in range(4)]
    people = (room.new_analyst(), room.new_analyst())
    for place, who, asks in steps:
        try:
            looks(room, *places[place], by=people[who], own_request=asks)
        except SeenBefore:
            assert not asks
        room.sql("update review_case set locked_by = null, locked_until = null")
    assert counted(room).unasked == 0


def test_the_same_picture_is_decided_without_looking_and_rests_on_what_was_seen_then(room: Any) -> None:
    (case_id, item_id), (later, again) = appears(room, "a", listed=False), appears(room, "a", listed=False)
    room.takes(case_id, room.ada)
    room.looks(case_id, item_id, Tier.CLEAR, by=room.ada)
    first = room.assesses(case_id, item_id, room.illegal, by=room.ada)
    earlier = before(room, again, later)
    assert earlier.id == first
    decides_the_same(room, later, again, first, room.ben)
    with room.begin() as tx:
        [outcome] = outcomes(tx, later)
    assert (outcome.outcome.finding, outcome.outcome.category) == (
        room.illegal.finding,
        room.illegal.category,
    )
    assert outcome.outcome.by == (room.ben,)
    [row] = room.sql("select tier, same_as from assessment where item_id = :item", item=again)
    assert (row.tier, row.same_as) == ("none", first)
    assert room.sql("select 1 from reveal where user_id = :ben", ben=room.ben) == []


def test_what_was_confirmed_without_anybody_seeing_it_clearly_confirms_nothing_elsewhere(room: Any) -> None:
    case_id, item_id = appears(room, "a")
    first = room.assesses(case_id, item_id, room.illegal, by=room.ada)
    later, again = appears(room, "a", listed=False)
    # The list that vouched is withdrawn: what rested on it no longer speaks for others.
    room.sql("update hash_list set vetted = false")
    with pytest.raises(StaleRevision):
        decides_the_same(room, later, again, first, room.ben)
    assert room.waits_for(later, again) == "assessment"


def test_a_copy_of_a_decision_is_no_ground_for_another_and_falls_with_the_first(room: Any) -> None:
    places = [appears(room, "a") for _ in range(3)]
    first = room.assesses(*places[0], room.illegal, by=room.ada)
    decides_the_same(room, *places[1], first, room.ben)
    with room.begin() as tx:
        [outcome] = outcomes(tx, places[0][0])
        reverse(
            tx,
            outcome.outcome.id,
            by=UserId(room.ben),
            reason_code=ReversalReason.MISTAKE,
            record=room.record,
            now=room.now,
        )
    case_id, item_id = places[2]
    assert before(room, item_id, case_id) is None
    with pytest.raises(StaleRevision):
        decides_the_same(room, case_id, item_id, first, room.ben)


def test_where_people_found_different_things_or_somebody_contests_it_it_is_looked_at(room: Any) -> None:
    one, two, three = (appears(room, "a") for _ in range(3))
    room.assesses(*one, room.illegal, by=room.ada)
    assert before(room, three[1], three[0]) is not None
    with room.begin() as tx:
        receive_appeal(
            tx, case_id=three[0], statement="My garden.", by="e-1", record=room.record, now=room.now
        )
    assert before(room, three[1], three[0]) is None
    four = appears(room, "a")
    room.assesses(*two, room.not_illegal, by=room.ada)
    assert before(room, four[1], four[0]) is None


def test_another_purpose_decides_nothing_here(room: Any) -> None:
    case_id, item_id = appears(room, "a")
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    again = room.arrives(media="a", account="e-9", rehearsal=True)
    room.match(again, room.test_list)
    with room.begin() as tx:
        stored = item_rows.get(tx, again)
        assert stored is not None
        assert decided_before(tx, stored.item, room.test_list[2]) is None
        assert decided_before(tx, stored.item, room.vetted[2]) is None
