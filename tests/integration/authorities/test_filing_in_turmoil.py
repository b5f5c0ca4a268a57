"""Claims about filing while processes die, overtake each other, and clocks jump: one report is filed."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from safehold.authorities import filings
from safehold.model.authority_report import AuthorityReportState
from safehold.testing.cybertipline import CyberTiplineServer, Fault, Moment
from safehold.testing.turmoil import Killed

State = AuthorityReportState


def ends_as_one_report(office: Any, report_id: Any) -> None:
    """Let a worker go on, and a person look each time that it is stuck, until the report is filed."""
    for _ in range(30):
        office.works()
        if office.report(report_id).state is not State.STUCK:
            break
        assert office.filing(report_id).why
        assert "report_stuck" in office.alarms()
        office.lets_go_on(report_id)
        office.sweeps_alarms()
    [filed] = office.server.filed
    assert office.is_whole(filed)
    assert office.report(report_id).reference == str(filed.report_id)
    events = office.safehold.sql(
        "select 1 from event where kind = 'authority_report_filed' and fields->>'report_id' = %(id)s",
        id=str(report_id),
    )
    assert len(events) == 1
    # An hour after the last change, whenever a clock that jumped has put that.
    office.clock.ahead += timedelta(days=100)
    assert office.server.unfinished == []
    for item_id in office.items:
        assert office.opening().item(report_id, item_id)


POINTS = ("before", "after")


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("number", range(8))
def test_a_worker_that_is_overtaken_at_a_call_files_nothing_twice(
    office: Any, number: int, point: str
) -> None:
    report_id = office.sent_on()
    turmoil = office.turmoil([*[""] * number, f"overtaken {point}"], [])
    filings.file_due(office.means_in(turmoil))
    assert turmoil.calls == []
    ends_as_one_report(office, report_id)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("number", range(8))
def test_a_worker_that_dies_at_a_call_files_nothing_twice(office: Any, number: int, point: str) -> None:
    report_id = office.sent_on()
    turmoil = office.turmoil([*[""] * number, f"dies {point}"], [])
    with pytest.raises(Killed):
        filings.file_due(office.means_in(turmoil))
    # Others leave it alone while whoever died may still be at it.
    called = office.server.calls.total()
    filings.file_due(office.means())
    assert office.server.calls.total() == called
    ends_as_one_report(office, report_id)


@pytest.mark.parametrize("jump", ["ahead", "back"])
@pytest.mark.parametrize(("number", "point"), [(0, "after"), (1, "before"), (3, "after"), (7, "before")])
def test_a_clock_that_jumps_at_a_call_files_nothing_twice_and_loses_nothing(
    office: Any, number: int, point: str, jump: str
) -> None:
    report_id = office.sent_on()
    turmoil = office.turmoil([*[""] * number, f"{jump} {point}"], [])
    filings.file_due(office.means_in(turmoil))
    assert turmoil.calls == []
    ends_as_one_report(office, report_id)


def test_two_workers_at_the_same_time_file_two_reports_of_one_case_once_each(office: Any) -> None:
    reports = [office.sent_on(items=office.items[:1]), office.sent_on(items=office.items[1:])]
    # The clock stands still meanwhile: moved on, one would take the other for dead in the middle of a call.
    workers = [threading.Thread(target=filings.file_due, args=(office.means(),)) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    office.works()
    assert sorted(len(each.files) for each in office.server.filed) == [1, 2]
    references = {office.report(each).reference for each in reports}
    assert references == {str(each.report_id) for each in office.server.filed}
    assert office.server.calls[Moment.OPEN] == 2


CALLS = st.lists(
    st.sampled_from(
        [
            "",
            "",
            "",
            *(f"{what} {point}" for what in ("dies", "overtaken", "ahead", "back") for point in POINTS),
        ]
    ),
    max_size=20,
)
SLOW = [pytest.mark.slow, pytest.mark.timeout(600)]
COMMITS = st.lists(st.sampled_from(["", "", "", "", "dies before", "dies inside", "dies after"]), max_size=30)
FAULTS = st.dictionaries(
    st.sampled_from([Moment.OPEN, Moment.UPLOAD, Moment.DESCRIBE, Moment.FINISH, Moment.RETRACT]),
    st.lists(
        st.sampled_from([each for each in Fault if each not in (Fault.NO_ANSWER, Fault.FILE_FORGOTTEN)]),
        max_size=3,
    ),
)


@pytest.mark.parametrize("times", [8, pytest.param(80, marks=SLOW)])
def test_whatever_happens_exactly_one_report_is_filed_or_a_person_is_asked(office: Any, times: int) -> None:
    @settings(
        deadline=None,
        max_examples=times,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(calls=CALLS, commits=COMMITS, faults=FAULTS)
    def whatever_happens(calls: list[str], commits: list[str], faults: dict[Moment, list[Fault]]) -> None:
        with CyberTiplineServer(username="tests", password="for tests alone", clock=office.clock) as server:
            office.server, office.clock.ahead = server, timedelta()
            report_id = office.sent_on(first_told=False)
            for moment, wrong in faults.items():
                server.fail_next(moment, *wrong)
            turmoil = office.turmoil(calls, commits)
            for _ in range(40):
                try:
                    filings.file_due(office.means_in(turmoil), most_calls=10)
                except Killed:
                    office.clock.ahead += timedelta(seconds=90)
                assert len(server.filed) <= 1
                office.clock.ahead += timedelta(minutes=3)
                if turmoil.is_over:
                    break
            ends_as_one_report(office, report_id)
            assert not [why for why in server.refused if "no XML" in why or "schema" in why]

    whatever_happens()
