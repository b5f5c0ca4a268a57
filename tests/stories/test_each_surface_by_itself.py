"""Each surface and the reader in a process of its own, under its own role, carry an upload through."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from safehold.app.access import users
from safehold.app.operator import set_up
from safehold.app.program import open_program
from safehold.model.permissions import Role
from safehold.testing import running
from safehold.testing.processes import SafeholdProcess, environment_of, free_port
from safehold.testing.running import Installation, altered_copy
from safehold.testing.webhook_receiver import WebhookReceiver
from safehold.vault.keys import OPENING_KEY_NAME, SEALING_KEY_NAME

PASSWORD = "a password that is long enough"
NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/none"
CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}


@dataclass(frozen=True, slots=True)
class Apart:
    """The processes, and the records as their owner sees them."""

    api: SafeholdProcess
    console: SafeholdProcess
    media: SafeholdProcess
    reader: SafeholdProcess
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
    """Yield processes that each serve one surface, with a list, a key and an analyst.

    The private key lies where the settings of the reader alone say, and nobody else finds one.
    """
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
        program = stack.enter_context(
            open_program(settings, surfaces=frozenset({"api", "console", "worker"}))
        )
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

        keys, socket = folder / "data" / "keys", folder / "reader.sock"
        opening = folder / "reader.key.pem"
        (keys / OPENING_KEY_NAME).rename(opening)
        known = {"sealing_key": str(keys / SEALING_KEY_NAME)}
        nowhere = {**known, "opening_key": str(folder / "there-is-none")}
        port = free_port()
        sections |= {
            "vault": nowhere,
            "reader": {"socket": str(socket)},
            "media": {"listen": f"127.0.0.1:{port}"},
        }

        def start(name: str, *arguments: str, listen: bool, **own: Any) -> SafeholdProcess:
            environment, log = environment_of(sections | own), folder / f"{name}.log"
            process = SafeholdProcess(*arguments, environment=environment, log=log, listen=listen)
            return stack.enter_context(process)

        reader = start("reader", "reader", listen=False, vault={**known, "opening_key": str(opening)})
        console = start("console", "serve", "--surfaces", "console", listen=True)
        # Nothing of the records in its settings, and a data folder in which there is nothing.
        alone = {"data_folder": str(folder / "empty"), "database": {"surface_urls": {"all": NOWHERE}}}
        origins = {"listen": f"127.0.0.1:{port}", "console_origins": [console.base_url]}
        yield Apart(
            start("api", "serve", "--surfaces", "api", listen=True),
            console,
            start("media", "serve", "--surfaces", "media", listen=False, media=origins, **alone),
            reader,
            start("worker", "worker", listen=False),
            records,
            receiver,
        )


def test_each_process_uses_its_own_role_and_no_other(apart: Apart) -> None:
    apart.eventually(lambda: apart.records.sql("select 1 from schedule_run"))
    assert running.Platform(apart.api.base_url, "none").ask("GET", "/v1/health/ready").status == 200
    wrong = {"name": "analyst", "password": "not this one"}
    console, ours = apart.console.base_url, {"origin": apart.console.base_url}
    assert httpx.post(f"{console}/console/sign-in", data=wrong, headers=ours).status_code == 401
    connected = apart.records.sql(
        "select distinct usename::text from pg_stat_activity where datname = current_database()"
    )
    roles = {row.usename for row in connected}
    own = {"safehold_api", "safehold_console", "safehold_reader", "safehold_worker"}
    assert roles == own | {"safehold_app"}  # the last is the test's


def test_an_upload_is_carried_through_by_processes_apart(apart: Apart) -> None:
    platform = running.Platform(apart.api.base_url, apart.records.key())
    item_id = platform.upload(altered_copy(1), CONTEXT).body["item_id"]
    case_id = apart.eventually(
        lambda: [case["case_id"] for case in platform.ask("GET", f"/v1/items/{item_id}").body["cases"]]
    )[0]
    body = {"item_id": item_id, "statement": "It is mine.", "by": "account-1"}
    assert platform.ask("POST", "/v1/appeals", body).status == 201

    ours = {"origin": apart.console.base_url}
    with httpx.Client(
        base_url=apart.console.base_url, follow_redirects=True, trust_env=False, headers=ours
    ) as browser:
        signed_in = browser.post("/console/sign-in", data={"name": "analyst", "password": PASSWORD})
        assert signed_in.status_code == 200
        token = _field(browser.get("/console/queue").text, "form_token")
        browser.post(f"/console/cases/{case_id}/take", data={"form_token": token})
        shown = browser.get(f"/console/cases/{case_id}").text
        assert "It is mine." in shown
        asked = browser.post(
            f"/console/cases/{case_id}/items/{item_id}/reveals", data={"form_token": token, "tier": "clear"}
        )
        address = asked.json()["picture"]
        assert not address.startswith(apart.console.base_url)
        picture = apart.eventually(lambda: _fetched(address, apart.console.base_url))
        assert Image.open(io.BytesIO(picture)).size == (512, 384)
        assert picture != altered_copy(1)
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
        told = [each.payload["data"] for each in apart.receiver.wait_for(2, timeout=30)]
        for place in ("queue", "lists", "webhooks", "jobs", "audit"):
            assert browser.get(f"/console/{place}").status_code in (200, 403), place
    # The appeal was decided with it, and is answered.
    assert {(each["item_id"], each["action"]) for each in told} == {(item_id, "remove"), (item_id, "none")}
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


def test_only_the_reader_finds_the_private_key_and_the_others_do_without(apart: Apart) -> None:
    assert not list((apart.records.folder / "data" / "keys").glob("*opening*"))
    for process in (apart.api, apart.console, apart.media, apart.worker, apart.reader):
        assert Path(f"/proc/{process.pid}/exe").exists(), process.written()


def _fetched(address: str, origin: str) -> bytes | None:
    """Return a picture, None while nobody answers there yet."""
    try:
        answer = httpx.get(address, headers={"origin": origin}, trust_env=False, timeout=60)
    except httpx.ConnectError:
        return None
    assert answer.status_code == 200, answer.text
    return answer.content


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page) or re.search(
        rf'value="([^"]*)"[^>]*name="{name}"', page
    )
    assert found is not None, f"the page has no field {name}"
    return found.group(1)
