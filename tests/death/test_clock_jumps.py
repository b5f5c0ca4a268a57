"""A clock that jumps: nothing is destroyed that would not be due, nothing is lost, and the order is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from safehold.app import alarms, wiring
from safehold.app.audit.sequencer import sequence
from safehold.app.audit.verify import verify
from safehold.jobs.schedules import Scheduler
from safehold.model.assessment import Finding
from safehold.model.ids import AlarmId
from safehold.model.permissions import Actor, Role
from safehold.testing import running
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, MovableClock, altered_copy
from safehold.testing.webhook_receiver import WebhookReceiver
from safehold.web.server import served

CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
DESTROYING = ("retention", "leftovers")


@dataclass(frozen=True, slots=True)
class Elsewhen:
    """A program whose clock a test moves, with one upload in custody that nobody has decided about."""

    safehold: Installation
    receiver: WebhookReceiver
    clock: MovableClock
    told_before: int
    platform: Platform
    item_id: str
    analyst: Actor

    def sweeps(self, *names: str) -> None:
        """Give these schedules their turn, or all, as a worker's scheduler does."""
        program = self.safehold.program
        schedules = [one for one in wiring.schedules(program) if not names or one.name in names]
        scheduler = Scheduler(program.database, schedules, clock=program.clock)
        for schedule in schedules:
            scheduler.turn(schedule)

    def destroyed(self) -> int:
        """Return how many objects are destroyed."""
        return len(self.safehold.sql("select 1 from destruction"))

    def alarms(self) -> list[str]:
        """Return the codes of the alarms that stand."""
        return [row.code for row in self.safehold.sql("select code from alarm where cleared_at is null")]


@pytest.fixture(scope="module")
def opened(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, WebhookReceiver, MovableClock]]:
    secret, clock = running.new_secret(), MovableClock()
    with WebhookReceiver(secret) as receiver:
        settings = running.settings_of(
            tmp_path_factory.mktemp("clock") / "data",
            database_url,
            webhooks={"platform": running.webhook_to(receiver, secret)},
            policies={"remove_confirmed": True},
        )
        with running.installation(settings, serve=served, clock=clock) as program:
            yield program, receiver, clock


@pytest.fixture
def elsewhen(
    opened: tuple[Installation, WebhookReceiver, MovableClock], database_url: str
) -> Iterator[Elsewhen]:
    safehold, receiver, clock = opened
    clock.ahead = timedelta()
    safehold.add_list()
    platform = safehold.platform()
    item_id = platform.upload(altered_copy(1), CONTEXT).body["item_id"]
    safehold.run_steps()
    there = Elsewhen(
        safehold, receiver, clock, len(receiver.deliveries), platform, item_id, safehold.analyst()
    )
    there.sweeps()
    yield there
    clock.ahead = timedelta()
    safehold.program.scanner.counters.flush()


def test_a_clock_that_jumps_a_year_ahead_destroys_nothing_and_alarms_a_person(elsewhen: Elsewhen) -> None:
    elsewhen.clock.ahead = YEAR
    for hours in range(4):
        elsewhen.clock.ahead = YEAR + hours * HOUR
        elsewhen.sweeps()
    assert elsewhen.destroyed() == 0
    assert "destruction_waits" in elsewhen.alarms()
    assert elsewhen.safehold.sql("select 1 from item_context")
    assert elsewhen.safehold.open_sealed(elsewhen.item_id) == altered_copy(1)


def test_a_clock_that_is_set_right_again_leaves_no_alarm_and_has_destroyed_nothing(
    elsewhen: Elsewhen,
) -> None:
    elsewhen.clock.ahead = YEAR
    elsewhen.sweeps()
    elsewhen.clock.ahead = HOUR
    elsewhen.sweeps()
    assert (elsewhen.destroyed(), elsewhen.alarms()) == (0, [])


def test_what_is_due_is_destroyed_once_a_person_says_that_the_clock_is_right(elsewhen: Elsewhen) -> None:
    elsewhen.clock.ahead = YEAR
    elsewhen.sweeps()
    program = elsewhen.safehold.program
    [standing] = elsewhen.safehold.sql("select id from alarm where code = 'destruction_waits'")
    with program.database.begin() as tx:
        admin = elsewhen.safehold.analyst("admin", Role.ADMIN)
        alarms.acknowledge(tx, AlarmId(standing.id), actor=admin, now=program.clock())
    elsewhen.clock.ahead = YEAR + 2 * HOUR
    elsewhen.sweeps()
    assert elsewhen.destroyed() == 2


