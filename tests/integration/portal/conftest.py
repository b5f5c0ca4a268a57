"""A portal as it runs in production: its settings name its own database role, the public key, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import make_url

from safehold.app import wiring
from safehold.app.program import Program, open_program
from safehold.app.settings import Settings
from safehold.testing import running
from safehold.testing.running import Installation, MovableClock
from safehold.web.server import served

PORTAL = frozenset({"portal"})
WORKER = frozenset({"worker"})
ADDRESS = "https://example.org/gallery?page=2"
GIVEN = {"address": ADDRESS, "seen": "child_images", "statement": "At the bottom of the page.", "contact": ""}


@dataclass(frozen=True, slots=True)
class Portal:
    """The portal over HTTP, and behind it the machinery that it cannot reach."""

    url: str
    program: Program
    behind: Installation
    clock: MovableClock

    def send(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form as a browser without scripts does."""
        asking = {"accept": "text/html", **headers}
        return httpx.post(self.url + path, data=fields, headers=asking, trust_env=False)

    def show(self, path: str) -> httpx.Response:
        """Fetch a page."""
        return httpx.get(self.url + path, headers={"accept": "text/html"}, trust_env=False)

    def report(self, **fields: str) -> str:
        """Send a report and return its code."""
        answer = self.send("/report", GIVEN | fields)
        assert answer.status_code == 201, answer.text
        return code_on(answer.text)

    def status(self, code: str) -> str:
        """Return what the status page says about a code."""
        text = self.send("/report/status", {"code": code}).text
        found = re.search(r'aria-current="step">([^<]+)<', text)
        return found[1] if found else "unknown"

    def follow(self) -> None:
        """Let a worker take the reports in, and every step run that waits."""
        wiring.take_in_reports(self.behind.program)
        wiring.take_in_appeals(self.behind.program)
        self.behind.run_steps()

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Ask the records as their owner."""
        return self.behind.sql(statement, **values)


def code_on(page: str) -> str:
    """Return the reference code that a page shows."""
    found = re.search(r'<p class="code"[^>]*>([^<]+)</p>', page)
    assert found is not None, page
    return unescape(found[1])


@pytest.fixture(scope="package")
def opened_portal(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Yield the portal for all tests of a process: rows do not outlive a test."""
    folder, clock = tmp_path_factory.mktemp("portal"), MovableClock()
    inside = running.settings_of(folder / "inside", database_url)
    with open_program(inside, surfaces=WORKER, clock=clock) as machinery:
        own = make_url(database_url).set(username="safehold_portal").render_as_string(hide_password=False)
        outside = Settings.model_validate(
            {
                "data_folder": str(folder / "outside"),
                "database": {"surface_urls": {"portal": own}},
                "vault": {"sealing_key": str(machinery.home.keys.sealing)},
                "portal": {
                    "reports_per_hour": 10_000,
                    "reports_per_hour_in_all": 100_000,
                    "appeals_per_hour": 10_000,
                    "appeals_per_hour_in_all": 100_000,
                },
            }
        )
        with open_program(outside, surfaces=PORTAL, clock=clock) as program, served(program, PORTAL) as url:
            yield Portal(url, program, Installation(machinery, "", folder), clock)


@pytest.fixture
def portal(opened_portal: Portal, database_url: str) -> Iterator[Portal]:
    """Yield the portal with an empty database and the present time."""
    yield opened_portal
    opened_portal.clock.ahead *= 0
