"""Erasure, destruction on order and the end of clocks leave the audit log whole, and the ledger with it.

One program, from two uploads that were reported to the day after the last clock: an authority orders one
destroyed, the account of the other is forgotten, what names a recipient is erased, and the years end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from pyrage import x25519

from safehold.app import evidence_orders, wiring
from safehold.app.audit.sequencer import sequence
from safehold.app.audit.verify import Verdict, verify
from safehold.app.bundles import asking
from safehold.authorities import papers
from safehold.evidence import clocks, ledger
from safehold.evidence.ledger import LedgerLine
from safehold.model.assessment import Finding
from safehold.model.authority_report import (
    AuthorityReport,
    AuthorityReportState,
    DestinationKind,
    Priority,
    ReportedItem,
)
from safehold.model.events import AuthorityReportFiled
from safehold.model.hash_list import Purpose
from safehold.model.ids import AuthorityReportId, ItemId, MediaId, new_id
from safehold.model.permissions import Actor, Role, system_actor
from safehold.model.team import TeamSize
from safehold.review.reopening import ReversalReason
from safehold.review.settle import reverse
from safehold.storage import assessments, authority_reports
from safehold.storage.authority_papers import PaperKind
from safehold.testing import running
from safehold.testing.running import Installation, MovableClock, altered_copy, settings_of
from safehold.web.server import served

SHELL = system_actor("shell")
ACCOUNTS = ("account-of-the-ordered", "account-of-the-reversed")
RECIPIENT, REASON = "The county court of somewhere", "Letter of an authority, file 12/26."
NAMING = ("item_context", "review_case", "subject", "event", "audit_record", "retention_clock", "destruction")


@dataclass(frozen=True, slots=True)
class Reported:
    """Something that was confirmed and reported."""

    item_id: ItemId
    media_id: MediaId
    report_id: AuthorityReportId


@dataclass(frozen=True, slots=True)
class House:
    """A program in earnest, with a clock that can be moved and the people who decide."""

    opened: Installation
    clock: MovableClock
    analyst: Actor
    legal: tuple[Actor, Actor]

    def reported(self, seed: int, account: str) -> Reported:
        """Upload, confirm and report something; the report is on record as filed, with a paper."""
        context = {"surface": "public", "account_id": account}
        item_id = ItemId(UUID(self.opened.platform().upload(altered_copy(seed), context).body["item_id"]))
        self.opened.run_steps()
        self.opened.assess(str(item_id), Finding.ILLEGAL, by=self.analyst)
        self.opened.run_steps()
        program, now = self.opened.program, self.clock()
        [row] = self.opened.sql("select media_id from item where id = %(id)s", id=item_id)
        report = AuthorityReport(
            id=AuthorityReportId(new_id()),
            case_id=self.opened.case_of(str(item_id)),
            destination="tipline",
            kind=DestinationKind.NCMEC_CYBERTIPLINE,
            priority=Priority.THREE,
            state=AuthorityReportState.FILED,
            reasons=(),
            planned_at=now - timedelta(hours=1),
            due_at=now,
            approved_by=self.legal[0].user_id,
            approved_at=now,
            ended_at=now,
            filed_at=now,
            reference=f"reference-{seed}",
        )
        with program.database.begin() as tx:
            assert authority_reports.insert(tx, report)
            authority_reports.add_items(tx, report.id, "tipline", [ReportedItem(item_id=item_id)])
            papers.add(tx, program.vault, report.id, PaperKind.REPORT, account.encode(), now=now)
            event = AuthorityReportFiled(at=now, case_id=report.case_id, report_id=report.id)
            clocks.start_of_report(tx, event, now=now)
        return Reported(item_id, MediaId(row.media_id), report.id)

    def ordered_destroyed(self, what: Reported) -> None:
        """Let one person ask for it and another confirm it."""
        now, (one, other) = self.clock(), self.legal
        with self.opened.program.database.begin() as tx:
            asked = evidence_orders.ask_destruction(
                tx, what.item_id, reason=REASON, actor=one, through=SHELL, now=now
            )
        with self.opened.program.database.begin() as tx:
            evidence_orders.confirm_destruction(
                tx, what.item_id, asked.id, size=TeamSize.FULL, actor=other, through=SHELL, now=now
            )

    def reversed(self, what: Reported, lead: Actor) -> None:
        """Let a lead say that the outcome was wrong."""
        program = self.opened.program
        assert lead.user_id is not None
        with program.database.begin() as tx:
            [standing] = assessments.standing_outcomes_of_item(tx, what.item_id)
            reverse(
                tx,
                standing.id,
                reason_code=ReversalReason.MISTAKE,
                by=lead.user_id,
                record=program.recorder.record,
                now=self.clock(),
            )
        self.opened.run_steps()

    def later(self, days: float) -> Verdict:
        """Let days pass and the sweep run; return what there is to say of the log then."""
        self.clock.ahead = timedelta(days=days)
        wiring.sweep_retention(self.opened.program)
        sequence(self.opened.program.database, now=self.clock())
        return verify(self.opened.program.database)

    def lines(self) -> list[LedgerLine]:
        with self.opened.program.database.begin() as tx:
            return list(ledger.lines(tx))

    def naming(self, text: str) -> set[str]:
        """Return the tables, of those that outlive an account, in which a text is found."""
        found = {table: f"select 1 from {table} t where t::text like %(text)s" for table in NAMING}
        return {table for table, asked in found.items() if self.opened.sql(asked, text=f"%{text}%")}


@pytest.fixture
def house(fresh_database_url: str, tmp_path: Path) -> Iterator[House]:
    clock = MovableClock()
    settings = settings_of(tmp_path / "data", fresh_database_url, team={"size_policy": "full"})
    with running.installation(settings, serve=served, clock=clock) as opened:
        opened.add_list("csam", seeds=[1, 2], purpose=Purpose.CSAM)
        legal = (opened.analyst("one", Role.LEGAL), opened.analyst("other", Role.LEGAL))
        yield House(opened, clock, opened.analyst(), legal)


def whole(verdict: Verdict) -> bool:
    return verdict.intact and verdict.waiting == 0


def ask_for_a_bundle(house: House, item_id: ItemId) -> None:
    with house.opened.program.database.begin() as tx:
        asking.ask(
            tx,
            [item_id],
            recipients=[str(x25519.Identity.generate().to_public())],
            recipient_name=RECIPIENT,
            purpose="An order of the court",
            actor=house.legal[0],
            now=house.clock(),
        )


def test_what_is_erased_destroyed_and_forgotten_leaves_a_whole_log_and_a_whole_ledger(house: House) -> None:
    ordered, turned = (house.reported(seed, ACCOUNTS[seed - 1]) for seed in (1, 2))
    ask_for_a_bundle(house, turned.item_id)
    house.reversed(turned, house.opened.analyst("lead", Role.LEAD))
    house.ordered_destroyed(ordered)
    began = house.lines()

    # The order takes the bytes at once. Where it appeared, and what was said of it, the law still asks for.
    assert whole(house.later(0))
    assert house.opened.sql("select distinct media_id from destruction")[0].media_id == ordered.media_id
    assert "item_context" in house.naming(ACCOUNTS[0])
    assert len(house.opened.sql("select 1 from authority_paper")) == 2

    # A platform that forgets an account takes no clock with it, and brings no date nearer.
    house.opened.sql("delete from item_context where account_id = %(account)s", account=ACCOUNTS[1])
    assert whole(house.later(100))
    assert house.naming(ACCOUNTS[1]) == set()
    assert not any(line.destroyed_at for line in house.lines() if line.media_id == turned.media_id)
    assert {line.id for line in house.lines()} >= {line.id for line in began}

    # Erasing what names somebody beside the log is seen, and is no break.
    house.opened.sql("delete from audit_personal")
    verdict = house.later(101)
    assert whole(verdict)
    assert verdict.erased is not None
    assert verdict.erased >= 1

    # The last day of the year, and the first day after it.
    assert whole(house.later(364))
    assert len(house.opened.sql("select 1 from authority_paper")) == 2
    assert whole(house.later(367))
    assert house.opened.sql("select 1 from authority_paper") == []
    assert house.opened.sql("select 1 from wrapped_key") == []
    assert "item_context" not in house.naming(ACCOUNTS[0])
    assert not {"audit_record", "event", "retention_clock", "destruction"} & house.naming("account-of-the")

    # Who asked, what it rested on and when it went stays on record, of both, and of the reports.
    by_media = {
        (line.media_id, line.about, line.why): line.destroyed_at for line in house.lines() if line.set_by
    }
    assert by_media[ordered.media_id, ordered.report_id, "us_preservation"] is not None
    assert by_media[turned.media_id, turned.report_id, "us_preservation"] is not None
    assert by_media[None, ordered.report_id, "us_preservation"] is not None
    assert {line.id for line in house.lines()} >= {line.id for line in began}
    verbs = {
        row.verb
        for row in house.opened.sql(
            "select verb from audit_record where object = %(about)s", about=f"media:{ordered.media_id}"
        )
    }
    assert {"evidence.destroy_ask", "evidence.destroy_confirm", "evidence.destroy"} <= verbs
    references = house.opened.sql("select reference from authority_report order by reference")
    assert [row.reference for row in references] == ["reference-1", "reference-2"]


def test_a_log_in_which_a_destruction_was_struck_out_is_not_whole(house: House) -> None:
    ordered = house.reported(1, ACCOUNTS[0])
    house.ordered_destroyed(ordered)
    assert whole(house.later(0))
    owned = house.opened.program.settings.database.url
    assert owned is not None
    with psycopg.connect(owned.replace("+psycopg", "")) as as_owner:
        as_owner.execute("alter table audit_record disable trigger all")
        struck = as_owner.execute(
            "update audit_record set detail = '{}' where verb = 'evidence.destroy'"
        ).rowcount
    assert struck == 2
    assert not verify(house.opened.program.database).intact
