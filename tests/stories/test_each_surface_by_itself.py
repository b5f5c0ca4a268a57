"""Three processes on one embedded server, each under its own role, carry an upload through."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from safehold.app.access import users
from safehold.app.operator import set_up
from safehold.app.program import open_program
from safehold.model.permissions import Role
from safehold.testing import running
from safehold.testing.processes import SafeholdProcess, environment_of
from safehold.testing.running import Installation, altered_copy
from safehold.testing.webhook_receiver import WebhookReceiver

PASSWORD = "a password that is long enough"
CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}


@dataclass(frozen=True, slots=True)
class Apart:
    """The three processes, and the records as their owner sees them."""

    api: SafeholdProcess
    console: SafeholdProcess
    worker: SafeholdProcess
    records: Installation
    receiver: WebhookReceiver

    def eventually(self, is_so: Callable[[], Any]) -> Any:
        """Wait until something is so, and return it."""
        until = time.monotonic() + 30
        while not (found := is_so()):
            assert time.monotonic() < until, self.worker.written()
            time.sleep(0.05)
        return found


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """Yield three processes that each serve one surface, with a list, a key and an analyst."""
    folder, secret = tmp_path_factory.mktemp("apart"), running.new_secret()
    with ExitStack() as stack:
        receiver = stack.enter_context(WebhookReceiver(secret))
        sections: dict[str, Any] = {
            "data_folder": str(folder / "data"),
            "surfaces": running.SURFACES,
            "policies": {"remove_confirmed": True},
            "webhooks": {"platform": running.webhook_to(receiver, secret)},
        }
        settings = running.Settings.model_validate(sections)
        set_up(settings)
        program = stack.enter_context(open_program(settings))
        records = Installation(program, "", folder)
        records.add_list()
        with program.database.begin() as tx:
            users.add_user(
                tx,
                name="Analyst",
                password=PASSWORD,
                roles=frozenset({Role.ANALYST, Role.LEAD}),
                actor=running.TESTER,
                now=program.clock(),
            )

        def start(name: str, *arguments: str, listen: bool) -> SafeholdProcess:
            environment, log = environment_of(sections), folder / f"{name}.log"
            process = SafeholdProcess(*arguments, environment=environment, log=log, listen=listen)
            return stack.enter_context(process)

        yield Apart(
            start("api", "serve", "--surfaces", "api", listen=True),
            start("console", "serve", "--surfaces", "console", listen=True),
            start("worker", "worker", listen=False),
            records,
            receiver,
        )


def test_each_process_uses_its_own_role_and_no_other(apart: Apart) -> None:
    apart.eventually(lambda: apart.records.sql("select 1 from schedule_run"))
    assert running.Platform(apart.api.base_url, "none").ask("GET", "/v1/health/ready").status == 200
    wrong = {"name": "analyst", "password": "not this one"}
    assert httpx.post(f"{apart.console.base_url}/console/sign-in", data=wrong).status_code == 401
    connected = apart.records.sql(
        "select distinct usename::text from pg_stat_activity where datname = current_database()"
    )
    roles = {row.usename for row in connected}
    assert roles == {"safehold_api", "safehold_console", "safehold_worker", "safehold_app"}


def test_an_upload_is_carried_through_by_three_processes(apart: Apart) -> None:
    platform = running.Platform(apart.api.base_url, apart.records.key())
    item_id = platform.upload(altered_copy(1), CONTEXT).body["item_id"]
    case_id = apart.eventually(
        lambda: [case["case_id"] for case in platform.ask("GET", f"/v1/items/{item_id}").body["cases"]]
    )[0]
    body = {"item_id": item_id, "statement": "It is mine.", "by": "account-1"}
    assert platform.ask("POST", "/v1/appeals", body).status == 201

    with httpx.Client(base_url=apart.console.base_url, follow_redirects=True, trust_env=False) as browser:
        signed_in = browser.post("/console/sign-in", data={"name": "analyst", "password": PASSWORD})
        assert signed_in.status_code == 200
        token = _field(browser.get("/console/queue").text, "form_token")
        browser.post(f"/console/cases/{case_id}/take", data={"form_token": token})
        shown = browser.get(f"/console/cases/{case_id}").text
        assert "It is mine." in shown
        asked = browser.post(
            f"/console/cases/{case_id}/items/{item_id}/reveals", data={"form_token": token, "tier": "clear"}
        )
        picture = browser.get(f"/console/reveals/{asked.json()['reveal_id']}")
        assert picture.content == altered_copy(1)
        filed = browser.post(
            f"/console/cases/{case_id}/items/{item_id}/assessment",
            data={
                "form_token": token,
                "revision": _field(shown, "revision"),
                "form": "imagery",
                "finding": "illegal:A",
                "age_band": "7-10",
            },
        )
        assert filed.status_code == 200, filed.text
        [told] = apart.receiver.wait_for(1, timeout=30)
        for place in ("queue", "lists", "webhooks", "jobs", "audit"):
            assert browser.get(f"/console/{place}").status_code in (200, 403), place
    assert (told.payload["data"]["item_id"], told.payload["data"]["action"]) == (item_id, "remove")
    assert apart.receiver.rejections == []
    [tier] = apart.records.sql("select tier from assessment")
    assert tier.tier == "clear"
    assert apart.records.sql("select * from alarm where cleared_at is null") == []
    failed = apart.records.sql("select name, error_code from schedule_run where failures > 0")
    assert failed == []


def test_the_api_alone_raises_an_alarm_when_nothing_can_be_sealed_and_shows_its_figures(
    apart: Apart,
) -> None:
    platform = running.Platform(apart.api.base_url, apart.records.key())
    objects = Path(apart.records.program.home.vault) / "objects"
    objects.mkdir(exist_ok=True)
    kept = objects.rename(objects.with_name("kept"))
    objects.write_bytes(b"in the way")
    try:
        answer = platform.upload(altered_copy(3), CONTEXT)
    finally:
        objects.unlink()
        kept.rename(objects)
    assert (answer.status, answer.body.get("result")) == (200, "hold")
    figures = platform.ask("GET", "/metrics")
    assert figures.status == 200
    assert 'safehold_alarms{code="custody_failed"} 1.0' in figures.body


def test_the_console_process_has_no_api_and_the_api_process_no_console(apart: Apart) -> None:
    nobody = running.Platform(apart.console.base_url, "none")
    assert nobody.ask("POST", "/v1/scan", {}).status == 404
    assert running.Platform(apart.api.base_url, "none").ask("GET", "/console").status == 404


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page) or re.search(
        rf'value="([^"]*)"[^>]*name="{name}"', page
    )
    assert found is not None, f"the page has no field {name}"
    return found.group(1)
