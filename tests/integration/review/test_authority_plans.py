"""From a confirmed item to a report that waits for a person; and what becomes of it when findings fall."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from safehold.authorities import decisions, plans
from safehold.authorities.facts import gather
from safehold.authorities.planner import Taker
from safehold.authorities.plans import Rules
from safehold.authorities.priority import suggested
from safehold.model.assessment import Answer, ConductForm, ConductKind, Finding
from safehold.model.authority_report import (
    AuthorityReport,
    AuthorityReportState,
    DestinationKind,
    PlanReason,
    Priority,
    Relation,
)
from safehold.model.case import SubjectPart
from safehold.model.emergency import Emergency
from safehold.model.errors import BadForm, Conflict, NotAllowed, Refused, StaleRevision
from safehold.model.events import AuthorityReportFiled, ItemPreserved, OutcomeReversed
from safehold.model.ids import AnalystId, CaseId, EmergencyId, ItemId, UserId, new_id
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.review.subjects import set_part
from safehold.storage import assessments, authority_reports, emergencies, subjects

if TYPE_CHECKING:
    from conftest import Room

NCMEC = Taker(name="tipline", kind=DestinationKind.NCMEC_CYBERTIPLINE, enabled=True)
NCA = Taker(name="agency", kind=DestinationKind.UK_NCA, enabled=True, no_duplicates=True)
US = Rules(takers=(NCMEC, NCA), operator_country="US")
UK = Rules(takers=(NCMEC, NCA), operator_country="GB")
PLANNED, SENDING, FILED = (
    AuthorityReportState.PLANNED,
    AuthorityReportState.SENDING,
    AuthorityReportState.FILED,
)


def legal(room: Room) -> Actor:
    user = room.new_analyst(role="legal")
    return Actor(permissions=permissions_of(frozenset({Role.LEGAL})), user_id=UserId(user))


def analyst(room: Room) -> Actor:
    return Actor(permissions=permissions_of(frozenset({Role.ANALYST})), user_id=UserId(room.ada))


def confirmed(room: Room, *, account: str | None = "one account") -> tuple[CaseId, ItemId]:
    case_id, item_id = room.matched_case(account=account)
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    return case_id, item_id


def two_in_a_case(room: Room) -> tuple[CaseId, ItemId, ItemId]:
    """Return a case of two items that matched, of which nobody has assessed any."""
    (case_id, first), (same, second) = (room.matched_case(account="one account") for _ in range(2))
    assert case_id == same
    return case_id, first, second


def confirms(room: Room, case_id: CaseId, *items: ItemId) -> None:
    for item_id in items:
        room.assesses(case_id, item_id, room.illegal, by=room.ada)


def preserved(room: Room, case_id: CaseId, item_id: ItemId, rules: Rules = US) -> None:
    with room.begin() as tx:
        plans.plan(
            tx, ItemPreserved(at=room.now, item_id=item_id, case_id=case_id), rules=rules, now=room.now
        )


def planned(room: Room, *, account: str | None = "one account", rules: Rules = US) -> AuthorityReport:
    case_id, item_id = confirmed(room, account=account)
    preserved(room, case_id, item_id, rules)
    [report] = reports(room, case_id)
    return report


def reports(room: Room, case_id: CaseId) -> list[AuthorityReport]:
    with room.begin() as tx:
        return authority_reports.of_case(tx, case_id)


def told(room: Room, report: AuthorityReport) -> set[ItemId]:
    with room.begin() as tx:
        return {one.item_id for one in authority_reports.items_of(tx, report.id)}


def send(room: Room, report: AuthorityReport, by: Actor, *, two: bool = False) -> AuthorityReport:
    with room.begin() as tx:
        return decisions.send(tx, report.id, actor=by, revision=report.revision, two=two, now=room.now)


def file(room: Room, report: AuthorityReport) -> None:
    with room.begin() as tx:
        decisions.filed(
            tx, report, "4711", actor_label="system:authorities", record=room.record, now=room.now
        )


def reversed_(room: Room, case_id: CaseId, item_id: ItemId, rules: Rules = US) -> None:
    with room.begin() as tx:
        standing = assessments.standing_outcome(tx, case_id, item_id)
        assert standing is not None
        assessments.set_reversed(tx, standing.id, by=UserId(room.ben), at=room.now)
    event = OutcomeReversed(at=room.now, item_id=item_id, case_id=case_id)
    with room.begin() as tx:
        plans.follow_reversal(tx, event, rules=rules, now=room.now)


def declared(room: Room, case_id: CaseId, rules: Rules = US) -> tuple[Emergency, AuthorityReport | None]:
    about = Emergency(
        id=EmergencyId(new_id()),
        case_id=case_id,
        item_id=None,
        declared_by=UserId(room.ada),
        declared_at=room.now,
        due_at=room.now + timedelta(minutes=15),
    )
    with room.begin() as tx:
        emergencies.insert(tx, about)
        return about, plans.plan_urgent(tx, about, rules=rules, now=room.now)


def test_what_is_confirmed_waits_as_one_report_of_its_case_and_planning_twice_changes_nothing(
    room: Room,
) -> None:
    case_id, item_id = confirmed(room)
    preserved(room, case_id, item_id)
    preserved(room, case_id, item_id)
    [report] = reports(room, case_id)
    assert (report.state, report.destination, report.priority) == (PLANNED, "tipline", Priority.THREE)
    assert report.reasons == (PlanReason.OPERATOR_IN_US,)
    assert told(room, report) == {item_id}
    assert room.audited(f"authority_report:{report.id}") == ["authority_report.plan"]


def test_items_of_one_case_that_are_planned_at_the_same_moment_join_one_report(room: Room) -> None:
    case_id, first, second = two_in_a_case(room)
    confirms(room, case_id, first, second)
    meanwhile = threading.Thread(target=preserved, args=(room, case_id, second))
    with room.begin() as tx:
        event = ItemPreserved(at=room.now, item_id=first, case_id=case_id)
        plans.plan(tx, event, rules=US, now=room.now)
        meanwhile.start()
        meanwhile.join(0.5)
        assert meanwhile.is_alive()
    meanwhile.join()
    [report] = reports(room, case_id)
    assert told(room, report) == {first, second}


def test_what_is_confirmed_after_a_report_was_sent_waits_as_a_supplement(room: Room) -> None:
    case_id, first, second = two_in_a_case(room)
    confirms(room, case_id, first)
    preserved(room, case_id, first)
    [report] = reports(room, case_id)
    send(room, report, legal(room))
    confirms(room, case_id, second)
    preserved(room, case_id, second)
    supplement = reports(room, case_id)[1]
    assert (supplement.follows, supplement.relation) == (report.id, Relation.SUPPLEMENT)
    assert told(room, supplement) == {second}


def test_without_a_destination_nothing_is_planned_and_that_of_one_that_is_off_is_on_record(
    room: Room,
) -> None:
    case_id, item_id = confirmed(room)
    preserved(room, case_id, item_id, Rules())
    assert room.audited(f"item:{item_id}").count("authority_report.none") == 0
    off = Taker(name="agency", kind=DestinationKind.UK_NCA, enabled=False)
    preserved(room, case_id, item_id, Rules(takers=(off,), operator_country="GB"))
    assert reports(room, case_id) == []
    assert room.audited(f"item:{item_id}").count("authority_report.none") == 1


def test_what_falls_before_it_is_sent_leaves_the_plan_and_an_empty_plan_is_withdrawn(room: Room) -> None:
    case_id, first, second = two_in_a_case(room)
    confirms(room, case_id, first, second)
    preserved(room, case_id, first)
    preserved(room, case_id, second)
    reversed_(room, case_id, first)
    [report] = reports(room, case_id)
    assert (report.state, told(room, report)) == (PLANNED, {second})
    reversed_(room, case_id, second)
    [report] = reports(room, case_id)
    assert report.state is AuthorityReportState.WITHDRAWN


def test_what_falls_after_it_was_filed_is_corrected_once(room: Room) -> None:
    report = planned(room)
    file(room, send(room, report, legal(room)))
    [item_id] = told(room, report)
    reversed_(room, report.case_id, item_id)
    with room.begin() as tx:
        event = OutcomeReversed(at=room.now, item_id=item_id, case_id=report.case_id)
        plans.follow_reversal(tx, event, rules=US, now=room.now)
    [_, correction] = reports(room, report.case_id)
    assert (correction.relation, correction.follows) == (Relation.CORRECTION, report.id)
    assert (correction.state, correction.reasons) == (PLANNED, (PlanReason.REVERSED,))


def test_what_falls_while_it_is_being_sent_is_corrected_once_it_is_filed(room: Room) -> None:
    report = planned(room)
    sending = send(room, report, legal(room))
    [item_id] = told(room, report)
    reversed_(room, report.case_id, item_id)
    assert [one.state for one in reports(room, report.case_id)] == [SENDING]
    file(room, sending)
    event = AuthorityReportFiled(at=room.now, case_id=report.case_id, report_id=report.id)
    for _ in range(2):
        with room.begin() as tx:
            plans.look_again(tx, event, rules=US, now=room.now)
    assert [one.relation for one in reports(room, report.case_id)] == [None, Relation.CORRECTION]


def test_a_risk_to_life_is_told_unverified_at_once_and_sent_by_one_person_at_any_policy(room: Room) -> None:
    case_id, item_id = room.matched_case()
    about, report = declared(room, case_id)
    assert report is not None
    assert (report.priority, report.unverified, report.due_at) == (Priority.ONE, True, about.due_at)
    assert told(room, report) == {item_id}
    assert send(room, report, analyst(room), two=True).state is SENDING


def test_a_wrong_alarm_takes_its_report_with_it_unless_somebody_has_sent_it(room: Room) -> None:
    about, report = declared(room, room.matched_case()[0])
    assert report is not None
    with room.begin() as tx:
        plans.withdraw_urgent(tx, about, now=room.now)
    assert reports(room, about.case_id)[0].state is AuthorityReportState.WITHDRAWN
    about, report = declared(room, room.matched_case()[0])
    assert report is not None
    send(room, report, analyst(room))
    with room.begin() as tx:
        plans.withdraw_urgent(tx, about, now=room.now)
    assert reports(room, about.case_id)[0].state is SENDING


def test_what_was_told_unverified_is_told_again_once_confirmed_and_once_only(room: Room) -> None:
    case_id, item_id = room.matched_case()
    _, urgent = declared(room, case_id)
    assert urgent is not None
    file(room, send(room, urgent, analyst(room)))
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    preserved(room, case_id, item_id)
    preserved(room, case_id, item_id)
    [_, supplement] = reports(room, case_id)
    assert (supplement.relation, supplement.follows, supplement.unverified) == (
        Relation.SUPPLEMENT,
        urgent.id,
        False,
    )
    assert told(room, supplement) == {item_id}
    send(room, supplement, legal(room))
    preserved(room, case_id, item_id)
    assert len(reports(room, case_id)) == 2


def test_practice_that_nobody_sends_ends_after_two_weeks_and_says_so(room: Room) -> None:
    practice, meant = planned(room), planned(room, account="another")
    room.sql("update authority_report set rehearsal = true where id = :id", id=practice.id)
    for days, ended in ((14, 0), (15, 1), (16, 0)):
        with room.begin() as tx:
            assert plans.end_practice(tx, now=room.later(days=days)) == ended
    [report] = reports(room, practice.case_id)
    assert report.state is AuthorityReportState.WITHDRAWN
    assert report.reasons == (PlanReason.OPERATOR_IN_US, PlanReason.PRACTICE_OVER)
    assert [one.state for one in reports(room, meant.case_id)] == [PLANNED]


def test_two_people_send_where_the_settings_ask_and_the_first_has_to_see_what_joins(room: Room) -> None:
    first, second = legal(room), legal(room)
    case_id, told_first, joins = two_in_a_case(room)
    confirms(room, case_id, told_first)
    preserved(room, case_id, told_first)
    [plan] = reports(room, case_id)
    report = send(room, plan, first, two=True)
    assert (report.state, report.approved_by) == (PLANNED, first.user_id)
    with pytest.raises(Conflict):
        send(room, report, first, two=True)
    confirms(room, case_id, joins)
    preserved(room, case_id, joins)
    [grown] = reports(room, case_id)
    assert grown.approved_by is None
    sent = send(room, send(room, grown, first, two=True), second, two=True)
    assert (sent.state, sent.approved_by, sent.second_by) == (SENDING, first.user_id, second.user_id)


def test_whoever_may_not_send_is_refused_and_so_is_a_stale_page(room: Room) -> None:
    report = planned(room)
    with pytest.raises(NotAllowed):
        send(room, report, analyst(room))
    machine = Actor(permissions=permissions_of(frozenset({Role.LEGAL})), system="authorities")
    with pytest.raises(NotAllowed):
        send(room, report, machine)
    send(room, report, legal(room))
    with pytest.raises(StaleRevision):
        send(room, report, legal(room))


def test_a_report_is_not_sent_in_the_moment_between_a_reversal_and_its_step(room: Room) -> None:
    report = planned(room)
    [item_id] = told(room, report)
    with room.begin() as tx:
        standing = assessments.standing_outcome(tx, report.case_id, item_id)
        assert standing is not None
        assessments.set_reversed(tx, standing.id, by=UserId(room.ben), at=room.now)
    with pytest.raises(Conflict):
        send(room, report, legal(room))


def of_account(room: Room, case_id: CaseId, part: SubjectPart, now: datetime) -> None:
    with room.begin() as tx:
        [subject] = subjects.of_case(tx, case_id)
        set_part(tx, subject.id, part, by=AnalystId(room.ada), revision=subject.revision, now=now)


@pytest.mark.parametrize("part", [part for part in SubjectPart if part is not SubjectPart.UNKNOWN])
def test_nobody_but_who_is_suspected_is_named_and_parts_stay_while_they_are_being_named(
    room: Room, part: SubjectPart
) -> None:
    report = planned(room)
    of_account(room, report.case_id, part, room.now)
    sent = send(room, report, legal(room))
    assert (sent.subject_id is not None) == (part is SubjectPart.SUSPECTED)
    if part is SubjectPart.SUSPECTED:
        with pytest.raises(Refused):
            of_account(room, report.case_id, SubjectPart.VICTIM, room.now)
        file(room, sent)
        of_account(room, report.case_id, SubjectPart.VICTIM, room.now)


@pytest.mark.parametrize("part", ["unknown", "victim", "reporter", "bystander"])
def test_the_database_names_nobody_who_is_not_suspected(room: Room, part: str) -> None:
    report = planned(room)
    if part != "unknown":
        of_account(room, report.case_id, SubjectPart(part), room.now)
    with room.begin() as tx:
        [subject] = subjects.of_case(tx, report.case_id)
    with pytest.raises(sa.exc.IntegrityError, match="names_no_unknown_or_victim"):
        room.sql(
            "update authority_report set subject_id = :who, subject_part = :part where id = :id",
            who=subject.id,
            part=part,
            id=report.id,
        )


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("state = 'sending'", "sent_by_a_person"),
        ("state = 'filed', ended_at = now(), filed_at = now()", "filed_with_a_reference|sent_by_a_person"),
        ("unverified = true", "unverified_in_emergencies_alone"),
        ("priority = 0", "priority_known"),
        ("reasons = array['guessed']", "reasons_known"),
    ],
)
def test_the_database_refuses_what_no_report_may_be(room: Room, change: str, constraint: str) -> None:
    report = planned(room)
    with pytest.raises(sa.exc.IntegrityError, match=constraint):
        room.sql(f"update authority_report set {change} where id = :id", id=report.id)


def test_the_database_lets_no_two_reports_tell_the_same_destination_of_an_item_first(room: Room) -> None:
    report = planned(room)
    case_id, item_id = confirmed(room)
    preserved(room, case_id, item_id)
    [told_already] = [each for each in told(room, report) if each != item_id]
    _, urgent = declared(room, room.matched_case()[0])
    assert urgent is not None
    with pytest.raises(sa.exc.IntegrityError, match="uq_authority_report_item_told"):
        room.sql(
            "insert into authority_report_item (report_id, item_id, destination, first_told)"
            " values (:report, :item, 'tipline', true)",
            report=urgent.id,
            item=told_already,
        )


def test_a_report_that_a_person_took_there_is_filed_with_its_reference(room: Room) -> None:
    report = planned(room, rules=UK)
    assert report.kind is DestinationKind.UK_NCA
    by = legal(room)
    with pytest.raises(Conflict), room.begin() as tx:
        _write_down(room, report, "AB-1", by)(tx)
    sent = send(room, report, by)
    for wrong in ("", "  ", "x" * 201, "two\nlines"):
        with pytest.raises(BadForm), room.begin() as tx:
            _write_down(room, sent, wrong, by)(tx)
    with room.begin() as tx:
        _write_down(room, sent, " AB-1 ", by)(tx)
    [filed] = reports(room, report.case_id)
    assert (filed.state, filed.reference, filed.filed_at) == (FILED, "AB-1", room.now)
    assert [event.kind for event in room.events("authority_report_filed")] == ["authority_report_filed"]


def test_what_the_machine_files_takes_no_reference_by_hand(room: Room) -> None:
    by = legal(room)
    sent = send(room, planned(room), by)
    with pytest.raises(Conflict), room.begin() as tx:
        _write_down(room, sent, "AB-1", by)(tx)


def _write_down(room: Room, report: AuthorityReport, reference: str, by: Actor) -> Callable[[object], None]:
    def write(tx: object) -> None:
        decisions.record_reference(
            tx,  # type: ignore[arg-type]
            report.id,
            reference,
            actor=by,
            revision=report.revision,
            record=room.record,
            now=room.now,
        )

    return write


@pytest.mark.parametrize(
    ("answers", "priority", "hours"),
    [
        ({"child_at_risk_now": Answer.YES, "still_going_on": Answer.YES}, Priority.ONE, 0.25),
        ({"child_at_risk_now": Answer.YES, "kind": ConductKind.TRADING}, Priority.ONE, 0.25),
        ({"still_going_on": Answer.YES, "kind": ConductKind.GROOMING}, Priority.TWO, 4),
        ({"still_going_on": Answer.YES, "kind": ConductKind.COERCION}, Priority.TWO, 4),
        ({"still_going_on": Answer.YES, "kind": ConductKind.TRADING}, Priority.THREE, 24),
        ({"still_going_on": Answer.UNKNOWN, "kind": ConductKind.GROOMING}, Priority.THREE, 24),
        ({"child_at_risk_now": Answer.NO}, Priority.THREE, 24),
    ],
    ids=["at risk now", "at risk by trade", "grooming", "coercion", "trade", "perhaps", "neither"],
)
def test_what_people_answered_about_a_child_suggests_how_soon_a_report_is_due(
    room: Room, answers: dict[str, Any], priority: Priority, hours: float
) -> None:
    case_id, item_id = room.matched_case()
    room.sql("update item set kind = 'messages', media_id = null where id = :id", id=item_id)
    form = ConductForm(finding=Finding.ILLEGAL, relied_on=("message 1",), **answers)
    room.assesses(case_id, item_id, form, by=room.ada)
    preserved(room, case_id, item_id)
    [report] = reports(room, case_id)
    assert report.priority is priority
    assert report.due_at == room.now + timedelta(hours=hours)
    with room.begin() as tx:
        assert suggested(gather(tx, case_id, [item_id], now=room.now)).priority is priority


def test_a_person_chooses_the_priority_but_that_of_a_declared_risk(room: Room) -> None:
    def hurry(report: AuthorityReport) -> None:
        with room.begin() as tx:
            decisions.hurry(
                tx,
                report.id,
                Priority.TWO,
                within=timedelta(hours=4),
                actor=legal(room),
                revision=report.revision,
                now=room.now,
            )

    report = planned(room)
    hurry(report)
    [hurried] = reports(room, report.case_id)
    assert (hurried.priority, hurried.due_at) == (Priority.TWO, room.now + timedelta(hours=4))
    _, urgent = declared(room, room.matched_case()[0])
    assert urgent is not None
    with pytest.raises(Conflict):
        hurry(urgent)


def test_who_is_declined_or_withdrawn_can_be_told_again(room: Room) -> None:
    report = planned(room)
    with room.begin() as tx:
        decisions.decline(tx, report.id, actor=legal(room), revision=report.revision, now=room.now)
    [item_id] = confirmed_items(room, report.case_id)
    preserved(room, report.case_id, item_id)
    again = reports(room, report.case_id)[1]
    assert (again.state, told(room, again)) == (PLANNED, {item_id})


def confirmed_items(room: Room, case_id: CaseId) -> list[ItemId]:
    rows = room.sql("select item_id from case_item where case_id = :id", id=case_id)
    return [ItemId(row.item_id) for row in rows]
