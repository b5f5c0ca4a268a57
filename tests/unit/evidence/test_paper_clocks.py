"""Claims about until when the papers of a report are kept: by the clocks of the evidence, and by no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.evidence.paper_clocks import decide
from safehold.model.authority_report import AuthorityReport, AuthorityReportState, DestinationKind, Priority
from safehold.model.ids import AuthorityReportId, CaseId, ClockId, MediaId, UserId, new_id
from safehold.model.retention import Basis, RetentionClock, end_of

START = datetime(2027, 3, 1, tzinfo=UTC)
TERM = timedelta(days=40)
MEDIA, CASE, REPORT = MediaId(new_id()), CaseId(new_id()), AuthorityReportId(new_id())
NCMEC, NCA, OTHER = DestinationKind.NCMEC_CYBERTIPLINE, DestinationKind.UK_NCA, DestinationKind.GENERIC
FILED, WITHDRAWN = AuthorityReportState.FILED, AuthorityReportState.WITHDRAWN


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def report(
    kind: DestinationKind = NCMEC,
    state: AuthorityReportState = FILED,
    *,
    ended: float = 3,
    rehearsal: bool = False,
) -> AuthorityReport:
    is_filed, is_open = state is FILED, state.is_open
    return AuthorityReport(
        id=REPORT,
        case_id=CASE,
        destination="somewhere",
        kind=kind,
        priority=Priority.THREE,
        state=state,
        reasons=(),
        planned_at=day(0),
        due_at=day(1),
        rehearsal=rehearsal,
        approved_by=UserId(new_id()),
        approved_at=day(0),
        ended_at=None if is_open else day(ended),
        filed_at=day(ended) if is_filed else None,
        reference="1" if is_filed else None,
    )


def clock(basis: Basis, on: float, *, ended: float | None = None, of_report: bool = False) -> RetentionClock:
    about = {Basis.OPERATOR_TERM: CASE}.get(basis, REPORT if of_report else new_id())
    return RetentionClock(
        id=ClockId(new_id()),
        media_id=None if of_report else MEDIA,
        about=about,
        basis=basis,
        since=day(on),
        until=end_of(basis, day(on), operator_term=TERM),
        set_by="user:one",
        ended_at=None if ended is None else day(ended),
        ended_by=None if ended is None else "user:one",
    )


def kept(
    about: AuthorityReport,
    *clocks: RetentionClock,
    ordered: float | None = None,
) -> datetime | None:
    return decide(
        about,
        [each for each in clocks if each.media_id is None],
        [each for each in clocks if each.media_id is not None],
        operator_term=TERM,
        ordered_at=None if ordered is None else day(ordered),
    )


@pytest.mark.parametrize("kind", [NCMEC, NCA])
def test_what_was_told_under_a_law_is_kept_for_its_year_even_where_no_clock_has_begun(
    kind: DestinationKind,
) -> None:
    assert kept(report(kind)) == day(3).replace(year=2028)


def test_the_five_years_of_a_reference_keep_no_paper() -> None:
    five = clock(Basis.UK_REFERENCE, 3, of_report=True)
    assert five.until == day(3).replace(year=2032)
    assert kept(report(NCA), five, clock(Basis.UK_CONTENT, 3, of_report=True)) == day(3).replace(year=2028)


@pytest.mark.parametrize(
    "told_no_law",
    [report(OTHER), report(NCMEC, rehearsal=True), report(NCMEC, WITHDRAWN), report(NCA, WITHDRAWN)],
    ids=["elsewhere", "practice", "withdrawn", "withdrawn_uk"],
)
def test_what_no_law_asks_for_is_kept_for_the_operators_term(told_no_law: AuthorityReport) -> None:
    assert kept(told_no_law) == day(3) + TERM
    assert kept(told_no_law, clock(Basis.OPERATOR_TERM, 20)) == day(20) + TERM


@pytest.mark.parametrize("kind", DestinationKind)
def test_a_hold_keeps_papers_as_it_keeps_bytes_and_lifted_late_leaves_them_due(kind: DestinationKind) -> None:
    hold = clock(Basis.LEGAL_HOLD, 2)
    assert kept(report(kind), hold) is None
    lifted = replace(hold, ended_at=day(2_000), ended_by="user:one")
    assert kept(report(kind), lifted) == day(2_000)


@pytest.mark.parametrize("state", [each for each in AuthorityReportState if each.is_open])
def test_what_is_under_way_keeps_its_papers(state: AuthorityReportState) -> None:
    assert kept(report(state=state), ordered=900) is None


def test_an_order_ends_the_operators_term_and_no_year_of_a_law() -> None:
    assert kept(report(OTHER), ordered=10) == day(10)
    assert kept(report(OTHER), clock(Basis.LEGAL_HOLD, 4, ended=12), ordered=10) == day(12)
    assert kept(report(NCMEC), ordered=10) == day(3).replace(year=2028)
    assert kept(report(OTHER), ordered=2) == day(3) + TERM


_days = st.floats(min_value=0, max_value=900, allow_nan=False)


@st.composite
def _clocks(draw: st.DrawFn) -> RetentionClock:
    basis, on = (
        draw(st.sampled_from([each for each in Basis if each is not Basis.DESTROY_ORDER])),
        draw(_days),
    )
    of_report = basis is Basis.UK_REFERENCE or (basis.keeps_papers and draw(st.booleans()))
    may_end = basis in (Basis.LEGAL_HOLD, Basis.OPERATOR_TERM)
    ended = on + draw(_days) if may_end and draw(st.booleans()) else None
    return clock(basis, on, ended=ended, of_report=of_report)


_reports = st.builds(
    report,
    st.sampled_from(DestinationKind),
    st.sampled_from(AuthorityReportState),
    ended=_days,
    rehearsal=st.booleans(),
)


@given(_reports, st.lists(_clocks(), max_size=6), st.none() | _days)
def test_papers_never_go_before_a_clock_that_applies_ends_and_do_go_after_the_last(
    about: AuthorityReport, clocks: list[RetentionClock], ordered: float | None
) -> None:
    until = kept(about, *clocks, ordered=ordered)
    if not about.state.is_open and not any(each.holds for each in clocks):
        assert until is not None
        applying = [each for each in clocks if applies(each, about, ordered)]
        ends = [each.end for each in applying if each.end is not None]
        assert all(until >= end for end in ends)
        assert until in {*ends, *floors(about, ordered)}
    else:
        assert until is None


def applies(each: RetentionClock, about: AuthorityReport, ordered: float | None) -> bool:
    """Say whether a clock is about what was written: a hold always, a law of what was told, else the term."""
    told_under_a_law = about.state is FILED and about.kind is not OTHER and not about.rehearsal
    if each.basis is Basis.LEGAL_HOLD:
        return True
    if told_under_a_law:
        return each.media_id is None and each.basis is not Basis.UK_REFERENCE
    return each.basis is Basis.OPERATOR_TERM and not went_on_an_order(about, ordered)


def floors(about: AuthorityReport, ordered: float | None) -> set[datetime]:
    assert about.ended_at is not None
    if about.state is FILED and about.kind is not OTHER and not about.rehearsal:
        end = end_of(Basis.US_PRESERVATION, about.ended_at)
        assert end is not None
        return {end}
    if went_on_an_order(about, ordered):
        assert ordered is not None
        return {day(ordered)}
    return {about.ended_at + TERM}


def went_on_an_order(about: AuthorityReport, ordered: float | None) -> bool:
    return ordered is not None and about.ended_at is not None and day(ordered) >= about.ended_at
