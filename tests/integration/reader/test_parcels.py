"""Claims about the reader's purpose of packing parcels: for the receivers alone, who need public tools."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from safehold.app import authorities
from safehold.app.authorities import Filing
from safehold.app.bundles import signing
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.opening import FILING, SHOWING, reading
from safehold.app.records import running as records_running
from safehold.authorities import filings
from safehold.authorities.destinations.generic.way import ByWebhook, Way
from safehold.egress.addresses import PermittedNetworks
from safehold.model.authority_report import AuthorityReportState, DestinationKind
from safehold.model.errors import InvalidInput, NotAllowed
from safehold.model.ids import ItemId
from safehold.storage import authority_reports as rows
from safehold.testing.filing import least_contents, least_parcel
from safehold.testing.handing_over import recipient
from safehold.testing.hotline.webhook import SECRET
from safehold.testing.running import altered_copy
from safehold.testing.servers import LocalServer, reply

State = AuthorityReportState
PARCEL = DestinationKind.PARCEL


@pytest.fixture(scope="module")
def filing_reader(running_program: Any) -> Iterator[ReaderClient]:
    program = running_program[0].program
    with (
        records_running(program.settings, program.home) as addresses,
        reading(program.settings, program.home, addresses, purposes=(*SHOWING, *FILING)) as reader,
    ):
        yield reader


@pytest.fixture
def item(room: Any) -> ItemId:
    return ItemId(room.safehold.sql("select id from item")[0].id)


def packed(reader: ReaderClient, report_id: Any, items: list[ItemId], to: str) -> bytes:
    """Return what the reader packs, with nothing behind the files."""
    pieces: list[bytes] = []
    reader.parcel(report_id, items=items, recipients=[to], write=pieces.append, close=lambda _: bytes(1024))
    return b"".join(pieces)


def test_a_stranger_opens_and_checks_a_parcel_with_age_sha256sum_and_openssl(
    room: Any, filing_reader: ReaderClient, item: ItemId, tmp_path: Path
) -> None:
    [row] = room.safehold.sql("select encode(sha256, 'hex') as sha256 from media")
    room.safehold.load("painted", [{"signal_type": "sha256", "value": row.sha256}])
    receiver = recipient(tmp_path)
    said = reply(json.dumps({"reference": "H-1"}).encode(), media_type="application/json")
    with LocalServer({"/": said}) as server:
        permitted = PermittedNetworks.of(f"127.0.0.1:{server.port}")
        by = ByWebhook(url=server.url("/"), secrets=(SECRET,), permitted=permitted)
        way = Way(by=by, recipients=(receiver.public,))
        how = Filing(access_of=lambda _: way, contents_of=least_contents, contents_of_parcel=least_parcel)
        program = replace(room.safehold.program, reader=filing_reader)
        report_id = room.report_of(item, kind=PARCEL)
        filings.file_due(authorities.means_of(program, how))
        [request] = server.requests
    with program.database.begin() as tx:
        report = rows.get(tx, report_id)
    assert report is not None
    assert (report.state, report.reference) == (State.FILED, "H-1")
    parcel = tmp_path / "parcel.tar.age"
    parcel.write_bytes(request.body)
    folder = receiver.unpacks(parcel, tmp_path / "unpacked")
    run = lambda *command: subprocess.run(command, cwd=folder, capture_output=True, check=True)  # noqa: E731
    run("sha256sum", "--check", "--strict", signing.SUMS)
    run(
        *("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", signing.KEY),
        *("-in", signing.SUMS, "-sigfile", signing.SIGNATURE),
    )
    [file] = (folder / "media").iterdir()
    assert file.read_bytes() == altered_copy(1)
    [entry] = json.loads((folder / "inventory.json").read_bytes())["files"]
    assert (folder / entry["name"]).read_bytes() == altered_copy(1)
    assert str(report_id) in (folder / "letter.html").read_text()
    assert altered_copy(1)[200:264] not in request.body


def test_each_item_of_a_parcel_is_on_record_before_it_is_opened(
    room: Any, filing_reader: ReaderClient, item: ItemId, tmp_path: Path
) -> None:
    report_id = room.report_of(item, kind=PARCEL)
    packed(filing_reader, report_id, [item], recipient(tmp_path).public)
    [record] = room.safehold.sql("select * from audit_record where verb = 'evidence.open'")
    assert (record.actor, record.object) == ("system:authorities", f"item:{item}")
    assert (record.detail["purpose"], record.detail["report"]) == ("parcel", str(report_id))


@pytest.mark.parametrize(
    "changed", [{"state": State.PLANNED}, {"state": State.STUCK}, {"kind": DestinationKind.GENERIC}, {}]
)
def test_nothing_is_packed_for_a_report_that_is_not_to_go_as_a_parcel_now(
    room: Any, filing_reader: ReaderClient, item: ItemId, tmp_path: Path, changed: dict[str, Any]
) -> None:
    report_id = room.report_of(item, **({"kind": PARCEL} | changed if changed else {}))
    with pytest.raises(NotAllowed):
        packed(filing_reader, report_id, [item], recipient(tmp_path).public)
    assert ("evidence.refused", "not_allowed") in room.audited(f"authority_report:{report_id}")


def test_a_file_that_goes_as_a_parcel_leaves_in_no_other_way(
    room: Any, filing_reader: ReaderClient, item: ItemId
) -> None:
    report_id = room.report_of(item, kind=PARCEL)
    with pytest.raises(NotAllowed):
        filing_reader.file_item(report_id, item)


def test_nothing_is_packed_of_which_the_report_does_not_tell(
    room: Any, filing_reader: ReaderClient, item: ItemId, tmp_path: Path
) -> None:
    room.uploads(altered_copy(2))
    [other] = [ItemId(row.id) for row in room.safehold.sql("select id from item where id <> %(id)s", id=item)]
    report_id = room.report_of(item, kind=PARCEL)
    with pytest.raises(NotAllowed):
        packed(filing_reader, report_id, [item, other], recipient(tmp_path).public)


def test_nothing_is_packed_to_what_is_no_public_key(
    room: Any, filing_reader: ReaderClient, item: ItemId
) -> None:
    report_id = room.report_of(item, kind=PARCEL)
    with pytest.raises(InvalidInput):
        packed(filing_reader, report_id, [item], "age1nobody")


def test_a_reader_that_only_shows_packs_nothing(room: Any, item: ItemId, tmp_path: Path) -> None:
    report_id = room.report_of(item, kind=PARCEL)
    with pytest.raises(NotAllowed):
        packed(room.reader, report_id, [item], recipient(tmp_path).public)
