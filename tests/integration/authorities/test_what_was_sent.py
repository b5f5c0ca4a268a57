"""Claims about reading again what an authority was told: the sealed copy, for few, and on record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from safehold.app import authority_sent, paper_sweep
from safehold.app.authority_sent import End, Sent
from safehold.app.reader import messages
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.messages import Reread
from safehold.app.reader.opening import FILING, PACKING, reading
from safehold.app.records import running as records_running
from safehold.authorities.destinations.generic.way import ByWebhook, Way
from safehold.authorities.outline import lines
from safehold.egress.addresses import PermittedNetworks
from safehold.model.assessment import Finding
from safehold.model.authority_report import DestinationKind
from safehold.model.errors import ConflictOfInterest, NotAllowed, NotFound, ReaderDown
from safehold.model.ids import AuthorityReportId
from safehold.model.permissions import Actor, Role
from safehold.model.retention import Basis
from safehold.review import conflicts
from safehold.storage import audit
from safehold.storage.authority_papers import PaperKind
from safehold.testing.cybertipline import Fault as TiplineFault
from safehold.testing.cybertipline import Moment
from safehold.testing.handing_over import Person, person
from safehold.testing.hotline import Desk, Fault, Hotline
from safehold.testing.hotline.webhook import SECRET
from safehold.testing.running import TESTER
from safehold.vault.age import KeyOfOnce
from safehold.vault.channel import connect

AGENCY = {"country": "GB", "destinations": {"agency": {"kind": "uk_nca", "enabled": True}}}


@pytest.fixture(scope="module")
def reader(running_program: Any) -> Iterator[ReaderClient]:
    """Yield a reader, a process under its own role, that does what the console asks for."""
    program = running_program[0].program
    with (
        records_running(program.settings, program.home) as addresses,
        reading(program.settings, program.home, addresses, purposes=PACKING) as reader,
    ):
        yield reader


def reads(
    office: Any, reader: ReaderClient | None, report_id: AuthorityReportId, *, actor: Actor | None = None
) -> Sent:
    return authority_sent.read_again(
        office.safehold.program.database,
        authority_sent.opening(reader),
        report_id,
        actor=actor or office.person,
        now=office.clock(),
    )


def filed(office: Any) -> AuthorityReportId:
    report_id: AuthorityReportId = office.sent_on()
    office.works()
    return report_id


def opened_on_record(office: Any) -> list[Any]:
    found: list[Any] = office.safehold.sql(
        "select actor, detail from audit_record where verb = 'authority_paper.open' order by at, id"
    )
    return found


def test_what_was_filed_is_read_again_with_each_call_its_answer_and_the_receipt(
    office: Any, reader: ReaderClient
) -> None:
    report_id = filed(office)
    sent = reads(office, reader, report_id)
    assert [(paper.kind, paper.fits) for paper in sent.papers] == [
        (PaperKind.REPORT, True),
        (PaperKind.FILE_DETAILS, True),
        (PaperKind.RECEIPT, True),
    ]
    report, files, receipt = (list(lines(paper.said or ())) for paper in sent.papers)
    assert any(value == "a@example.org" for _, _, value in report)
    assert [name for depth, name, _ in files if depth == 0] == ["1", "2", "3"]
    assert (0, "reportId", office.report(report_id).reference) in receipt
    assert [(each.call, each.file, each.code) for each in sent.calls] == [
        ("open", None, 0),
        *((call, at, 0) for call in ("upload", "describe") for at in (1, 2, 3)),
        ("finish", None, 0),
    ]
    assert all(each.ended_at is not None and each.status == 200 for each in sent.calls)
    assert sent.gone_at is None


def test_a_call_whose_answer_was_lost_says_so(office: Any, reader: ReaderClient) -> None:
    office.server.fail_next(Moment.FINISH, TiplineFault.REPLY_LOST)
    report_id = filed(office)
    lost, found_out = [each for each in reads(office, reader, report_id).calls if each.call == "finish"]
    assert (lost.status, lost.failed is not None) == (None, True)
    assert (found_out.status, found_out.failed) == (200, None)


def test_a_call_after_which_a_process_died_has_an_end_that_nobody_knows(office: Any) -> None:
    report_id = filed(office)
    with office.safehold.program.database.begin() as tx:
        records = audit.of_object(tx, f"authority_report:{report_id}")
    died = [each for each in records if each.detail.get("moment") == "before"]
    calls = authority_sent.calls_of(died)
    assert len(calls) == len(died) == 8
    assert {(each.ended_at, each.status, each.failed) for each in calls} == {(None, None, None)}


def test_a_parcel_is_read_again_with_each_sending_and_what_came_of_it(
    office: Any, reader: ReaderClient
) -> None:
    desk = Desk(sender_key=office.safehold.program.home.bundles_key().public_key())
    with Hotline(desk) as hotline:
        permitted = PermittedNetworks.of(f"127.0.0.1:{hotline.port}")
        by = ByWebhook(url=hotline.url, secrets=(SECRET,), permitted=permitted)
        report_id = office.sent_on(kind=DestinationKind.PARCEL)
        office.access[office.report(report_id).destination] = Way(by=by, recipients=(desk.recipient,))
        hotline.fail_next(Fault.REPLY_LOST)
        office.works()
    sent = reads(office, reader, report_id)
    letter, files, receipt = (list(lines(paper.said or ())) for paper in sent.papers)
    assert all(paper.fits for paper in sent.papers)
    assert (0, "report", str(report_id)) in letter
    assert [name for depth, name, _ in files if depth == 0] == ["1", "2", "3"]
    assert (0, "reference", office.report(report_id).reference) in receipt
    lost, taken = sent.calls
    assert (lost.call, lost.end, bool(lost.failed)) == ("send", End.UNKNOWN, True)
    assert (taken.end, taken.failed) == (End.TAKEN, "")
    with office.safehold.program.database.begin() as tx:
        records = audit.of_object(tx, f"authority_report:{report_id}")
    # What another version wrote takes no page away.
    later = [replace(each, detail={**each.detail, "end": "lost at sea"}) for each in records]
    assert {each.end for each in authority_sent.calls_of(later)} == {None}


def test_who_read_it_is_on_record_with_each_paper_and_nothing_of_what_it_says(
    office: Any, reader: ReaderClient
) -> None:
    report_id = filed(office)
    reads(office, reader, report_id)
    found = opened_on_record(office)
    assert [row.actor for row in found] == [office.person.label] * 3
    assert {row.detail["purpose"] for row in found} == {"reread"}
    [read] = office.safehold.sql("select * from audit_record where verb = 'authority_report.reread'")
    assert (read.actor, read.detail["papers"]) == (office.person.label, 3)
    assert "a@example.org" not in str(found) + str(read)


def test_it_is_for_those_who_may_and_who_may_come_near_its_case(office: Any, reader: ReaderClient) -> None:
    report_id = filed(office)
    [paper, *_] = office.papers(report_id)
    for role in (Role.ANALYST, Role.AUDITOR, Role.ADMIN):
        stranger = office.safehold.analyst(f"a-{role.value}", role)
        with pytest.raises(NotAllowed):
            reads(office, reader, report_id, actor=stranger)
        # A console that was taken over asks the reader itself.
        with pytest.raises(NotAllowed):
            reader.reread(report_id, paper.id, user_id=stranger.user_id)
    lead = office.safehold.analyst("a-lead", Role.LEAD)
    assert reads(office, reader, report_id, actor=lead).papers
    kept_from = office.safehold.analyst("kept-from", Role.LEGAL)
    with office.safehold.program.database.begin() as tx:
        conflicts.declare_about_account(
            tx, "account-1", of=kept_from.user_id, actor=TESTER, now=office.clock()
        )
    with pytest.raises(ConflictOfInterest):
        reads(office, reader, report_id, actor=kept_from)
    with pytest.raises(ConflictOfInterest):
        reader.reread(report_id, paper.id, user_id=kept_from.user_id)
    office.safehold.sql("update app_user set disabled_at = now() where id = %(id)s", id=lead.user_id)
    with pytest.raises(NotAllowed):
        reader.reread(report_id, paper.id, user_id=lead.user_id)
    refused = office.safehold.sql("select 1 from audit_record where verb = 'evidence.refused'")
    assert len(refused) == 5


def test_a_paper_of_another_report_and_what_people_entered_are_not_opened_by_this_way(
    office: Any, reader: ReaderClient
) -> None:
    one, other = filed(office), filed(office)
    [paper, *_] = office.papers(one)
    with pytest.raises(NotFound):
        reader.reread(other, paper.id, user_id=office.person.user_id)
    office.safehold.sql("update authority_paper set kind = 'entered' where id = %(id)s", id=paper.id)
    with pytest.raises(NotFound):
        reader.reread(one, paper.id, user_id=office.person.user_id)


def test_the_paper_leaves_the_reader_sealed_to_whoever_asked(office: Any, reader: ReaderClient) -> None:
    report_id = filed(office)
    [paper, *_] = office.papers(report_id)
    asked = Reread(report_id, paper.id, office.person.user_id, KeyOfOnce().recipient)
    line = connect(reader.socket, seconds=5, max_body=messages.MAX_ANSWER_BODY)
    line.send(asked.message(), seconds=5)
    answer = line.receive(seconds=60)
    line.close()
    assert answer is not None
    assert answer.body.startswith(b"age-encryption.org")
    assert b"example.org</" not in answer.body


def test_a_reader_that_files_reads_nothing_again(office: Any, running_program: Any) -> None:
    report_id = filed(office)
    [paper, *_] = office.papers(report_id)
    program = running_program[0].program
    with (
        records_running(program.settings, program.home) as addresses,
        reading(program.settings, program.home, addresses, purposes=FILING) as files,
        pytest.raises(NotAllowed),
    ):
        files.reread(report_id, paper.id, user_id=office.person.user_id)
    with pytest.raises(ReaderDown):
        reads(office, None, report_id)


def test_what_was_changed_or_damaged_since_says_so_and_keeps_no_other_from_being_read(
    office: Any, reader: ReaderClient
) -> None:
    report_id = filed(office)
    change = "update authority_paper set {} where kind = %(kind)s"
    office.safehold.sql(change.format("sha256 = sha256(sha256)"), kind="report")
    office.safehold.sql(change.format("sealed = sealed || '\\x00'"), kind="file_details")
    report, files, receipt = reads(office, reader, report_id).papers
    assert (report.said is not None, report.fits) == (True, False)
    assert (files.said, files.why) == (None, "vault_object_damaged")
    assert receipt.fits


def test_papers_that_were_destroyed_say_when_and_what_they_had_been_kept_for(
    office: Any, reader: ReaderClient
) -> None:
    report_id = filed(office)
    office.clock.ahead += timedelta(days=91)
    gone = paper_sweep.forget_papers(office.as_worker, operator_term=timedelta(days=90), now=office.clock())
    assert gone == [report_id]
    sent = reads(office, reader, report_id)
    assert (sent.papers, sent.kept_for) == ((), (Basis.OPERATOR_TERM,))
    assert sent.gone_at is not None
    assert sent.calls
    assert opened_on_record(office) == []


def test_a_pack_that_somebody_took_is_sealed_and_printed_again_by_command(
    office: Any, shell: Callable[[dict[str, Any]], Any], tmp_path: Path
) -> None:
    item_id = str(office.items[0])
    office.safehold.assess(item_id, Finding.ILLEGAL, by=office.safehold.analyst())
    office.safehold.run_steps()
    counsel, run = person(office.safehold), shell(AGENCY)
    report = run("plan", office.safehold.case_of(item_id)).out.split()[-1]
    assert "no copy is sealed" in run("sent", report, by=counsel).out
    assert run("pack", report, "--to", tmp_path / "one", by=counsel).code == 0
    assert run("file", report, by=counsel).code == 0
    assert run("reference", report, "AB-1", by=counsel).code == 0
    # What is taken once they have it is no copy of what they were told.
    assert run("pack", report, "--to", tmp_path / "two", by=counsel).code == 0
    printed = run("sent", report, by=counsel)
    assert printed.code == 0
    assert printed.out.count("pack  sealed") == 1
    assert "as it was put on record" in printed.out
    assert "reports@example.org" in printed.out
    assert "reference AB-1" in printed.out
    impostor = Person(counsel.name, "not the password", counsel.actor)
    assert run("sent", report, by=impostor).code == 77
