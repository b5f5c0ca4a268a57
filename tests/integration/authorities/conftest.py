"""An office that files reports: a program, a strict server, a clock that can be moved, harmless pictures."""

from __future__ import annotations

import io
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import make_url

from safehold.app import alarms, authority_contents, wiring
from safehold.app.parcels import Packer
from safehold.app.settings import Settings
from safehold.app.settings_authorities import AuthoritySettings
from safehold.authorities import decisions, filings, plans
from safehold.authorities.destinations.generic.parcel import Parcels
from safehold.authorities.destinations.ncmec_cybertipline.client import Access
from safehold.authorities.means import Means, Opening, Reached
from safehold.cli.main import main
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.evidence import reading
from safehold.model.authority_report import (
    AuthorityReport,
    AuthorityReportState,
    Priority,
    ReportedItem,
)
from safehold.model.emergency import Emergency
from safehold.model.errors import NotFound
from safehold.model.ids import AuthorityReportId, EmergencyId, ItemId, MediaId, ObjectId, PaperId, new_id
from safehold.model.item import Context
from safehold.model.permissions import Actor, Role, system_actor
from safehold.storage import authority_papers, roles
from safehold.storage import authority_reports as report_rows
from safehold.storage import emergencies as emergency_rows
from safehold.storage import evidence as evidence_rows
from safehold.storage import filings as filing_rows
from safehold.storage.authority_papers import Paper
from safehold.storage.database import Database, Tx
from safehold.storage.databases import InitialRows
from safehold.storage.embedded import EmbeddedServer
from safehold.storage.evidence import ObjectRole
from safehold.storage.filings import Filing
from safehold.testing import running
from safehold.testing.commands import Ended
from safehold.testing.cybertipline import CyberTiplineServer, FiledReport
from safehold.testing.filing import (
    PackingHere,
    least_contents,
    least_details,
    least_parcel,
    least_report,
    report_sent_on,
)
from safehold.testing.handing_over import Person
from safehold.testing.processes import environment_of
from safehold.testing.running import Installation, MovableClock, altered_copy
from safehold.testing.turmoil import Turmoil
from safehold.vault.sealing import Sealed
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Reader

SECRET = "for tests alone"
OPERATOR = {
    "company": "Example",
    "reporting_person": {"first_name": "A", "last_name": "Person", "email": "reports@example.org"},
}
Shell = Callable[..., Ended]
SEEDS = (1, 2, 3)
_NUMBERS = itertools.count(1)


def permitted(server: CyberTiplineServer, **changed: Any) -> Access:
    """Return how the strict server is reached."""
    given: dict[str, Any] = {
        "base": server.base,
        "username": "tests",
        "password": SECRET,
        "permitted": PermittedNetworks.of(f"127.0.0.1:{server.port}"),
        "call_seconds": 5,
        "upload_seconds": 20,
    }
    return Access(**(given | changed))


