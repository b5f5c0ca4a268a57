"""Claims about what an authority asks: its clock, its alarms, and how it is answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from safehold.app import authority_questions
from safehold.app.authority_reports import Desk
from safehold.authorities.questions import HEARD_BEFORE
from safehold.model.authority_report import AuthorityReportState, DestinationKind, Relation
from safehold.model.errors import BadForm, Conflict, NotAllowed
from safehold.model.ids import AuthorityQuestionId, AuthorityReportId
from safehold.model.permissions import Role
from safehold.testing.commands import Ended
from safehold.testing.handing_over import person

Shell = Callable[..., Ended]
AGENCY = {"country": "GB", "destinations": {"agency": {"kind": "uk_nca", "enabled": True}}}


def filed(office: Any, **changed: Any) -> AuthorityReportId:
    given = {"kind": DestinationKind.UK_NCA, "first_told": False} | changed
    report_id: AuthorityReportId = office.sent_on(**given)
    now = office.clock()
    office.change(report_id, state=AuthorityReportState.FILED, reference="AB-1", filed_at=now, ended_at=now)
    return report_id


def asked(
    office: Any, report_id: AuthorityReportId, reference: str = "Q-1", **more: Any
) -> AuthorityQuestionId:
    return authority_questions.record(
        Desk.of(office.safehold.program),
        report_id,
        reference=reference,
        received=more.get("received", office.clock().isoformat()),
        due=more.get("due", ""),
        actor=more.get("actor", office.person),
    )


def answers(office: Any, question_id: AuthorityQuestionId, **more: Any) -> None:
    authority_questions.answer(
        Desk.of(office.safehold.program),
        question_id,
        supplement=more.get("supplement"),
        words=more.get("words", ""),
        actor=more.get("actor", office.person),
    )


def of(office: Any, report_id: AuthorityReportId) -> list[Any]:
    with office.safehold.program.database.begin() as tx:
        report = office.report(report_id)
        return list(authority_questions.of_report(tx, report).questions)


def test_a_person_hears_two_days_before_and_again_when_it_is_late_until_it_is_answered(office: Any) -> None:
    question_id = asked(office, filed(office))
    [question] = of(office, office.safehold.sql("select report_id from authority_question")[0].report_id)
    begun = office.clock.ahead
    before = question.due_at - office.clock()
    steps = (
        (before - HEARD_BEFORE - timedelta(minutes=5), []),
        (before - HEARD_BEFORE + timedelta(minutes=5), ["question_due"]),
        (before - timedelta(minutes=5), ["question_due"]),
        (before + timedelta(minutes=5), ["question_late"]),
    )
    for later, expected in steps:
        office.clock.ahead = begun + later
        office.sweeps_alarms()
        assert [one for one in office.alarms() if one.startswith("question")] == expected, later
    answers(office, question_id, words="by mail, AB-1/2")
    office.sweeps_alarms()
    assert [one for one in office.alarms() if one.startswith("question")] == []


def test_a_supplement_answers_it_once_it_is_filed_and_nothing_else_does(office: Any) -> None:
    destination = {"destination": "agency"}
    report_id, earlier = filed(office, **destination), filed(office, **destination)
    office.clock.ahead += timedelta(hours=1)
    question_id = asked(office, report_id)
    office.clock.ahead += timedelta(hours=1)
    elsewhere = filed(office)
    follows = {"follows": report_id, "relation": Relation.SUPPLEMENT}
    waits = office.sent_on(kind=DestinationKind.UK_NCA, first_told=False, **destination, **follows)
    for other in (earlier, elsewhere, waits, report_id):
        with pytest.raises(Conflict):
            answers(office, question_id, supplement=other)
    now = office.clock()
    office.change(waits, state=AuthorityReportState.FILED, reference="AB-2", filed_at=now, ended_at=now)
    with office.safehold.program.database.begin() as tx:
        found = authority_questions.of_report(tx, office.report(report_id))
    assert [one.id for one in found.answers[question_id]] == [waits]
    answers(office, question_id, supplement=waits)
    [question] = of(office, report_id)
    assert (question.supplement, question.answer, question.answered_by) == (
        waits,
        None,
        office.person.user_id,
    )
    with pytest.raises(Conflict):
        answers(office, question_id, words="again")


def test_it_is_asked_about_what_they_have_by_whoever_may_send_and_once(office: Any) -> None:
    report_id = filed(office)
    asked(office, report_id)
    with pytest.raises(Conflict):
        asked(office, report_id)
    with pytest.raises(Conflict):
        asked(office, office.sent_on(kind=DestinationKind.UK_NCA, first_told=False))
    with pytest.raises(Conflict):
        asked(office, filed(office, kind=DestinationKind.NCMEC_CYBERTIPLINE))
    for role in (Role.ANALYST, Role.AUDITOR):
        with pytest.raises(NotAllowed):
            asked(office, report_id, "Q-2", actor=office.safehold.analyst(f"q-{role.value}", role))
    future = (office.clock() + timedelta(minutes=1)).isoformat()
    for wrong in ({"received": future}, {"received": "2019-01-01T00:00Z"}, {"due": "2019-01-01T00:00Z"}):
        with pytest.raises(BadForm):
            asked(office, report_id, "Q-2", **wrong)
    with pytest.raises(BadForm):
        asked(office, report_id, "two\nlines")
    with pytest.raises(BadForm):
        answers(office, of(office, report_id)[0].id, words=" ")


def test_they_may_want_it_sooner_and_never_later_than_the_law(office: Any) -> None:
    report_id, now = filed(office), office.clock()
    came = now.isoformat()
    asked(office, report_id, "sooner", received=came, due=(now + timedelta(days=2)).isoformat())
    asked(office, report_id, "later", received=came, due=(now + timedelta(days=20)).isoformat())
    due = {each.reference: each.due_at for each in of(office, report_id)}
    assert due["sooner"] == now + timedelta(days=2)
    assert timedelta(days=6, hours=23) <= due["later"] - now <= timedelta(days=7)


def test_a_question_is_written_down_listed_and_answered_by_command(
    office: Any, shell: Callable[[dict[str, Any]], Shell]
) -> None:
    report_id, counsel, run = filed(office), person(office.safehold), shell(AGENCY)
    office.safehold.sql(
        "update authority_report set filed_at = filed_at - interval '2 days',"
        " ended_at = ended_at - interval '2 days' where id = %(id)s returning id",
        id=report_id,
    )
    came = office.clock() - timedelta(days=1)
    recorded = run("question", "record", report_id, "Q-7", "--received", came.isoformat(), by=counsel)
    assert recorded.code == 0, recorded.err
    listed = run("question", "list")
    assert ("Q-7" in listed.out, recorded.out.strip() in listed.out) == (True, True)
    question_id = recorded.out.strip()
    assert run("question", "answer", question_id, "--reference", "by mail", by=counsel).code == 0
    assert run("question", "list").out == ""
    verbs = [
        row.verb
        for row in office.safehold.sql(
            "select verb from audit_record where object = %(about)s order by at, id",
            about=f"authority_question:{question_id}",
        )
    ]
    assert verbs == ["authority_question.record", "authority_question.answer"]
