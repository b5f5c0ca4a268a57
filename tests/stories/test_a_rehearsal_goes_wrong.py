"""A rehearsal in which something goes wrong ends with one report, says what it was, and stays inside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from safehold.app import drills, production_switch, wiring
from safehold.app.authority_reports import Desk
from safehold.app.drills import Drill, Step
from safehold.model.assessment import Finding
from safehold.model.authority_report import AuthorityReport
from safehold.model.errors import Refused
from safehold.model.ids import ItemId
from safehold.model.permissions import Actor, Role
from safehold.storage import authority_reports
from safehold.storage.databases import create_database, drop_database
from safehold.storage.embedded import EmbeddedServer
from safehold.testing import running
from safehold.testing.cybertipline import CyberTiplineServer, Moment, SlippingClock, arrange
from safehold.testing.mishaps import Mishap
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, MovableClock, altered_copy
from safehold.web.rehearsing import is_rehearsing
from safehold.web.server import served

NAME = "rehearsal_goes_wrong"
SURFACES = frozenset({"api", "console", "media", "portal", "worker"})
SEEDS = {mishap: seed for seed, mishap in enumerate(Mishap, start=1)}
TAMPERED = 9
PAUSE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Office:
    """A rehearsal with its authority, and the people who decide."""

    safehold: Installation
    server: CyberTiplineServer
    their_clock: SlippingClock
    our_clock: MovableClock
    analyst: Actor
    legal: Actor

    def sent(self, seed: int) -> AuthorityReport:
        """Upload a harmless picture, confirm it, and send its report on; nobody has called the authority."""
        context = {"surface": "rehearsal", "account_id": f"account-{seed}"}
        answer = self.safehold.platform().upload(altered_copy(seed), context, media_type="image/jpeg")
        self.safehold.run_steps()
        item_id = str(answer.body["item_id"])
        self.safehold.assess(item_id, Finding.ILLEGAL, by=self.analyst)
        self.safehold.run_steps()
        with self.safehold.program.database.begin() as tx:
            [planned] = authority_reports.of_case(tx, self.safehold.case_of(item_id))
        desk = Desk.of(self.safehold.program)
        return desk.send(planned.id, actor=self.legal, revision=planned.revision)

    def goes_on(self, report: AuthorityReport) -> AuthorityReport:
        """Let a worker file for as long as the pauses of four attempts last; return how the report stands."""
        [due] = [one for one in wiring.schedules(self.safehold.program) if one.name == "authority filings"]
        for _ in range(4):
            due.run()
            self.our_clock.ahead += PAUSE
        self.safehold.run_steps()
        with self.safehold.program.database.begin() as tx:
            found = authority_reports.get(tx, report.id)
        assert found is not None
        return found

    def played(self, report: AuthorityReport) -> drills.Played:
        """Return the drill that led to this report."""
        with self.safehold.program.database.begin() as tx:
            [told] = authority_reports.items_of(tx, report.id)
            [played] = drills.played(tx, ItemId(told.item_id), [Drill.RECEIPT])
        return played


@pytest.fixture(scope="module")
def office(
    postgres_server: EmbeddedServer, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    create_database(postgres_server, NAME, database_template)
    ours = MovableClock()
    theirs = SlippingClock(ours)
    with CyberTiplineServer(username="tests", password="for tests", clock=theirs) as server:
        tipline: dict[str, Any] = {
            "kind": "ncmec_cybertipline",
            "enabled": True,
            "url": server.base,
            "username": "tests",
            "password": "for tests",
            "permitted_networks": [f"127.0.0.1:{server.port}"],
        }
        settings = running.settings_of(
            tmp_path_factory.mktemp("rehearsal") / "data",
            postgres_server.url(NAME),
            rehearsal=True,
            surfaces={"rehearsal": {"rehearsal": True}},
            authorities={
                "country": "US",
                "company": "Example",
                "reporting_person": {"first_name": "A", "last_name": "Desk", "email": "desk@example.org"},
                "destinations": {"tipline": tipline},
            },
        )
        with running.installation(settings, serve=served, surfaces=SURFACES, clock=ours) as opened:
            opened.add_list(exact=[altered_copy(seed) for seed in (*SEEDS.values(), TAMPERED)])
            legal = opened.analyst("legal", Role.LEGAL)
            yield Office(opened, server, theirs, ours, opened.analyst(), legal)
            opened.program.scanner.counters.flush()
    drop_database(postgres_server, NAME)


@pytest.mark.parametrize(
    ("mishap", "wrong"),
    [
        (Mishap.LOST_REPLY, ("1 calls without an answer", "1 calls answered with a refusal")),
        (Mishap.DESTINATION_DOWN, ("3 calls without an answer",)),
        (Mishap.EXPIRED_REPORT, ("1 calls answered with a refusal", "begun 2 times, finished once")),
    ],
)
def test_what_mends_itself_ends_with_one_report_and_is_told_afterwards(
    office: Office, mishap: Mishap, wrong: tuple[str, ...]
) -> None:
    before = len(office.server.filed)
    report = office.sent(SEEDS[mishap])
    arrange(mishap, office.server, office.their_clock)
    filed = office.goes_on(report)
    assert filed.reference == str(office.server.filed[-1].report_id)
    assert len(office.server.filed) == before + 1
    played = office.played(filed)
    assert played.wrong == wrong
    assert [each.step for each in played.done] == [Step.ASSESSED, Step.SENT, Step.FILED]
    assert played.missing == (Step.ASSESSED_AGAIN, Step.APPROVED)
    assert played.done[1].by == office.legal.user_id


def test_what_is_refused_waits_for_a_person_who_lets_it_go_on(office: Office) -> None:
    report = office.sent(SEEDS[Mishap.REFUSED])
    arrange(Mishap.REFUSED, office.server, office.their_clock)
    stuck = office.goes_on(report)
    assert stuck.state.value == "stuck"
    assert office.played(stuck).wrong == ("1 calls answered with a refusal", "stuck: code:4100")
    Desk.of(office.safehold.program).let_go_on(stuck.id, actor=office.legal)
    assert office.goes_on(stuck).state.value == "filed"


@pytest.mark.parametrize("path", ["/console/sign-in", "/console/nowhere", "/report", "/report/nowhere"])
def test_each_of_its_pages_says_so_those_of_failures_too(office: Office, path: str) -> None:
    answer = Platform(office.safehold.base_url, "").send("GET", path, None, {"Accept": "text/html"})
    page = str(answer.body)
    assert page.count("Everything here is practice on harmless files") == 1
    assert not is_rehearsing()


def test_nothing_of_it_is_filed_as_meant_even_where_its_report_says_that_it_is_no_practice(
    office: Office,
) -> None:
    with office.safehold.program.database.begin() as tx, pytest.raises(Refused, match="a rehearsal"):
        production_switch.ask(
            tx,
            office.safehold.program.settings,
            "tipline",
            actor=office.legal,
            now=office.our_clock(),
        )
    report = office.sent(TAMPERED)
    opened = office.server.calls[Moment.OPEN]
    with pytest.raises(Exception, match="ck_review_case_test_is_rehearsal"):
        office.safehold.sql("update review_case set rehearsal = false where id = %(id)s", id=report.case_id)
    office.safehold.sql("update authority_report set rehearsal = false where id = %(id)s", id=report.id)
    assert office.goes_on(report).state.value == "stuck"
    assert office.server.calls[Moment.OPEN] == opened
    assert "stuck: not_a_rehearsal" in office.played(report).wrong
