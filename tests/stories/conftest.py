"""The whole program from upload to webhook, with a clock that a test can move and a strict receiver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from safehold.model.assessment import Finding
from safehold.model.permissions import Actor, Role
from safehold.testing import running
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, MovableClock, altered_copy
from safehold.testing.webhook_receiver import Delivery, WebhookReceiver
from safehold.web.server import served

CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}


@dataclass(frozen=True, slots=True)
class Story:
    """A platform, the program that it asks, the people who decide, and what the platform is told."""

    safehold: Installation
    platform: Platform
    receiver: WebhookReceiver
    told_before: int
    clock: MovableClock
    analyst: Actor
    lead: Actor

    def uploads(self, seed: int = 1, **context: str) -> str:
        """Let the platform upload an altered copy; it is held. Return the item's id, its case opened."""
        answer = self.platform.upload(altered_copy(seed), CONTEXT | context, media_type="image/jpeg")
        assert answer.body["result"] == "hold"
        self.goes_on()
        return str(answer.body["item_id"])

    def assesses(self, item_id: str, finding: Finding) -> None:
        """Let the analyst assess the item, and everything follow."""
        self.safehold.assess(item_id, finding, by=self.analyst)
        self.goes_on()

    def goes_on(self) -> None:
        """Run what waits, and send what is due."""
        self.safehold.run_steps()
        self.safehold.deliver()

    @property
    def deliveries(self) -> list[Delivery]:
        """What the platform was told in this story, in order."""
        assert not self.receiver.rejections
        return self.receiver.deliveries[self.told_before :]

    def told(self) -> list[tuple[str, str]]:
        """Return what the platform was told, in order: the kind of event and the action."""
        return [(one.payload["type"], one.payload["data"]["action"]) for one in self.deliveries]

    def one(self, statement: str, **values: Any) -> Any:
        """Return the only row that a query has."""
        [row] = self.safehold.sql(statement, **values)
        return row


@pytest.fixture(scope="package")
def running_program(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, WebhookReceiver, MovableClock]]:
    """Yield a program whose policy removes what people confirm, without any row, and whom it tells."""
    secret, clock = running.new_secret(), MovableClock()
    with WebhookReceiver(secret) as receiver:
        settings = running.settings_of(
            tmp_path_factory.mktemp("story") / "data",
            database_url,
            webhooks={"platform": running.webhook_to(receiver, secret)},
            policies={"remove_confirmed": True},
        )
        with running.installation(settings, serve=served, clock=clock) as opened:
            yield opened, receiver, clock


@pytest.fixture
def story(
    running_program: tuple[Installation, WebhookReceiver, MovableClock], database_url: str
) -> Iterator[Story]:
    """Yield the program with a list, an analyst and a lead, and nothing uploaded yet."""
    opened, receiver, clock = running_program
    clock.ahead = timedelta()
    opened.add_list()
    lead = opened.analyst("lead", Role.LEAD)
    told = len(receiver.deliveries)
    yield Story(opened, opened.platform(), receiver, told, clock, opened.analyst(), lead)
    opened.program.scanner.counters.flush()