@dataclass(slots=True)
class Office:
    """Everything that files reports, and reports to file. as_worker: the database, as the worker's role."""

    safehold: Installation
    clock: MovableClock
    server: CyberTiplineServer
    as_worker: Database
    person: Actor
    items: list[ItemId]
    access: dict[str, Reached] = field(default_factory=dict)
    declared: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """Return the settings with the destinations that a test declares."""
        said = AuthoritySettings.model_validate(OPERATOR | {"destinations": self.declared})
        return self.safehold.program.settings.model_copy(update={"authorities": said})

    def sent_on(
        self, *, items: list[ItemId] | None = None, first_told: bool = True, **changed: Any
    ) -> AuthorityReportId:
        """Return a report that a person has sent on, to a destination of its own."""
        chosen = self.items if items is None else items
        case_id = self.safehold.case_of(str(self.items[0]))
        given = {"destination": f"hotline-{next(_NUMBERS)}", **changed}
        report = report_sent_on(case_id, by=self.person, now=self.clock(), **given)
        with self.safehold.program.database.begin() as tx:
            assert report_rows.insert(tx, report)
            told = [ReportedItem(item_id=one, first_told=first_told) for one in chosen]
            report_rows.add_items(tx, report.id, report.destination, told)
        self.access.setdefault(report.destination, permitted(self.server))
        return report.id

    def means(self, **changed: Any) -> Means:
        """Return what a worker files with, under the worker's role."""
        program = self.safehold.program
        given: dict[str, Any] = {
            "database": self.as_worker,
            "vault": program.vault,
            "egress": Egress(user_agent="safehold-test"),
            "clock": self.clock,
            "record": program.recorder.record,
            "contents_of": least_contents,
            "parcels": Parcels(least_parcel, self.packer().pack),
            "access_of": self.access.get,
            "opening": self.opening(),
            "alarm": self.alarm,
            "chance": lambda: 0.5,
        }
        return Means(**(given | changed))

    def turmoil(self, calls: Iterable[str], commits: Iterable[str]) -> Turmoil:
        """Return surroundings in which a worker dies, is overtaken by another, or its clock jumps."""
        return Turmoil(
            self.as_worker,
            calls,
            commits,
            {
                "overtaken": self._another_works,
                "ahead": partial(self._clock_jumps, timedelta(days=3)),
                "back": partial(self._clock_jumps, timedelta(days=-3)),
            },
        )

    def means_in(self, turmoil: Turmoil) -> Means:
        """Return what a worker in such surroundings files with."""
        return self.means(egress=turmoil, database=turmoil)

    def _another_works(self) -> None:
        """Let a worker sleep longer than its lease lasts, and another work meanwhile."""
        self.clock.ahead += timedelta(minutes=10)
        filings.file_due(self.means(), most_calls=3)

    def _clock_jumps(self, far: timedelta) -> None:
        self.clock.ahead += far

    def real_letters(self) -> Means:
        """Return what a worker files with that says in its parcels what the records say."""
        told = partial(authority_contents.contents_of_parcel, self.settings)
        return self.means(parcels=Parcels(told, self.packer().pack))

    def packer(self, reader: Any = "in this process") -> Packer:
        """Return what packs parcels. reader: None for one that is down."""
        home = self.safehold.program.home
        chosen: Any = PackingHere(self._media, self.opening().item) if reader == "in this process" else reader
        return Packer(home.folder, home.bundles_key, chosen, self.clock)

    def _media(self, item_id: ItemId) -> MediaId:
        with self.safehold.program.database.begin() as tx:
            return self.media(item_id, tx)

    def alarm(self, tx: Tx, code: str, report_id: AuthorityReportId) -> None:
        alarms.raise_alarm(tx, code, f"authority_report:{report_id}", now=self.clock())

    def opening(self) -> Opening:
        """Open what is sealed as the reader does, in this process."""
        home = self.safehold.program.home
        reader = Reader(CiphertextStore(home.vault), home.opening_keys())

        def paper(report_id: AuthorityReportId, paper_id: PaperId) -> bytes:
            with self.safehold.program.database.begin() as tx:
                found = authority_papers.sealed(tx, report_id, paper_id)
            if found is None:
                raise NotFound
            sealed = Sealed(found[1].sealed, found[1].wrapped)
            return reader.open_beside(sealed, object_id=ObjectId(paper_id))

        def item(_: AuthorityReportId, item_id: ItemId) -> bytes:
            with self.safehold.program.database.begin() as tx:
                found = reading.find(tx, self.media(item_id, tx), ObjectRole.ORIGINAL)
            return reader.open(found.object.id, found.wrapped_key)

        return Opening(item=item, paper=paper, ready=reader.answers)

    def media(self, item_id: ItemId, tx: Tx) -> MediaId:
        media_id = evidence_rows.media_of_item(tx, item_id)
        assert media_id is not None
        return media_id

    def report(self, report_id: AuthorityReportId) -> AuthorityReport:
        with self.safehold.program.database.begin() as tx:
            found = report_rows.get(tx, report_id)
        assert found is not None
        return found

    def filing(self, report_id: AuthorityReportId) -> Filing:
        with self.safehold.program.database.begin() as tx:
            found = filing_rows.get(tx, report_id)
        assert found is not None
        return found

    def works(self, means: Means | None = None, *, passes: int = 60) -> None:
        """Let a worker go on, pass by pass, with the clock moved to when something is due, until it rests."""
        at_hand = means or self.means()
        for _ in range(passes):
            filings.file_due(at_hand)
            wait = self._next_due()
            if wait is None:
                return
            self.clock.ahead += wait

    def lets_go_on(self, report_id: AuthorityReportId, *, anew: bool = False) -> None:
        with self.safehold.program.database.begin() as tx:
            filings.let_go_on(tx, report_id, actor=self.person, anew=anew, now=self.clock())

    def change(self, report_id: AuthorityReportId, **values: Any) -> None:
        """Change a report as a person's decision does."""
        with self.safehold.program.database.begin() as tx:
            found = report_rows.get(tx, report_id, for_change=True)
            assert found is not None
            report_rows.change(tx, found, **values)

    def plans_owed_files(self, means: Means | None = None) -> int:
        return filings.plan_owed_files(means or self.means(), plans.Rules())

    def reports(self) -> list[AuthorityReport]:
        """Return the reports about the case, oldest first."""
        with self.safehold.program.database.begin() as tx:
            return report_rows.of_case(tx, self.safehold.case_of(str(self.items[0])))

    def sends(self, report: AuthorityReport) -> None:
        """Let a person send on what is planned, wherever it goes."""
        now, revision = self.clock(), report.revision
        with self.safehold.program.database.begin() as tx:
            decisions.send(tx, report.id, actor=self.person, revision=revision, two=False, now=now)

    def withdraws(self, report_id: AuthorityReportId) -> None:
        self.change(report_id, state=AuthorityReportState.WITHDRAWN, ended_at=self.clock())
        with self.safehold.program.database.begin() as tx:
            report_rows.set_standing(tx, report_id, False)

    def items_fall(self, report_id: AuthorityReportId, items: list[ItemId]) -> None:
        with self.safehold.program.database.begin() as tx:
            report_rows.set_standing(tx, report_id, False, items=items)

    def told(self, report_id: AuthorityReportId) -> list[ItemId]:
        with self.safehold.program.database.begin() as tx:
            return [one.item_id for one in report_rows.items_of(tx, report_id)]

    def emergency(self) -> dict[str, Any]:
        """Return what makes a report one of a declared risk to life."""
        case_id, now = self.safehold.case_of(str(self.items[0])), self.clock()
        assert self.person.user_id is not None
        declared = Emergency(
            id=EmergencyId(new_id()),
            case_id=case_id,
            item_id=None,
            declared_by=self.person.user_id,
            declared_at=now,
            due_at=now + timedelta(minutes=15),
        )
        with self.safehold.program.database.begin() as tx:
            assert emergency_rows.insert(tx, declared)
        return {"emergency_id": declared.id, "priority": Priority.ONE, "unverified": True}

    def object_of(self, item_id: ItemId) -> ObjectId:
        with self.safehold.program.database.begin() as tx:
            return reading.find(tx, self.media(item_id, tx), ObjectRole.ORIGINAL).object.id

    def papers(self, report_id: AuthorityReportId) -> list[Paper]:
        with self.safehold.program.database.begin() as tx:
            return authority_papers.of_report(tx, report_id)

    def sweeps_alarms(self) -> None:
        wiring.sweep_alarms(self.safehold.program)

    contents_of = staticmethod(least_contents)
    a_report = staticmethod(least_report)
    details = staticmethod(least_details)
    permitted = staticmethod(permitted)

    def alarms(self) -> list[str]:
        with self.safehold.program.database.begin() as tx:
            return sorted(one.code for one in alarms.standing(tx))

    def audited(self, report_id: AuthorityReportId) -> list[tuple[str, dict[str, Any]]]:
        rows = self.safehold.sql(
            "select verb, detail from audit_record where object = %(about)s and verb like 'authority.%%'"
            " order by at, id",
            about=f"authority_report:{report_id}",
        )
        return [(row.verb, row.detail) for row in rows]

    def is_whole(self, filed: FiledReport, files: int = len(SEEDS)) -> bool:
        """Say whether a filed report has so many files, none twice, and each described."""
        digests = {each.sha256 for each in filed.files}
        return len(filed.files) == len(digests) == files and all(each.details for each in filed.files)

    def _next_due(self) -> timedelta | None:
        """Return how far off the next attempt is, None where no report is being sent."""
        [row] = self.safehold.sql(
            "select min(greatest(f.next_attempt_at, coalesce(f.held_until, f.next_attempt_at))) as at"
            " from filing f join authority_report r on r.id = f.report_id"
            " where (r.state = 'sending' and f.stage not in ('filed', 'stuck'))"
            " or (r.state in ('withdrawn', 'declined') and f.remote_id is not null and f.stage <> 'filed')"
        )
        if row.at is None:
            return None
        return max(row.at - self.clock(), timedelta()) + timedelta(milliseconds=1)


