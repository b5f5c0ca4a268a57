"""A whole Safehold for the browser: real database, real decoders, real HTTP, harmless painted pictures."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from uuid import uuid4

from PIL import Image
from sqlalchemy import make_url

from safehold.act import deliver
from safehold.app.access.users import add_user
from safehold.app.audit.sequencer import sequence
from safehold.app.program import Program, open_program
from safehold.app.settings import Settings
from safehold.app.wiring import handlers
from safehold.lists.file_import import FileImport
from safehold.lists.ledger import NewList, add_list
from safehold.model.band import Band
from safehold.model.classifier import Answered, Heard, Opinion
from safehold.model.hash_list import Purpose
from safehold.model.item import Context
from safehold.model.permissions import Actor, Role, system_actor
from safehold.model.scan import ScanAnswer
from safehold.prevent import help_files, help_texts
from safehold.storage import classifier_counts, opinions, schedules
from safehold.storage.classifier_counts import Said
from safehold.storage.databases import InitialRows, create_database, drop_database
from safehold.storage.embedded import EmbeddedServer
from safehold.testing.jobs import run_all_steps, run_step, waiting_steps
from safehold.testing.pictures import landscape
from safehold.web.server import served

ANN, PASSWORD = "analyst-1", "a long enough password"
TESTS = system_actor("tests")
UPLOADER = Actor(permissions=frozenset(), system="tests")
KNOWN_SEEDS = range(1, 7)
"""Landscapes whose digests are on the list northland, which somebody here has vetted."""
UNVETTED_SEED = 40
"""A landscape on the list fjordland, which nobody has vetted."""

CLASSIFIER, CLASSIFIER_VERSION = "first_look", "open_nsfw 1.0"
"""One that the settings declare and no surface asks, so that none is loaded here."""

AUTHORITIES: dict[str, object] = {
    "country": "GB",
    "service": "Hillside",
    "company": "Hillside Photos Ltd",
    "reporting_person": {"first_name": "Duty", "last_name": "Desk", "email": "duty@hillside.example"},
    "destinations": {"agency": {"kind": "uk_nca", "enabled": True}},
}
"""An operator who reports to an agency, to which a person takes what is to be told."""


@dataclass(frozen=True, slots=True)
class Site:
    """A running Safehold. machinery: uploads and steps. console: what serves the pages, as its own role."""

    url: str
    machinery: Program
    console: Program

    def add_person(self, name: str, *roles: Role) -> None:
        """Add somebody who signs in with PASSWORD."""
        now = self.machinery.clock()
        with self.machinery.database.begin() as tx:
            add_user(tx, name=name, password=PASSWORD, roles=frozenset(roles), actor=TESTS, now=now)

    def upload(self, seed: int, *, account: str = "account-17", quality: int = 70) -> ScanAnswer:
        """Scan a resaved copy of a landscape, and let everything follow that follows."""
        context = Context(surface="public_uploads", account_id=account, content_id=f"photo-{seed}")
        answer = self.machinery.scanner.scan_bytes(jpeg(seed, quality=quality), context, actor=UPLOADER)
        self.follow()
        return answer

    def follow(self) -> None:
        """Run every step that waits, and put the audit records on their chain."""
        program = self.machinery
        run_all_steps(program.database, program.recorder, handlers(program), raising=False)
        sequence(program.database, now=program.clock())

    def get_one_step_stuck(self) -> None:
        """Upload something whose first step fails as often as it may; its alarm is raised."""
        program = self.machinery
        self.follow()
        context = Context(surface="public_uploads", account_id="account-99")
        program.scanner.scan_bytes(jpeg(2, quality=55), context, actor=UPLOADER)

        def fail(*_: object) -> None:
            raise RuntimeError("planted")

        [step] = waiting_steps(program.database)
        run_step(program.database, program.recorder, {step.name: fail}, step.id)
        self.follow()

    def load_words(self) -> None:
        """Load the words that help, as drafts."""
        with self.machinery.database.begin() as tx:
            help_texts.load(tx, help_files.shipped(), actor=TESTS, now=self.machinery.clock())

    def estimate(self, *, lately: int = 10) -> None:
        """Put on record that a classifier heard five weeks of uploads, and of every item something.

        lately: how many of a thousand a day were in the band high last week; ten were before.
        """
        now = self.machinery.clock()
        with self.machinery.database.begin() as tx:
            for days in range(1, 36):
                high = lately if days <= 7 else 10
                for band, uploads in ((Band.NONE, 1000 - high), (Band.HIGH, high)):
                    said = Said(
                        day=(now - timedelta(days=days)).date(),
                        classifier=CLASSIFIER,
                        version=CLASSIFIER_VERSION,
                        in_shadow=True,
                        known=False,
                        answered=Answered.OK,
                        band=band,
                    )
                    classifier_counts.add(tx, {said: uploads})
            for place, row in enumerate(tx.driver.execute("select id from item order by id").fetchall()):
                band = (Band.HIGH, Band.NONE, Band.VERY_HIGH)[place % 3]
                opinion = Opinion(
                    answered=Answered.OK, band=band, score=band.rank / 4, version=CLASSIFIER_VERSION
                )
                heard = Heard(classifier=CLASSIFIER, in_shadow=True, opinion=opinion, milliseconds=30.0)
                opinions.insert(tx, row[0], [heard], now=now)

    def note_sweeps(self) -> None:
        """Put on record that one sweep went well, an hour ago, and that another fails."""
        now = self.machinery.clock()
        with self.machinery.database.begin() as tx:
            for name, error in (("retention", None), ("webhook deliveries", "vault_down")):
                schedules.mark_began(tx, name, at=now - timedelta(hours=1))
                schedules.mark_ended(tx, name, at=now - timedelta(hours=1), error_code=error)

    def give_up_deliveries(self) -> None:
        """Try every message for two weeks: the receiver's port is closed, so each ends as dead."""
        program, days = self.machinery, 0
        while days < 14:
            later = program.clock() + timedelta(days=days)
            deliver.deliver_due(
                program.database, program.egress, program.destinations, clock=lambda at=later: at
            )
            days += 1


