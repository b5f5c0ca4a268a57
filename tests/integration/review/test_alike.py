"""Nearly the same: one confirmed decision for the copies of a picture, and where each has to be looked at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from safehold.model.assessment import Category, Finding, ImageryForm, Tier
from safehold.model.errors import BadForm, CaseLocked, Conflict, StaleRevision
from safehold.model.events import BasisReversed
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, AssessmentId, CaseId, ItemId, UserId
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.model.team import TeamSize
from safehold.review import alike, conflicts, emergencies, golden
from safehold.review.appeals import receive_appeal
from safehold.review.assess import file_assessment
from safehold.review.contest import follow_reversal
from safehold.review.rules import Policy, SecondFor
from safehold.review.settle import ReversalReason, outcomes, reverse
from safehold.review.viewing import ViewLimits, mark_fetched, open_reveal
from safehold.storage import cases as case_rows
from safehold.storage import items as item_rows

Place = tuple[CaseId, ItemId]

NOTHING = ImageryForm(finding=Finding.NOT_ILLEGAL)
B = ImageryForm(finding=Finding.ILLEGAL, category=Category.B)
ANALYST = permissions_of(frozenset({Role.ANALYST}))
OFTEN = ViewLimits(per_minute=10_000, per_hour=10_000, per_day=10_000)
BITS = 4


def appears(
    room: Any, bits: int, *, listed: bool = False, account: str | None = None, media: str | None = None
) -> Place:
    """Return a picture that differs by so many bits from one with none, in a case of its own by default."""
    item_id = room.arrives(account=account or f"a {len(room.sql('select 1 from item'))}", media=media)
    room.sql(
        "insert into media_signal (media_id, signal_type, frame, value, quality)"
        " select media_id, 'pdq', 0, :value, 100 from item where id = :item on conflict do nothing",
        value=((1 << bits) - 1).to_bytes(32, "big"),
        item=item_id,
    )
    if listed:
        room.match(item_id, category="B")
    else:
        room.flag(item_id)
    return room.opened(item_id, flagged=not listed), item_id


def finds(room: Any, place: Place, form: ImageryForm, by: AnalystId, *, look: bool = True) -> AssessmentId:
    """Let somebody assess an item by themselves, mostly with a clear look, and the rules settle it."""
    room.takes(place[0], by)
    if look:
        room.looks(*place, Tier.CLEAR, by=by)
    filed: AssessmentId = room.files(*place, form, by=by)
    room.settles(*place, filed)
    room.sql("update review_case set locked_by = null, locked_until = null")
    return filed


def offer(room: Any, place: Place, by: AnalystId, *, bits: int = BITS, **more: Any) -> alike.Offer | None:
    with room.begin() as tx:
        return alike.offered(tx, *place, by=by, policy=room.policy, bits=bits, now=room.now, **more)


def copies(room: Any, place: Place, by: AnalystId, **more: Any) -> list[ItemId]:
    """Return the items that somebody can decide as they decided this one."""
    found = offer(room, place, by, **more)
    return [copy.item.id for copy in found.copies] if found else []


def decides(
    room: Any, place: Place, earlier: AssessmentId, chosen: Iterable[Place], by: AnalystId
) -> list[AssessmentId]:
    """Let somebody decide these as they decided the first one, and the rules look at each."""
    chosen = sorted(chosen, key=lambda one: one[1])
    with room.begin() as tx:
        filed = alike.decide_alike(
            tx,
            *place,
            earlier,
            [item_id for _, item_id in chosen],
            by=by,
            policy_version="2026-01",
            policy=room.policy,
            bits=BITS,
            record=room.record,
            now=room.now,
        )
    for one, assessment in zip(chosen, filed, strict=True):
        room.settles(*one, assessment)
    return filed


def finding(room: Any, place: Place) -> list[Finding]:
    with room.begin() as tx:
        return [one.outcome.finding for one in outcomes(tx, place[0]) if one.stands]


def test_copies_of_a_harmless_picture_are_let_go_by_one_decision_and_each_names_its_basis(room: Any) -> None:
    first, near, nearer, far = (appears(room, bits) for bits in (0, 4, 1, 5))
    own = finds(room, first, NOTHING, room.ada)
    assert copies(room, first, room.ada) == [nearer[1], near[1]]
    filed = decides(room, first, own, [near, nearer], room.ada)
    assert len(filed) == 2
    for place, bits in ((near, 4), (nearer, 1)):
        assert finding(room, place) == [Finding.NOT_ILLEGAL]
        [row] = room.sql("select same_as, bits, blind, tier from assessment where item_id = :i", i=place[1])
        assert (row.same_as, row.bits, row.blind, row.tier) == (own, bits, False, "none")
        [outcome] = room.sql("select tier, listed from outcome where item_id = :i", i=place[1])
        assert (outcome.tier, outcome.listed) == ("none", False)
        assert room.audited(f"item:{place[1]}").count("item.assess") == 1
    assert room.audited(f"item:{first[1]}").count("item.decide_alike") == 1
    assert room.waits_for(*far) == "assessment"
    assert [event.finding for event in room.events("item_cleared")] == [Finding.NOT_ILLEGAL] * 3


def test_items_of_the_same_case_are_among_them_and_the_very_same_bytes_come_first(room: Any) -> None:
    first = appears(room, 0, account="one", media="x")
    inside = appears(room, 2, account="one")
    exact = appears(room, 0, media="x")
    finds(room, first, NOTHING, room.ada)
    found = offer(room, first, room.ada)
    assert found is not None
    assert [(copy.item.id, copy.bits, copy.case.id == first[0]) for copy in found.copies] == [
        (exact[1], None, False),
        (inside[1], 2, True),
    ]


def test_what_no_list_vouches_for_is_never_confirmed_by_likeness(room: Any) -> None:
    first, near = appears(room, 0), appears(room, 1)
    own = finds(room, first, B, room.ada)
    assert copies(room, first, room.ada) == []
    with pytest.raises(StaleRevision):
        decides(room, first, own, [near], room.ada)
    # Also where a program files it all the same: the rules, and behind them the database, let it wait.
    forced = room.files(*near, B, by=room.ada)
    room.sql("update assessment set same_as = :own, bits = 1, blind = false where id = :f", own=own, f=forced)
    room.settles(*near, forced)
    assert finding(room, near) == []
    assert room.waits_for(*near) == "assessment"


def test_what_a_vetted_list_vouches_for_by_itself_is_confirmed_so_without_looking(room: Any) -> None:
    first, near, unlisted = appears(room, 0, listed=True), appears(room, 1, listed=True), appears(room, 2)
    own = finds(room, first, B, room.ada, look=False)
    assert copies(room, first, room.ada) == [near[1]]
    decides(room, first, own, [near], room.ada)
    assert finding(room, near) == [Finding.ILLEGAL]
    [outcome] = room.sql("select tier, listed from outcome where item_id = :i", i=near[1])
    assert (outcome.tier, outcome.listed) == ("none", True)
    assert room.waits_for(*unlisted) == "assessment"


def test_what_a_list_vouches_for_is_never_let_go_by_likeness(room: Any) -> None:
    first, near = appears(room, 0, listed=True), appears(room, 1, listed=True)
    finds(room, first, NOTHING, room.ada)
    assert finding(room, first) == [Finding.NOT_ILLEGAL]
    assert copies(room, first, room.ada) == []
    assert room.waits_for(*near) == "assessment"


def test_nothing_is_let_go_by_likeness_to_what_nobody_saw_clearly(room: Any) -> None:
    first, near = appears(room, 0), appears(room, 1)
    room.takes(first[0], room.ada)
    room.looks(*first, Tier.BLURRED, by=room.ada)
    finds(room, first, NOTHING, room.ada, look=False)
    assert finding(room, first) == [Finding.NOT_ILLEGAL]
    assert copies(room, first, room.ada) == []
    assert room.waits_for(*near) == "assessment"


def test_a_list_or_a_flag_that_says_more_of_a_copy_asks_for_a_look_at_it(room: Any) -> None:
    first, plain, named = appears(room, 0), appears(room, 1), appears(room, 2)
    room.match(named[1], room.unvetted)
    finds(room, first, NOTHING, room.ada)
    assert copies(room, first, room.ada) == [plain[1]]
    listed, other = appears(room, 0, listed=True, media="l"), appears(room, 1, listed=True)
    room.match(other[1], room.unvetted)
    finds(room, listed, B, room.ada, look=False)
    assert other[1] not in copies(room, listed, room.ada)


def test_a_copy_whose_own_bytes_were_found_otherwise_elsewhere_is_looked_at(room: Any) -> None:
    first, elsewhere, near = appears(room, 0), appears(room, 1, media="m"), appears(room, 1, media="m")
    finds(room, first, NOTHING, room.ada)
    assert set(copies(room, first, room.ada)) == {elsewhere[1], near[1]}
    finds(room, elsewhere, B, room.ben)
    assert copies(room, first, room.ada) == []
    # The first one's own bytes as well: what was found of them is not one finding any more.
    again = appears(room, 0, media="twice")
    other, third = appears(room, 0, media="twice"), appears(room, 2)
    finds(room, again, NOTHING, room.new_analyst())
    by = room.sql("select settled_by from outcome where item_id = :i", i=again[1])[0].settled_by
    assert third[1] in copies(room, again, by)
    finds(room, other, B, room.new_analyst())
    assert copies(room, again, by) == []


def test_only_whoever_found_it_by_themselves_is_offered_its_copies(room: Any) -> None:
    first, second, third = (appears(room, bits) for bits in (0, 1, 2))
    own = finds(room, first, NOTHING, room.ada)
    assert copies(room, first, room.ben) == []
    with pytest.raises(StaleRevision):
        decides(room, first, own, [second], room.ben)
    decides(room, first, own, [second], room.ada)
    assert copies(room, second, room.ada) == []
    assert copies(room, first, room.ada) == [third[1]]


def test_where_two_people_are_asked_for_two_have_found_it_by_themselves_before_it_is_repeated(
    room: Any,
) -> None:
    first, near = appears(room, 0), appears(room, 1)
    finds(room, first, NOTHING, room.ada)
    room.policy = Policy(size=TeamSize.FULL, second_for=frozenset({SecondFor.ALL}))
    assert copies(room, first, room.ada) == []
    both, copy = appears(room, 100, listed=True), appears(room, 101, listed=True)
    finds(room, both, B, room.ada)
    assert room.waits_for(*both) == "second"
    assert copies(room, both, room.ada) == []
    own = finds(room, both, B, room.ben)
    assert copies(room, both, room.ada) == []
    assert copies(room, both, room.ben) == [copy[1]]
    decides(room, both, own, [copy], room.ben)
    assert finding(room, copy) == [Finding.ILLEGAL]
    assert room.waits_for(*near) == "assessment"


def test_what_rests_on_likeness_falls_with_its_basis_and_is_then_looked_at_by_itself(room: Any) -> None:
    first, near = appears(room, 0), appears(room, 1)
    own = finds(room, first, NOTHING, room.ada)
    decides(room, first, own, [near], room.ada)
    with room.begin() as tx:
        [found] = outcomes(tx, first[0])
        reverse(
            tx,
            found.outcome.id,
            by=UserId(room.ben),
            reason_code=ReversalReason.MISTAKE,
            record=room.record,
            now=room.now,
        )
    [event] = room.events("basis_reversed")
    assert isinstance(event, BasisReversed)
    with room.begin() as tx:
        follow_reversal(tx, event, policy=room.policy, record=room.record, now=room.now)
    assert finding(room, near) == []
    assert room.waits_for(*near) == "assessment"
    again = finds(room, first, NOTHING, room.ben)
    assert again
    # It was undone once: it is not decided by likeness any more.
    assert copies(room, first, room.ben) == []


def test_a_copy_that_is_not_settled_yet_when_its_basis_falls_waits_for_somebody(room: Any) -> None:
    first, near = appears(room, 0), appears(room, 1)
    own = finds(room, first, NOTHING, room.ada)
    with room.begin() as tx:
        [filed] = alike.decide_alike(
            tx,
            *first,
            own,
            [near[1]],
            by=room.ada,
            policy_version="2026-01",
            policy=room.policy,
            bits=BITS,
            record=room.record,
            now=room.now,
        )
        [found] = outcomes(tx, first[0])
        reverse(
            tx,
            found.outcome.id,
            by=UserId(room.ben),
            reason_code=ReversalReason.MISTAKE,
            record=room.record,
            now=room.now,
        )
    room.settles(*near, filed)
    assert finding(room, near) == []
    assert room.waits_for(*near) == "assessment"


def test_golden_items_are_never_offered_and_nothing_is_offered_beside_one(room: Any) -> None:
    first = appears(room, 0)
    item_id = room.arrives()
    room.sql(
        "insert into media_signal (media_id, signal_type, frame, value, quality)"
        " select media_id, 'pdq', 0, :value, 100 from item where id = :item",
        value=bytes(32),
        item=item_id,
    )
    system = Actor(permissions=frozenset(), system="tests")
    with room.begin() as tx:
        golden.declare(
            tx, item_id, purpose=Purpose.CSAM, expected=Finding.NOT_ILLEGAL, actor=system, now=room.now
        )
        chosen = golden._new_to(tx, room.ada, Purpose.CSAM, room.now)
        assert chosen is not None
        case = golden._open(tx, chosen, room.ada, golden.AS_NOTHING_SET, room.now)
    assert case is not None
    finds(room, first, NOTHING, room.ada)
    assert copies(room, first, room.ada) == []
    waiting = appears(room, 1)
    assert copies(room, first, room.ada) == [waiting[1]]
    room.files(case.id, item_id, NOTHING, by=room.ada)
    assert copies(room, (case.id, item_id), room.ada) == []


def test_what_others_hold_passed_on_contest_or_where_a_life_is_at_risk_is_left_alone(room: Any) -> None:
    first = appears(room, 0)
    held, passed, contested, risk, free = (appears(room, bits) for bits in (1, 1, 2, 2, 3))
    finds(room, first, NOTHING, room.ada)
    assert set(copies(room, first, room.ada)) == {one[1] for one in (held, passed, contested, risk, free)}
    room.takes(held[0], room.ben)
    room.takes(passed[0], room.ada)
    ada = Actor(permissions=permissions_of(frozenset({Role.LEAD})), user_id=UserId(room.ada))
    with room.begin() as tx:
        alike.cases.pass_on(tx, passed[0], room.ada, alike.cases.PassReason.NOT_NOW, room.now)
        receive_appeal(
            tx, case_id=contested[0], statement="My garden.", by="e-1", record=room.record, now=room.now
        )
        emergencies.declare(
            tx, risk[0], item_id=None, actor=ada, within=timedelta(hours=1), record=room.record, now=room.now
        )
    assert copies(room, first, room.ada) == [free[1]]


def test_cases_that_were_free_are_free_again_and_those_one_holds_stay_with_them(room: Any) -> None:
    first = appears(room, 0, account="mine")
    inside, also, other = appears(room, 1, account="mine"), appears(room, 9, account="mine"), appears(room, 2)
    more = room.arrives(
        account=room.sql("select account_id from review_case where id = :c", c=other[0])[0][0]
    )
    room.flag(more)
    assert room.opened(more, flagged=True) == other[0]
    own = finds(room, first, NOTHING, room.ada)
    room.takes(first[0], room.ada)
    decides(room, first, own, [inside, other], room.ada)
    assert room.waits_for(*also) == "assessment"
    assert [room.case(each).locked_by for each in (first[0], other[0])] == [room.ada, None]


def test_it_is_off_at_no_bits_and_offers_a_capped_number_and_the_rest_after_that(room: Any) -> None:
    first = appears(room, 0)
    places = [appears(room, 1) for _ in range(3)]
    own = finds(room, first, NOTHING, room.ada)
    assert offer(room, first, room.ada, bits=0) is None
    found = offer(room, first, room.ada, most=2)
    assert found is not None
    assert (len(found.copies), found.more) == (2, True)
    by_item = {place[1]: place for place in places}
    decides(room, first, own, [by_item[copy.item.id] for copy in found.copies], room.ada)
    assert len(copies(room, first, room.ada)) == 1


def test_all_are_filed_or_none(room: Any) -> None:
    first, near, gone = appears(room, 0), appears(room, 1), appears(room, 2)
    own = finds(room, first, NOTHING, room.ada)
    room.takes(gone[0], room.ben)
    with pytest.raises((StaleRevision, CaseLocked)):
        decides(room, first, own, [near, gone], room.ada)
    with pytest.raises(BadForm):
        decides(room, first, own, [], room.ada)
    assert room.waits_for(*near) == "assessment"
    assert room.case(near[0]).locked_by is None


def test_it_waits_until_the_first_one_is_settled_though_it_is_shown_before(room: Any) -> None:
    first, near = appears(room, 0), appears(room, 1)
    room.takes(first[0], room.ada)
    room.looks(*first, Tier.CLEAR, by=room.ada)
    own = room.files(*first, NOTHING, by=room.ada)
    assert copies(room, first, room.ada) == [near[1]]
    with pytest.raises(Conflict, match="still being settled"):
        decides(room, first, own, [near], room.ada)
    room.settles(*first, own)
    decides(room, first, own, [near], room.ada)
    assert finding(room, near) == [Finding.NOT_ILLEGAL]


def test_the_database_refuses_likeness_further_than_eight_bits_or_without_a_basis(room: Any) -> None:
    first, near = appears(room, 0), appears(room, 1)
    own = finds(room, first, NOTHING, room.ada)
    [filed] = decides(room, first, own, [near], room.ada)
    for change in ("bits = 9", "bits = -1", "same_as = null"):
        with pytest.raises(IntegrityError, match="bits_of_what_it_repeats"):
            room.sql(f"update assessment set {change} where id = :id", id=filed)


def test_a_waiting_copy_leads_to_what_this_person_decided_of_one_like_it(room: Any) -> None:
    first, near, far = appears(room, 0), appears(room, 3), appears(room, 5)
    finds(room, first, NOTHING, room.ada)

    def nearby(place: Place, by: AnalystId) -> Any:
        with room.begin() as tx:
            item = item_rows.get_bare(tx, place[1])
            case = room.case(place[0])
            assert item is not None
            return alike.decided_nearby(tx, case, item, by=by, policy=room.policy, bits=BITS, now=room.now)

    found = nearby(near, room.ada)
    assert (found.case_id, found.item_id, found.bits) == (*first, 3)
    assert nearby(near, room.ben) is None
    assert nearby(far, room.ada) is None


PICTURES = st.lists(
    st.tuples(st.integers(0, 12), st.booleans(), st.sampled_from(["csam", "intimate_images"])),
    min_size=2,
    max_size=6,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pictures=PICTURES, known=st.sampled_from(["csam", "both"]), conflict=st.integers(0, 5))
def test_whatever_lies_there_offers_go_both_ways_and_never_beyond_what_somebody_may_know(
    room: Any, pictures: list[tuple[int, bool, str]], known: str, conflict: int
) -> None:
    room.sql("update review_case set state = 'settled', settled_at = now() where state = 'open'")
    queues = [Purpose.CSAM] if known == "csam" else [Purpose.CSAM, Purpose.INTIMATE_IMAGES]
    one, other = room.new_analyst(queues=queues), room.new_analyst(queues=queues)
    places: list[Place] = []
    for bits, _, purpose in pictures:
        place = appears(room, bits)
        if purpose != "csam":
            room.sql("update review_case set purpose = :p where id = :c", p=purpose, c=place[0])
        places.append(place)
    for place, (_, held, _) in zip(places, pictures, strict=True):
        if held:
            with room.begin() as tx:
                case_rows.set_lock(tx, place[0], analyst=room.ben, until=room.later(hours=1))
    kept_from = conflict if conflict < len(places) and pictures[conflict][2] == "csam" else None
    if kept_from is not None:
        with room.begin() as tx:
            actor = Actor(permissions=ANALYST, user_id=UserId(one))
            conflicts.declare_about_case(tx, places[kept_from][0], actor=actor, now=room.now)
            actor = Actor(permissions=ANALYST, user_id=UserId(other))
            conflicts.declare_about_case(tx, places[kept_from][0], actor=actor, now=room.now)
    free = [
        index
        for index, (_, held, purpose) in enumerate(pictures)
        if not held and index != kept_from and (purpose == "csam" or known == "both")
    ]
    seen: set[tuple[int, int]] = set()
    for index in free:
        with room.begin() as tx, tx.connection.begin_nested() as undo:
            seen |= {(index, at) for at in _offered_after(tx, room, places, index, one)}
            undo.rollback()
    near = {
        (a, b)
        for a in free
        for b in free
        if a != b and abs(pictures[a][0] - pictures[b][0]) <= BITS and pictures[a][2] == pictures[b][2]
    }
    assert seen == near
    assert seen == {(b, a) for a, b in seen}


def _offered_after(tx: Any, room: Any, places: list[Place], index: int, by: AnalystId) -> list[int]:
    """Return what somebody is offered once they have found this one harmless; it is undone afterwards."""
    place = places[index]
    alike.cases.take(tx, place[0], by, room.now)
    from safehold.review.viewing import ViewLimits

    limits = ViewLimits(per_minute=10_000, per_hour=10_000, per_day=10_000)
    asked = open_reveal(tx, *place, Tier.CLEAR, by=by, now=room.now, limits=limits)
    mark_fetched(tx, asked.id, by=by, now=room.now)
    file_assessment(
        tx,
        *place,
        NOTHING,
        by=by,
        policy_version="2026-01",
        case_revision=alike.cases.existing_case(tx, place[0]).revision,
        record=room.record,
        now=room.now,
    )
    found = alike.offered(tx, *place, by=by, policy=room.policy, bits=BITS, now=room.now)
    items = [one[1] for one in places]
    return [items.index(copy.item.id) for copy in found.copies] if found else []
