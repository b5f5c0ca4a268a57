"""Claims about a wrong alarm: whoever was told of the danger hears so, once, when a person sends it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from safehold.app import authority_contents, authority_letters, emergencies
from safehold.authorities import decisions, plans
from safehold.model.assessment import Finding
from safehold.model.authority_report import AuthorityReport, AuthorityReportState, PlanReason, Relation
from safehold.model.emergency import EmergencyEnd
from safehold.model.events import AuthorityReportFiled, RiskToLifeEnded
from safehold.model.ids import AuthorityReportId
from safehold.model.permissions import Role

State = AuthorityReportState


@pytest.fixture
def urgent(office: Any) -> AuthorityReportId:
    """Return the report of a risk to life that an authority has."""
    report_id: AuthorityReportId = office.sent_on(**office.emergency())
    office.works()
    assert office.report(report_id).state is State.FILED
    return report_id


def ends(office: Any, report_id: AuthorityReportId, how: EmergencyEnd = EmergencyEnd.WITHDRAWN) -> None:
    """End the risk to life that a report is about, as its page does, and let a worker go on."""
    program, about = office.safehold.program, office.report(report_id).emergency_id
    lead = office.safehold.analyst("who may end it", Role.LEAD)
    emergencies.end(program, about, how, "secret words", actor=lead)
    office.safehold.run_steps()


def again(office: Any, report_id: AuthorityReportId) -> None:
    """Let both steps run once more that may plan a correction."""
    report, now = office.report(report_id), office.clock()
    about = {"at": now, "case_id": report.case_id}
    ended = RiskToLifeEnded(**about, emergency_id=report.emergency_id, how=EmergencyEnd.WITHDRAWN)
    with office.safehold.program.database.begin() as tx:
        plans.follow_wrong_alarm(tx, ended, rules=plans.Rules(), now=now)
        filed = AuthorityReportFiled(**about, report_id=report_id)
        plans.look_again(tx, filed, rules=plans.Rules(), now=now)


def corrections(office: Any) -> list[AuthorityReport]:
    return [one for one in office.reports() if one.relation is Relation.CORRECTION]


def letter(office: Any, report: AuthorityReport) -> str:
    """Return what whoever sends it reads, without what the page adds."""
    with office.safehold.program.database.begin() as tx:
        read = authority_letters.read(tx, office.settings, report.id, actor=office.person, now=office.clock())
    assert read.letter is not None
    paragraphs = [text for part in read.letter.sections for text in part.paragraphs]
    return "\n".join([*paragraphs, *(row.value for part in read.letter.sections for row in part.rows)])


def files(office: Any) -> None:
    """Let a worker file what is sent, as the records say it."""
    office.works(office.means(contents_of=partial(authority_contents.contents_of, office.settings)))


def test_an_authority_that_was_told_hears_that_it_was_a_wrong_alarm_once_a_person_sends_it(
    office: Any, urgent: AuthorityReportId
) -> None:
    about = office.report(urgent)
    ends(office, urgent)
    [correction] = corrections(office)
    assert (correction.state, correction.follows, correction.destination, correction.reasons) == (
        State.PLANNED,
        urgent,
        about.destination,
        (PlanReason.REVERSED,),
    )
    said = letter(office, correction)
    assert "was ended here at" in said
    assert "as a wrong alarm, by a person who may declare and end such risks" in said
    assert about.reference in said
    assert "secret words" not in said
    files(office)
    assert len(office.server.filed) == 1
    office.sends(correction)
    files(office)
    [_, told] = office.server.filed
    assert b"as a wrong alarm" in told.document
    assert about.reference.encode() in told.document
    assert told.files == ()
    again(office, urgent)
    assert [one.id for one in corrections(office)] == [correction.id]


def test_what_was_being_sent_when_the_alarm_ended_is_corrected_once_it_is_filed(office: Any) -> None:
    urgent = office.sent_on(**office.emergency())
    ends(office, urgent)
    assert (office.report(urgent).state, corrections(office)) == (State.SENDING, [])
    office.works()
    office.safehold.run_steps()
    [correction] = corrections(office)
    again(office, urgent)
    assert corrections(office) == [correction]


@pytest.mark.parametrize("how", ["it was reported", "it stands", "it was not sent"])
def test_what_was_no_wrong_alarm_or_never_told_is_not_corrected(office: Any, how: str) -> None:
    told = {"state": State.PLANNED, "approved_by": None, "approved_at": None} if "sent" in how else {}
    urgent = office.sent_on(**office.emergency(), **told)
    office.works()
    if how != "it stands":
        ends(office, urgent, EmergencyEnd.REPORTED if "reported" in how else EmergencyEnd.WITHDRAWN)
    again(office, urgent)
    assert corrections(office) == []


def test_a_correction_that_a_person_declined_is_not_planned_anew(
    office: Any, urgent: AuthorityReportId
) -> None:
    ends(office, urgent)
    [correction] = corrections(office)
    with office.safehold.program.database.begin() as tx:
        decisions.decline(
            tx, correction.id, actor=office.person, revision=correction.revision, now=office.clock()
        )
    again(office, urgent)
    assert [one.state for one in corrections(office)] == [State.DECLINED]


def test_of_what_people_found_illegal_meanwhile_the_danger_alone_is_taken_back(
    office: Any, urgent: AuthorityReportId
) -> None:
    analyst = office.safehold.analyst("who confirms all")
    for item_id in office.items:
        office.safehold.assess(str(item_id), Finding.ILLEGAL, by=analyst)
    office.safehold.run_steps()
    ends(office, urgent)
    [correction] = corrections(office)
    said = letter(office, correction)
    assert "as a wrong alarm" in said
    assert "that they are illegal" not in said
    office.sends(correction)
    files(office)
    assert office.report(correction.id).state is State.FILED


def test_a_correction_that_waits_already_says_it_too_and_its_first_sender_reads_it_anew(
    office: Any, urgent: AuthorityReportId
) -> None:
    ends(office, urgent)
    [correction] = corrections(office)
    before = office.report(urgent).filed_at
    office.change(correction.id, approved_by=office.person.user_id, approved_at=before)
    again(office, urgent)
    [waits] = corrections(office)
    assert (waits.id, waits.approved_by) == (correction.id, None)
    again(office, urgent)
    assert corrections(office) == [waits]
