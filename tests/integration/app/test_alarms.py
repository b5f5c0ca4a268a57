"""An alarm stands from when something needs a person until that is over, or until a person takes note."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from safehold.act import deliver
from safehold.app import alarms, console_view, given_up, stuck_steps, wiring
from safehold.app.access import keys
from safehold.evidence import sweep
from safehold.model.assessment import Finding
from safehold.model.errors import Conflict, NotAllowed, NotFound
from safehold.model.ids import AlarmId, DeliveryId, KeyId, OutcomeId, StepId, UserId, new_id
from safehold.model.item import Context
from safehold.model.permissions import Actor, Permission, Role, system_actor
from safehold.review import settle
from safehold.review.budget import ExposureRules
from safehold.storage import deliveries as delivery_rows
from safehold.storage.database import Database
from safehold.testing import running
from safehold.testing.jobs import run_step, waiting_steps
from safehold.testing.running import Installation, MovableClock, altered_copy
from safehold.testing.webhook_receiver import Fault, WebhookReceiver

UPLOADER = system_actor("tests")
POLICIES = {"remove_confirmed": True}


@dataclass(frozen=True, slots=True)
class Post:
    """A program with nothing uploaded yet, a clock to move, and the people who work with it."""

    safehold: Installation
    receiver: WebhookReceiver
    clock: MovableClock
    admin: Actor
    analyst: Actor
    worker: Database
    console: Database

    def uploads(self, seed: int = 1) -> str:
        """Scan a copy that is held; return the item's id. The steps still wait."""
        context = Context(surface="rehearsal", content_id=f"post-{new_id()}", account_id=f"a-{seed}")
        answer = self.safehold.program.scanner.scan_bytes(altered_copy(seed), context, actor=UPLOADER)
        return str(answer.item_id)

    def settles(self, item_id: str, finding: Finding = Finding.NOT_ILLEGAL) -> None:
        """Let an analyst decide about an item, and what follows run."""
        self.safehold.assess(item_id, finding, by=self.analyst)
        self.safehold.run_steps()

    def reverses(self) -> None:
        """Let a lead reverse the only outcome, and what follows run."""
        program = self.safehold.program
        lead = self.safehold.analyst("lead", Role.LEAD)
        [outcome] = self.safehold.sql("select id from outcome")
        with program.database.begin() as tx:
            settle.reverse(
                tx,
                OutcomeId(outcome.id),
                by=UserId(lead.analyst()),
                reason_code=settle.ReversalReason.MISTAKE,
                record=program.recorder.record,
                now=self.clock(),
            )
        self.safehold.run_steps()

    def sweeps(self) -> None:
        """Run both sweeps that alarms come from and go with, the clearing one as the worker's role."""
        wiring.sweep_retention(self.safehold.program)
        with self.worker.begin() as tx:
            alarms.clear_what_is_over(tx, now=self.clock())

    def standing(self) -> list[tuple[str, str]]:
        """Return code and subject of each alarm that stands."""
        with self.safehold.program.database.begin() as tx:
            return [(one.code, one.subject) for one in alarms.standing(tx)]

    def acknowledges(self) -> None:
        """Let the admin acknowledge the only alarm that stands, as the console's role."""
        with self.console.begin() as tx:
            [alarm] = alarms.standing(tx)
            alarms.acknowledge(tx, alarm.id, actor=self.admin, now=self.clock())

    def gets_stuck(self, step_id: StepId) -> None:
        """Let a step fail as often as it may. What follows from that still waits."""

        def fail(*_: object) -> None:
            raise RuntimeError("planted")

        program = self.safehold.program
        [step] = [one for one in waiting_steps(program.database) if one.id == step_id]
        run_step(program.database, program.recorder, {step.name: fail}, step.id)

    def retries(self, step_id: StepId) -> None:
        """Let the admin retry a stuck step."""
        program = self.safehold.program
        with self.console.begin() as tx:
            stuck_steps.retry(tx, program.recorder, step_id, actor=self.admin, now=self.clock())

    def verbs(self, subject: str) -> list[str]:
        """Return what the audit log says about a subject's alarms, in order."""
        found = self.safehold.sql(
            "select verb from audit_record where object = %(subject)s and verb like 'alarm.%%' order by id",
            subject=subject,
        )
        return [row.verb for row in found]


