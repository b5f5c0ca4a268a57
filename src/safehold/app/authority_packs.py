"""The pack of a report that a person takes to an authority: for machines and for eyes, without any media."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from safehold.app.authority_letters import facts_of, operator_of, urgency_of
from safehold.app.authority_reports import sheet
from safehold.app.settings import Settings
from safehold.authorities.checklist import Entered
from safehold.authorities.destinations.uk_nca import pack as packs
from safehold.authorities.destinations.uk_nca.pack import Pack
from safehold.model.errors import Conflict
from safehold.model.ids import AuthorityReportId
from safehold.model.permissions import Actor
from safehold.storage import audit
from safehold.storage.database import Database, Tx
from safehold.vault.files import write_new

OpenEntries = Callable[[AuthorityReportId, Actor], Entered]
"""Opens what people entered for a report's checklist, for somebody who may send it."""


def make(
    tx: Tx,
    settings: Settings,
    report_id: AuthorityReportId,
    *,
    entered: Entered,
    actor: Actor,
    now: datetime,
) -> Pack:
    """Return the pack of a report as the record stands now, and put on record that it was made.

    entered: what people entered for its checklist, opened.

    Raises NotAllowed, NotFound, ConflictOfInterest; Conflict for a report that the machine files; Refused
    where nothing is left to say.
    """
    report = sheet(tx, report_id, actor=actor).report
    if not report.kind.by_hand:
        raise Conflict("The machine files this one; nobody takes a pack there.")
    facts = facts_of(tx, settings, report, now=now).facts
    operator = operator_of(settings.authorities)
    made = packs.pack(facts, operator, entered, urgency_of(report, facts), now=now)
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="authority_report.pack",
        object=f"authority_report:{report.id}",
        detail={"case": str(report.case_id)},
    )
    return made


def write(
    database: Database,
    settings: Settings,
    report_id: AuthorityReportId,
    *,
    to: Path,
    open_entries: OpenEntries,
    actor: Actor,
    now: datetime,
) -> list[Path]:
    """Write pack.json and pack.html (0600) into a folder; return where.

    open_entries: opens what people entered for the checklist. Raises as `make` and `open_entries`, NameTaken.
    """
    with database.begin() as tx:
        sheet(tx, report_id, actor=actor)
    entered = open_entries(report_id, actor)
    with database.begin() as tx:
        made = make(tx, settings, report_id, entered=entered, actor=actor, now=now)
    to.mkdir(parents=True, exist_ok=True)
    written = {to / "pack.json": packs.as_json(made), to / "pack.html": packs.as_page(made)}
    for path, data in written.items():
        write_new(path, data)
    return list(written)
