"""Claims about delivering webhooks over real HTTP to a receiver that fails in every way."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from safehold.act import deliver, holds, tell
from safehold.model.errors import Conflict, NotAllowed, NotFound
from safehold.model.ids import DeliveryId, new_id
from safehold.model.permissions import Actor
from safehold.storage import audit
from safehold.storage import deliveries as delivery_rows
from safehold.storage.database import Database
from safehold.storage.deliveries import Delivery, DeliveryState
from safehold.testing.servers import Answer, LocalServer, reply
from safehold.testing.webhook_receiver import Fault, WebhookReceiver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Desk
    from safehold.act.channels.base import Destination


@pytest.fixture
def receiver(desk: Desk) -> Iterator[WebhookReceiver]:
    with WebhookReceiver(desk.secret) as listening:
        yield listening
    assert listening.rejections == []


def tell_of_new_item(desk: Desk, *destinations: Destination) -> Delivery:
    item_id = desk.add_item()
    desk.tell(desk.cleared(item_id, desk.add_case(item_id)), *destinations)
    return desk.deliveries()[-1]


def only(desk: Desk) -> Delivery:
    [one] = desk.deliveries()
    return one


def test_a_message_arrives_signed_and_is_recorded(desk: Desk, receiver: WebhookReceiver) -> None:
    platform = desk.receiver_of(receiver)
    told = tell_of_new_item(desk, platform)
    done = desk.deliver(platform)
    [arrived] = receiver.deliveries
    assert arrived.webhook_id == str(told.id)
    assert arrived.payload == told.body
    assert (done.taken, done.failed) == (1, 0)
    assert (only(desk).state, only(desk).delivered_at, only(desk).attempts) == (
        DeliveryState.DELIVERED,
        desk.now,
        1,
    )
    assert desk.audited(f"delivery:{told.id}") == ["webhook.plan", "webhook.attempt"]


def test_a_delivered_message_is_not_sent_again(desk: Desk, receiver: WebhookReceiver) -> None:
    platform = desk.receiver_of(receiver)
    tell_of_new_item(desk, platform)
    desk.deliver(platform)
    desk.wait(minutes=4)
    assert desk.deliver(platform) == deliver.Delivered()
    assert len(receiver.attempts) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.SERVER_ERROR, "status"), (Fault.RESET, "closed"), (Fault.NO_ANSWER, "timeout")],
)
def test_a_failed_message_is_sent_again_unchanged_until_it_arrives(
    desk: Desk, receiver: WebhookReceiver, fault: Fault, error: str
) -> None:
    receiver.fail_next(2, fault)
    platform = desk.receiver_of(receiver, deadline_seconds=1.0 if fault is Fault.NO_ANSWER else 15.0)
    told = tell_of_new_item(desk, platform)
    assert desk.deliver(platform).failed == 1
    waiting = only(desk)
    assert (waiting.state, waiting.last_error) == (DeliveryState.WAITING, error)
    assert waiting.next_attempt_at == desk.now + timedelta(seconds=5)
    assert desk.deliver(platform).failed == 0
    desk.wait(seconds=5)
    assert desk.deliver(platform).failed == 1
    assert only(desk).next_attempt_at == desk.now + timedelta(minutes=5)
    desk.wait(minutes=5)
    patient = desk.receiver_of(receiver)
    assert desk.deliver(patient).taken == 1
    # A receiver rejects an id that comes with another body, and rejections fail every test here.
    assert [attempt.webhook_id for attempt in receiver.attempts] == [str(told.id)] * 3
    assert receiver.deliveries[0].payload == told.body
    assert only(desk).attempts == 3


def test_every_attempt_is_audited_with_nothing_but_ids_and_codes(
    desk: Desk, receiver: WebhookReceiver
) -> None:
    receiver.fail_next(1, Fault.SERVER_ERROR)
    platform = desk.receiver_of(receiver)
    told = tell_of_new_item(desk, platform)
    desk.deliver(platform)
    with desk.database.begin() as tx:
        attempts = [
            record.detail
            for record in audit.of_object(tx, f"delivery:{told.id}")
            if record.verb == "webhook.attempt"
        ]
    assert attempts == [
        {"destination": "platform", "attempt": 1, "verdict": "down", "status": 500, "error": "status"}
    ]


def test_after_ten_failures_the_message_is_dead_and_a_person_can_send_it_again(desk: Desk) -> None:
    with LocalServer({"/hook": reply(status=500)}) as server:
        platform = desk.destination(server.url("/hook"), server.port)
        told = tell_of_new_item(desk, platform)
        begun = desk.now
        for wait in (*deliver.SCHEDULE, timedelta(0)):
            desk.deliver(platform)
            desk.wait(seconds=wait.total_seconds())
        assert len(server.requests) == 10
        assert len({request.body for request in server.requests}) == 1
    dead = only(desk)
    assert (dead.state, dead.attempts, dead.last_status) == (DeliveryState.DEAD, 10, 500)
    assert desk.now - begun == sum(deliver.SCHEDULE, timedelta(0))
    with LocalServer({"/hook": reply()}) as server:
        platform = desk.destination(server.url("/hook"), server.port)
        assert desk.deliver(platform).taken == 0
        with desk.database.begin() as tx:
            deliver.retry(tx, told.id, desk.person, now=desk.now)
        assert desk.deliver(platform).taken == 1
    assert desk.audited(f"delivery:{told.id}")[-3:] == ["webhook.dead", "webhook.retry", "webhook.attempt"]


def test_a_destination_that_is_gone_hears_nothing_more_until_a_person_retries(
    desk: Desk, receiver: WebhookReceiver
) -> None:
    receiver.fail_next(1, Fault.GONE)
    platform = desk.receiver_of(receiver)
    refused = tell_of_new_item(desk, platform)
    done = desk.deliver(platform)
    assert (done.gone, done.dead) == ({"platform"}, [refused.id])
    tell_of_new_item(desk, platform)
    desk.wait(minutes=1)
    assert desk.deliver(platform) == deliver.Delivered()
    assert len(receiver.attempts) == 1
    with desk.database.begin() as tx:
        assert deliver.gone_destinations(tx) == {"platform"}
        deliver.retry(tx, refused.id, desk.person, now=desk.now)
        assert deliver.gone_destinations(tx) == set()
    assert desk.deliver(platform).taken == 2
    assert desk.audited("destination:platform") == ["webhook.reopen"]


def test_a_gone_destination_can_be_reopened_when_what_it_refused_was_overtaken(
    desk: Desk, receiver: WebhookReceiver
) -> None:
    receiver.fail_next(1, Fault.GONE)
    platform = desk.receiver_of(receiver)
    item_id = desk.add_item()
    case_id = desk.add_case(item_id)
    desk.tell(desk.approved(item_id, case_id), platform)
    desk.deliver(platform)
    desk.wait(seconds=1)
    desk.tell(desk.reversed(item_id, case_id), platform)
    refused = desk.deliveries()[0]
    with desk.database.begin() as tx, pytest.raises(Conflict):
        deliver.retry(tx, refused.id, desk.person, now=desk.now)
    with desk.database.begin() as tx:
        deliver.reopen(tx, "platform", desk.person, now=desk.now)
    assert desk.deliver(platform).taken == 1
    assert [one.payload["data"]["action"] for one in receiver.deliveries] == ["restore"]
    with desk.database.begin() as tx, pytest.raises(Conflict):
        deliver.reopen(tx, "platform", desk.person, now=desk.now)


def test_only_somebody_with_the_permission_retries(desk: Desk) -> None:
    nobody = Actor(permissions=frozenset())
    with desk.database.begin() as tx, pytest.raises(NotAllowed):
        deliver.retry(tx, DeliveryId(new_id()), nobody, now=desk.now)
    with desk.database.begin() as tx, pytest.raises(NotAllowed):
        deliver.reopen(tx, "platform", nobody, now=desk.now)
    with desk.database.begin() as tx, pytest.raises(NotFound):
        deliver.retry(tx, DeliveryId(new_id()), desk.person, now=desk.now)


def test_a_waiting_message_cannot_be_retried(desk: Desk, receiver: WebhookReceiver) -> None:
    told = tell_of_new_item(desk, desk.receiver_of(receiver))
    with desk.database.begin() as tx, pytest.raises(Conflict):
        deliver.retry(tx, told.id, desk.person, now=desk.now)


def test_a_removal_never_arrives_after_the_restoring_that_followed_it(
    desk: Desk, receiver: WebhookReceiver
) -> None:
    receiver.fail_next(1, Fault.SERVER_ERROR)
    platform = desk.receiver_of(receiver)
    item_id = desk.add_item()
    case_id = desk.add_case(item_id)
    desk.tell(desk.approved(item_id, case_id), platform)
    desk.deliver(platform)
    desk.wait(seconds=1)
    desk.tell(desk.reversed(item_id, case_id), platform)
    desk.deliver(platform)
    desk.wait(minutes=3)
    desk.deliver(platform)
    assert [one.payload["data"]["action"] for one in receiver.deliveries] == ["restore"]
    removal = desk.deliveries()[0]
    with desk.database.begin() as tx, pytest.raises(Conflict):
        deliver.retry(tx, removal.id, desk.person, now=desk.now)


def test_what_follows_waits_while_the_earlier_message_is_on_its_way(
    desk: Desk, receiver: WebhookReceiver
) -> None:
    platform = desk.receiver_of(receiver)
    item_id = desk.add_item()
    case_id = desk.add_case(item_id)
    desk.tell(desk.approved(item_id, case_id), platform)
    with desk.database.begin() as tx:
        under_way = delivery_rows.claim(tx, {"platform"}, now=desk.now, until=desk.now + timedelta(minutes=1))
    assert under_way is not None
    desk.wait(seconds=1)
    desk.tell(desk.reversed(item_id, case_id), platform)
    assert desk.deliver(platform) == deliver.Delivered()
    with desk.database.begin() as tx:
        delivery_rows.delivered(tx, under_way.id, status=200, at=desk.now)
    assert desk.deliver(platform).taken == 1


def test_an_earlier_message_that_fails_on_its_way_is_given_up_for_what_follows(desk: Desk) -> None:
    item_id = desk.add_item()
    case_id = desk.add_case(item_id)

    def reversed_meanwhile(answer: Answer) -> None:
        if json.loads(answer.received.body)["data"]["action"] == "remove":
            desk.wait(seconds=1)
            desk.tell(desk.reversed(item_id, case_id), platform)
            reply(status=400)(answer)
        else:
            reply()(answer)

    with LocalServer({"/hook": reversed_meanwhile}) as server:
        platform = desk.destination(server.url("/hook"), server.port)
        desk.tell(desk.approved(item_id, case_id), platform)
        done = desk.deliver(platform)
    removal, restoring = desk.deliveries()
    assert (done.taken, done.dead) == (1, [removal.id])
    assert (removal.state, removal.last_error) == (DeliveryState.DEAD, "superseded")
    assert restoring.state is DeliveryState.DELIVERED


def test_no_transaction_is_open_while_a_message_is_on_its_way(desk: Desk) -> None:
    seen: list[Delivery] = []

    def look(answer: Answer) -> None:
        with desk.database.begin() as tx:
            [one] = deliver.listed(tx)
            # Locked for writing at once, which would wait for a transaction that is still open.
            seen.append(delivery_rows.get(tx, one.id, for_update=True))
        reply()(answer)

    with LocalServer({"/hook": look}) as server:
        platform = desk.destination(server.url("/hook"), server.port)
        tell_of_new_item(desk, platform)
        desk.deliver(platform)
    assert [one.attempts for one in seen] == [1]


def test_two_processes_never_send_the_same_message_at_once(desk: Desk, receiver: WebhookReceiver) -> None:
    platform = desk.receiver_of(receiver)
    for _ in range(6):
        tell_of_new_item(desk, platform)
    both = [threading.Thread(target=desk.deliver, args=(platform,)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(receiver.attempts) == len(receiver.deliveries) == 6


def test_a_destination_that_is_down_does_not_hold_up_another(desk: Desk, receiver: WebhookReceiver) -> None:
    with LocalServer({"/hook": reply(status=503)}) as server:
        down = desk.destination(server.url("/hook"), server.port, name="down")
        for _ in range(3):
            tell_of_new_item(desk, down, desk.receiver_of(receiver))
        done = desk.deliver(down, desk.receiver_of(receiver))
        assert len(server.requests) == 1
    assert (done.taken, done.failed) == (3, 1)


def test_a_message_that_is_refused_does_not_hold_up_the_next(desk: Desk) -> None:
    with LocalServer({"/hook": reply(status=400)}) as server:
        platform = desk.destination(server.url("/hook"), server.port)
        for _ in range(3):
            tell_of_new_item(desk, platform)
        assert desk.deliver(platform).failed == 3


def test_a_destination_on_a_private_address_needs_its_own_permission(desk: Desk) -> None:
    with LocalServer({"/hook": reply()}) as server:
        platform = desk.destination(server.url("/hook"), server.port + 1)
        tell_of_new_item(desk, platform)
        assert desk.deliver(platform).failed == 1
        assert server.requests == []
    assert only(desk).last_error == "address_refused"


def test_a_longer_wait_that_a_destination_asks_for_is_granted(desk: Desk) -> None:
    with LocalServer({"/hook": reply(status=429, retry_after="90")}) as server:
        platform = desk.destination(server.url("/hook"), server.port)
        tell_of_new_item(desk, platform)
        desk.deliver(platform)
    assert only(desk).next_attempt_at == desk.now + timedelta(seconds=90)


def test_nothing_is_sent_to_a_destination_that_was_switched_off_since(
    desk: Desk, receiver: WebhookReceiver
) -> None:
    tell_of_new_item(desk, desk.receiver_of(receiver))
    assert desk.deliver(desk.receiver_of(receiver, enabled=False)) == deliver.Delivered()
    assert desk.deliver() == deliver.Delivered()
    assert only(desk).state is DeliveryState.WAITING


def test_the_platforms_id_stays_in_a_message_that_will_be_repeated(
    desk: Desk, receiver: WebhookReceiver
) -> None:
    receiver.fail_next(1, Fault.SERVER_ERROR)
    told = tell_of_new_item(desk, desk.receiver_of(receiver))
    desk.deliver(desk.receiver_of(receiver))
    assert told.item_id is not None
    with desk.database.begin() as tx:
        assert deliver.forget(tx, [told.item_id]) == 0
    desk.wait(seconds=5)
    assert desk.deliver(desk.receiver_of(receiver)).taken == 1


def test_deliveries_are_listed_newest_first_by_state_and_page_and_counted(
    desk: Desk, receiver: WebhookReceiver
) -> None:
    platform = desk.receiver_of(receiver)
    tell_of_new_item(desk, platform)
    desk.deliver(platform)
    for _ in range(2):
        tell_of_new_item(desk, platform)
    with desk.database.begin() as tx:
        all_three = deliver.listed(tx)
        assert [one.created_at for one in all_three] == sorted(
            (one.created_at for one in all_three), reverse=True
        )
        waiting = deliver.listed(tx, state=DeliveryState.WAITING)
        assert {one.id for one in waiting} < {one.id for one in all_three}
        assert len(waiting) == 2
        first = deliver.listed(tx, limit=1)
        assert deliver.listed(tx, before=first[0].id) == all_three[1:]
        assert deliver.listed(tx, destination="elsewhere") == []
        assert deliver.counted(tx) == {
            DeliveryState.WAITING: 2,
            DeliveryState.DELIVERED: 1,
            DeliveryState.DEAD: 0,
        }


# Posts one message for real and dies by SIGKILL before the answer can be recorded.
KILLED_DELIVERY = """
import os, signal, sys
from datetime import datetime
from safehold.act.channels.base import Destination
from safehold.act.deliver import deliver_due
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.storage.database import Database

