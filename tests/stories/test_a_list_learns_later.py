"""An upload is clear; days later a list gains it: the platform hears its reference and submits it anew."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from safehold.act.message_fields import BY_TYPE
from safehold.app import lookback
from safehold.model.hash_list import Purpose
from safehold.testing import running
from safehold.testing.platform import Answer, Platform
from safehold.testing.running import Installation, MovableClock, altered_copy, picture
from safehold.testing.webhook_receiver import Fault, WebhookReceiver
from safehold.web.server import served

UPLOADS = {"uploads": {"lookback": {"basis": "a law made for tests", "days": 7}}}


@dataclass(frozen=True, slots=True)
class Later:
    """A platform that gives references, what looks after its uploads, and what it is told."""

    safehold: Installation
    platform: Platform
    receiver: WebhookReceiver
    clock: MovableClock

    def uploads(self, seed: int, reference: str) -> Answer:
        """Let the platform upload an altered copy under a reference of its own."""
        context = {"surface": "uploads", "reference": reference, "account_id": "account-1"}
        answer = self.platform.upload(altered_copy(seed), context, media_type="image/jpeg")
        self.safehold.program.scanner.kept.flush()
        return answer

    def learns(self, seed: int) -> None:
        """Let the list gain a landscape."""
        decoders = self.safehold.program.scanner.decoders
        value = decoders.examine(picture(seed)).signals[0].text
        self.safehold.load("northland", [{"signal_type": "pdq", "value": value}])

    def goes_on(self) -> None:
        """Let everything follow, the look back included, and send what is due."""
        self.safehold.run_steps()
        replace(lookback.of(self.safehold.program), settle=timedelta(0)).run()
        self.safehold.run_steps()
        self.safehold.deliver()

    @property
    def told(self) -> list[Any]:
        """What the platform was told of looking back, in order."""
        assert not self.receiver.rejections
        return [one.payload for one in self.receiver.deliveries if one.payload["type"] == "lookback_matched"]


@pytest.fixture
def later(fresh_database_url: str, tmp_path: Path) -> Iterator[Later]:
    secret, clock = running.new_secret(), MovableClock()
    with WebhookReceiver(secret) as receiver:
        settings = running.settings_of(
            tmp_path / "data",
            fresh_database_url,
            surfaces=UPLOADS,
            webhooks={"platform": running.webhook_to(receiver, secret)},
        )
        with running.installation(settings, serve=served, clock=clock) as opened:
            opened.add_list("northland", (2,), purpose=Purpose.CSAM)
            yield Later(opened, opened.platform(), receiver, clock)


def test_the_platform_hears_its_reference_and_what_it_submits_anew_is_held(later: Later) -> None:
    later.clock.ahead = timedelta(days=-2)
    first = later.uploads(1, "post-8841")
    assert (first.body["result"], first.body["item_id"]) == ("clear", None)
    assert first.body["reference"] == "post-8841"
    later.uploads(3, "post-8842")
    later.goes_on()
    assert later.told == []

    later.clock.ahead = timedelta()
    later.learns(1)
    later.goes_on()
    [told] = later.told
    assert told["data"] == {"reference": "post-8841", "surface": "uploads", "action": "submit"}
    assert set(told["data"]) == set(BY_TYPE["lookback_matched"]), "the reference page says so"
    for table in ("item", "review_case", "hold"):
        assert table not in later.safehold.counts(), "the look itself holds nothing and opens nothing"

    again = later.uploads(1, "post-8841")
    assert again.body["result"] == "hold"
    assert again.body["reference_until"] is None
    later.goes_on()
    assert len(later.safehold.sql("select 1 from review_case")) == 1
    assert len(later.told) == 1


def test_a_receiver_that_is_down_hears_it_once_when_it_is_back(later: Later) -> None:
    later.uploads(1, "post-8841")
    later.learns(1)
    later.receiver.fail_next(1, Fault.SERVER_ERROR)
    later.goes_on()
    assert later.told == []
    later.clock.ahead = timedelta(seconds=10)
    later.goes_on()
    assert [told["data"]["reference"] for told in later.told] == ["post-8841"]


def test_what_waits_for_a_receiver_when_its_day_ends_is_given_up_and_names_nothing(later: Later) -> None:
    later.uploads(1, "post-8841")
    later.learns(1)
    later.receiver.fail_next(1, Fault.SERVER_ERROR)
    later.goes_on()
    later.clock.ahead = timedelta(days=7)
    lookback.sweep(later.safehold.program)
    later.goes_on()
    assert later.told == []
    [delivery] = later.safehold.sql("select state, last_error, body from delivery")
    assert (delivery.state, delivery.last_error) == ("dead", "superseded")
    assert delivery.body["data"]["reference"] is None
    assert later.safehold.sql("select 1 from alarm") == []


def test_a_platform_that_does_not_want_to_hear_is_not_told(later: Later, tmp_path: Path) -> None:
    program = later.safehold.program
    only = tuple(replace(one, kinds=frozenset({"item_cleared"})) for one in program.destinations)
    later.uploads(1, "post-8841")
    later.learns(1)
    mute = replace(later, safehold=replace(later.safehold, program=replace(program, destinations=only)))
    mute.goes_on()
    assert later.told == []
    assert later.safehold.sql("select 1 from delivery") == []


DIES = """
import json, os, signal, sys
from dataclasses import replace
from datetime import timedelta
from safehold.app import given_up, lookback, wiring
from safehold.app.program import open_program
from safehold.app.settings import Settings
from safehold.storage import lookback as rows
from safehold.testing.jobs import run_all_steps

