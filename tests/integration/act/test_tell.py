"""Claims about what platforms are told, and that each message is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from safehold.act import deliver, holds, tell
from safehold.act.message_fields import BY_TYPE
from safehold.model.assessment import Finding
from safehold.model.errors import NotFound
from safehold.model.events import ItemCleared, LookbackMatched
from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId
from safehold.model.proposal import ProposalKind
from safehold.storage.deliveries import DeliveryState

if TYPE_CHECKING:
    from conftest import Desk
    from safehold.act.channels.base import Destination


def somewhere(desk: Desk, **changed: Any) -> Destination:
    return desk.destination("http://127.0.0.1:9/hook", 9, **changed)


def hold(desk: Desk, item_id: ItemId) -> None:
    match = desk.add_match(item_id)
    with desk.database.begin() as tx:
        holds.place(tx, item_id, [match], now=desk.now)


def release(desk: Desk, event: ItemCleared) -> None:
    with desk.database.begin() as tx:
        holds.release(tx, event, now=desk.now)


def test_an_approved_removal_asks_for_it_with_ids_and_the_finding_alone(desk: Desk) -> None:
    item_id = desk.add_item()
    case_id = desk.add_case(item_id)
    desk.settle(item_id, case_id, Finding.ILLEGAL)
    event = desk.approved(item_id, case_id)
    desk.tell(event, somewhere(desk))
    [message] = desk.deliveries()
    assert message.body == {
        "type": "proposal_approved",
        "timestamp": event.at.isoformat(),
        "data": {
            "item_id": str(item_id),
            "case_id": str(case_id),
            "content_id": "upload-7",
            "action": "remove",
            "finding": "illegal",
            "rehearsal": False,
        },
    }
    assert desk.audited(f"delivery:{message.id}") == ["webhook.plan"]


def test_the_category_is_told_only_to_a_destination_that_asks_for_it(desk: Desk) -> None:
    item_id = desk.add_item()
    case_id = desk.add_case(item_id)
    desk.settle(item_id, case_id, Finding.ILLEGAL)
    desk.tell(desk.approved(item_id, case_id), somewhere(desk, name="asks", with_category=True))
    assert desk.deliveries()[0].body["data"]["category"] == "B"


def test_telling_twice_writes_one_message_for_each_destination(desk: Desk) -> None:
    item_id = desk.add_item()
    event = desk.cleared(item_id, desk.add_case(item_id))
    both = somewhere(desk, name="one"), somewhere(desk, name="two")
    desk.tell(event, *both)
    first = desk.deliveries()
    desk.tell(event, *both)
    assert desk.deliveries() == first
    assert sorted(one.destination for one in first) == ["one", "two"]


def test_nothing_is_written_for_a_destination_that_is_not_enabled_or_does_not_want_it(desk: Desk) -> None:
    item_id = desk.add_item()
    event = desk.cleared(item_id, desk.add_case(item_id))
    desk.tell(event, somewhere(desk, enabled=False), somewhere(desk, kinds=frozenset({"outcome_reversed"})))
    assert desk.deliveries() == []


def test_an_event_that_was_never_recorded_is_not_told(desk: Desk) -> None:
    item_id = desk.add_item()
    event = ItemCleared(
        at=desk.now, item_id=item_id, case_id=desk.add_case(item_id), finding=Finding.NOT_ILLEGAL
    )
    with pytest.raises(NotFound):
        desk.tell(event, somewhere(desk))


@pytest.mark.parametrize("released_first", [True, False])
def test_a_cleared_item_that_was_held_is_told_as_released_in_either_order(
    desk: Desk, released_first: bool
) -> None:
    item_id = desk.add_item()
    hold(desk, item_id)
    event = desk.cleared(item_id, desk.add_case(item_id))
    if released_first:
        release(desk, event)
    desk.tell(event, somewhere(desk))
    assert desk.actions() == ["hold_released"]


def test_a_cleared_item_that_was_never_held_is_told_without_any_action(desk: Desk) -> None:
    item_id = desk.add_item()
    desk.tell(desk.cleared(item_id, desk.add_case(item_id)), somewhere(desk))
    assert desk.actions() == ["none"]
    assert desk.deliveries()[0].body["data"]["finding"] == "not_illegal"


def test_a_reversed_removal_is_told_as_restore_and_only_where_removal_was_asked(desk: Desk) -> None:
    item_id = desk.add_item()
    hold(desk, item_id)
    case_id = desk.add_case(item_id)
    desk.tell(desk.approved(item_id, case_id), somewhere(desk, name="told"))
    desk.wait(seconds=1)
    desk.tell(desk.reversed(item_id, case_id), somewhere(desk, name="told"), somewhere(desk, name="new"))
    told = {one.destination: one.body["data"]["action"] for one in desk.deliveries()[1:]}
    assert told == {"told": "restore", "new": "hold_released"}


def test_nothing_is_released_or_restored_while_another_case_calls_for_the_hold(desk: Desk) -> None:
    item_id = desk.add_item()
    hold(desk, item_id)
    case_id = desk.add_case(item_id)
    other = desk.add_case(item_id, Purpose.INTIMATE_IMAGES)
    desk.settle(item_id, other, Finding.AGAINST_TERMS, Purpose.INTIMATE_IMAGES)
    desk.tell(desk.cleared(item_id, case_id), somewhere(desk))
    assert desk.actions() == ["none"]


def test_a_waiting_removal_is_given_up_when_the_item_takes_another_course(desk: Desk) -> None:
    item_id = desk.add_item()
    case_id = desk.add_case(item_id)
    desk.tell(desk.approved(item_id, case_id), somewhere(desk))
    desk.wait(seconds=1)
    desk.tell(desk.reversed(item_id, case_id), somewhere(desk))
    removal, restoring = desk.deliveries()
    assert (removal.state, removal.last_error) == (DeliveryState.DEAD, "superseded")
    assert (restoring.state, restoring.body["data"]["action"]) == (DeliveryState.WAITING, "restore")
    assert desk.audited(f"delivery:{removal.id}") == ["webhook.plan", "webhook.supersede"]


def test_two_actions_of_one_course_stand_beside_each_other(desk: Desk) -> None:
    item_id = desk.add_item()
    case_id = desk.add_case(item_id)
    desk.tell(desk.approved(item_id, case_id), somewhere(desk))
    desk.tell(desk.approved(item_id, case_id, ProposalKind.ACCOUNT_ACTION), somewhere(desk))
    assert {one.state for one in desk.deliveries()} == {DeliveryState.WAITING}
    assert sorted(desk.actions()) == ["account_action", "remove"]


def test_a_message_without_an_action_gives_up_nothing(desk: Desk) -> None:
    item_id = desk.add_item()
    case_id = desk.add_case(item_id)
    other = desk.add_case(item_id, Purpose.INTIMATE_IMAGES)
    desk.settle(item_id, other, Finding.AGAINST_TERMS, Purpose.INTIMATE_IMAGES)
    desk.tell(desk.approved(item_id, other), somewhere(desk))
    desk.wait(seconds=1)
    desk.tell(desk.cleared(item_id, case_id), somewhere(desk))
    assert [one.state for one in desk.deliveries()] == [DeliveryState.WAITING] * 2


def test_the_platforms_id_is_erased_from_messages_that_are_over_or_were_never_sent(desk: Desk) -> None:
    item_id, other = desk.add_item(), desk.add_item()
    case_id = desk.add_case(item_id)
    desk.tell(desk.approved(item_id, case_id), somewhere(desk))
    desk.wait(seconds=1)
    desk.tell(desk.reversed(item_id, case_id), somewhere(desk))
    desk.tell(desk.cleared(other, desk.add_case(other)), somewhere(desk))
    with desk.database.begin() as tx:
        assert deliver.forget(tx, [item_id]) == 2
    assert [one.body["data"]["content_id"] for one in desk.deliveries()] == [None, None, "upload-7"]


def test_the_kinds_that_can_be_told_are_the_events_of_the_handler() -> None:
    handled = {kind.kind for kind in tell.Told.__args__} | {LookbackMatched.kind}
    assert handled == tell.TOLD_KINDS == set(BY_TYPE)
