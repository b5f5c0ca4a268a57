"""What somebody appeals against is assessed afresh by another person, and the outcome stands until then."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from safehold.model.assessment import Category, Finding, ImageryForm, Tier
from safehold.model.case import AppealState, CaseState
from safehold.model.errors import Conflict
from safehold.model.events import AppealDecided, AppealReceived, BasisReversed
from safehold.model.ids import AnalystId, AppealId, AssessmentId, CaseId, ItemId, UserId
from safehold.model.team import TeamSize
from safehold.review import appeals, cases, contest, same
from safehold.review.cases import existing_case
from safehold.review.facts import Turn, facts
from safehold.review.rules import Policy
from safehold.review.settle import ReversalReason, outcomes, reverse
from safehold.storage import appeals as rows
from safehold.storage import events

Place = tuple[CaseId, ItemId]

FULL, SINGLE = Policy(size=TeamSize.FULL), Policy(size=TeamSize.SINGLE)
WORDS = "This is my own garden."


def appeal(room: Any, *, policy: Policy = FULL, twice: bool = False, **contested: Any) -> AppealId:
    """Let somebody appeal, and the step that follows run."""
    room.policy = policy
    with room.begin() as tx:
        appeal_id = appeals.receive_appeal(
            tx, statement=WORDS, by="the gardener", record=room.record, now=room.now, **contested
        )
        found = rows.get(tx, appeal_id)
    assert found is not None
    event = AppealReceived(at=room.now, item_id=found.item_id, appeal_id=appeal_id)
    for _ in range(2 if twice else 1):
        with room.begin() as tx:
            contest.contest(tx, event, policy=policy, now=room.now)
    return appeal_id


def confirmed(room: Any) -> Place:
    """Return an item that ada has confirmed, its case settled."""
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    return case_id, item_id


def state(room: Any, appeal_id: AppealId) -> AppealState:
    with room.begin() as tx:
        found = rows.get(tx, appeal_id)
    assert found is not None
    return found.state


def standing(room: Any, place: Place) -> list[Finding]:
    with room.begin() as tx:
        return [one.outcome.finding for one in outcomes(tx, place[0]) if one.stands]


def turn(room: Any, place: Place, analyst: AnalystId) -> Turn:
    with room.begin() as tx:
        [item] = facts(tx, place[0], viewer=analyst).items
    return item.turn


def offered(room: Any, analyst: AnalystId, now: datetime | None = None) -> CaseId | None:
    with room.begin() as tx:
        case = cases.take_next(tx, analyst, now or room.later(hours=1))
        if case is not None:
            cases.release_lock(tx, case.id, analyst, now or room.later(hours=1))
    return None if case is None else case.id


def test_the_outcome_stands_and_the_item_waits_for_somebody_else(room: Any) -> None:
    place = confirmed(room)
    appeal(room, item_id=place[1], twice=True)
    assert standing(room, place) == [Finding.ILLEGAL]
    assert room.case(place[0]).state is CaseState.OPEN
    assert room.waits_for(*place) == "assessment"
    assert turn(room, place, room.ada) is Turn.OF_OTHERS
    assert turn(room, place, room.ben) is Turn.BLIND
    assert offered(room, room.ada) is None
    assert offered(room, room.ben) == place[0]
    with pytest.raises(Conflict):
        room.files(*place, room.not_illegal, by=room.ada, now=room.later(hours=2))
    assert room.audited(f"item:{place[1]}").count("outcome.contest") == 1


def test_whoever_finds_the_same_lets_the_outcome_stand(room: Any) -> None:
    place = confirmed(room)
    appeal_id = appeal(room, item_id=place[1])
    room.assesses(*place, room.illegal, by=room.ben)
    assert state(room, appeal_id) is AppealState.REJECTED
    with room.begin() as tx:
        assert len(outcomes(tx, place[0])) == 1
        told = appeals.standing_of(tx, appeal_id)
    assert (told["state"], told["by_another"]) == ("rejected", True)
    assert room.case(place[0]).state is CaseState.SETTLED
    assert room.events("outcome_reversed") == []
    assert len(room.events("item_confirmed")) == 1


def test_whoever_finds_otherwise_reverses_it_in_their_name_and_theirs_takes_its_place(room: Any) -> None:
    place = confirmed(room)
    appeal_id = appeal(room, item_id=place[1])
    room.assesses(*place, room.not_illegal, by=room.ben)
    assert state(room, appeal_id) is AppealState.UPHELD
    assert standing(room, place) == [Finding.NOT_ILLEGAL]
    with room.begin() as tx:
        first, second = outcomes(tx, place[0])
    assert (first.reversed_by, second.outcome.by) == (room.ben, (room.ben,))
    kinds = [
        type(each).__name__ for each in room.events("outcome_reversed", "item_cleared", "appeal_decided")
    ]
    assert kinds == ["OutcomeReversed", "ItemCleared", "AppealDecided"]
    [decided] = room.events("appeal_decided")
    assert isinstance(decided, AppealDecided)
    assert decided.upheld


def test_another_category_corrects_the_outcome_and_rejects_the_appeal(room: Any) -> None:
    place = confirmed(room)
    appeal_id = appeal(room, item_id=place[1])
    room.assesses(*place, ImageryForm(finding=Finding.ILLEGAL, category=Category.C), by=room.ben)
    assert state(room, appeal_id) is AppealState.REJECTED
    with room.begin() as tx:
        assert [(one.stands, one.outcome.category) for one in outcomes(tx, place[0])] == [
            (False, Category.B),
            (True, Category.C),
        ]


def test_what_was_cleared_can_be_contested_as_well(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.not_illegal, by=room.ada)
    appeal_id = appeal(room, item_id=item_id)
    room.assesses(case_id, item_id, room.illegal, by=room.ben)
    assert state(room, appeal_id) is AppealState.UPHELD


@pytest.mark.parametrize("finding", ["illegal", "not_illegal"])
def test_an_appeal_before_any_outcome_is_decided_by_it(room: Any, finding: str) -> None:
    place = room.matched_case()
    appeal_id = appeal(room, item_id=place[1])
    assert turn(room, place, room.ada) is Turn.BLIND
    room.assesses(*place, getattr(room, finding), by=room.ada)
    assert state(room, appeal_id).value == ("rejected" if finding == "illegal" else "upheld")


def test_where_one_person_is_all_there_is_they_decide_again_and_it_says_so(room: Any) -> None:
    place = confirmed(room)
    appeal_id = appeal(room, policy=SINGLE, item_id=place[1])
    room.assesses(*place, room.not_illegal, by=room.ada, now=room.later(hours=1))
    with room.begin() as tx:
        told = appeals.standing_of(tx, appeal_id)
    assert (told["state"], told["by_another"]) == ("upheld", False)


def test_an_appeal_about_a_case_is_decided_with_the_last_of_its_items(room: Any) -> None:
    case_id, first = room.matched_case(account="d-1")
    second = room.arrives(account="d-1")
    room.match(second)
    room.opened(second)
    for item_id in (first, second):
        room.assesses(case_id, item_id, room.illegal, by=room.ada)
    appeal_id = appeal(room, case_id=case_id)
    room.assesses(case_id, first, room.not_illegal, by=room.ben)
    assert state(room, appeal_id) is AppealState.RECEIVED
    room.assesses(case_id, second, room.illegal, by=room.ben)
    assert state(room, appeal_id) is AppealState.UPHELD


def test_what_was_rejected_cannot_be_contested_again_until_something_changes(room: Any) -> None:
    place = confirmed(room)
    appeal(room, item_id=place[1])
    room.assesses(*place, room.illegal, by=room.ben)
    with pytest.raises(Conflict):
        appeal(room, item_id=place[1])
    with room.begin() as tx:
        [one] = outcomes(tx, place[0])
        reverse(
            tx,
            one.outcome.id,
            by=UserId(room.ben),
            reason_code=ReversalReason.NEW_FACTS,
            record=room.record,
            now=room.now,
        )
    appeal(room, item_id=place[1])


def test_an_appeal_is_contested_where_another_case_of_the_account_is_open(room: Any) -> None:
    case_id, item_id = room.matched_case(account="d-1")
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    newer = room.arrives(account="d-1")
    room.match(newer)
    other = room.opened(newer)
    appeal_id = appeal(room, item_id=item_id)
    assert room.waits_for(other, item_id) == "assessment"
    room.assesses(other, item_id, room.not_illegal, by=room.ben)
    assert state(room, appeal_id) is AppealState.UPHELD
    assert standing(room, (case_id, item_id)) == []
    assert standing(room, (other, item_id)) == [Finding.NOT_ILLEGAL]


def test_the_database_refuses_whoever_had_settled_it(room: Any) -> None:
    place = confirmed(room)
    appeal_id = appeal(room, item_id=place[1])
    with pytest.raises(IntegrityError, match="decided_by_another"):
        room.sql(
            "update appeal set state = 'rejected', decided_at = now(), decided_by = o.settled_by,"
            " contested_outcome_id = o.id, contested_by = o.settled_by from outcome o where appeal.id = :id",
            id=appeal_id,
        )


def test_a_lead_who_reverses_on_an_appeal_keeps_those_who_decided_away(room: Any) -> None:
    place = confirmed(room)
    with room.begin() as tx:
        [one] = outcomes(tx, place[0])
        reverse(
            tx,
            one.outcome.id,
            by=UserId(room.ben),
            reason_code=ReversalReason.APPEAL,
            policy=FULL,
            record=room.record,
            now=room.now,
        )
    assert turn(room, place, room.ada) is Turn.OF_OTHERS
    assert turn(room, place, room.ben) is Turn.BLIND


def test_who_appealed_and_their_words_are_erased_ninety_days_after_the_decision(room: Any) -> None:
    place = confirmed(room)
    appeal_id = appeal(room, item_id=place[1])
    room.assesses(*place, room.illegal, by=room.ben)

    def erase(days: float) -> int:
        with room.begin() as tx:
            return contest.erase_words(tx, now=room.now + timedelta(days=days), limit=10)

    assert erase(89.9) == 0
    assert erase(90.1) == 1
    assert erase(91) == 0
    with room.begin() as tx:
        kept = rows.get(tx, appeal_id)
    assert kept is not None
    assert (kept.by, kept.statement, kept.state) == ("", "", AppealState.REJECTED)
    assert "garden" not in str(room.sql("select row_to_json(a)::text from appeal a"))


def test_words_that_nobody_decides_about_are_erased_after_a_year(room: Any) -> None:
    _, item_id = room.matched_case()
    appeal(room, item_id=item_id)
    with room.begin() as tx:
        assert contest.erase_words(tx, now=room.now + timedelta(days=364), limit=10) == 0
        assert contest.erase_words(tx, now=room.now + timedelta(days=366), limit=10) == 1


def outcomes_of(room: Any, place: Place) -> list[Any]:
    """Return the ids of a case's outcomes."""
    with room.begin() as tx:
        return [one.outcome.id for one in outcomes(tx, place[0])]