def test_what_is_due_is_destroyed_after_a_day_that_nobody_used_to_object(elsewhen: Elsewhen) -> None:
    elsewhen.clock.ahead = YEAR
    elsewhen.sweeps()
    elsewhen.clock.ahead = YEAR + DAY - HOUR
    elsewhen.sweeps()
    assert elsewhen.destroyed() == 0
    elsewhen.clock.ahead = YEAR + DAY + HOUR
    elsewhen.sweeps()
    assert elsewhen.destroyed() == 2
    assert "destruction_waits" not in elsewhen.alarms()


def test_a_system_that_sweeps_every_day_destroys_on_the_day_without_asking(elsewhen: Elsewhen) -> None:
    for day in range(0, 89, 2):
        elsewhen.clock.ahead = day * DAY
        elsewhen.sweeps(*DESTROYING)
    assert elsewhen.destroyed() == 0
    assert "destruction_waits" not in elsewhen.alarms()
    elsewhen.clock.ahead = 90 * DAY + HOUR
    elsewhen.sweeps(*DESTROYING)
    assert elsewhen.destroyed() == 2


@pytest.mark.parametrize("back", [HOUR, DAY], ids=["an hour", "a day"])
def test_a_clock_that_goes_back_destroys_nothing_early_and_the_chain_stays_whole(
    elsewhen: Elsewhen, back: timedelta
) -> None:
    elsewhen.clock.ahead = -back
    other = elsewhen.platform.upload(altered_copy(2), CONTEXT | {"account_id": "account-2"}).body
    assert other["result"] == "hold"
    elsewhen.safehold.run_steps()
    elsewhen.sweeps()
    elsewhen.safehold.assess(elsewhen.item_id, Finding.ILLEGAL, by=elsewhen.analyst)
    elsewhen.safehold.run_steps()
    program = elsewhen.safehold.program
    sequence(program.database, now=program.clock())
    elsewhen.clock.ahead = timedelta()
    # Right again: a receiver refuses a message whose timestamp is off.
    elsewhen.safehold.deliver()
    [told] = elsewhen.receiver.wait_for(elsewhen.told_before + 1, timeout=30)[elsewhen.told_before :]
    assert told.payload["data"]["action"] == "remove"
    assert elsewhen.destroyed() == 0
    verdict = verify(program.database)
    assert (verdict.intact, verdict.waiting) == (True, 0)
    # Ids are made by the machine's own clock, and events are ordered by the records: neither goes back.
    kinds = [row.kind for row in elsewhen.safehold.sql("select kind from event order by seq")]
    assert kinds.index("item_confirmed") > kinds.index("assessment_filed") > kinds.index("item_matched")


def test_sweeps_go_on_at_once_after_the_clock_was_set_back_from_a_year_ahead(elsewhen: Elsewhen) -> None:
    elsewhen.clock.ahead = YEAR
    elsewhen.sweeps()
    ran = {row.name: row.runs for row in elsewhen.safehold.sql("select name, runs from schedule_run")}
    # Each has begun "in a year"; a beginning in the future is a wrong clock and keeps nobody waiting longer.
    for minutes in (0, 61):
        elsewhen.clock.ahead = timedelta(minutes=minutes)
        elsewhen.sweeps()
    again = {row.name: row.runs for row in elsewhen.safehold.sql("select name, runs from schedule_run")}
    assert {name for name in ran if again[name] == ran[name]} == set()


def test_a_session_does_not_outlive_a_clock_that_jumps_ahead(elsewhen: Elsewhen) -> None:
    program, password = elsewhen.safehold.program, "a password that is long enough"
    with program.database.begin() as tx:
        running.users.add_user(
            tx,
            name="Ann",
            password=password,
            roles=frozenset({Role.ANALYST}),
            actor=running.TESTER,
            now=program.clock(),
        )
    url = elsewhen.safehold.base_url
    with httpx.Client(base_url=url, headers={"Origin": url}, trust_env=False) as browser:
        browser.post("/console/sign-in", data={"name": "Ann", "password": password})
        assert browser.get("/console/queue").status_code == 200
        elsewhen.clock.ahead = YEAR
        assert browser.get("/console/queue").status_code != 200
