"""From uploads to the pack that tells of their reports: filed, taken there by hand, corrected, taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from safehold.app import packs, production_switch, wiring
from safehold.app.authority_letters import read
from safehold.app.authority_reports import Desk
from safehold.app.operator import Operator, open_operator
from safehold.cli.opening import SHELL
from safehold.model.assessment import Finding
from safehold.model.authority_report import AuthorityReport, Priority
from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId
from safehold.model.permissions import Actor, Role
from safehold.review import settle
from safehold.review.reopening import ReversalReason
from safehold.storage import assessments, authority_reports
from safehold.testing import running
from safehold.testing.cybertipline import CyberTiplineServer, Fault, Moment
from safehold.testing.running import Installation, MovableClock, altered_copy
from safehold.transparency.packs.declared import PackName
from safehold.transparency.packs.pack import Made, Period
from safehold.web.server import served

SECRET = "for tests alone"
EVERYTHING = frozenset({"api", "console", "media", "worker"})
THEIRS = "NCA-2026-0001"
OF_MAKING = {"made.json", "index.html", "SHA256SUMS", "SHA256SUMS.sig"}


@dataclass(frozen=True, slots=True)
class Office:
    """A program that tells two authorities in earnest, the people who decide, and a month that is theirs."""

    safehold: Installation
    server: CyberTiplineServer
    clock: MovableClock
    analyst: Actor
    legal: Actor
    lead: Actor
    first: date

    def confirmed(self, seed: int, **context: str) -> AuthorityReport:
        """Let somebody upload what is on a list, and the analyst confirm it. Return the report that waits."""
        said = {"surface": "public", "content_id": f"post-{seed}", "account_id": f"account-{seed}", **context}
        answer = self.safehold.platform().upload(altered_copy(seed), said, media_type="image/jpeg")
        self.safehold.run_steps()
        item_id = str(answer.body["item_id"])
        self.safehold.assess(item_id, Finding.ILLEGAL, by=self.analyst)
        self.safehold.run_steps()
        [planned] = self.reports(seed)
        return planned

    def reports(self, seed: int) -> list[AuthorityReport]:
        """Return the reports about what was uploaded, oldest first."""
        with self.safehold.program.database.begin() as tx:
            return authority_reports.of_case(tx, self.safehold.case_of(self.item(seed)))

    def item(self, seed: int) -> str:
        """Return the item of what was uploaded."""
        [row] = self.safehold.sql(
            "select item_id from item_context where content_id = %(name)s", name=f"post-{seed}"
        )
        return str(row.item_id)

    def sends(self, report: AuthorityReport) -> AuthorityReport:
        """Let somebody of the role legal read the letter and send it on, and a worker file it."""
        program = self.safehold.program
        with program.database.begin() as tx:
            letter = read(tx, program.settings, report.id, actor=self.legal, now=program.clock())
        self.desk.send(report.id, actor=self.legal, revision=letter.sheet.report.revision)
        self.files()
        return self.now(report)

    def takes_there(self, report: AuthorityReport) -> AuthorityReport:
        """Let somebody write down under which reference an authority took what they brought."""
        self.desk.record_reference(report.id, THEIRS, actor=self.legal, revision=report.revision)
        self.safehold.run_steps()
        return self.now(report)

    def withdraws(self, report: AuthorityReport) -> AuthorityReport:
        """Let somebody take back what is half sent, and a worker tell the authority."""
        self.desk.withdraw(report.id, actor=self.legal, revision=report.revision)
        self.files()
        return self.now(report)

    def files(self) -> None:
        """Let a worker go on with what is being sent, and everything follow."""
        program = self.safehold.program
        next(due for due in wiring.schedules(program) if due.name == "authority filings").run()
        self.safehold.run_steps()

    def reverses(self, seed: int) -> None:
        """Let the lead take an outcome back, and everything follow."""
        program = self.safehold.program
        assert self.lead.user_id is not None
        with program.database.begin() as tx:
            [standing] = assessments.standing_outcomes_of_item(tx, ItemId(UUID(self.item(seed))))
            settle.reverse(
                tx,
                standing.id,
                by=self.lead.user_id,
                reason_code=ReversalReason.APPEAL,
                record=program.recorder.record,
                now=program.clock(),
            )
        self.safehold.run_steps()

    def now(self, report: AuthorityReport) -> AuthorityReport:
        """Return a report as it stands."""
        with self.safehold.program.database.begin() as tx:
            found = authority_reports.get(tx, report.id)
        assert found is not None
        return found

    @property
    def desk(self) -> Desk:
        """Where reports are decided about."""
        return Desk.of(self.safehold.program)

    def pack(self, opened: Operator, folder: Path) -> tuple[Path, Made]:
        """Write the pack of the days from the first on, put on the chain before."""
        self.safehold.deliver()
        period = Period(self.first, self.first + timedelta(days=1), ZoneInfo("UTC"))
        return folder, packs.make(opened, PackName.FILINGS, period, folder, unmet=None, actor=SHELL)


def _settings(server: CyberTiplineServer, folder: Path, database_url: str) -> Any:
    tipline = {
        "kind": "ncmec_cybertipline",
        "enabled": True,
        "url": server.base,
        "username": "tests",
        "password": SECRET,
        "permitted_networks": [f"127.0.0.1:{server.port}"],
        "voluntary": True,
    }
    return running.settings_of(
        folder,
        database_url,
        team={"size_policy": "small"},
        authorities={
            "country": "IE",
            "company": "Example",
            "reporting_person": {"first_name": "A", "last_name": "Person", "email": "reports@example.org"},
            "destinations": {"tipline": tipline, "agency": {"kind": "uk_nca", "enabled": True}},
        },
    )


@pytest.fixture
def office(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    clock = MovableClock()
    with CyberTiplineServer(username="tests", password=SECRET, clock=clock) as server:
        settings = _settings(server, tmp_path_factory.mktemp("accounted") / "data", database_url)
        with running.installation(settings, serve=served, surfaces=EVERYTHING, clock=clock) as opened:
            copies = [altered_copy(seed) for seed in (1, 2, 3, 4)]
            opened.add_list(seeds=(), purpose=Purpose.CSAM, exact=copies)
            people = [opened.analyst(role.value, role) for role in (Role.ANALYST, Role.LEGAL, Role.LEAD)]
            one, other = (opened.analyst(name, Role.ADMIN) for name in ("first", "second"))
            with opened.program.database.begin() as tx:
                given = {"now": clock()}
                production_switch.ask(tx, settings, "tipline", actor=one, **given)
                production_switch.approve(tx, settings, "tipline", actor=other, **given)
            yield Office(opened, server, clock, *people, datetime.now(UTC).date())
            opened.program.scanner.counters.flush()


@pytest.fixture
def operator(office: Office) -> Iterator[Operator]:
    """Open what commands open, by the same clock."""
    with open_operator(office.safehold.program.settings, clock=office.clock) as opened:
        yield opened


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "data" / f"{name}.json").read_text())["rows"]
    return found


def said(instant: datetime | None) -> str | None:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ") if instant is not None else None


def told_of(report: AuthorityReport, row: dict[str, Any]) -> bool:
    """Say whether a row tells of a report all that its own record says."""
    return (
        row["id"] == str(report.id)
        and row["destination"] == report.destination
        and (row["planned_at"], row["due_at"]) == (said(report.planned_at), said(report.due_at))
        and (row["sent_at"], row["filed_at"]) == (said(report.approved_at), said(report.filed_at))
        and (row["reference"], row["state"]) == (report.reference, report.state.value)
        and row["relation"] == report.relation
        and row["follows"] == (str(report.follows) if report.follows else None)
    )


def same(first: Path, second: Path) -> bool:
    """Say whether two packs differ in nothing but when they were made, and in what proves them."""
    paths = {path.relative_to(first).as_posix() for path in first.rglob("*") if path.is_file()}
    changed = {path for path in paths if (first / path).read_bytes() != (second / path).read_bytes()}
    pages = [(folder / "index.html").read_text().partition("<footer>")[0] for folder in (first, second)]
    return changed <= OF_MAKING and pages[0] == pages[1]


def test_the_pack_names_each_report_with_its_receipt_and_what_corrects_it_and_stays_so(
    office: Office, operator: Operator, tmp_path: Path
) -> None:
    filed = office.sends(office.confirmed(1))
    office.reverses(1)
    [_, planned] = office.reports(1)
    correction = office.sends(planned)
    brought = office.takes_there(office.sends(office.confirmed(2, region="GB")))
    office.server.fail_next(Moment.DESCRIBE, Fault.CODE_VALIDATION)
    taken_back = office.withdraws(office.sends(office.confirmed(3)))
    waits = office.confirmed(4)

    assert [arrived.report_id for arrived in office.server.filed] == [
        int(str(each.reference)) for each in (filed, correction)
    ]
    office.clock.ahead = timedelta(days=3)
    first, made = office.pack(operator, tmp_path / "first")
    assert made.whole, made.audit
    tipline, agency = (rows(first, f"filings-{kind}") for kind in ("ncmec-cybertipline", "uk-nca"))
    expected = [filed, correction, taken_back, waits]
    assert [told_of(*each) for each in zip(expected, tipline, strict=True)] == [True] * 4
    assert [told_of(brought, row) for row in agency] == [True]
    assert agency[0]["reference"] == THEIRS
    assert [(row["relation"], row["follows"], row["in_time"]) for row in tipline[:2]] == [
        (None, None, "yes"),
        ("correction", str(filed.id), "yes"),
    ]
    assert [(row["items"], row["files"], row["kept_until"] is None) for row in tipline] == [
        (1, 1, False),
        (1, 0, False),
        (1, None, True),
        (1, None, True),
    ]
    assert tipline[2]["ended_at"] == said(taken_back.ended_at)
    assert (tipline[2]["failed"], tipline[2]["calls"]) == (1, 4)
    assert agency[0]["kept_until"][:4] != agency[0]["reference_kept_until"][:4]
    assert rows(first, "filings-parcel") == rows(first, "filings-generic") == []

    office.desk.hurry(waits.id, Priority.TWO, actor=office.legal, revision=office.now(waits).revision)
    office.sends(office.now(waits))
    office.reverses(2)
    assert len(office.server.filed) == 3
    second, made = office.pack(operator, tmp_path / "second")
    assert made.whole, made.audit
    assert same(first, second)
