"""Authority reports as a whole: whoever may know of the case decides, and emergencies have theirs at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from safehold.app.authority_rules import authority_rules
from safehold.app.operator import Operator
from safehold.app.program import Program
from safehold.app.settings import Settings
from safehold.authorities import decisions, entries, filings, plans
from safehold.authorities.entries import Filled
from safehold.jobs.record import Record
from safehold.model.authority_report import AuthorityReport, Priority, ReportedItem
from safehold.model.case import Case
from safehold.model.clock import Clock
from safehold.model.errors import NotFound
from safehold.model.events import ItemPreserved
from safehold.model.ids import AuthorityReportId, CaseId
from safehold.model.permissions import Actor, Permission
from safehold.review.admission import admit, knows
from safehold.review.cases import existing_case
from safehold.storage import authority_reports as rows
from safehold.storage import cases
from safehold.storage.database import Database, Tx
from safehold.vault.vault import Vault

Decided = TypeVar("Decided")

LISTED = 200
"""So many open reports are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSheet:
    """A report with its case and what it tells about."""

    report: AuthorityReport
    case: Case
    items: tuple[ReportedItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What deciding takes. A program and an operator's command each have it."""

    database: Database
    settings: Settings
    clock: Clock
    record: Record

    @staticmethod
    def of(program: Program) -> Desk:
        """Return that of a running program."""
        return Desk(
            database=program.database,
            settings=program.settings,
            clock=program.clock,
            record=program.recorder.record,
        )

    @staticmethod
    def of_operator(operator: Operator) -> Desk:
        """Return that of a command."""
        return Desk(
            database=operator.database,
            settings=operator.settings,
            clock=operator.clock,
            record=operator.recorder.record,
        )

    def send(
        self,
        report_id: AuthorityReportId,
        *,
        actor: Actor,
        revision: int,
        check: Callable[[Tx], None] = lambda _: None,
    ) -> AuthorityReport:
        """Let a planned report go. check: raises where it must not, in the transaction that sends it.

        Raises as `decisions.send` does, and NotFound, ConflictOfInterest.
        """
        two = self.settings.authorities.second_person

        def decide(tx: Tx) -> AuthorityReport:
            check(tx)
            return decisions.send(tx, report_id, actor=actor, revision=revision, two=two, now=self.clock())

        return self._decide(report_id, actor, decide)

    def decline(self, report_id: AuthorityReportId, *, actor: Actor, revision: int) -> None:
        """Say no to a planned report. Raises as `send` does."""
        self._decide(
            report_id,
            actor,
            lambda tx: decisions.decline(tx, report_id, actor=actor, revision=revision, now=self.clock()),
        )

    def withdraw(self, report_id: AuthorityReportId, *, actor: Actor, revision: int) -> None:
        """Take back what is being sent. Raises as `send` does, and Conflict once it is filed."""
        self._decide(
            report_id,
            actor,
            lambda tx: decisions.withdraw(tx, report_id, actor=actor, revision=revision, now=self.clock()),
        )

    def hurry(self, report_id: AuthorityReportId, priority: Priority, *, actor: Actor, revision: int) -> None:
        """Set the priority of a planned report. Raises as `decisions.hurry` does."""
        within = authority_rules(self.settings).due_within[priority]
        self._decide(
            report_id,
            actor,
            lambda tx: decisions.hurry(
                tx, report_id, priority, within=within, actor=actor, revision=revision, now=self.clock()
            ),
        )

    def let_go_on(self, report_id: AuthorityReportId, *, actor: Actor, anew: bool = False) -> None:
        """Let a stuck report go on. Raises as `filings.let_go_on` does, and NotFound, ConflictOfInterest."""
        self._decide(
            report_id,
            actor,
            lambda tx: filings.let_go_on(tx, report_id, actor=actor, anew=anew, now=self.clock()),
        )

    def fill(
        self, report_id: AuthorityReportId, filled: Sequence[Filled], *, vault: Vault, actor: Actor
    ) -> None:
        """Fill items of the checklist in. Raises as `entries.fill` does, and NotFound, ConflictOfInterest."""
        self._decide(
            report_id,
            actor,
            lambda tx: entries.fill(tx, vault, report_id, filled, actor=actor, now=self.clock()),
        )

    def record_reference(
        self, report_id: AuthorityReportId, reference: str, *, actor: Actor, revision: int
    ) -> None:
        """Write down what came back by hand. Raises as `decisions.record_reference` does."""
        self._decide(
            report_id,
            actor,
            lambda tx: decisions.record_reference(
                tx,
                report_id,
                reference,
                actor=actor,
                revision=revision,
                record=self.record,
                now=self.clock(),
            ),
        )

    def _decide(self, report_id: AuthorityReportId, actor: Actor, decide: Callable[[Tx], Decided]) -> Decided:
        with self.database.begin() as tx:
            _near(tx, report_id, actor)
            return decide(tx)


def sheet(tx: Tx, report_id: AuthorityReportId, *, actor: Actor) -> ReportSheet:
    """Return a report for reading. Raises NotAllowed, ConflictOfInterest; NotFound, also for outsiders."""
    actor.require(Permission.AUTHORITY_READ)
    report = _near(tx, report_id, actor)
    return _sheet(tx, report, existing_case(tx, report.case_id))


def sheets_of_case(tx: Tx, case_id: CaseId, *, actor: Actor) -> list[ReportSheet]:
    """Return the reports about a case, oldest first. Raises NotAllowed, NotFound, ConflictOfInterest."""
    actor.require(Permission.AUTHORITY_READ)
    if actor.user_id is not None:
        admit(tx, case_id, actor.user_id)
    case = existing_case(tx, case_id)
    return [_sheet(tx, one, case) for one in rows.of_case(tx, case_id)]


def plan_case(tx: Tx, case_id: CaseId, *, settings: Settings, now: datetime) -> None:
    """Plan what of a case is confirmed and told nobody yet: destinations may have been enabled since.

    Raises NotFound.
    """
    existing_case(tx, case_id)
    for place in cases.items_of(tx, case_id):
        event = ItemPreserved(at=now, item_id=place.item_id, case_id=case_id)
        plans.plan(tx, event, rules=authority_rules(settings), now=now)


def waiting(tx: Tx, *, actor: Actor, limit: int = LISTED) -> list[ReportSheet]:
    """Return the open reports of cases of which they may know, the soonest due first. Raises NotAllowed."""
    actor.require(Permission.AUTHORITY_READ)
    reports = rows.open_ones(tx, limit=limit)
    if actor.user_id is not None:
        user_id = actor.user_id
        reports = [one for one in reports if knows(tx, one.case_id, user_id)]
    return [_sheet(tx, one, existing_case(tx, one.case_id)) for one in reports]


def _sheet(tx: Tx, report: AuthorityReport, case: Case) -> ReportSheet:
    return ReportSheet(report=report, case=case, items=tuple(rows.items_of(tx, report.id, standing=False)))


def _near(tx: Tx, report_id: AuthorityReportId, actor: Actor) -> AuthorityReport:
    report, person = rows.get(tx, report_id), actor.user_id
    if report is None or (person is not None and not knows(tx, report.case_id, person)):
        raise NotFound("There is no such authority report.")
    if person is not None:
        admit(tx, report.case_id, person)
    return report
