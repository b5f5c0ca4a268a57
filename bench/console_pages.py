"""How long whole pages of the console take over HTTP, and how large they are, with many cases open.

From the request to the last byte at whoever asked, signed in, bar and all: the queue, a case, the case of
thousands of items, and the next case after a decision was sent. Besides the clock it says the processor time
that service and database took together, asking included: that does not count what neighbours do. Run by
`make bench`; `console_pages.py CASES ITEMS` for other sizes.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import httpx
import open_cases
import sqlalchemy as sa

from safehold.app import logs
from safehold.app.access.users import add_user
from safehold.app.settings import Settings
from safehold.model.clock import utc_now
from safehold.model.permissions import Role, system_actor
from safehold.storage.database import Database
from safehold.storage.embedded import EmbeddedServer
from safehold.testing import running
from safehold.testing.bench.processes import processor_seconds, tree
from safehold.web.server import served

TIMES = 15
NAME, PASSWORD = "bench-analyst", "a long enough password"
TOKEN = re.compile(r'name="form-token" content="([^"]+)"')
ASSESSED_AT = re.compile(r'<form class="card" method="post" action="([^"]+/assessment)"')
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class Analyst:
    """Somebody at work: a session, and what a browser would send."""

    def __init__(self, url: str) -> None:
        """Sign in."""
        self.client = httpx.Client(base_url=url, headers={"origin": url}, timeout=60)
        page = self.client.get("/console/sign-in").text
        fields = dict(HIDDEN.findall(page)) | {"name": NAME, "password": PASSWORD}
        answer = self.client.post("/console/sign-in", data=fields)
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise SystemExit(f"The sign-in was answered by {answer.status_code}.")
        page = self.client.get("/console/queue").text
        self.token = TOKEN.findall(page)[0]

    def opens(self, address: str) -> str:
        """Return a page."""
        answer = self.client.get(address)
        answer.raise_for_status()
        return answer.text

    def takes_next(self) -> str:
        """Take the next case and return its page."""
        answer = self.client.post("/console/queue/next", data={"form_token": self.token})
        return self.opens(answer.headers["location"])

    def files(self, page: str) -> str:
        """File what can be said of an item without a look, and return the next case's page."""
        address = ASSESSED_AT.findall(page)[0]
        form = page[page.index(address) :]
        fields = dict(HIDDEN.findall(form[: form.index("</form>")])) | {"finding": "cannot_determine"}
        answer = self.client.post(address, data=fields)
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise SystemExit(f"Filing was answered by {answer.status_code}.")
        return self.opens(answer.headers["location"])


def timed(name: str, run: Callable[[], str]) -> str:
    """Run something several times; print by the clock, in processor time, and how large it is."""
    run()
    took, page, before = [], "", processor_seconds(tree(os.getpid()))
    for _ in range(TIMES):
        began = time.perf_counter()
        page = run()
        took.append((time.perf_counter() - began) * 1000)
    spent = (processor_seconds(tree(os.getpid())) - before) * 1000 / TIMES
    size = len(page.encode()) / 1000
    open_cases.say(f"{name:<50} {min(took):8.0f} {median(took):8.0f} {spent:10.0f} ms {size:7.0f} KB")
    return page


def measure(url: str, large: str) -> None:
    """Print how long each page takes."""
    open_cases.say(f"{'':<50} {'quickest':>8} {'middle':>8} {'processor':>10}")
    ann = Analyst(url)
    timed("the queue", lambda: ann.opens("/console/queue"))
    page = ann.takes_next()
    address = ASSESSED_AT.findall(page)[0].partition("/items/")[0]
    timed("a case", lambda: ann.opens(address))
    shown = page

    def decide() -> str:
        nonlocal shown
        shown = ann.files(shown)
        return shown

    timed("a decision sent, and the next case's page here", decide)
    timed("the case of thousands of items", lambda: ann.opens(f"/console/cases/{large}"))


def main() -> None:
    """Fill a database, serve the console on it, and measure."""
    logs.configure(json=False, quiet=True)
    sizes = [int(each) for each in sys.argv[1:]]
    many, items = sizes if len(sizes) == 2 else (open_cases.CASES, open_cases.ITEMS)
    with tempfile.TemporaryDirectory() as name, EmbeddedServer(Path(name) / "pg", durable=False) as server:
        url = open_cases.filled(server, many, items)
        database = Database(url, pool_size=1)
        with database.begin() as tx:
            now = utc_now()
            roles = frozenset({Role.ANALYST})
            add_user(tx, name=NAME, password=PASSWORD, roles=roles, actor=system_actor("bench"), now=now)
            tx.run(sa.text("update app_user set queues = '{csam,intimate_images,own_terms,test}'"))
            large = str(tx.run(sa.text("select md5('case1')::uuid")).scalar_one())
        database.close()
        settings: Settings = running.settings_of(Path(name) / "data", url)
        with running.installation(settings, serve=served, surfaces=frozenset({"console"})) as safehold:
            open_cases.say(f"{many:,} open cases, one of them with {items + 1:,} items; over HTTP")
            measure(safehold.base_url, large)


if __name__ == "__main__":
    main()
