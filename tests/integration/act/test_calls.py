"""Calling whoever is on call: by webhook and by mail, at least once, again when it fails."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.act import calls
from safehold.act.calls import CallState, Channel
from safehold.act.channels.base import Destination
from safehold.act.channels.mail import MailDestination
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.egress.mail import MailServer, Security
from safehold.model.clock import utc_now
from safehold.model.emergency import CallKind, Emergency
from safehold.model.ids import CaseId, EmergencyId, UserId, new_id
from safehold.storage import emergencies as emergency_rows
from safehold.storage.database import Database
from safehold.testing.mail_server import Fault as MailFault
from safehold.testing.mail_server import MailReceiver
from safehold.testing.webhook_receiver import Fault, WebhookReceiver

SECRET = "whsec_" + base64.b64encode(b"a secret that only tests share").decode()


class Tower:
    """A database with one declared risk to life, and both kinds of channel to real servers."""

    def __init__(self, url: str, pager: WebhookReceiver, post: MailReceiver) -> None:
        self.database = Database(url)
        self.now = utc_now()
        self.egress = Egress(user_agent="tests")
        self.channels: tuple[Channel, ...] = (
            Destination(
                name="pager",
                url=pager.url,
                secrets=(SECRET,),
                kinds=frozenset(),
                enabled=True,
                permitted=PermittedNetworks.of(f"127.0.0.1:{pager.port}"),
            ),
            MailDestination(
                name="phones",
                server=MailServer(
                    host="127.0.0.1",
                    port=post.port,
                    security=Security.NONE,
                    permitted=PermittedNetworks.of(f"127.0.0.1:{post.port}"),
                ),
                sender="safehold@example.org",
                recipients=("on-call@example.org",),
                enabled=True,
            ),
            Destination(
                name="off", url="http://127.0.0.1:9/", secrets=(SECRET,), kinds=frozenset(), enabled=False
            ),
        )
        self.about = self._declared()

    def _declared(self) -> Emergency:
        user, case = UserId(new_id()), CaseId(new_id())
        about = Emergency(
            id=EmergencyId(new_id()),
            case_id=case,
            item_id=None,
            declared_by=user,
            declared_at=self.now,
            due_at=self.now + timedelta(minutes=15),
        )
        with self.database.begin() as tx:
            tx.run(
                sa.text(
                    "insert into app_user (id, name, password_hash, roles, queues, created_at)"
                    " values (:id, :name, 'x', '{analyst}', '{csam}', now())"
                ),
                {"id": user, "name": f"analyst {user}"},
            )
            tx.run(
                sa.text(
                    "insert into review_case (id, purpose, account_id, gathered_by, rehearsal, state,"
                    " priority, priority_parts, opened_at)"
                    " values (:id, 'csam', 'harbour-7', :by, false, 'open', 1, '[]', now())"
                ),
                {"id": case, "by": f"account:{case}"},
            )
            emergency_rows.insert(tx, about)
        return about

    def plans(self, kind: CallKind = CallKind.DECLARED, *, turn: int = 1) -> int:
        with self.database.begin() as tx:
            return calls.call(tx, self.about, kind, self.channels, now=self.now, turn=turn)

    def sends(self, *, after: timedelta = timedelta(0), given_up: Any = None) -> int:
        at = self.now + after

        def clock() -> datetime:
            return at

        return calls.send_due(self.database, self.egress, self.channels, clock=clock, given_up=given_up)

    def states(self) -> dict[str, CallState]:
        with self.database.begin() as tx:
            return {one.channel: one.state for one in calls.calls_about(tx, self.about.id)}


@pytest.fixture
def pager() -> Iterator[WebhookReceiver]:
    with WebhookReceiver(SECRET) as receiver:
        yield receiver
    assert not receiver.rejections


@pytest.fixture
def post() -> Iterator[MailReceiver]:
    with MailReceiver(tls=None) as receiver:
        yield receiver


@pytest.fixture
def tower(database_url: str, pager: WebhookReceiver, post: MailReceiver) -> Iterator[Tower]:
    made = Tower(database_url, pager, post)
    yield made
    made.database.close()


def test_every_channel_that_is_on_is_told_which_case_and_nothing_of_what_is_in_it(
    tower: Tower, pager: WebhookReceiver, post: MailReceiver
) -> None:
    assert tower.plans() == 2
    assert tower.plans() == 0
    assert tower.sends() == 2
    assert tower.sends() == 0
    [told] = pager.deliveries
    [mail] = post.taken
    assert set(told.payload["data"]) == {
        "emergency_id",
        "case_id",
        "case_number",
        "priority",
        "due_at",
        "rehearsal",
    }
    assert str(told.payload["data"]["case_number"]) in str(mail.message["Subject"])
    assert list(mail.recipients) == ["on-call@example.org"]
    for said in (str(told.payload), mail.content.decode()):
        assert "harbour" not in said


def test_what_fails_is_tried_again_with_the_same_id_and_the_other_channel_does_not_wait(
    tower: Tower, pager: WebhookReceiver, post: MailReceiver
) -> None:
    pager.fail_next(1, Fault.SERVER_ERROR)
    tower.plans()
    assert tower.sends() == 1
    assert tower.states() == {"pager": CallState.WAITING, "phones": CallState.DELIVERED}
    assert tower.sends(after=timedelta(seconds=4)) == 0
    assert tower.sends(after=timedelta(seconds=6)) == 1
    first, second = pager.attempts
    assert first.webhook_id == second.webhook_id
    assert tower.states()["pager"] is CallState.DELIVERED
    assert len(post.taken) == 1


def test_a_refused_mail_is_a_failure_like_any_other(tower: Tower, post: MailReceiver) -> None:
    post.fault = MailFault.UNKNOWN_RECEIVER
    tower.plans()
    tower.sends()
    with tower.database.begin() as tx:
        [error] = [one.last_error for one in calls.calls_about(tx, tower.about.id) if one.channel == "phones"]
    assert error == "refused:550"


class Dying(Egress):
    """Ends the process on the way, as far as whoever called it can tell."""

    def send(self, *_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt


def test_a_process_that_dies_on_the_way_leaves_its_call_to_be_made_again(tower: Tower) -> None:
    tower.plans()
    alive, tower.egress = tower.egress, Dying(user_agent="tests")
    with pytest.raises(KeyboardInterrupt):
        tower.sends()
    tower.egress = alive
    assert tower.sends(after=timedelta(seconds=44)) == 1, "the other channel's"
    assert tower.sends(after=timedelta(seconds=46)) == 1
    assert set(tower.states().values()) == {CallState.DELIVERED}


def test_after_an_hour_a_call_is_given_up_and_somebody_is_told_once(tower: Tower, post: MailReceiver) -> None:
    dead: list[object] = []
    post.fault = MailFault.BUSY
    tower.plans()
    for minute in range(calls.MOST_ATTEMPTS + 5):
        tower.sends(after=timedelta(minutes=minute), given_up=lambda tx, call_id: dead.append(call_id))
    assert len(dead) == 1
    assert tower.states() == {"pager": CallState.DELIVERED, "phones": CallState.DEAD}


def test_a_wrong_alarm_stops_what_waits_and_tells_those_who_were_called(
    tower: Tower, pager: WebhookReceiver, post: MailReceiver
) -> None:
    pager.fail_next(1, Fault.SERVER_ERROR)
    tower.plans()
    tower.sends()
    with tower.database.begin() as tx:
        calls.stop_calling(tx, tower.about.id)
    tower.plans(CallKind.WITHDRAWN)
    assert tower.sends(after=timedelta(minutes=1)) == 2
    assert [one.payload["type"] for one in pager.deliveries] == ["risk_to_life_withdrawn"]
    assert "Withdrawn" in str(post.taken[-1].message["Subject"])


def test_somebody_can_have_everybody_called_once_more(tower: Tower, pager: WebhookReceiver) -> None:
    tower.plans()
    tower.sends()
    assert tower.plans(turn=2) == 2
    assert tower.sends() == 2
    assert len(pager.deliveries) == 2