def repeated(room: Any) -> tuple[Place, Place]:
    """Return a place where ada cleared a picture by looking, and one where ben decided the same."""
    first, second, filed = about_to_repeat(room)
    room.settles(*second, filed)
    return first, second


def about_to_repeat(room: Any) -> tuple[Place, Place, AssessmentId]:
    """Return such places, and what ben has filed at the second, which is still to be settled."""
    places = []
    for account in ("a-1", "a-2"):
        item_id = room.arrives(media="garden", account=account)
        room.flag(item_id)
        places.append((room.opened(item_id, flagged=True), item_id))
    first, second = places
    earlier = room.assesses(*first, room.not_illegal, by=room.ada)
    case = room.takes(second[0], room.ben)
    with room.begin() as tx:
        filed = same.decide_as_before(
            tx,
            *second,
            earlier,
            by=room.ben,
            policy_version="2026-01",
            case_revision=case.revision,
            policy=FULL,
            record=room.record,
            now=room.now,
        )
    room.policy = FULL
    return first, second, filed


def falls(room: Any, first: Place, *, by: AnalystId) -> None:
    """Reverse what stands at the first place, and run the step about what repeats it, twice."""
    with room.begin() as tx:
        [one] = outcomes(tx, first[0])
        reverse(
            tx,
            one.outcome.id,
            by=UserId(by),
            reason_code=ReversalReason.MISTAKE,
            record=room.record,
            now=room.now,
        )
    for event in room.events("basis_reversed") * 2:
        assert isinstance(event, BasisReversed)
        with room.begin() as tx:
            contest.follow_reversal(tx, event, policy=FULL, record=room.record, now=room.now)


