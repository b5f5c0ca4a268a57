"""The figures of a year come from what was recorded, and a closed year stays as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from safehold.act import removals
from safehold.app import annual_report
from safehold.app.audit.sequencer import sequence
from safehold.app.settings_transparency import TransparencySettings
from safehold.intake import inbound_reports
from safehold.model.assessment import (
    AgeBand,
    Category,
    Finding,
    ImageryForm,
    MadeBy,
    SelfGenerated,
    Sex,
)
from safehold.model.events import InboundReportReceived, ProposalApproved
from safehold.model.figure_errors import YearAhead
from safehold.model.ids import CaseId, InboundReportId, ItemId, OutcomeId, ProposalId, UserId, new_id
from safehold.model.inbound_report import InboundReport, Seen
from safehold.model.permissions import system_actor
from safehold.model.proposal import Proposal, ProposalKind, ProposalState
from safehold.model.team import TeamSize
from safehold.review.cases import open_case
from safehold.review.rules import Policy, SecondFor
from safehold.review.settle import ReversalReason, reverse
from safehold.storage import inbound_reports as report_rows
from safehold.storage import proposals
from safehold.transparency import site
from safehold.transparency.catalogue import CATALOGUE
from safehold.transparency.counting import count
from safehold.transparency.recorded import counted
from safehold.transparency.report import AnnualReport
from safehold.transparency.tables import Known

LATER = datetime(2027, 2, 1, tzinfo=UTC)


def form(category: Category = Category.B, age: AgeBand = AgeBand.FROM_11_TO_13, **more: Any) -> ImageryForm:
    answers = {"sex": Sex.GIRLS, "self_generated": SelfGenerated.YES, "count": 1, "made_by": MadeBy.CAMERA}
    return ImageryForm(finding=Finding.ILLEGAL, category=category, age_band=age, **{**answers, **more})


def confirm(
    room: Any, filled: ImageryForm | None = None, *, at: datetime, media: str | None = None
) -> tuple[CaseId, ItemId]:
    """Let an item arrive that the vetted list knows, and be confirmed."""
    item_id = room.arrives(media=media)
    room.match(item_id)
    case_id = room.opened(item_id, now=at)
    room.assesses(case_id, item_id, filled or form(), by=room.ada, now=at)
    return case_id, item_id


def reported(room: Any, filled: ImageryForm | None = None) -> None:
    """Let somebody report a page that shows no item, and be answered where a form is given."""
    told = InboundReport(
        id=InboundReportId(new_id()), seen=Seen.CHILD_IMAGES, statement="", key_id=None, received_at=room.now
    )
    with room.begin() as tx:
        address = "https://example.org/gallery"
        report_rows.insert(tx, told, address=address, reference_digest=told.id.bytes * 2, contact=None)
        inbound_reports.pick_up(tx, record=room.record, now=room.now)
    event = room.events(InboundReportReceived.kind)[-1]
    with room.begin() as tx:
        case_id = open_case(tx, event, record=room.record, now=room.now)
    if filled is None:
        return
    room.settles(case_id, event.item_id, room.files(case_id, event.item_id, filled, by=room.ada))


def take_back(room: Any, case_id: CaseId, item_id: ItemId, *, at: datetime) -> CaseId:
    rows = room.sql("select id from outcome where item_id = :id and reversed_at is null", id=item_id)
    with room.begin() as tx:
        return reverse(
            tx,
            OutcomeId(rows[0].id),
            by=UserId(room.ben),
            reason_code=ReversalReason.MISTAKE,
            record=room.record,
            now=at,
        )


def figures(room: Any, year: int = 2026, *, now: datetime = LATER, zone: str = "UTC") -> dict[str, Any]:
    """Return what is counted, by measure and place, before anything is withheld."""
    with room.begin() as tx:
        found = counted(tx, year, zone=ZoneInfo(zone), now=now)
    return {
        f"{name} {' '.join(place)}".strip(): cell.amount.number if isinstance(cell, Known) else cell.words
        for name, table in count(CATALOGUE, found.year).items()
        for place, cell in table.cells.items()
    }


def report(room: Any, year: int = 2026, *, now: datetime = LATER, **settings: Any) -> AnnualReport:
    return annual_report.make(room.database, year, settings=TransparencySettings(**settings), now=now)


def test_a_confirmed_item_is_counted_with_what_people_found(room: Any) -> None:
    confirm(room, form(Category.A, AgeBand.FROM_3_TO_6), at=room.now)
    found = figures(room)
    assert found["items.confirmed"] == 1
    assert found["items.confirmed.by_age_and_category 3-6 A"] == 1
    assert found["items.confirmed.by_sex girls"] == found["items.self_generated"] == 1
    assert found["media.study_3_6.by_category A"] == found["media.study_3_6.by_children 1"] == 1
    assert found["pages.confirmed"] == found["items.ai_generated *"] == 0
    assert found["removal.notices"] == "not available"


def test_copies_of_a_picture_are_items_and_one_unique_picture(room: Any) -> None:
    for _ in range(3):
        confirm(room, at=room.now, media="the same")
    found = figures(room)
    assert (found["items.confirmed"], found["media.confirmed"]) == (3, 1)


def test_what_was_cleared_or_is_a_rehearsal_is_not_counted(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.not_illegal, by=room.ada)
    rehearsed = room.arrives(rehearsal=True)
    room.match(rehearsed)
    again = room.opened(rehearsed)
    room.assesses(again, rehearsed, form(), by=room.ada)
    assert figures(room)["items.confirmed"] == 0


def test_a_year_is_the_one_of_the_declared_time_zone(room: Any) -> None:
    """An hour before midnight UTC it is next year in Amsterdam, and still this one in London and New York."""
    confirm(room, at=datetime(2025, 12, 31, 23, 30, tzinfo=UTC))
    assert figures(room, 2025)["items.confirmed"] == 1
    assert figures(room, 2026, zone="Europe/Amsterdam")["items.confirmed"] == 1
    assert figures(room, 2025, zone="Europe/Amsterdam")["items.confirmed"] == 0
    assert figures(room, 2025, zone="America/New_York")["items.confirmed"] == 1


@pytest.mark.parametrize(
    "at", [datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC), datetime(2024, 10, 27, 1, 30, tzinfo=UTC)]
)
def test_leap_days_and_hours_that_come_twice_are_in_their_year_once(room: Any, at: datetime) -> None:
    confirm(room, at=at)
    years = {
        year: figures(room, year, zone="Europe/London")["items.confirmed"] for year in (2023, 2024, 2025)
    }
    assert years == {2023: 0, 2024: 1, 2025: 0}


def test_what_is_reversed_after_the_year_stays_in_it_and_is_said_as_a_correction(room: Any) -> None:
    case_id, item_id = confirm(room, at=room.now)
    confirm(room, at=room.now)
    before = figures(room)
    take_back(room, case_id, item_id, at=LATER)
    after = figures(room, now=LATER + timedelta(days=1))
    changed = {name for name in before if before[name] != after[name]}
    assert after["items.confirmed"] == 2
    assert changed == {"items.restated withdrawn", "items.restated same"}
    assert after["items.restated withdrawn"] == 1
    assert figures(room, 2027, now=LATER + timedelta(days=400))["quality.reversed"] == 1


def test_another_category_after_the_year_is_a_correction_and_counts_once(
    room: Any,
) -> None:
    case_id, item_id = confirm(room, form(Category.C), at=room.now)
    again = take_back(room, case_id, item_id, at=LATER)
    room.assesses(again, item_id, form(Category.A), by=room.ben, now=LATER + timedelta(hours=1))
    after = figures(room, now=LATER + timedelta(days=1))
    assert after["items.confirmed.by_category C"] == 1
    assert after["items.confirmed.by_category A"] == 0
    assert after["items.restated category"] == 1
    assert figures(room, 2027, now=LATER + timedelta(days=400))["items.confirmed"] == 0


def test_what_is_reversed_within_the_year_counts_when_it_is_confirmed_again(
    room: Any,
) -> None:
    case_id, item_id = confirm(room, at=room.now)
    again = take_back(room, case_id, item_id, at=room.now + timedelta(days=1))
    assert figures(room)["items.confirmed"] == 0
    room.assesses(again, item_id, form(), by=room.ben, now=LATER)
    assert figures(room, now=LATER + timedelta(days=1))["items.confirmed"] == 0
    assert figures(room, 2027, now=LATER + timedelta(days=400))["items.confirmed"] == 1


def test_a_year_that_is_not_over_is_provisional_and_one_that_has_not_begun_is_refused(room: Any) -> None:
    confirm(room, at=room.now)
    assert report(room, now=room.now + timedelta(days=1)).provisional
    assert not report(room).provisional
    with pytest.raises(YearAhead):
        report(room, 2031)


def test_a_year_without_cases_can_be_reported(room: Any, tmp_path: Path) -> None:
    site.write(report(room, 2026), tmp_path / "none")
    assert "Nothing was counted in this year." in (tmp_path / "none" / "index.html").read_text()


def test_a_year_with_one_case_tells_nothing_of_it(room: Any, tmp_path: Path) -> None:
    confirm(room, at=room.now)
    site.write(report(room, publisher="A test"), tmp_path / "one")
    written = "".join(path.read_text() for path in (tmp_path / "one").rglob("*.csv"))
    assert "items.confirmed,1,2026,item,withheld,,," in written
    assert ",known,1," not in written.replace("quality", "").replace("lists", "")
    assert "A test" in (tmp_path / "one" / "index.html").read_text()


def test_the_report_says_that_events_outcomes_and_the_audit_log_agree(room: Any) -> None:
    confirm(room, at=room.now)
    sequence(room.database, now=room.now)
    said = " ".join(report(room).made_from)
    assert "tell the same of every settled item" in said
    assert "The audit log is as it was written" in said


@pytest.mark.parametrize(
    "edit",
    [
        "update event set fields = fields || '{\"finding\": \"cleared\"}' where kind = 'item_confirmed'",
        "delete from event where kind = 'item_confirmed'",
        "update event set fields = fields || '{\"category\": \"A\"}' where kind = 'item_confirmed'",
        "update audit_record set detail = jsonb_set(detail, '{people}', '9') where verb = 'item.settle'",
    ],
    ids=["finding", "deleted", "category", "audit"],
)
def test_a_table_that_was_edited_behind_our_back_is_said_in_the_report(room: Any, edit: str) -> None:
    confirm(room, at=room.now)
    sequence(room.database, now=room.now)
    with room.begin() as tx:
        tx.run(sa.text("set local session_replication_role = replica"))
        tx.run(sa.text(edit))
    assert "Check failed" in " ".join(report(room).made_from)


def test_two_people_who_found_the_same_apart_agree(room: Any) -> None:
    room.policy = Policy(size=TeamSize.FULL, second_for=frozenset({SecondFor.ALL}))
    for second in (form(Category.B), form(Category.A)):
        case_id, item_id = room.matched_case()
        room.assesses(case_id, item_id, form(Category.B), by=room.ada)
        room.assesses(case_id, item_id, second, by=room.ben, now=room.later(minutes=20))
    found = figures(room)
    assert (found["quality.assessed_by_two yes"], found["quality.assessed_by_two no"]) == (1, 1)


def test_reports_pages_and_items_are_counted_apart(room: Any) -> None:
    out = ImageryForm(finding=Finding.OUT_OF_REMIT)
    reported(room)
    reported(room, out)
    confirm(room, at=room.now)
    found = figures(room)
    assert found["reports.received"] == 2
    assert (found["reports.assessed *"], found["reports.confirmed"]) == (1, 0)
    assert (found["pages.confirmed"], found["items.confirmed"]) == (0, 1)


def test_the_year_before_stands_beside_the_year(room: Any) -> None:
    for year in (2025, 2026, 2026):
        confirm(room, at=datetime(year, 6, 1, tzinfo=UTC))
    before = report(room).before
    assert before is not None
    assert report(room, 2025).before is None


def test_entries_of_lists_are_counted_as_they_were_when_the_year_ended(room: Any) -> None:
    found = figures(room)
    assert found["lists.entries csam pdq"] == 2
    assert found["lists.added csam"] == 2
    assert "lists.entries test pdq" not in found
    assert figures(room, 2025)["lists.entries * *"] == 0


def asked_to_remove(room: Any, *, at: datetime) -> ItemId:
    """Let a confirmed item have its removal approved, and so a platform be asked for it."""
    case_id, item_id = confirm(room, at=at)
    [row] = room.sql("select id from outcome where item_id = :id", id=item_id)
    planned = Proposal(
        id=ProposalId(new_id()),
        kind=ProposalKind.REMOVE_ITEM,
        item_id=item_id,
        case_id=case_id,
        state=ProposalState.APPROVED,
        planned_at=at,
        policy="remove_confirmed",
        decided_at=at,
    )
    approved = ProposalApproved(
        at=at, item_id=item_id, case_id=case_id, proposal_id=planned.id, proposal_kind=planned.kind
    )
    with room.begin() as tx:
        proposals.insert_proposal(tx, planned, outcome_id=OutcomeId(row.id), part=None)
        room.record(tx, approved)
    return item_id


def told_gone(room: Any, item_id: ItemId, *, gone_at: datetime, now: datetime) -> None:
    with room.begin() as tx:
        removals.tell(tx, item_id, gone_at=gone_at, actor=system_actor("platform"), now=now)


def test_the_time_to_removal_is_what_platforms_told_before_the_year_ended(room: Any) -> None:
    asked = datetime(2026, 6, 1, tzinfo=UTC)
    for took in (-5, 59, 60, 61, 60 * 24 * 3, 60 * 24 * 30):
        item_id, gone_at = asked_to_remove(room, at=asked), asked + timedelta(minutes=took)
        told_gone(room, item_id, gone_at=gone_at, now=gone_at + timedelta(days=1))
    asked_to_remove(room, at=asked)
    found = figures(room)
    assert found["removal.asked *"] == found["removal.time *"] == 7
    classes = ("hour", "four_hours", "day", "three_days", "week", "longer", "not_told")
    assert [found[f"removal.time {name}"] for name in classes] == [3, 1, 0, 1, 0, 1, 1]


def test_where_no_platform_told_anything_the_time_to_removal_is_not_available(room: Any) -> None:
    asked_to_remove(room, at=datetime(2026, 6, 1, tzinfo=UTC))
    found = figures(room)
    assert (found["removal.asked *"], found["removal.time *"]) == (1, "not available")
    assert found["removal.notices"] == "not available"


def test_a_word_that_comes_after_the_year_changes_nothing_in_it(room: Any) -> None:
    item_id = asked_to_remove(room, at=datetime(2026, 6, 1, tzinfo=UTC))
    before = figures(room)
    told_gone(room, item_id, gone_at=datetime(2026, 6, 2, tzinfo=UTC), now=LATER)
    assert figures(room) == before
