"""The claim that a report made of facts is taken by the strict server, call by call, with its files."""

from __future__ import annotations

from safehold.authorities.destinations.ncmec_cybertipline import contents
from safehold.authorities.destinations.ncmec_cybertipline.client import Access, CyberTipline
from safehold.authorities.destinations.ncmec_cybertipline.elements import to_xml
from safehold.authorities.destinations.ncmec_cybertipline.filing import Progress, SentFile, Stage
from safehold.authorities.destinations.ncmec_cybertipline.runner import Documents, Runner
from safehold.authorities.transcript import ConversationKind, Message, to_csv
from safehold.authorities.whom import whom
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.model.authority_report import Priority
from safehold.model.case import SubjectPart
from safehold.testing.cybertipline import CyberTiplineServer
from safehold.testing.report_facts import (
    NOW,
    OPERATOR,
    RISK,
    conversation,
    facts,
    page,
    subject,
    upload,
)

TALK = [
    Message(id="m1", conversation_id="c", kind=ConversationKind.DIRECT, sent_at=NOW, sender="a", text="=1+1")
]


def test_a_report_of_a_case_with_its_files_and_a_transcript_is_filed() -> None:
    told = facts(
        upload("ann"),
        upload("bo", outcome=None),
        page("https://a.example/1"),
        conversation(),
        subjects=(subject("ann", SubjectPart.SUSPECTED), subject("bo", SubjectPart.VICTIM)),
        prior=("4564000",),
        risk_to_life=RISK,
    )
    named = whom(told)
    items = contents.files(told)
    data = [*(b"a lake" for _ in items), to_csv(TALK)]

    def details(at: int, report_id: int, file_id: str) -> bytes:
        if at < len(items):
            said = contents.file(told, items[at], named, report_id=report_id, file_id=file_id, now=NOW)
        else:
            said = contents.supplement(
                report_id=report_id,
                file_id=file_id,
                name="messages.csv",
                said="A transcript of one conversation.",
            )
        return to_xml("fileDetails", said)

    report = contents.report(told, OPERATOR, contents.Chosen(priority=Priority.ONE), now=NOW)
    with CyberTiplineServer(username="tests", password="for tests alone", clock=lambda: NOW) as server:
        access = Access(
            base=server.base,
            username="tests",
            password="for tests alone",
            permitted=PermittedNetworks.of(f"127.0.0.1:{server.port}"),
            call_seconds=5,
        )
        runner = Runner(
            client=CyberTipline(Egress(user_agent="safehold-test"), access),
            documents=Documents(
                report=lambda: to_xml("report", report), read=lambda at: data[at], details=details
            ),
            keep=lambda progress, exchange: None,
        )
        progress = Progress(files=tuple(SentFile() for _ in data))
        for _ in range(2 + 2 * len(data)):
            progress = runner.go_on(progress)
        assert progress.stage is Stage.FILED
        assert server.refused == []
        [filed] = server.filed
    assert len(filed.files) == 3
    assert b"escalateToHighPriority" in filed.document
    assert filed.document.count(b"<victim>") == 1
    assert b"Supplemental" in filed.files[-1].details