def test_what_somebody_reverses_in_the_very_moment_is_reversed_once(room: Any) -> None:
    first, second = repeated(room)
    [basis], [repeat] = (outcomes_of(room, place) for place in (first, second))
    mistake = {"by": UserId(room.new_analyst()), "reason_code": ReversalReason.MISTAKE}
    with room.begin() as tx:
        reverse(tx, basis, record=room.record, now=room.now, **mistake)
    [event] = room.events("basis_reversed")

    def follow() -> None:
        with room.begin() as tx:
            contest.follow_reversal(tx, event, policy=FULL, record=room.record, now=room.now)

    following = threading.Thread(target=follow)
    with room.begin() as tx:
        reverse(tx, repeat, record=room.record, now=room.now, **mistake)
        following.start()
        following.join(1)
        assert following.is_alive(), "it waits for whoever is at it"
    following.join()
    assert len(room.events("outcome_reversed")) == 2
    assert room.audited(f"case:{second[0]}").count("outcome.reverse") == 1


def test_what_is_settled_afresh_waits_for_whoever_is_reversing_it(room: Any) -> None:
    place = confirmed(room)
    appeal(room, item_id=place[1])
    room.takes(place[0], room.ben)
    room.looks(*place, Tier.CLEAR, by=room.ben)
    filed = room.files(*place, room.not_illegal, by=room.ben)
    settling = threading.Thread(target=room.settles, args=(*place, filed))
    with room.begin() as tx:
        # Whoever reverses holds the item first, and needs its case next: the other way round both would wait.
        events.current_revision(tx, place[1], for_update=True)
        settling.start()
        settling.join(1)
        assert settling.is_alive()
        existing_case(tx, place[0], for_change=True)
    settling.join()
    assert standing(room, place) == [Finding.NOT_ILLEGAL]