@pytest.fixture(scope="module")
def manned(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Post]]:
    """Yield what gives a post with its list and people anew: rows do not outlive a test."""
    secret, clock = running.new_secret(), MovableClock()
    folder = tmp_path_factory.mktemp("alarms") / "data"
    apart = f"{database_url}{'&' if '?' in database_url else '?'}options=-crole%3Dsafehold_"
    worker, console = Database(f"{apart}worker"), Database(f"{apart}console")
    with WebhookReceiver(secret) as receiver:
        webhooks = {"platform": running.webhook_to(receiver, secret)}
        settings = running.settings_of(folder, database_url, webhooks=webhooks, policies=POLICIES)
        with running.installation(settings, clock=clock) as safehold:

            def post() -> Post:
                clock.ahead = timedelta()
                safehold.add_list()
                admin = safehold.analyst("admin", Role.ADMIN)
                return Post(safehold, receiver, clock, admin, safehold.analyst(), worker, console)

            yield post
    worker.close()
    console.close()


@pytest.fixture
def post(manned: Callable[[], Post]) -> Iterator[Post]:
    made = manned()
    yield made
    made.safehold.program.scanner.counters.flush()


def a_stuck_step(post: Post) -> StepId:
    post.safehold.run_steps()
    post.uploads()
    [step] = waiting_steps(post.safehold.program.database)
    post.gets_stuck(step.id)
    return step.id


def two_refused_messages(post: Post) -> list[DeliveryId]:
    """Two processes send at the same time, and each is told that the receiver is gone."""
    items = [post.uploads(seed) for seed in (1, 2)]
    post.safehold.run_steps()
    for item_id in items:
        post.settles(item_id)
    post.receiver.fail_next(1, Fault.GONE)
    given_up.deliver_webhooks(post.safehold.program)
    database = post.safehold.program.database
    with database.begin() as tx:
        [other] = [one for one in deliver.listed(tx) if one.state is delivery_rows.DeliveryState.WAITING]
        later = post.clock() + timedelta(minutes=2)
        claimed = delivery_rows.claim(tx, ["platform"], now=later, until=later)
        assert claimed is not None
        delivery_rows.failed(tx, claimed, status=410, error=delivery_rows.GONE, next_attempt_at=None)
        alarms.raise_alarm(tx, alarms.DELIVERY_DEAD, f"delivery:{other.id}", now=later)
        return [one.id for one in deliver.listed(tx)]


def test_a_stuck_step_alarms_until_it_is_tried_again(post: Post) -> None:
    step_id = a_stuck_step(post)
    post.safehold.run_steps()
    assert post.standing() == [("step_stuck", f"step:{step_id}")]
    post.sweeps()
    assert post.standing() == [("step_stuck", f"step:{step_id}")]
    post.retries(step_id)
    assert post.standing() == []
    assert post.verbs(f"step:{step_id}") == ["alarm.raise", "alarm.clear"]


def test_a_step_that_was_tried_again_before_its_alarm_was_raised_alarms_nobody(post: Post) -> None:
    step_id = a_stuck_step(post)
    post.retries(step_id)
    post.safehold.run_steps()
    assert post.standing() == []
    assert post.verbs(f"step:{step_id}") == []


def test_an_acknowledged_stuck_step_alarms_again_only_when_it_gets_stuck_anew(post: Post) -> None:
    step_id = a_stuck_step(post)
    post.safehold.run_steps()
    post.acknowledges()
    post.sweeps()
    post.safehold.run_steps()
    assert post.standing() == []
    post.retries(step_id)
    post.gets_stuck(step_id)
    post.safehold.run_steps()
    assert post.standing() == [("step_stuck", f"step:{step_id}")]


def test_retrying_one_refused_message_clears_the_alarms_of_all_that_it_takes_up(post: Post) -> None:
    refused = two_refused_messages(post)
    assert {subject for _, subject in post.standing()} == {f"delivery:{one}" for one in refused}
    post.sweeps()
    assert len(post.standing()) == 2
    with post.console.begin() as tx:
        given_up.retry(tx, refused[0], actor=post.admin, now=post.clock())
    assert post.standing() == []


