"""A program whose reader is a real process under its own role, and somebody who may look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import make_url

from safehold.app.console_view import Ticket
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.opening import OPERATING, reading
from safehold.app.records import running as records_running
from safehold.app.settings import Settings
from safehold.model.assessment import Tier
from safehold.model.authority_report import (
    ReportedItem,
)
from safehold.model.ids import AuthorityReportId, ItemId, SessionId
from safehold.model.item import Context
from safehold.model.permissions import Actor, system_actor
from safehold.storage import authority_reports as report_rows
from safehold.storage import roles
from safehold.testing import running
from safehold.testing.filing import report_sent_on
from safehold.testing.running import Installation, MovableClock, altered_copy

SURFACES = frozenset({"api", "console", "media"})


@dataclass(frozen=True, slots=True)
class Room:
    """The program, its reader, an analyst with a session, and an item of a case of theirs."""

    safehold: Installation
    clock: MovableClock
    analyst: Actor
    session_id: SessionId
    item_id: str

    @property
    def reader(self) -> ReaderClient:
        reader = self.safehold.program.reader
        assert reader is not None
        return reader

    def asks(self, tier: Tier = Tier.CLEAR, *, item_id: str | None = None) -> Ticket:
        return self.safehold.ticket(
            item_id or self.item_id, tier, by=self.analyst, session_id=self.session_id
        )

    def uploads(self, data: bytes, *, account: str = "account-1") -> str:
        context = Context(surface="rehearsal", account_id=account)
        answer = self.safehold.program.scanner.scan_bytes(data, context, actor=system_actor("tests"))
        assert answer.item_id is not None, answer
        self.safehold.run_steps()
        return str(answer.item_id)

    def report_of(self, item: ItemId, **changed: Any) -> AuthorityReportId:
        """Return a report about an item that a person has sent on to an authority."""
        case_id = self.safehold.case_of(str(item))
        report = report_sent_on(case_id, by=self.analyst, now=self.clock(), **changed)
        with self.safehold.program.database.begin() as tx:
            assert report_rows.insert(tx, report)
            report_rows.add_items(tx, report.id, report.destination, [ReportedItem(item_id=item)])
        return report.id

    def audited(self, about: str) -> list[tuple[str, str]]:
        """Return what the log says of the reader's doing about something, oldest first: verb and code."""
        rows = self.safehold.sql(
            "select verb, detail from audit_record where object = %(about)s and verb like 'evidence.%%'"
            " order by at, id",
            about=about,
        )
        return [(row.verb, str(row.detail.get("code", ""))) for row in rows]


@pytest.fixture(scope="package")
def running_program(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, MovableClock]]:
    """Yield the program without any row, its reader under the reader's role."""
    as_reader = make_url(database_url).set(username=roles.READER).render_as_string(False)
    settings = running.settings_of(
        tmp_path_factory.mktemp("reader") / "data",
        database_url,
        database={"url": database_url, "surface_urls": {"reader": as_reader}},
    )
    clock = MovableClock()
    with running.installation(settings, surfaces=SURFACES, clock=clock) as opened:
        yield opened, clock


@pytest.fixture(scope="module")
def operated(running_program: tuple[Installation, MovableClock]) -> Iterator[Settings]:
    """Yield settings that lead to a reader which runs by itself and does what the operator may ask."""
    program = running_program[0].program
    with (
        records_running(program.settings, program.home) as addresses,
        reading(program.settings, program.home, addresses, purposes=OPERATING) as reader,
    ):
        by_itself = program.settings.reader.model_copy(update={"socket": reader.socket})
        yield program.settings.model_copy(update={"reader": by_itself})


@pytest.fixture
def room(running_program: tuple[Installation, MovableClock], database_url: str) -> Iterator[Room]:
    """Yield the program with a list, an analyst, and an item of which everything is sealed."""
    safehold, clock = running_program
    clock.ahead = timedelta()
    safehold.add_list()
    analyst = safehold.analyst()
    room = Room(safehold, clock, analyst, safehold.session(analyst), "")
    yield Room(safehold, clock, analyst, room.session_id, room.uploads(altered_copy(1)))
    safehold.program.scanner.counters.flush()
