"""From an upload to the receipt of an authority: confirmed, read, sent by a person, filed once, corrected."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from safehold.app import wiring
from safehold.app.authority_letters import read
from safehold.app.authority_reports import Desk
from safehold.model.assessment import Finding
from safehold.model.authority_report import AuthorityReport
from safehold.model.ids import AuthorityReportId, ItemId
from safehold.model.permissions import Actor, Role
from safehold.review import settle
from safehold.review.reopening import ReversalReason
from safehold.storage import assessments, authority_reports
from safehold.testing import running
from safehold.testing.cybertipline import CyberTiplineServer
from safehold.testing.running import Installation, MovableClock, altered_copy
from safehold.web.server import served

SECRET = "for tests alone"
EVERYTHING = frozenset({"api", "console", "media", "worker"})
CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1", "ip": "192.0.2.7"}


@dataclass(frozen=True, slots=True)
class Office:
    """A program that files with a strict server of the authority's, and the people who decide."""

    safehold: Installation
    server: CyberTiplineServer
    analyst: Actor
    legal: Actor

    def confirmed(self, seed: int = 1) -> str:
        """Let somebody upload what is on the list, and the analyst confirm it. Return the item's id."""
        answer = self.safehold.platform().upload(altered_copy(seed), CONTEXT, media_type="image/jpeg")
        self.safehold.run_steps()
        item_id = str(answer.body["item_id"])
        self.safehold.assess(item_id, Finding.ILLEGAL, by=self.analyst)
        self.safehold.run_steps()
        return item_id

    def reports(self, item_id: str) -> list[AuthorityReport]:
        """Return the reports about the case of an item, oldest first."""
        with self.safehold.program.database.begin() as tx:
            return authority_reports.of_case(tx, self.safehold.case_of(item_id))

    def sends(self, report_id: AuthorityReportId) -> None:
        """Let somebody of the role legal read the letter and send the report, and a worker file it."""
        program = self.safehold.program
        with program.database.begin() as tx:
            letter = read(tx, program.settings, report_id, actor=self.legal, now=program.clock())
        assert letter.letter is not None
        revision = letter.sheet.report.revision
        Desk.of(program).send(report_id, actor=self.legal, revision=revision)
        for due in wiring.schedules(program):
            if due.name == "authority filings":
                due.run()
        self.safehold.run_steps()


@pytest.fixture
def office(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Office]]:
    clock = MovableClock()
    with CyberTiplineServer(username="tests", password=SECRET, clock=clock) as server:
        tipline: dict[str, Any] = {
            "kind": "ncmec_cybertipline",
            "enabled": True,
            "url": server.base,
            "username": "tests",
            "password": SECRET,
            "permitted_networks": [f"127.0.0.1:{server.port}"],
        }
        person = {"first_name": "A", "last_name": "Person", "email": "reports@example.org"}
        settings = running.settings_of(
            tmp_path_factory.mktemp("told") / "data",
            database_url,
            authorities={
                "country": "US",
                "company": "Example",
                "reporting_person": person,
                "destinations": {"tipline": tipline},
            },
        )
        with running.installation(settings, serve=served, surfaces=EVERYTHING, clock=clock) as opened:

            def begun() -> Office:
                opened.add_list(exact=[altered_copy(1), altered_copy(2)])
                return Office(opened, server, opened.analyst(), opened.analyst("legal", Role.LEGAL))

            yield begun
            opened.program.scanner.counters.flush()


def test_a_confirmed_item_is_read_sent_filed_once_and_its_receipt_is_on_record(
    office: Callable[..., Office],
) -> None:
    at = office()
    item_id = at.confirmed()
    [planned] = at.reports(item_id)
    assert at.server.filed == []
    at.sends(planned.id)
    [filed] = at.reports(item_id)
    [arrived] = at.server.filed
    assert (filed.state.value, filed.reference) == ("filed", str(arrived.report_id))
    digests = [hashlib.sha256(altered_copy(1)).hexdigest()]
    assert [each.sha256 for each in arrived.files] == digests
    papers = at.safehold.sql(
        "select kind from authority_paper where report_id = %(id)s order by kind", id=filed.id
    )
    assert "receipt" in {each.kind for each in papers}


def test_what_is_reversed_after_it_was_filed_is_corrected_by_a_report_that_names_the_first(
    office: Callable[..., Office],
) -> None:
    at = office()
    item_id = at.confirmed()
    [first] = at.reports(item_id)
    at.sends(first.id)
    lead = at.safehold.analyst("lead", Role.LEAD)
    _reverse(at, item_id, lead)
    [_, correction] = at.reports(item_id)
    assert (correction.relation, correction.follows) == ("correction", first.id)
    at.sends(correction.id)
    [told_first, told_then] = at.server.filed
    assert told_then.files == ()
    assert at.reports(item_id)[1].reference == str(told_then.report_id)
    assert str(told_first.report_id) in told_then.document.decode()


def _reverse(at: Office, item_id: str, by: Actor) -> None:
    program = at.safehold.program
    assert by.user_id is not None
    with program.database.begin() as tx:
        [standing] = assessments.standing_outcomes_of_item(tx, ItemId(UUID(item_id)))
        settle.reverse(
            tx,
            standing.id,
            by=by.user_id,
            reason_code=ReversalReason.APPEAL,
            record=program.recorder.record,
            now=program.clock(),
        )
    at.safehold.run_steps()
