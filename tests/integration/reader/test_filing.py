"""Claims about the reader's purpose of filing: what a person has sent on is opened, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from safehold.app import authorities
from safehold.app.authorities import Filing
from safehold.app.reader import messages
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.messages import File
from safehold.app.reader.opening import FILING, SHOWING, reading
from safehold.app.records import running as records_running
from safehold.authorities import filings
from safehold.authorities.destinations.ncmec_cybertipline.client import Access
from safehold.egress.addresses import PermittedNetworks
from safehold.model.authority_report import (
    AuthorityReportState,
    DestinationKind,
)
from safehold.model.errors import ErasedEvidence, NotAllowed, NotFound
from safehold.model.ids import ItemId
from safehold.storage import authority_papers
from safehold.storage import authority_reports as rows
from safehold.storage.authority_papers import PaperKind
from safehold.testing.cybertipline import CyberTiplineServer
from safehold.testing.filing import least_contents, least_parcel
from safehold.testing.running import altered_copy
from safehold.vault.age import KeyOfOnce
from safehold.vault.channel import connect

State = AuthorityReportState


@pytest.fixture(scope="module")
def filing_reader(running_program: Any) -> Iterator[ReaderClient]:
    """Yield a reader, a process under its own role, that does what filing asks for."""
    program = running_program[0].program
    with (
        records_running(program.settings, program.home) as addresses,
        reading(program.settings, program.home, addresses, purposes=(*SHOWING, *FILING)) as reader,
    ):
        yield reader


@pytest.fixture
def item(room: Any) -> ItemId:
    return ItemId(room.safehold.sql("select id from item")[0].id)


def test_the_bytes_of_an_item_are_opened_for_a_report_that_is_sent_and_on_record_before(
    room: Any, filing_reader: ReaderClient, item: ItemId
) -> None:
    report_id = room.report_of(item)
    assert filing_reader.file_item(report_id, item) == altered_copy(1)
    [record] = room.safehold.sql("select * from audit_record where verb = 'evidence.open'")
    assert (record.actor, record.object) == ("system:authorities", f"item:{item}")
    assert (record.detail["purpose"], record.detail["report"]) == ("file", str(report_id))


@pytest.mark.parametrize("state", [State.PLANNED, State.STUCK, State.WITHDRAWN, State.DECLINED])
def test_nothing_is_opened_for_a_report_that_is_not_being_sent(
    room: Any, filing_reader: ReaderClient, item: ItemId, state: AuthorityReportState
) -> None:
    ended = {"ended_at": room.clock()} if state in (State.WITHDRAWN, State.DECLINED) else {}
    report_id = room.report_of(item, state=state, **ended)
    with pytest.raises(NotAllowed):
        filing_reader.file_item(report_id, item)
    assert ("evidence.refused", "not_allowed") in room.audited(f"item:{item}")


def test_nothing_is_opened_for_a_report_that_a_person_carries_there(
    room: Any, filing_reader: ReaderClient, item: ItemId
) -> None:
    report_id = room.report_of(item, kind=DestinationKind.UK_NCA)
    with pytest.raises(NotAllowed):
        filing_reader.file_item(report_id, item)


def test_nothing_is_opened_of_which_the_report_does_not_tell(
    room: Any, filing_reader: ReaderClient, item: ItemId
) -> None:
    room.uploads(altered_copy(2))
    [other] = [ItemId(row.id) for row in room.safehold.sql("select id from item where id <> %(id)s", id=item)]
    report_id = room.report_of(item)
    with pytest.raises(NotAllowed):
        filing_reader.file_item(report_id, other)
    with room.safehold.program.database.begin() as tx:
        rows.set_standing(tx, report_id, False, items=[item])
    with pytest.raises(NotAllowed):
        filing_reader.file_item(report_id, item)


def test_what_was_destroyed_is_said_to_be(room: Any, filing_reader: ReaderClient, item: ItemId) -> None:
    report_id = room.report_of(item)
    room.safehold.sql("update sealed_object set destroyed_at = now()")
    with pytest.raises(ErasedEvidence):
        filing_reader.file_item(report_id, item)


def test_a_reader_that_only_shows_files_nothing(room: Any, item: ItemId) -> None:
    report_id = room.report_of(item)
    with pytest.raises(NotAllowed):
        room.reader.file_item(report_id, item)


def test_the_bytes_leave_the_reader_sealed(room: Any, filing_reader: ReaderClient, item: ItemId) -> None:
    report_id = room.report_of(item)
    asked = File(report_id, KeyOfOnce().recipient, item_id=item)
    line = connect(filing_reader.socket, seconds=5, max_body=messages.MAX_ANSWER_BODY)
    line.send(asked.message(), seconds=5)
    answer = line.receive(seconds=60)
    line.close()
    assert len(answer.body) > len(altered_copy(1))
    assert altered_copy(1)[200:264] not in answer.body


def test_a_whole_report_is_filed_through_the_reader_and_its_receipt_is_for_nobody(
    room: Any, filing_reader: ReaderClient, item: ItemId
) -> None:
    room.safehold.load("painted", [{"signal_type": "sha256", "value": _sha256(room, item)}])
    with CyberTiplineServer(username="tests", password="for tests alone") as server:
        access = Access(
            base=server.base,
            username="tests",
            password="for tests alone",
            permitted=PermittedNetworks.of(f"127.0.0.1:{server.port}"),
        )
        program = replace(room.safehold.program, reader=filing_reader)
        how = Filing(
            access_of=lambda name: access if name == "hotline" else None,
            contents_of=least_contents,
            contents_of_parcel=least_parcel,
        )
        report_id = room.report_of(item)
        # Each turn opens anew what it sends: as many processes, one after the other.
        for _ in range(6):
            filings.file_due(authorities.means_of(program, how), most_calls=1)
        [filed] = server.filed
        assert len(filed.files) == 1
        assert server.refused == []
    with program.database.begin() as tx:
        [receipt] = [p for p in authority_papers.of_report(tx, report_id) if p.kind is PaperKind.RECEIPT]
    with pytest.raises((NotAllowed, NotFound)):
        filing_reader.file_paper(report_id, receipt.id)


def test_a_reader_is_ready_while_it_answers_and_its_store_does(
    room: Any, filing_reader: ReaderClient, tmp_path: Path
) -> None:
    assert filing_reader.is_ready()
    vault = Path(room.safehold.program.home.vault)
    aside = vault.rename(vault.with_name("aside"))
    assert not filing_reader.is_ready()
    aside.rename(vault)
    assert filing_reader.is_ready()
    assert not ReaderClient(tmp_path / "nobody").is_ready()


def test_a_worker_runs_schedules_of_filing_of_which_one_is_for_what_is_urgent(room: Any) -> None:
    how = Filing(access_of=lambda _: None, contents_of=least_contents, contents_of_parcel=least_parcel)
    found = authorities.filing_schedules(room.safehold.program, how)
    assert [each.name for each in found] == [
        "authority filings",
        "urgent authority filings",
        "files owed to authorities",
        "practice left unsent",
    ]
    for each in found:
        each.run()


def _sha256(room: Any, item: ItemId) -> str:
    [row] = room.safehold.sql(
        "select encode(m.sha256, 'hex') as digest from media m join item i on i.media_id = m.id"
        " where i.id = %(id)s",
        id=item,
    )
    return str(row.digest)