@contextmanager
def running_site(
    folder: Path, database_url: str, *, looking: bool = False, more: dict[str, object] | None = None
) -> Iterator[Site]:
    """Start everything, with lists and one analyst, for as long as the block lasts.

    looking: whether pictures can be looked at, for which a reader is started. more: settings besides.
    """
    own_urls = {
        surface: make_url(database_url).set(username=f"safehold_{surface}").render_as_string(False)
        for surface in ("console", "reader")
    }
    surfaces = frozenset({"console", "media"} if looking else {"console"})
    settings = Settings.model_validate(
        {
            "data_folder": folder,
            "database": {"url": database_url, "surface_urls": own_urls},
            "surfaces": {"public_uploads": {"rehearsal": True}},
            "classifiers": {CLASSIFIER: {"a_day": 20_000}},
            "webhooks": {
                "platform": {
                    "url": f"http://127.0.0.1:{closed_port()}/hook",
                    "secrets": ["whsec_" + "c2FmZWhvbGQtdGVzdHMtc2FmZWhvbGQtdGVzdHM="],
                    "enabled": True,
                    "permitted_networks": ["127.0.0.0/8"],
                }
            },
            **(more or {}),
        }
    )
    with ExitStack() as stack:
        machinery = stack.enter_context(open_program(settings, surfaces=frozenset({"api", "worker"})))
        console = stack.enter_context(open_program(settings, surfaces=surfaces))
        url = stack.enter_context(served(console, surfaces))
        site = Site(url, machinery, console)
        site.add_person(ANN, Role.ANALYST)
        load_list(machinery, folder, "northland", KNOWN_SEEDS, vetted=True, category="B")
        load_list(machinery, folder, "fjordland", [UNVETTED_SEED], vetted=False, category=None)
        yield site


class KeptSites:
    """The site that was started last, handed from test to test as it was when it had started.

    Starting one takes seconds, putting its rows back milliseconds. What is in its memory stays: a test that
    changes lists, or stops a part of it, starts one of its own.
    """

    def __init__(self, server: EmbeddedServer, template: str, new_folder: Callable[[], Path]) -> None:
        self._server, self._template, self._new_folder = server, template, new_folder
        self._stack = ExitStack()
        self._kept: tuple[dict[str, object], Site, InitialRows] | None = None

    @contextmanager
    def as_it_began(self, more: dict[str, object] | None = None) -> Iterator[Site]:
        """Yield a site with these settings besides; only one with other settings is started anew."""
        if self._kept is None or self._kept[0] != (more or {}):
            self.close()
            self._kept = self._start(more or {})
        _, site, rows = self._kept
        try:
            yield site
            site.machinery.scanner.counters.flush()
            rows.restore()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop the site that is kept, and drop its database; doing it twice is fine."""
        self._kept = None
        self._stack.close()

    def _start(self, more: dict[str, object]) -> tuple[dict[str, object], Site, InitialRows]:
        name = f"browser_{uuid4().hex}"
        create_database(self._server, name, self._template)
        self._stack.callback(drop_database, self._server, name)
        site = self._stack.enter_context(running_site(self._new_folder(), self._server.url(name), more=more))
        return more, site, InitialRows(self._server, name)


def load_list(
    program: Program, folder: Path, name: str, seeds: range | list[int], *, vetted: bool, category: str | None
) -> None:
    """Make a test list from landscapes."""
    path = folder / f"{name}.jsonl"
    with path.open("w") as file:
        for seed in seeds:
            for signal in program.scanner.decoders.examine(jpeg(seed, quality=95)).signals:
                line = {"signal_type": signal.signal_type, "value": signal.value.hex(), "category": category}
                file.write(json.dumps({name: value for name, value in line.items() if value}) + "\n")
    wanted = NewList(
        name=name, purpose=Purpose.TEST, may_hold=True, vetted=vetted, provenance="Landscapes of the tests."
    )
    with program.database.begin() as tx:
        add_list(tx, wanted, actor=TESTS, now=program.clock())
    load = FileImport(
        database=program.database,
        kinds=program.kinds,
        actor=TESTS,
        record=program.recorder.record,
        clock=program.clock,
    )
    load.run(name, path)


@cache
def jpeg(seed: int, *, quality: int) -> bytes:
    """Return a landscape as a JPEG, painted once; another quality is another file of the same picture."""
    out = io.BytesIO()
    picture: Image.Image = landscape(seed, (640, 480))
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def closed_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