@pytest.fixture(scope="package")
def running_program(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, MovableClock]]:
    clock = MovableClock()
    settings = running.settings_of(tmp_path_factory.mktemp("office") / "data", database_url)
    with running.installation(settings, surfaces=frozenset({"api"}), clock=clock) as opened:
        yield opened, clock


@pytest.fixture(scope="package")
def as_worker(database_url: str, running_program: object) -> Iterator[Database]:
    url = make_url(database_url).set(username=roles.WORKER).render_as_string(False)
    database = Database(url, pool_size=4)
    yield database
    database.close()


@dataclass(slots=True)
class Furniture:
    """What every office holds at first: a list, three items in a case, a person. Put back by its rows.

    To take it in anew for each test would be most of the work of most tests. Where a test harmed what is
    sealed, it is taken in anew all the same.
    """

    safehold: Installation
    server: EmbeddedServer
    rows: InitialRows | None = None
    items: list[ItemId] = field(default_factory=list)
    person: Actor | None = None
    sealed: dict[Path, int] = field(default_factory=dict)

    def put_back(self) -> tuple[Actor, list[ItemId]]:
        """Fill the empty database; return the person and the items."""
        if self.rows is not None and self.sealed.items() <= self._in_vault().items():
            self.rows.restore()
        else:
            self._take_in()
        assert self.person is not None
        return self.person, list(self.items)

    def _take_in(self) -> None:
        safehold, before = self.safehold, self._in_vault()
        safehold.add_list(exact=[altered_copy(seed) for seed in SEEDS])
        self.items = [self._scan(altered_copy(seed)) for seed in SEEDS]
        safehold.run_steps()
        self.person = safehold.analyst("sender", Role.LEGAL)
        self.sealed = {path: at for path, at in self._in_vault().items() if path not in before}
        self.rows = InitialRows(self.server, str(make_url(safehold.program.database.url).database))

    def _scan(self, data: bytes) -> ItemId:
        context = Context(surface="rehearsal", account_id="account-1")
        answer = self.safehold.program.scanner.scan_bytes(data, context, actor=system_actor("tests"))
        assert answer.item_id is not None, answer
        return answer.item_id

    def _in_vault(self) -> dict[Path, int]:
        """Return every file of the vault, with when it was last written."""
        files = Path(self.safehold.program.home.vault).rglob("*")
        return {path: path.stat().st_mtime_ns for path in files if path.is_file()}


