"""The letter that is read before a report is sent: who is named, what came before, that it is what goes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from safehold.app import authority_letters, authority_lists
from safehold.app.authority_letters import Reading
from safehold.app.authority_reports import Desk
from safehold.app.settings import Settings
from safehold.authorities import decisions, plans
from safehold.authorities.planner import Taker
from safehold.authorities.plans import Rules
from safehold.model.authority_report import AuthorityReport, AuthorityReportState, DestinationKind, Priority
from safehold.model.case import SubjectPart
from safehold.model.errors import ConflictOfInterest, NotFound, StaleRevision
from safehold.model.events import ItemPreserved
from safehold.model.ids import CaseId, ItemId, SubjectId, UserId
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.review import conflicts
from safehold.review.subjects import set_part
from safehold.storage import authority_reports, subjects
from safehold.testing.running import TESTER

if TYPE_CHECKING:
    from conftest import Room

AGENCY = Taker(name="agency", kind=DestinationKind.UK_NCA, enabled=True)
UK = Rules(takers=(AGENCY,), operator_country="GB")
WHO: dict[str, Any] = {
    "country": "GB",
    "company": "Hillside Photos Ltd",
    "reporting_person": {"last_name": "Desk", "email": "duty@hillside.example"},
    "destinations": {"agency": {"kind": "uk_nca", "enabled": True}},
}


def settings(**said: Any) -> Settings:
    return Settings.model_validate({"data_folder": "nowhere", "authorities": WHO | said})


def legal(room: Room) -> Actor:
    user = room.new_analyst(role="legal")
    return Actor(permissions=permissions_of(frozenset({Role.LEGAL})), user_id=UserId(user))


def planned(room: Room, *, account: str = "one account") -> tuple[CaseId, ItemId, AuthorityReport]:
    case_id, item_id = room.matched_case(account=account)
    return (case_id, item_id, plans_for(room, case_id, item_id))


def plans_for(room: Room, case_id: CaseId, item_id: ItemId) -> AuthorityReport:
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    event = ItemPreserved(at=room.now, item_id=item_id, case_id=case_id)
    with room.begin() as tx:
        plans.plan(tx, event, rules=UK, now=room.now)
        return authority_reports.of_case(tx, case_id)[-1]


def filed(room: Room, report: AuthorityReport, reference: str, *, after: float = 2) -> None:
    """Let somebody send a report and write down what came back."""
    by = legal(room)
    with room.begin() as tx:
        sent = decisions.send(
            tx, report.id, actor=by, revision=report.revision, two=False, now=room.now + timedelta(seconds=1)
        )
        decisions.record_reference(
            tx,
            report.id,
            reference,
            actor=by,
            revision=sent.revision,
            record=room.record,
            now=room.now + timedelta(seconds=after),
        )


def reads(room: Room, report: AuthorityReport, by: Actor, said: Settings | None = None) -> Reading:
    with room.begin() as tx:
        return authority_letters.read(
            tx, said or settings(), report.id, actor=by, now=room.now + timedelta(minutes=1)
        )


def text(reading: Reading, heading: str) -> str:
    assert reading.letter is not None
    [part] = [each for each in reading.letter.sections if each.heading == heading]
    return "\n".join([*part.paragraphs, *(f"{row.label}: {row.value}" for row in part.rows)])


def suspects(room: Room, case_id: CaseId) -> None:
    with room.begin() as tx:
        [one] = subjects.of_case(tx, case_id)
        set_part(tx, one.id, SubjectPart.SUSPECTED, by=room.ada, revision=one.revision, now=room.now)


def desk(room: Room) -> Desk:
    return Desk(database=room.database, settings=settings(), clock=lambda: room.now, record=room.record)


def test_a_letter_names_the_earlier_reports_about_the_account_to_the_same_destination(room: Room) -> None:
    case_id, _item_id, first = planned(room)
    filed(room, first, "NCA-1")
    with room.begin() as tx:
        tx.run(
            sa.text("update review_case set state = 'settled', settled_at = now() where id = :id"),
            {"id": case_id},
        )
    again, _, second = planned(room)
    assert again != case_id
    assert "NCA-1" in text(reads(room, second, legal(room)), "Reported before")
    assert "NCA-1" not in text(reads(room, first, legal(room)), "Reported before")
    filed(room, second, "NCA-2", after=4)
    # When it was filed there was no later one.
    assert "NCA-2" not in text(reads(room, first, legal(room)), "Reported before")
    _, _, other = planned(room, account="another account")
    assert "NCA-1" not in text(reads(room, other, legal(room)), "Reported before")
    with room.begin() as tx:
        tx.run(sa.text("update review_case set rehearsal = true where id = :id"), {"id": case_id})
    assert "NCA-1" not in text(reads(room, second, legal(room)), "Reported before")


def test_what_goes_is_what_was_read_or_nothing(room: Room) -> None:
    case_id, _, report = planned(room)
    by = legal(room)
    read = reads(room, report, by)
    assert read.named is None
    suspects(room, case_id)
    with pytest.raises(StaleRevision):
        authority_letters.send_as_read(
            desk(room), report.id, actor=by, revision=report.revision, mark=read.mark
        )
    newly = reads(room, report, by)
    assert newly.named == "one account"
    sent = authority_letters.send_as_read(
        desk(room), report.id, actor=by, revision=report.revision, mark=newly.mark
    )
    assert sent.state is AuthorityReportState.SENDING


def test_the_hour_at_which_a_letter_is_read_does_not_make_it_another(room: Room) -> None:
    _, item_id, report = planned(room)
    by = legal(room)
    # A time that lies in the future is told as that of the reading.
    room.sql(
        "update item_context set uploaded_at = cast(:at as timestamptz) where item_id = :id",
        at=room.now + timedelta(days=1),
        id=item_id,
    )
    marks = set()
    for minutes in (1, 600):
        with room.begin() as tx:
            later = room.now + timedelta(minutes=minutes)
            marks.add(authority_letters.read(tx, settings(), report.id, actor=by, now=later).mark)
    assert len(marks) == 1


def test_a_priority_that_a_person_chose_is_told_with_what_the_record_would_suggest(room: Room) -> None:
    _, _, report = planned(room)
    by = legal(room)
    assert "Priority 3. Nothing that people found" in text(reads(room, report, by), "How urgent it is")
    desk(room).hurry(report.id, Priority.TWO, actor=by, revision=report.revision)
    said = text(reads(room, report, by), "How urgent it is")
    assert said.startswith("Priority 2. By what is on record it would be priority 3: ")


def test_settings_that_do_not_say_who_reports_or_where_to_are_named(room: Room) -> None:
    _, _, report = planned(room)
    by = legal(room)
    whole = reads(room, report, by)
    assert (whole.unset, whole.destination_on) == ((), True)
    bare = reads(room, report, by, settings(company="", reporting_person={}, destinations={}))
    assert bare.unset == (
        "authorities.company",
        "authorities.reporting_person.last_name",
        "authorities.reporting_person.email",
    )
    assert not bare.destination_on
    assert authority_letters.UNNAMED_OPERATOR in text(bare, "Who reports whom")


def test_items_that_moved_into_another_case_are_counted_and_not_in_the_letter(room: Room) -> None:
    case_id, item_id, report = planned(room)
    elsewhere, _ = room.matched_case(account="another account")
    with room.begin() as tx:
        tx.run(
            sa.text("delete from case_item where case_id = :case and item_id = :item"),
            {"case": case_id, "item": item_id},
        )
    assert elsewhere != case_id
    reading = reads(room, report, legal(room))
    assert reading.elsewhere == 1
    assert reading.letter is None
    assert reading.refusal is not None


def test_each_reading_is_on_record(room: Room) -> None:
    _, _, report = planned(room)
    reads(room, report, legal(room))
    assert room.audited(f"authority_report:{report.id}")[-1] == "authority_report.view"


def test_what_somebody_may_not_know_of_is_listed_to_them_no_more_than_it_can_be_opened(room: Room) -> None:
    _case_id, _, report = planned(room)
    by, other = legal(room), legal(room)
    with room.begin() as tx:
        assert [one.report.id for one in authority_lists.listing(tx, actor=by).waiting] == [report.id]
        conflicts.declare_about_account(tx, "one account", of=by.user_id, actor=TESTER, now=room.now)
        tx.run(sa.text("update app_user set queues = '{test}' where id = :id"), {"id": other.user_id})
    for person, refusal in ((by, ConflictOfInterest), (other, NotFound)):
        with room.begin() as tx:
            assert authority_lists.listing(tx, actor=person).waiting == ()
        with pytest.raises(refusal):
            reads(room, report, person)
        with pytest.raises(refusal):
            desk(room).decline(report.id, actor=person, revision=report.revision)


def test_what_ended_is_listed_with_how_much_it_told_the_newest_first(room: Room) -> None:
    _, _, first = planned(room)
    _, _, second = planned(room, account="another account")
    filed(room, first, "NCA-1")
    by = legal(room)
    desk(room).decline(second.id, actor=by, revision=second.revision)
    with room.begin() as tx:
        found = authority_lists.listing(tx, actor=by)
    assert [(one.report.id, one.report.reference, one.items) for one in found.ended] == [
        (first.id, "NCA-1", 1),
        (second.id, None, 1),
    ]
    assert found.waiting == ()


def test_of_two_who_are_suspected_the_record_names_the_one_whom_the_letter_names(room: Room) -> None:
    case_id, _, report = planned(room)
    with room.begin() as tx:
        # Somebody else came first, and uploaded nothing.
        first = SubjectId(UUID(int=1))
        subjects.put(tx, case_id, subject_id=first, account_id="who came first")
        for one in subjects.of_case(tx, case_id):
            set_part(tx, one.id, SubjectPart.SUSPECTED, by=room.ada, revision=one.revision, now=room.now)
        assert subjects.of_case(tx, case_id)[0].id == first
    by = legal(room)
    read = reads(room, report, by)
    assert read.named == "one account"
    sent = authority_letters.send_as_read(
        desk(room), report.id, actor=by, revision=report.revision, mark=read.mark
    )
    with room.begin() as tx:
        named = {one.id: one.account_id for one in subjects.of_case(tx, case_id)}[sent.subject_id]
    assert named == "one account"
    assert reads(room, sent, by).named == "one account"