def test_an_acknowledged_message_alarms_again_only_when_it_is_given_up_anew(post: Post) -> None:
    post.settles(_held(post))
    post.receiver.fail_next(2, Fault.GONE)
    given_up.deliver_webhooks(post.safehold.program)
    [(code, subject)] = post.standing()
    assert code == "delivery_dead"
    post.acknowledges()
    post.sweeps()
    given_up.deliver_webhooks(post.safehold.program)
    assert post.standing() == []
    with post.console.begin() as tx:
        [dead] = deliver.listed(tx)
        given_up.retry(tx, dead.id, actor=post.admin, now=post.clock())
    given_up.deliver_webhooks(post.safehold.program)
    assert post.standing() == [("delivery_dead", subject)]


def test_a_message_that_a_later_course_of_its_item_overtook_alarms_nobody_any_more(post: Post) -> None:
    post.settles(_held(post), Finding.ILLEGAL)
    post.receiver.fail_next(1, Fault.GONE)
    given_up.deliver_webhooks(post.safehold.program)
    post.sweeps()
    assert [code for code, _ in post.standing()] == ["delivery_dead"]
    post.reverses()
    post.sweeps()
    assert post.standing() == []
    with post.console.begin() as tx:
        assert deliver.gone_destinations(tx) == {"platform"}


def test_undecided_media_alarm_once_until_somebody_decides(post: Post) -> None:
    item_id = _held(post)
    [media] = post.safehold.sql("select media_id from item")
    post.clock.ahead = timedelta(days=61)
    post.sweeps()
    post.sweeps()
    assert post.standing() == [("undecided_too_long", f"media:{media.media_id}")]
    post.settles(item_id)
    post.sweeps()
    assert post.standing() == []
    assert post.verbs(f"media:{media.media_id}") == ["alarm.raise", "alarm.clear"]


def test_the_alarm_about_undecided_media_ends_when_they_are_destroyed(post: Post) -> None:
    _held(post)
    post.clock.ahead = timedelta(days=61)
    post.sweeps()
    assert len(post.standing()) == 1
    post.clock.ahead = timedelta(days=91)
    post.sweeps()
    assert post.standing() == []


def test_acknowledged_undecided_media_alarm_again_only_after_they_came_anew(post: Post) -> None:
    _held(post)
    post.clock.ahead = timedelta(days=61)
    post.sweeps()
    post.acknowledges()
    post.sweeps()
    assert post.standing() == []
    _held(post)
    post.clock.ahead = timedelta(days=100)
    post.sweeps()
    assert post.standing() == []
    post.clock.ahead = timedelta(days=122)
    post.sweeps()
    assert [code for code, _ in post.standing()] == ["undecided_too_long"]


def test_more_undecided_media_than_one_sweep_looks_at_are_alarmed_about_by_the_next(post: Post) -> None:
    for seed in (1, 2, 3):
        post.uploads(seed)
    post.safehold.run_steps()
    post.clock.ahead = timedelta(days=61)
    program = post.safehold.program
    for expected in (2, 3, 3):
        done = sweep.sweep(program.database, program.vault, now=post.clock(), limit=2)
        with program.database.begin() as tx:
            for media_id in done.alarms:
                alarms.raise_alarm(tx, alarms.UNDECIDED_TOO_LONG, f"media:{media_id}", now=post.clock())
        assert len(post.standing()) == expected


def test_what_could_not_be_sealed_alarms_until_a_later_upload_of_it_is(post: Post) -> None:
    item_id = _unsealed(post)
    post.sweeps()
    assert post.standing() == [("custody_failed", f"item:{item_id}")]
    post.uploads()
    post.sweeps()
    assert post.standing() == []


def test_what_could_not_be_sealed_alarms_until_an_outcome_stands(post: Post) -> None:
    item_id = _unsealed(post)
    post.safehold.run_steps()
    post.sweeps()
    assert len(post.standing()) == 1
    post.settles(item_id)
    post.sweeps()
    assert post.standing() == []


def test_what_could_not_be_sealed_alarms_until_a_person_takes_note(post: Post) -> None:
    item_id = _unsealed(post)
    post.acknowledges()
    post.sweeps()
    assert post.standing() == []
    assert post.verbs(f"item:{item_id}") == ["alarm.raise", "alarm.acknowledge"]
    [record] = post.safehold.sql("select actor from audit_record where verb = 'alarm.acknowledge'")
    assert record.actor == f"user:{post.admin.user_id}"