@pytest.fixture(scope="package")
def furniture(
    running_program: tuple[Installation, MovableClock], postgres_server: EmbeddedServer
) -> Furniture:
    return Furniture(running_program[0], postgres_server)


@pytest.fixture
def office(
    running_program: tuple[Installation, MovableClock],
    as_worker: Database,
    furniture: Furniture,
    database_url: str,
) -> Iterator[Office]:
    safehold, clock = running_program
    clock.ahead = timedelta()
    person, items = furniture.put_back()
    with CyberTiplineServer(username="tests", password=SECRET, clock=clock) as server:
        yield Office(safehold, clock, server, as_worker, person, items)
    safehold.program.scanner.counters.flush()


@pytest.fixture
def shell(
    office: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Callable[[dict[str, Any]], Shell]]:
    """Return what makes a shell with these settings about authorities, a password on standard input.

    Commands run in this process: two dozen of their own would take most of a minute.
    """
    handlers, level = logging.root.handlers[:], logging.root.level

    def with_settings(authorities: dict[str, Any]) -> Shell:
        program = office.safehold.program
        plain = program.settings.model_dump(mode="json", include={"data_folder", "database", "surfaces"})
        sections = plain | {"authorities": OPERATOR | authorities, "team": {"size_policy": "small"}}
        for name, value in environment_of(sections).items():
            monkeypatch.setenv(name, value)

        def run(*arguments: object, by: Person | None = None) -> Ended:
            monkeypatch.setattr("sys.stdin", io.StringIO(f"{by.password}\n" if by is not None else ""))
            named = () if by is None else ("--as", by.name)
            capfd.readouterr()
            code = main(["authorities", *map(str, arguments), *named])
            return Ended(code, *capfd.readouterr())

        return run

    yield with_settings
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
