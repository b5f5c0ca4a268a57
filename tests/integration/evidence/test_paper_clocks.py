"""Claims about papers and bytes of the same report over real records: the same clocks decide about both."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from safehold.app import evidence_orders, paper_sweep
from safehold.authorities import papers
from safehold.evidence import clocks, ledger, orders, sweep
from safehold.model.assessment import Finding
from safehold.model.authority_report import (
    AuthorityReport,
    AuthorityReportState,
    DestinationKind,
    Priority,
    ReportedItem,
)
from safehold.model.events import AuthorityReportFiled
from safehold.model.hash_list import Purpose
from safehold.model.ids import AuthorityReportId, ItemId, MediaId, UserId, new_id
from safehold.model.permissions import Actor, Role, permissions_of, system_actor
from safehold.model.retention import Basis, Reach, end_of
from safehold.model.team import TeamSize
from safehold.storage import audit, authority_papers, authority_reports
from safehold.storage.authority_papers import PaperKind
from safehold.storage.database import Database

if TYPE_CHECKING:
    from conftest import World

TERM = timedelta(days=40)
SHELL = system_actor("shell")
NCMEC, NCA, OTHER = DestinationKind.NCMEC_CYBERTIPLINE, DestinationKind.UK_NCA, DestinationKind.GENERIC
DAYS = st.integers(min_value=0, max_value=800)


def person() -> Actor:
    return Actor(permissions=permissions_of(frozenset({Role.LEGAL})), user_id=UserId(new_id()))


ONE, TWO = person(), person()


def told(
    world: World, kind: DestinationKind = NCMEC, *, filed: float = 3, starts: bool = True
) -> tuple[AuthorityReportId, MediaId, ItemId]:
    """Return a report with a paper, filed on a day, and the media and item that it tells of."""
    media_id = world.add_media(b"a grey square")
    item_id = world.add_item(media_id, purpose=Purpose.OWN_TERMS if kind is OTHER else Purpose.CSAM)
    world.keep(media_id)
    return about(world, item_id, kind, filed=filed, starts=starts), media_id, item_id


def about(
    world: World, item_id: ItemId, kind: DestinationKind = NCMEC, *, filed: float = 3, starts: bool = True
) -> AuthorityReportId:
    """Return a report with a paper about an item that is confirmed, filed on a day."""
    world.settle(item_id, Finding.ILLEGAL, world.after(0))
    at, report_id = world.after(filed), AuthorityReportId(new_id())
    report = AuthorityReport(
        id=report_id,
        case_id=world.case_of(item_id),
        destination="somewhere",
        kind=kind,
        priority=Priority.THREE,
        state=AuthorityReportState.FILED,
        reasons=(),
        planned_at=world.after(0),
        due_at=world.after(1),
        approved_by=UserId(world.analyst),  # type: ignore[arg-type]
        approved_at=at,
        ended_at=at,
        filed_at=at,
        reference="12/26",
    )
    with world.database.begin() as tx:
        assert authority_reports.insert(tx, report)
        authority_reports.add_items(tx, report_id, "somewhere", [ReportedItem(item_id=item_id)])
        papers.add(tx, world.vault, report_id, PaperKind.REPORT, b"what was said", now=at)
        event = AuthorityReportFiled(at=at, report_id=report_id, case_id=report.case_id)
        if starts:
            clocks.start_of_report(tx, event, operator_term=TERM, now=at)
    return report_id


def sweep_on(world: World, days: float, *, database: Database | None = None) -> None:
    """Do what the retention sweep does about bytes and papers."""
    now, at_hand = world.after(days), database or world.database
    sweep.sweep(at_hand, world.vault, now=now)
    paper_sweep.forget_papers(at_hand, operator_term=TERM, now=now)


def has_papers(world: World, report_id: AuthorityReportId) -> bool:
    with world.database.begin() as tx:
        return bool(authority_papers.of_report(tx, report_id))


def hold(world: World, media_id: MediaId, on: float) -> None:
    with world.database.begin() as tx:
        reach = Reach(media=(media_id,))
        orders.hold(tx, reach, reason="A court asks.", actor=ONE, through=SHELL, now=world.after(on))


def release(world: World, media_id: MediaId, on: float) -> None:
    with world.database.begin() as tx:
        reach = Reach(media=(media_id,))
        orders.release(tx, reach, hold_id=None, actor=TWO, through=SHELL, now=world.after(on))


def ordered(world: World, media_id: MediaId, on: float) -> None:
    now = world.after(on)
    with world.database.begin() as tx:
        asked = orders.ask_destruction(
            tx, [media_id], reason="An authority asks.", actor=ONE, through=SHELL, now=now
        )
        orders.confirm_destruction(
            tx, asked.id, [media_id], size=TeamSize.FULL, actor=TWO, through=SHELL, now=now
        )


@pytest.mark.parametrize(
    ("kind", "basis"), [(NCMEC, Basis.US_PRESERVATION), (NCA, Basis.UK_CONTENT), (OTHER, Basis.OPERATOR_TERM)]
)
def test_bytes_and_papers_of_a_report_go_on_the_same_day(
    world: World, kind: DestinationKind, basis: Basis
) -> None:
    report_id, media_id, _ = told(world, kind)
    end = end_of(basis, world.after(3), operator_term=TERM)
    assert end is not None
    last = (end - world.start) / timedelta(days=1)
    sweep_on(world, last - 0.01)
    assert (has_papers(world, report_id), bool(world.objects(media_id))) == (True, True)
    sweep_on(world, last)
    assert (has_papers(world, report_id), bool(world.objects(media_id))) == (False, False)
    with world.database.begin() as tx:
        report = authority_reports.get(tx, report_id)
        verbs = [one.verb for one in audit.of_object(tx, f"authority_report:{report_id}")]
    assert report is not None
    assert report.reference == "12/26"
    assert verbs.count("authority.forget_papers") == 1


def test_a_hold_keeps_the_papers_of_what_it_holds_until_it_is_lifted(world: World) -> None:
    report_id, media_id, _ = told(world)
    other, _, _ = told(world)
    hold(world, media_id, 10)
    sweep_on(world, 1_500)
    assert (has_papers(world, report_id), has_papers(world, other)) == (True, False)
    release(world, media_id, 1_500)
    sweep_on(world, 1_500)
    assert not has_papers(world, report_id)


@pytest.mark.parametrize("kind", [NCMEC, NCA, OTHER])
def test_a_hold_keeps_the_papers_of_what_came_without_bytes_as_well(
    world: World, kind: DestinationKind
) -> None:
    purpose = Purpose.OWN_TERMS if kind is OTHER else Purpose.CSAM
    item_id, other = world.add_item(None, purpose=purpose), world.add_item(None, purpose=purpose)
    report_id, let_go = about(world, item_id, kind), about(world, other, kind)
    words = "A court asks."
    with world.database.begin() as tx:
        reach = evidence_orders.reach_of(tx, report_id)
        assert reach == evidence_orders.reach_of(tx, item_id) == Reach(records=(item_id,))
        placed = orders.hold(tx, reach, reason=words, actor=ONE, through=SHELL, now=world.after(10))
    sweep_on(world, 1_500)
    assert (has_papers(world, report_id), has_papers(world, let_go)) == (True, False)
    with world.database.begin() as tx:
        orders.release(tx, reach, hold_id=placed.id, actor=TWO, through=SHELL, now=world.after(1_500))
    sweep_on(world, 1_499)
    assert has_papers(world, report_id)
    sweep_on(world, 1_500)
    assert not has_papers(world, report_id)


def test_a_hold_keeps_the_papers_of_media_that_was_destroyed_on_an_order(world: World) -> None:
    report_id, media_id, _ = told(world)
    ordered(world, media_id, 10)
    sweep_on(world, 10)
    assert not world.objects(media_id)
    hold(world, media_id, 11)
    sweep_on(world, 1_500)
    assert has_papers(world, report_id)
    release(world, media_id, 1_500)
    sweep_on(world, 1_500)
    assert not has_papers(world, report_id)


def test_an_order_takes_the_bytes_now_and_the_papers_when_no_law_asks_for_them(world: World) -> None:
    under_law, first, _ = told(world)
    elsewhere, second, _ = told(world, OTHER)
    for media_id in (first, second):
        ordered(world, media_id, 10)
    sweep_on(world, 10)
    assert not world.objects(first)
    assert not world.objects(second)
    assert (has_papers(world, under_law), has_papers(world, elsewhere)) == (True, False)
    sweep_on(world, 368)
    assert not has_papers(world, under_law)


def test_an_order_that_a_hold_stops_takes_neither_bytes_nor_papers(world: World) -> None:
    report_id, media_id, _ = told(world, OTHER)
    hold(world, media_id, 5)
    ordered(world, media_id, 10)
    sweep_on(world, 500)
    assert (has_papers(world, report_id), bool(world.objects(media_id))) == (True, True)
    release(world, media_id, 500)
    sweep_on(world, 500)
    assert (has_papers(world, report_id), bool(world.objects(media_id))) == (False, False)


def test_papers_whose_clocks_were_never_started_are_kept_for_the_laws_year_all_the_same(world: World) -> None:
    report_id, _, _ = told(world, starts=False)
    sweep_on(world, 367.9)
    assert has_papers(world, report_id)
    sweep_on(world, 368)
    assert not has_papers(world, report_id)


def test_the_ledger_says_when_papers_were_destroyed_and_the_reference_never_is(world: World) -> None:
    report_id, _, _ = told(world, NCA)
    sweep_on(world, 400)
    with world.database.begin() as tx:
        lines = {one.why: one.destroyed_at for one in ledger.lines(tx) if one.about == report_id}
        of_papers = {
            one.why: one.destroyed_at
            for one in ledger.lines(tx)
            if one.about == report_id and one.media_id is None
        }
    assert lines["uk_content"] == world.after(400)
    assert of_papers == {"uk_content": world.after(400), "uk_reference": None}


def test_the_workers_role_lets_papers_go(world: World, database_url: str) -> None:
    report_id, _, _ = told(world)
    mark = "&" if "?" in database_url else "?"
    as_worker = Database(f"{database_url}{mark}options=-crole%3Dsafehold_worker")
    sweep_on(world, 368, database=as_worker)
    as_worker.close()
    assert not has_papers(world, report_id)


@settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    kind=st.sampled_from([NCMEC, NCA]),
    held=st.none() | st.tuples(DAYS, DAYS),
    order=st.none() | DAYS,
    looked=st.lists(DAYS, max_size=6),
)
def test_papers_never_go_before_a_clock_that_applies_ends_and_do_go_after(
    world: World,
    kind: DestinationKind,
    held: tuple[int, int] | None,
    order: int | None,
    looked: list[int],
) -> None:
    report_id, media_id, _ = told(world, kind)
    begin, end = (held[0], held[0] + held[1]) if held else (0, 0)
    if held:
        hold(world, media_id, begin)
        if order is not None:
            ordered(world, media_id, order)
        for at in looked:
            sweep_on(world, at)
            assert has_papers(world, report_id)
        release(world, media_id, end)
    elif order is not None:
        ordered(world, media_id, order)
    last = max(368, end)
    for at in looked:
        before = has_papers(world, report_id)
        sweep_on(world, at)
        assert has_papers(world, report_id) == (before and at < last)
    sweep_on(world, last)
    assert not has_papers(world, report_id)