def test_only_a_standing_alarm_is_acknowledged_and_only_by_who_may(post: Post) -> None:
    _unsealed(post)
    with post.console.begin() as tx:
        [alarm] = alarms.standing(tx)
    with post.console.begin() as tx, pytest.raises(NotAllowed):
        alarms.acknowledge(tx, alarm.id, actor=post.analyst, now=post.clock())
    with post.console.begin() as tx, pytest.raises(NotFound):
        alarms.acknowledge(tx, AlarmId(new_id()), actor=post.admin, now=post.clock())
    post.acknowledges()
    with post.console.begin() as tx, pytest.raises(Conflict):
        alarms.acknowledge(tx, alarm.id, actor=post.admin, now=post.clock())


def test_the_bar_counts_the_alarms_of_every_code(post: Post) -> None:
    _unsealed(post, 1)
    _unsealed(post, 2)
    post.gets_stuck(waiting_steps(post.safehold.program.database)[0].id)
    post.safehold.run_steps()
    with post.console.begin() as tx:
        bar = console_view.bar(tx, post.admin, exposure=ExposureRules(), now=post.clock())
    assert bar.alarms == {"custody_failed": 2, "step_stuck": 1}


def test_a_key_in_use_that_ends_within_two_weeks_alarms_a_person_until_it_is_revoked(post: Post) -> None:
    key_id = a_key(post, days=15, used=True)
    a_key(post, days=15, used=False)
    assert expiring(post) == []
    post.clock.ahead += timedelta(days=1, seconds=1)
    assert expiring(post) == [f"key:{key_id}"]
    with post.console.begin() as tx:
        keys.revoke_key(tx, key_id, actor=UPLOADER, now=post.clock())
    assert expiring(post) == []
    assert post.verbs(f"key:{key_id}") == ["alarm.raise", "alarm.clear"]


@pytest.mark.parametrize("days", [15, 0])
def test_an_alarm_about_a_key_ends_with_the_key_or_when_it_lasts_longer(post: Post, days: int) -> None:
    key_id = a_key(post, days=10, used=True)
    assert expiring(post) == [f"key:{key_id}"]
    end = post.clock() + timedelta(days=days)
    post.safehold.sql("update api_key set expires_at = %(end)s where id = %(id)s", end=end, id=key_id)
    assert expiring(post) == []


def test_a_key_that_nobody_uses_any_more_alarms_nobody(post: Post) -> None:
    a_key(post, days=40, used=True)
    post.clock.ahead += timedelta(days=31)
    assert expiring(post) == []


def test_a_person_who_took_note_of_a_key_is_not_alarmed_about_the_same_end_again(post: Post) -> None:
    key_id = a_key(post, days=10, used=True)
    assert expiring(post) == [f"key:{key_id}"]
    post.acknowledges()
    post.clock.ahead += timedelta(days=1)
    assert expiring(post) == []


def a_key(post: Post, *, days: int, used: bool) -> KeyId:
    """Make a key that ends in so many days; return its id."""
    end = post.clock() + timedelta(days=days)
    with post.safehold.program.database.begin() as tx:
        secret = keys.add_key(
            tx,
            name="platform",
            scopes=frozenset({Permission.SCAN}),
            actor=UPLOADER,
            now=post.clock(),
            expires_at=end,
        )
        key_id = next(key.id for key in keys.list_keys(tx))
        if used:
            keys.authenticate(tx, secret, now=post.clock())
    return key_id


def expiring(post: Post) -> list[str]:
    """Look as a worker does; return the subjects of the alarms about keys that stand."""
    with post.worker.begin() as tx:
        alarms.raise_for_expiring_keys(tx, now=post.clock())
        alarms.clear_what_is_over(tx, now=post.clock())
    return [subject for code, subject in post.standing() if code == alarms.KEY_EXPIRING]


def _held(post: Post) -> str:
    item_id = post.uploads()
    post.safehold.run_steps()
    return item_id


def _unsealed(post: Post, seed: int = 1) -> str:
    """Upload something while the store takes nothing."""
    objects = Path(post.safehold.program.home.vault) / "objects"
    objects.mkdir(exist_ok=True)
    aside = objects.rename(objects.with_name("aside"))
    objects.write_bytes(b"in the way of the folder")
    item_id = post.uploads(seed)
    objects.unlink()
    aside.rename(objects)
    return item_id
