"""The pack of a report that a person takes to an authority: for machines and for eyes, without any media."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from safehold.app.authority_letters import facts_of, operator_of, urgency_of
from safehold.app.authority_reports import sheet
from safehold.app.settings import Settings
from safehold.authorities import papers
from safehold.authorities.checklist import Entered
from safehold.authorities.decisions import require_sender
from safehold.authorities.destinations.generic import letter_pack
from safehold.authorities.destinations.uk_nca import pack as nca
from safehold.authorities.letter import letter
from safehold.model.authority_report import AuthorityReport, DestinationKind
from safehold.model.errors import BadForm, Conflict
from safehold.model.ids import AuthorityReportId
from safehold.model.permissions import Actor
from safehold.model.report_facts import ReportFacts
from safehold.storage import audit
from safehold.storage.authority_papers import PaperKind
from safehold.storage.database import Database, Tx
from safehold.vault.files import write_new
from safehold.vault.vault import Vault

PIECE_BYTES = 64 * 1024
"""How much of a download is handed on at once."""
_MEDIA_TYPES = {"json": "application/json", "html": "text/html; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Pack:
    """What a person takes to an authority. files: for machines and for eyes, by their names."""

    case_number: int
    files: Mapping[str, bytes] = field(repr=False)


OpenEntries = Callable[[AuthorityReportId, Actor], Entered]
"""Opens what people entered for a report's checklist, for somebody who may send it."""


def make(
    tx: Tx,
    settings: Settings,
    report_id: AuthorityReportId,
    *,
    entered: Entered,
    vault: Vault,
    actor: Actor,
    now: datetime,
) -> Pack:
    """Return the pack of a report as the record stands now, and put on record that it was made.

    entered: what people entered for its checklist, opened. While the report is open a copy is sealed: this
    may be what the authority is told, and nobody can make it anew later.

    Raises NotAllowed, NotFound, ConflictOfInterest; Conflict for a report that the machine files; Refused
    where nothing is left to say.
    """
    report = sheet(tx, report_id, actor=actor).report
    require_sender(report, actor)
    if not report.kind.by_hand:
        raise Conflict("The machine files this one; nobody takes a pack there.")
    facts = facts_of(tx, settings, report, now=now).facts
    written = _for_the_nca if report.kind is DestinationKind.UK_NCA else _for_others
    files = written(settings, report, facts, entered, now)
    if report.state.is_open:
        papers.add(tx, vault, report.id, PaperKind.PACK, files["pack.json"], now=now)
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="authority_report.pack",
        object=f"authority_report:{report.id}",
        detail={"case": str(report.case_id)},
    )
    return Pack(facts.case_number, files)


def _for_the_nca(
    settings: Settings, report: AuthorityReport, facts: ReportFacts, entered: Entered, now: datetime
) -> Mapping[str, bytes]:
    operator, urgent = operator_of(settings.authorities), urgency_of(report, facts)
    made = nca.pack(facts, operator, entered, urgent, now=now)
    return {"pack.json": nca.as_json(made), "pack.html": nca.as_page(made)}


def _for_others(
    settings: Settings, report: AuthorityReport, facts: ReportFacts, _: Entered, now: datetime
) -> Mapping[str, bytes]:
    """Return the letter as its sender read it: whatever one country's law asks for is no part of it."""
    operator, urgent, to = operator_of(settings.authorities), urgency_of(report, facts), report.destination
    written = letter(facts, operator, urgent, to=to, now=now)
    content = letter_pack.content_of(facts, written, report.id, to=to, now=now)
    return {"pack.json": letter_pack.as_json(content), "pack.html": letter_pack.as_page(content)}


def write(
    database: Database,
    settings: Settings,
    report_id: AuthorityReportId,
    *,
    to: Path,
    open_entries: OpenEntries,
    vault: Vault,
    actor: Actor,
    now: datetime,
) -> list[Path]:
    """Write pack.json and pack.html (0600) into a folder; return where.

    open_entries: opens what people entered for the checklist. Raises as `make` and `open_entries`, NameTaken.
    """
    made = opened(database, settings, report_id, open_entries=open_entries, vault=vault, actor=actor, now=now)
    to.mkdir(parents=True, exist_ok=True)
    written = {to / name: data for name, data in made.files.items()}
    for path, data in written.items():
        write_new(path, data)
    return list(written)


def opened(
    database: Database,
    settings: Settings,
    report_id: AuthorityReportId,
    *,
    open_entries: OpenEntries,
    vault: Vault,
    actor: Actor,
    now: datetime,
) -> Pack:
    """Return the pack of a report with what people entered for its checklist. Raises as `write` does."""
    with database.begin() as tx:
        require_sender(sheet(tx, report_id, actor=actor).report, actor)
    entered = open_entries(report_id, actor)
    with database.begin() as tx:
        return make(tx, settings, report_id, entered=entered, vault=vault, actor=actor, now=now)


@dataclass(frozen=True, slots=True)
class Download:
    """A pack as one file. pieces: its bytes, in order."""

    name: str
    media_type: str
    pieces: Iterator[bytes]


def download(made: Pack, form: str) -> Download:
    """Return a pack as one file: "json", "html", or "zip" for both. Raises BadForm for any other form."""
    case, files = made.case_number, made.files
    if form == "zip":
        return Download(f"report-case-{case}.zip", "application/zip", _pieces(_zipped(files)))
    if form not in _MEDIA_TYPES:
        raise BadForm("form: choose one.", field="form")
    return Download(f"report-case-{case}.{form}", _MEDIA_TYPES[form], _pieces(files[f"pack.{form}"]))


def _zipped(files: Mapping[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            # Without a date the same pack is the same bytes.
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def _pieces(data: bytes) -> Iterator[bytes]:
    return (data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES))
