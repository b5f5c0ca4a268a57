"""kill -9 at any point: every answered hold is there, and the end is that of a run that nobody disturbed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from safehold.lists.withdrawal import Withdrawal
from safehold.model.assessment import Finding
from safehold.testing import running
from safehold.testing.platform import Platform
from safehold.testing.processes import SafeholdProcess, environment_of
from safehold.testing.running import Installation, altered_copy
from safehold.testing.webhook_receiver import WebhookReceiver
from safehold.web.server import served

CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}
STEPS = (
    "detect.look_back",
    "review.find_withdrawn",
    "review.open_case",
    "review.settle",
    "evidence.preserve",
    "app.plan_proposals",
    "authorities.plan",
    "act.tell_platform",
)


def until(is_so: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came to be so"
        time.sleep(0.05)


@contextmanager
def worker_that_dies_everywhere(sections: dict[str, Any], folder: Path) -> Iterator[Path]:
    """Run it; yield the file that names the points at which it died."""
    passed = folder / "passed.txt"
    script = Path(__file__).with_name("mortal_worker.py")
    with (folder / "worker.log").open("ab") as log:
        command = [sys.executable, str(script), json.dumps(sections), str(passed)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield passed
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.fixture
def receiver_and_settings(
    fresh_database_url: str, tmp_path: Path
) -> Iterator[tuple[WebhookReceiver, dict[str, Any]]]:
    """Yield a receiver, and settings that lead to it, as processes are handed them."""
    secret = running.new_secret()
    with WebhookReceiver(secret) as receiver:
        yield (
            receiver,
            {
                "data_folder": str(tmp_path / "data"),
                "database": {"url": fresh_database_url},
                "surfaces": running.SURFACES,
                "policies": {"remove_confirmed": True},
                "webhooks": {"platform": running.webhook_to(receiver, secret)},
            },
        )


def test_a_worker_killed_before_and_after_every_step_ends_where_an_undisturbed_one_does(
    receiver_and_settings: tuple[WebhookReceiver, dict[str, Any]], tmp_path: Path
) -> None:
    receiver, sections = receiver_and_settings
    settings = running.Settings.model_validate(sections)
    with running.installation(settings, serve=served) as opened:
        opened.add_list()
        analyst = opened.analyst()
        with worker_that_dies_everywhere(sections, tmp_path) as passed:
            item_id = opened.platform().upload(altered_copy(1), CONTEXT).body["item_id"]
            until(lambda: opened.sql("select 1 from case_item"))
            until(lambda: not waiting(opened))
            opened.assess(item_id, Finding.ILLEGAL, by=analyst)
            receiver.wait_for(1, timeout=90)
            until(lambda: delivered(opened))
        points = set(passed.read_text().split("\n"))
        wanted = {f"{when} {name}" for when in ("before", "after") for name in (*STEPS, "webhook")}
        assert points - {""} == wanted

        assert state_of(opened) == UNDISTURBED
        assert len({one.webhook_id for one in receiver.deliveries}) == len(receiver.deliveries) == 1
        # It was killed after sending and before that was recorded, so the same message came again.
        assert set(receiver.repeats) <= {one.webhook_id for one in receiver.deliveries}
        assert receiver.rejections == []


def test_a_worker_killed_at_every_step_after_a_withdrawal_loses_no_item_that_waits_again(
    receiver_and_settings: tuple[WebhookReceiver, dict[str, Any]], tmp_path: Path
) -> None:
    _, sections = receiver_and_settings
    with running.installation(running.Settings.model_validate(sections), serve=served) as opened:
        opened.add_list()
        item_id = opened.platform().upload(altered_copy(1), CONTEXT).body["item_id"]
        opened.run_steps()
        opened.assess(item_id, Finding.ILLEGAL, by=opened.analyst())
        opened.run_steps()
        program = opened.program
        withdrawal = Withdrawal(
            reason="source_error",
            actor=running.TESTER,
            record=program.recorder.record,
            clock=program.clock,
        )
        with program.database.begin() as tx:
            withdrawal.whole_list(tx, running.LIST)
        with worker_that_dies_everywhere(sections, tmp_path) as passed:
            until(lambda: opened.sql("select 1 from outcome where reversed_at is not null"))
            until(lambda: not waiting(opened))
        points = set(passed.read_text().split("\n"))
        steps = ("review.find_withdrawn", "review.reconsider_match", "act.release")
        assert points >= {f"{when} {name}" for when in ("before", "after") for name in steps}
        assert [row.waits_for for row in opened.sql("select waits_for from case_item")] == ["assessment"]
        assert len(opened.sql("select 1 from event where kind = 'match_withdrawn'")) == 1
        assert len(opened.sql("select 1 from event where kind = 'outcome_reversed'")) == 1
        assert opened.sql("select 1 from step where state = 'stuck'") == []


UNDISTURBED = {
    "events": [
        ("assessment_filed", 1),
        ("case_opened", 1),
        ("item_confirmed", 1),
        ("item_matched", 1),
        ("item_preserved", 1),
        ("proposal_approved", 1),
    ],
    "steps": [(name, "done", 1) for name in sorted(STEPS)],
    "outcomes": [("illegal", "A")],
    "proposals": [("remove_item", "approved")],
    "cases": [("settled",)],
    "retention": [("confirmed",)],
    "deliveries": [("proposal_approved", "delivered")],
    "standing holds": [(1,)],
    "alarms": [],
}


def test_that_is_indeed_where_an_undisturbed_run_ends(story: Any) -> None:
    item_id = story.uploads()
    story.assesses(item_id, Finding.ILLEGAL)
    assert state_of(story.safehold) == UNDISTURBED


def state_of(opened: Installation) -> dict[str, list[tuple[Any, ...]]]:
    """Return what people and platforms are left with, without ids and times."""
    queries = {
        "events": "select kind, count(*) from event where kind <> 'entries_changed' group by 1 order by 1",
        "steps": "select name, state, count(*) from step group by 1, 2 order by 1",
        "outcomes": "select finding, category from outcome where reversed_at is null",
        "proposals": "select kind, state from proposal",
        "cases": "select state from review_case",
        "retention": "select rule from retention",
        "deliveries": "select kind, state from delivery",
        "standing holds": "select count(*) from hold where released_at is null",
        "alarms": "select code from alarm",
    }
    return {name: [tuple(vars(row).values()) for row in opened.sql(query)] for name, query in queries.items()}


def waiting(opened: Installation) -> bool:
    """Say whether a step waits."""
    return bool(opened.sql("select 1 from step where state = 'waiting'"))


def delivered(opened: Installation) -> bool:
    """Say whether every message was recorded as delivered."""
    return not opened.sql("select 1 from delivery where state <> 'delivered'")


@pytest.mark.parametrize("kills", [1, pytest.param(12, marks=pytest.mark.slow)])
def test_every_hold_that_was_answered_is_there_after_the_server_was_killed_in_the_middle(
    receiver_and_settings: tuple[WebhookReceiver, dict[str, Any]], tmp_path: Path, kills: int
) -> None:
    _, sections = receiver_and_settings
    settings = running.Settings.model_validate(sections)
    with running.installation(settings) as opened:
        opened.add_list()
        key, answered = opened.key(), []
        for life in range(kills):
            log = tmp_path / f"api{life}.log"
            environment = environment_of(sections)
            with SafeholdProcess(
                "serve", "--surfaces", "api", environment=environment, log=log, listen=True
            ) as api:
                enough = threading.Event()
                uploading = [
                    threading.Thread(target=upload_until_it_dies, args=(api.base_url, key, answered, enough))
                    for _ in range(3)
                ]
                for thread in uploading:
                    thread.start()
                assert enough.wait(60)
                api.kill()
                for thread in uploading:
                    thread.join()
        assert len(answered) >= 5 * kills
        held = {str(row.item_id) for row in opened.sql("select item_id from hold where released_at is null")}
        assert set(answered) <= held
        # Whatever was recorded is whole: nothing is held without its event, its custody and its account.
        counts = opened.counts()
        assert counts["item"] == counts["hold"] == counts["item_context"]
        matched = opened.sql("select count(*) as n from event where kind = 'item_matched'")
        assert matched[0].n == counts["item"]
        assert counts["sealed_object"] == counts["wrapped_key"] == 2 * counts["media"]
        for seed in running.LISTED:
            item_ids = opened.sql(
                "select i.id from item i join item_context c on c.item_id = i.id where content_id = %(id)s",
                id=f"post-{seed}",
            )
            if item_ids:
                assert opened.open_sealed(str(item_ids[0].id)) == altered_copy(seed)
        opened.run_steps()
        assert len(opened.sql("select 1 from case_item")) == counts["item"]


def upload_until_it_dies(base_url: str, key: str, answered: list[str], enough: threading.Event) -> None:
    """Upload listed pictures in turn, and note each item that a hold was answered for."""
    platform, number, before = Platform(base_url, key), 0, len(answered)
    while True:
        seed = running.LISTED[number % len(running.LISTED)]
        try:
            answer = platform.upload(altered_copy(seed), CONTEXT | {"content_id": f"post-{seed}"})
        except (OSError, ValueError):
            return
        except Exception as error:
            if type(error).__module__ == "http.client":
                return
            raise
        assert answer.body["result"] == "hold"
        answered.append(answer.body["item_id"])
        number += 1
        if len(answered) - before >= 5:
            enough.set()