def test_what_repeats_a_finding_waits_for_whoever_is_reversing_that(room: Any) -> None:
    first, second, filed = about_to_repeat(room)
    [basis] = outcomes_of(room, first)
    settling = threading.Thread(target=room.settles, args=(*second, filed))
    mistake = {"by": UserId(room.new_analyst()), "reason_code": ReversalReason.MISTAKE}
    with room.begin() as tx:
        reverse(tx, basis, record=room.record, now=room.now, **mistake)
        settling.start()
        settling.join(1)
        assert settling.is_alive()
    settling.join()
    assert standing(room, second) == []
    assert room.waits_for(*second) == "assessment"


def test_an_appeal_about_a_case_waits_for_all_of_its_items_before_it_takes_the_case(room: Any) -> None:
    case_id, first = room.matched_case(account="d-1")
    second = room.arrives(account="d-1")
    room.match(second)
    room.opened(second, now=room.later(hours=1))
    for item_id in (first, second):
        room.assesses(case_id, item_id, room.illegal, by=room.ada)
    with room.begin() as tx:
        appeals.receive_appeal(
            tx, statement=WORDS, by="the gardener", case_id=case_id, record=room.record, now=room.now
        )
    [event] = room.events(AppealReceived.kind)

    def contests() -> None:
        with room.begin() as tx:
            contest.contest(tx, event, policy=FULL, now=room.now)

    contesting = threading.Thread(target=contests)
    with room.begin() as tx:
        events.current_revision(tx, second, for_update=True)
        contesting.start()
        contesting.join(1)
        assert contesting.is_alive()
        # Whoever holds an item needs its case next: whoever had taken that would wait for the item for ever.
        existing_case(tx, case_id, for_change=True)
    contesting.join()
    assert [room.waits_for(case_id, each) for each in (first, second)] == ["assessment"] * 2


def test_what_only_repeats_a_finding_falls_with_it(room: Any) -> None:
    first, second = repeated(room)
    carla = room.new_analyst()
    falls(room, first, by=carla)
    assert standing(room, second) == []
    assert room.waits_for(*second) == "assessment"
    with room.begin() as tx:
        [one] = outcomes(tx, second[0])
    assert one.reversed_by == carla
    assert len(room.events("outcome_reversed")) == 2


def test_where_whoever_reversed_it_may_not_touch_the_other_case_somebody_assesses_it_afresh(
    room: Any,
) -> None:
    first, second = repeated(room)
    carla = room.new_analyst()
    room.sql(
        "insert into declared_conflict (id, user_id, about, declared_at)"
        " values (gen_random_uuid(), :who, 'account:a-2', now())",
        who=carla,
    )
    falls(room, first, by=carla)
    assert standing(room, second) == [Finding.NOT_ILLEGAL]
    assert room.waits_for(*second) == "assessment"
    assert turn(room, second, room.ben) is Turn.OF_OTHERS
    room.assesses(*second, room.not_illegal, by=room.new_analyst())
    assert room.case(second[0]).state is CaseState.SETTLED
