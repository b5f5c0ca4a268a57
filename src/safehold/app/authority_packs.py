"""The pack of a report that a person takes to an authority: for machines and for eyes, without any media."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from safehold.app.authority_letters import facts_of, operator_of, urgency_of
from safehold.app.authority_reports import sheet
from safehold.app.settings import Settings
from safehold.authorities.checklist import Entered
from safehold.authorities.decisions import require_sender
from safehold.authorities.destinations.uk_nca import pack as packs
from safehold.authorities.destinations.uk_nca.pack import Pack
from safehold.model.errors import BadForm, Conflict
from safehold.model.ids import AuthorityReportId
from safehold.model.permissions import Actor
from safehold.storage import audit
from safehold.storage.database import Database, Tx
from safehold.vault.files import write_new

PIECE_BYTES = 64 * 1024
"""How much of a download is handed on at once."""
_MEDIA_TYPES = {"json": "application/json", "html": "text/html; charset=utf-8"}

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
    require_sender(report, actor)
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
    made = opened(database, settings, report_id, open_entries=open_entries, actor=actor, now=now)
    to.mkdir(parents=True, exist_ok=True)
    written = {to / name: data for name, data in files_of(made).items()}
    for path, data in written.items():
        write_new(path, data)
    return list(written)


def opened(
    database: Database,
    settings: Settings,
    report_id: AuthorityReportId,
    *,
    open_entries: OpenEntries,
    actor: Actor,
    now: datetime,
) -> Pack:
    """Return the pack of a report with what people entered for its checklist. Raises as `write` does."""
    with database.begin() as tx:
        require_sender(sheet(tx, report_id, actor=actor).report, actor)
    entered = open_entries(report_id, actor)
    with database.begin() as tx:
        return make(tx, settings, report_id, entered=entered, actor=actor, now=now)


def files_of(made: Pack) -> dict[str, bytes]:
    """Return the files of a pack by their names: for machines, and for eyes."""
    return {"pack.json": packs.as_json(made), "pack.html": packs.as_page(made)}


@dataclass(frozen=True, slots=True)
class Download:
    """A pack as one file. pieces: its bytes, in order."""

    name: str
    media_type: str
    pieces: Iterator[bytes]


def download(made: Pack, form: str) -> Download:
    """Return a pack as one file: "json", "html", or "zip" for both. Raises BadForm for any other form."""
    case, files = made.content["case"], files_of(made)
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
