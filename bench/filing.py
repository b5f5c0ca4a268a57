"""How much memory a worker takes that files a report of many large files, and how long. Run by `make bench`.

A process that files, as a worker does, against a strict server in this one; the files come from a real reader
process, sealed to a key of each request. `--files 500 --megabytes 20` is the full size.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import secrets
import sys
import tempfile
import time
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safehold.app.authorities import Filing, means_of
from safehold.app.program import Program, open_program
from safehold.app.settings import Settings
from safehold.authorities import filings
from safehold.authorities.contents import ContentFile, Contents
from safehold.authorities.destinations.ncmec_cybertipline import wire
from safehold.authorities.destinations.ncmec_cybertipline.client import Access
from safehold.egress.addresses import PermittedNetworks
from safehold.model.authority_report import (
    AuthorityReport,
    AuthorityReportState,
    DestinationKind,
    PlanReason,
    Priority,
    ReportedItem,
)
from safehold.model.ids import AuthorityReportId, CaseId, ItemId, MediaId, new_id
from safehold.storage import authority_reports as rows
from safehold.storage import evidence

if TYPE_CHECKING:
    # What sets up is not loaded in the process that is measured.
    from safehold.testing.running import Installation

GOAL_MB = 200
SECRET = "for measuring alone"  # noqa: S105 - it opens nothing
DESTINATION = "bench"
MEBIBYTE = 1024 * 1024


def details(report_id: int, file_id: str) -> wire.FileDetails:
    """Say as much of a file as is usual."""
    return wire.FileDetails(
        report_id=report_id,
        file_id=file_id,
        original_file_name="lake.jpg",
        file_viewed_by_esp=True,
        file_relevance=wire.Relevance.REPORTED,
        original_file_hash=(wire.OriginalFileHash(value="0" * 64, hash_type="SHA256"),),
    )


def contents_of(tx: Any, report: AuthorityReport, items: Any, now: Any) -> Contents:
    """Make a report with all its items as files."""
    files = tuple(
        ContentFile(
            item_id=one.item_id, media_id=evidence.media_of_item(tx, one.item_id), size=1, details=details
        )
        for one in items
    )
    summary = wire.IncidentSummary(
        incident_type=wire.IncidentType.IMAGERY, incident_date_time=now - timedelta(days=1)
    )
    reporter = wire.Reporter(reporting_person=wire.Person(email=(wire.Email(address="a@example.org"),)))
    details_of = (wire.InternetDetails(web_page_incident=wire.WebPageIncident()),)
    return Contents(
        report=wire.Report(incident_summary=summary, internet_details=details_of, reporter=reporter),
        files=files,
    )


def seal_files(safehold: Installation, number: int, size: int) -> list[ItemId]:
    """Put items with sealed noise on record, each on the list of harmless files."""
    program, digests, items = safehold.program, [], []
    for _ in range(number):
        data = secrets.token_bytes(size)
        sealed = program.vault.seal(data)
        item_id, media_id = ItemId(new_id()), MediaId(new_id())
        digests.append({"signal_type": "sha256", "value": hashlib.sha256(data).hexdigest()})
        safehold.sql(
            "insert into media (id, sha256, media_type, kind, size_bytes, first_seen_at)"
            " values (%(id)s, %(sha)s, 'image/png', 'image', %(size)s, now())",
            id=media_id,
            sha=hashlib.sha256(data).digest(),
            size=size,
        )
        safehold.sql(
            "insert into item (id, kind, surface, media_id, scan_id, result, rehearsal, received_at)"
            " values (%(id)s, 'media', 'rehearsal', %(media)s, %(id)s, 'hold', true, now())",
            id=item_id,
            media=media_id,
        )
        safehold.sql(
            "insert into sealed_object (id, media_id, role, media_type, size_bytes, sealed_at)"
            " values (%(id)s, %(media)s, 'original', 'image/png', %(size)s, now())",
            id=sealed.object_id,
            media=media_id,
            size=size,
        )
        safehold.sql(
            "insert into wrapped_key (object_id, wrapped) values (%(id)s, %(wrapped)s)",
            id=sealed.object_id,
            wrapped=sealed.wrapped_key,
        )
        items.append(item_id)
    safehold.add_list("harmless", ())
    safehold.load("harmless", digests)
    return items


def send_on(safehold: Installation, items: list[ItemId]) -> AuthorityReportId:
    """Put a report on record that a person has sent on."""
    now, person = safehold.program.clock(), safehold.analyst("bench")
    case_id = CaseId(new_id())
    safehold.sql(
        "insert into review_case (id, purpose, gathered_by, rehearsal, state, priority, priority_parts,"
        " opened_at, turn_at, exposure_kinds)"
        " values (%(id)s, 'test', 'bench', true, 'open', 0, '{}', now(), now(), '{}')",
        id=case_id,
    )
    report = AuthorityReport(
        id=AuthorityReportId(new_id()),
        case_id=case_id,
        destination=DESTINATION,
        kind=DestinationKind.NCMEC_CYBERTIPLINE,
        priority=Priority.THREE,
        state=AuthorityReportState.SENDING,
        reasons=(PlanReason.OPERATOR_IN_US,),
        planned_at=now,
        due_at=now + timedelta(days=1),
        rehearsal=True,
        approved_by=person.user_id,
        approved_at=now,
    )
    with safehold.program.database.begin() as tx:
        rows.insert(tx, report)
        rows.add_items(tx, report.id, DESTINATION, [ReportedItem(item_id=one) for one in items])
    return report.id


def work(told: dict[str, Any], answers: Connection) -> None:
    """File what is due, in a process of its own, and say how much memory that took."""
    access = Access(
        base=told["base"],
        username="bench",
        password=SECRET,
        permitted=PermittedNetworks.of(told["permitted"]),
    )
    how = Filing(access_of=lambda _: access, contents_of=contents_of)
    settings = Settings.model_validate(told["settings"])
    with open_program(settings, surfaces=frozenset({"worker", "media"})) as program:
        before = peak()
        began, calls = time.monotonic(), 0
        while made := filings.file_due(means_of(program, how)):
            calls += made
        answers.send((before, peak(), calls, time.monotonic() - began))


def peak() -> float:
    """Return the most memory that this process ever had, in MB: resident, pages that it shares included."""
    status = Path("/proc/self/status").read_text()
    [line] = [each for each in status.splitlines() if each.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def main() -> int:
    """Set up, file, print. Exit code 1 where the goal is missed."""
    from safehold.testing.running import set_up, settings_of

    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--megabytes", type=int, default=20)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of(Path(folder) / "data", None)
        set_up(settings)
        with open_program(settings, surfaces=frozenset({"api", "console"})) as program:
            return measured(settings, program, Path(folder), chosen.files, chosen.megabytes)


def measured(settings: Settings, program: Program, folder: Path, files: int, megabytes: int) -> int:
    """Print what filing a report of so many files takes."""
    from safehold.testing.cybertipline import CyberTiplineServer
    from safehold.testing.running import Installation

    safehold = Installation(program, "", folder)
    report_id = send_on(safehold, seal_files(safehold, files, megabytes * MEBIBYTE))
    with CyberTiplineServer(username="bench", password=SECRET) as server:
        told = {
            "settings": json.loads(settings.model_dump_json()),
            "base": server.base,
            "permitted": f"127.0.0.1:{server.port}",
        }
        mine, theirs = multiprocessing.Pipe()
        worker = multiprocessing.get_context("spawn").Process(target=work, args=(told, theirs))
        worker.start()
        before, most, calls, seconds = mine.recv()
        worker.join()
        [filed] = server.filed
    with program.database.begin() as tx:
        found = rows.get(tx, report_id)
    whole = found is not None and found.reference == str(filed.report_id) and len(filed.files) == files
    sys.stdout.write(
        f"{files} files of {megabytes} MB: {calls} calls in {seconds:.1f} s, whole: {whole}\n"
        f"memory of the worker: {before:.0f} MB before, {most:.0f} MB at most; goal {GOAL_MB} MB\n"
    )
    return 0 if whole and most <= GOAL_MB else 1


if __name__ == "__main__":
    sys.exit(main())
