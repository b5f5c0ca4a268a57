"""Nobody can make us ask for an address by reporting it: from the form to the decision, nothing goes out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from form_visitor import Visitor

from safehold.app import wiring
from safehold.app.access import users
from safehold.egress.addresses import PermittedNetworks
from safehold.model.assessment import Finding
from safehold.model.permissions import Role
from safehold.testing import running
from safehold.testing.running import Installation
from safehold.testing.servers import LocalServer, reply
from safehold.web.server import served

NAME, PASSWORD = "somebody", "a password that is long enough"
SURFACES = frozenset({"api", "console", "portal", "worker"})


@pytest.fixture
def site() -> Iterator[LocalServer]:
    """Yield a web server that puts down every request."""
    with LocalServer({"/gallery": reply(b"<h1>A gallery</h1>", media_type="text/html")}) as server:
        yield server


@pytest.fixture
def reaching(site: LocalServer, database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Yield a program that could reach that server: its port is permitted to addresses from content."""
    settings = running.settings_of(tmp_path / "data", database_url)
    networks = PermittedNetworks.of(f"127.0.0.1:{site.port}")
    with running.installation(
        settings, serve=served, surfaces=SURFACES, content_permitted=networks
    ) as opened:
        with opened.program.database.begin() as tx:
            roles, now = frozenset({Role.ANALYST, Role.LEAD}), opened.program.clock()
            users.add_user(tx, name=NAME, password=PASSWORD, roles=roles, actor=running.TESTER, now=now)
        yield opened
        opened.program.scanner.counters.flush()


def test_no_address_that_somebody_reports_is_asked_for_by_anything_of_ours(
    reaching: Installation, site: LocalServer
) -> None:
    address = site.url("/gallery")
    with Visitor(reaching.base_url) as visitor:
        report(visitor, address)
        passed_on = reaching.platform().ask(
            "POST", "/v1/inbound-reports", {"address": address, "seen": "child_images"}
        )
        assert passed_on.status == 201
        run_everything(reaching)
        visitor.sign_in(NAME, PASSWORD)
        shown = [look_at(visitor, row.id) for row in reaching.sql("select id from review_case")]
    assert [address in page for page in shown] == [True, True]
    assert not any(f'="{address}' in page for page in shown)
    finding = iter((Finding.NOT_ILLEGAL, Finding.CANNOT_DETERMINE))
    analyst = reaching.analyst("another")
    reaching.sql("update review_case set locked_by = null, locked_until = null")
    for row in reaching.sql("select id from item"):
        reaching.assess(str(row.id), next(finding), by=analyst)
    run_everything(reaching)
    assert len(reaching.sql("select id from outcome")) == 2

    assert site.requests == []
    # It could have been asked for: the same program reaches it where it is told to.
    reaching.platform().ask("POST", "/v1/scan", {"url": address, "context": {"surface": "rehearsal"}})
    assert len(site.requests) == 1


def report(visitor: Visitor, address: str) -> None:
    """Send the form of the portal."""
    [form] = [one for one in visitor.forms("/report") if "address" in one.typed]
    form.fields["seen"] = "other"
    answer = visitor.submit(form, lambda field, _: address if field == "address" else "")
    assert answer.status_code == 201, answer.text


def run_everything(installation: Installation) -> None:
    """Let each sweep run, and every step that waits."""
    for _ in range(2):
        for schedule in wiring.schedules(installation.program):
            schedule.run()
        installation.run_steps()


def look_at(visitor: Visitor, case_id: Any) -> str:
    """Take a case and return its page."""
    answer = visitor.client.post(
        f"/console/cases/{case_id}/take", headers={"origin": visitor.base_url}, data=form_token(visitor)
    )
    assert answer.status_code == 200, answer.text
    return visitor.client.get(f"/console/cases/{case_id}").text


def form_token(visitor: Visitor) -> dict[str, str]:
    """Return what proves that a form is of this session."""
    [token, *_] = {one.fields["form_token"] for one in visitor.forms("/console/queue") if one.fields}
    return {"form_token": token}
