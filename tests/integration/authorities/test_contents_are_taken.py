"""The claim that a report made of facts is taken by the strict server, call by call, with its files."""

from __future__ import annotations

from safehold.authorities.destinations.ncmec_cybertipline import contents
from safehold.authorities.destinations.ncmec_cybertipline.client import Access, CyberTipline
from safehold.authorities.destinations.ncmec_cybertipline.filing import Progress, SentFile, Stage
from safehold.authorities.destinations.ncmec_cybertipline.runner import ReportFile, Runner
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
    files = [
        ReportFile(
            read=lambda: b"a lake",
            details=lambda report_id, file_id, item=item: contents.file(
                told, item, named, report_id=report_id, file_id=file_id, now=NOW
            ),
        )
        for item in contents.files(told)
    ]
    transcript = ReportFile(
        read=lambda: to_csv(TALK),
        details=lambda report_id, file_id: contents.supplement(
            report_id=report_id,
            file_id=file_id,
            name="messages.csv",
            said="A transcript of one conversation.",
        ),
    )
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
            report=contents.report(told, OPERATOR, contents.Chosen(priority=Priority.ONE), now=NOW),
            files=[*files, transcript],
            keep=lambda progress: None,
        )
        progress = Progress(files=tuple(SentFile() for _ in runner.files))
        for _ in range(2 + 2 * len(runner.files)):
            progress = runner.go_on(progress)
        assert progress.stage is Stage.FILED
        assert server.refused == []
        [filed] = server.filed
    assert len(filed.files) == 3
    assert b"escalateToHighPriority" in filed.document
    assert filed.document.count(b"<victim>") == 1
    assert b"Supplemental" in filed.files[-1].details