settings, places = Settings.model_validate(json.loads(sys.argv[1])), json.loads(sys.argv[2])


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def dying_after(real):
    return lambda *values, **named: (real(*values, **named), die())


def live(where):
    if where == "before the first is told":
        rows.add_match = die
    elif where == "after one is told, before its commit":
        rows.add_match = dying_after(rows.add_match)
    elif where == "before the note of how far":
        rows.advance = die
    elif where == "after the note of how far, before its commit":
        rows.advance = dying_after(rows.advance)
    with open_program(settings, surfaces=frozenset({"worker"})) as program:
        run_all_steps(program.database, program.recorder, wiring.handlers(program))
        if where == "after the step, before the look":
            die()
        replace(lookback.of(program), settle=timedelta(0)).run()
        if where == "after the look, before its steps":
            die()
        run_all_steps(program.database, program.recorder, wiring.handlers(program))
        if where == "after the messages are written":
            die()
        given_up.deliver_webhooks(program)


for place in places:
    if (child := os.fork()) == 0:
        live(place)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
PLACES = (
    "after the step, before the look",
    "before the first is told",
    "after one is told, before its commit",
    "before the note of how far",
    "after the note of how far, before its commit",
    "after the look, before its steps",
    "after the messages are written",
)


def test_kill_9_between_any_two_steps_tells_each_reference_exactly_once(later: Later) -> None:
    for seed in (1, 3):
        later.uploads(seed, f"post-{seed}")
        later.learns(seed)
    settings = running.settings_of(
        later.safehold.program.settings.data_folder,
        later.safehold.program.settings.database.url,
        surfaces=UPLOADS,
    ).model_dump(mode="json")
    for name, each in later.safehold.program.settings.webhooks.items():
        secrets = [one.get_secret_value() for one in each.secrets]
        settings["webhooks"][name] = {**each.model_dump(mode="json"), "secrets": secrets}
    lived = subprocess.run(
        [sys.executable, "-c", DIES, json.dumps(settings), json.dumps([*PLACES, "nowhere"])],
        env={name: value for name, value in os.environ.items() if not name.startswith("SAFEHOLD_")},
        check=False,
        capture_output=True,
        text=True,
    )
    ends = [int(line) for line in lived.stdout.splitlines() if line.lstrip("-").isdigit()]
    assert ends == [-signal.SIGKILL] * len(PLACES) + [0], lived.stderr
    assert sorted(told["data"]["reference"] for told in later.told) == ["post-1", "post-3"]
    assert len(later.receiver.attempts) == 2
    assert later.safehold.sql("select 1 from lookback_task") == []