database_url, url, secret, permitted, now = sys.argv[1:]

class Dying(Egress):
    def send(self, *arguments, **named):
        super().send(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

destination = Destination(
    name="platform", url=url, secrets=(secret,), enabled=True, kinds=frozenset({"item_cleared"}),
    permitted=PermittedNetworks.of(permitted),
)
moment = datetime.fromisoformat(now)
deliver_due(Database(database_url), Dying(user_agent="t"), [destination], clock=lambda: moment)
"""


def test_a_process_killed_between_sending_and_recording_leads_to_a_repeat_with_the_same_id(
    desk: Desk, receiver: WebhookReceiver, database_url: str
) -> None:
    platform = desk.receiver_of(receiver)
    told = tell_of_new_item(desk, platform)
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            KILLED_DELIVERY,
            database_url,
            receiver.url,
            desk.secret,
            f"127.0.0.1:{receiver.port}",
            desk.now.isoformat(),
        ],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert len(receiver.deliveries) == 1
    assert (only(desk).state, only(desk).attempts) == (DeliveryState.WAITING, 1)
    assert desk.deliver(platform) == deliver.Delivered()
    desk.wait(minutes=2)
    assert desk.deliver(platform).taken == 1
    assert receiver.repeats == [str(told.id)]
    assert len(receiver.deliveries) == 1
    assert (only(desk).state, only(desk).attempts) == (DeliveryState.DELIVERED, 2)


def test_a_late_failure_does_not_undo_what_another_process_delivered(
    desk: Desk, receiver: WebhookReceiver
) -> None:
    platform = desk.receiver_of(receiver)
    tell_of_new_item(desk, platform)
    with desk.database.begin() as tx:
        slow = delivery_rows.claim(tx, {"platform"}, now=desk.now, until=desk.now)
    assert slow is not None
    assert desk.deliver(platform).taken == 1
    with desk.database.begin() as tx:
        assert not delivery_rows.failed(tx, slow, status=500, error="status", next_attempt_at=desk.now)
    assert only(desk).state is DeliveryState.DELIVERED


def test_the_workers_role_may_do_all_of_this_and_the_consoles_may_retry(
    desk: Desk, receiver: WebhookReceiver, database_url: str
) -> None:
    receiver.fail_next(1, Fault.GONE)
    platform = desk.receiver_of(receiver)
    item_id = desk.add_item()
    case_id = desk.add_case(item_id)
    match = desk.add_match(item_id)
    event = desk.cleared(item_id, case_id)
    as_api, as_worker, as_console = (
        Database(f"{database_url}{'&' if '?' in database_url else '?'}options=-crole%3Dsafehold_{surface}")
        for surface in ("api", "worker", "console")
    )
    with as_api.begin() as tx:
        holds.place(tx, item_id, [match], now=desk.now)
    with as_worker.begin() as tx:
        tell.tell_platform(tx, event, destinations=[platform], now=desk.now)
        holds.release(tx, event, now=desk.now)
        deliver.forget(tx, [item_id])
    done = deliver.deliver_due(as_worker, desk.egress, [platform], clock=desk.clock)
    with as_console.begin() as tx:
        deliver.retry(tx, done.dead[0], desk.person, now=desk.now)
        assert deliver.counted(tx)[DeliveryState.WAITING] == 1
    assert deliver.deliver_due(as_worker, desk.egress, [platform], clock=desk.clock).taken == 1
    for database in (as_api, as_worker, as_console):
        database.close()
