"""Claims about filing: whatever is lost, repeated or killed, one report is filed, or a person is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.authorities.destinations.ncmec_cybertipline import filing, wire
from safehold.authorities.destinations.ncmec_cybertipline.client import Access, CyberTipline
from safehold.authorities.destinations.ncmec_cybertipline.elements import to_xml
from safehold.authorities.destinations.ncmec_cybertipline.filing import Progress, SentFile, Stage
from safehold.authorities.destinations.ncmec_cybertipline.runner import Documents, Exchange, Runner
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.testing.cybertipline import CyberTiplineServer, Fault, Moment

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = "for tests alone"
REPORT = wire.Report(
    incident_summary=wire.IncidentSummary(
        incident_type=wire.IncidentType.IMAGERY, incident_date_time=NOW - timedelta(hours=3)
    ),
    internet_details=(wire.InternetDetails(web_page_incident=wire.WebPageIncident()),),
    reporter=wire.Reporter(reporting_person=wire.Person(email=(wire.Email(address="a@example.org"),))),
)
HARMLESS = (b"a lake", b"a mountain", b"a forest")


class Killed(Exception):
    """The process ended here."""


class Desk:
    """A report with three files, its progress on paper, and a server to file it with.

    kills: before which of the next times that something is written down the process ends.
    """

    def __init__(self, server: CyberTiplineServer, clock: Callable[[], datetime]) -> None:
        self.server, self.clock = server, clock
        self.kept = Progress(files=tuple(SentFile() for _ in HARMLESS))
        self.kills: list[bool] = []
        access = Access(
            base=server.base,
            username="tests",
            password=SECRET,
            permitted=PermittedNetworks.of(f"127.0.0.1:{server.port}"),
            call_seconds=5,
        )
        self.read: Callable[[int], bytes] = HARMLESS.__getitem__
        self.runner = Runner(
            client=CyberTipline(Egress(user_agent="safehold-test"), access),
            documents=Documents(
                report=lambda: to_xml("report", REPORT), read=lambda at: self.read(at), details=_details
            ),
            keep=self._keep,
        )

    def _keep(self, progress: Progress, exchange: Exchange) -> None:
        if self.kills and self.kills.pop(0):
            raise Killed
        self.kept = progress

    def go_on(self, times: int = 1) -> Progress:
        """Make so many calls; where the process is killed, another goes on from what was written down."""
        for _ in range(times):
            try:
                self.runner.go_on(self.kept)
            except Killed:
                continue
        return self.kept

    def is_whole(self) -> bool:
        """Say whether exactly one report was filed, with each file once and described."""
        [filed] = self.server.filed
        return len(filed.files) == len(HARMLESS) and all(each.details for each in filed.files)


def _details(at: int, report_id: int, file_id: str) -> bytes:
    details = wire.FileDetails(report_id=report_id, file_id=file_id, file_viewed_by_esp=False)
    return to_xml("fileDetails", details)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Iterator[Desk]:
    with CyberTiplineServer(username="tests", password=SECRET, clock=clock) as server:
        yield Desk(server, clock)


def test_a_report_is_opened_each_file_sent_and_described_and_it_is_finished(desk: Desk) -> None:
    assert desk.go_on(1).stage is Stage.OPENED
    assert desk.go_on(7).stage is Stage.FILED
    assert desk.is_whole()
    assert desk.go_on(3).stage is Stage.FILED
    assert desk.server.calls == {Moment.OPEN: 1, Moment.UPLOAD: 3, Moment.DESCRIBE: 3, Moment.FINISH: 1}


def test_a_lost_reply_to_the_last_call_files_nothing_twice(desk: Desk) -> None:
    desk.server.fail_next(Moment.FINISH, Fault.REPLY_LOST)
    assert desk.go_on(8).stage is Stage.OPENED
    done = desk.go_on(1)
    assert (done.stage, done.unconfirmed) == (Stage.FILED, True)
    assert desk.is_whole()


def test_a_lost_reply_to_an_upload_begins_anew_so_that_no_file_is_there_twice(desk: Desk) -> None:
    desk.server.fail_next(Moment.UPLOAD, Fault.REPLY_LOST)
    assert desk.go_on(20).stage is Stage.FILED
    assert desk.is_whole()
    assert desk.server.calls[Moment.RETRACT] == 1
    assert desk.server.unfinished == []


def test_bytes_that_arrived_as_others_are_taken_back(desk: Desk) -> None:
    desk.server.fail_next(Moment.UPLOAD, Fault.WRONG_MD5)
    assert desk.go_on(20).stage is Stage.FILED
    assert desk.is_whole()
    assert desk.server.calls[Moment.RETRACT] == 1


def test_a_report_that_they_deleted_in_the_meantime_is_begun_anew(desk: Desk, clock: Clock) -> None:
    desk.go_on(4)
    clock.now += timedelta(hours=2)
    assert desk.go_on(20).stage is Stage.FILED
    assert desk.is_whole()


def test_what_is_refused_is_tried_again_only_when_a_person_says_so(desk: Desk) -> None:
    desk.server.fail_next(Moment.DESCRIBE, Fault.CODE_VALIDATION)
    stuck = desk.go_on(20)
    assert (stuck.stage, stuck.why) == (Stage.STUCK, "code:4100")
    called = desk.server.calls.total()
    desk.go_on(5)
    assert desk.server.calls.total() == called
    desk.kept = filing.let_go_on(stuck)
    assert desk.go_on(20).stage is Stage.FILED
    assert desk.is_whole()


def test_nobody_is_asked_while_a_server_is_down_however_long(desk: Desk) -> None:
    desk.server.fail_next(Moment.OPEN, *[Fault.STATUS_500] * 40)
    assert desk.go_on(40).stage is Stage.PREPARED
    assert desk.go_on(8).stage is Stage.FILED


def test_a_report_that_is_given_up_again_and_again_is_shown_to_a_person(desk: Desk) -> None:
    desk.server.fail_next(Moment.UPLOAD, *[Fault.WRONG_MD5] * 40)
    stuck = desk.go_on(40)
    assert (stuck.stage, stuck.why) == (Stage.STUCK, "begun_too_often")
    assert desk.server.calls[Moment.OPEN] == filing.MOST_BEGINNINGS
    assert desk.server.unfinished == []


def test_a_file_that_they_do_not_name_in_the_end_is_said(desk: Desk) -> None:
    desk.server.fail_next(Moment.FINISH, Fault.FILE_FORGOTTEN)
    done = desk.go_on(8)
    assert (done.stage, done.missing) == (Stage.FILED, (2,))


def test_a_file_that_vanished_is_told_before_anything_is_called(desk: Desk) -> None:
    def vanished(at: int) -> bytes:
        raise OSError("it is gone")

    desk.read = vanished
    desk.go_on(1)
    with pytest.raises(OSError, match="gone"):
        desk.go_on(1)
    assert desk.kept.pending is None
    assert desk.server.calls == {Moment.OPEN: 1}


def test_a_file_that_cannot_be_had_is_left_out_and_counts_as_missing_no_more(desk: Desk) -> None:
    desk.go_on(1)
    desk.kept = filing.left_out(desk.kept, "erased")
    assert desk.go_on(6).stage is Stage.FILED
    assert [sent.left_out for sent in desk.kept.files] == ["erased", None, None]
    assert desk.kept.missing == ()
    [filed] = desk.server.filed
    assert len(filed.files) == 2


def test_what_is_left_out_stays_left_out_when_it_is_begun_anew(desk: Desk) -> None:
    desk.go_on(1)
    desk.kept = filing.left_out(desk.kept, "erased")
    desk.server.fail_next(Moment.UPLOAD, Fault.WRONG_MD5)
    assert desk.go_on(20).stage is Stage.FILED
    assert [sent.left_out for sent in desk.kept.files] == ["erased", None, None]


SLOW = [pytest.mark.slow, pytest.mark.timeout(600)]
TRANSIENT = [fault for fault in Fault if fault not in (Fault.NO_ANSWER, Fault.FILE_FORGOTTEN)]
FAULTS = st.dictionaries(
    st.sampled_from([Moment.OPEN, Moment.UPLOAD, Moment.DESCRIBE, Moment.FINISH, Moment.RETRACT]),
    st.lists(st.sampled_from(TRANSIENT), max_size=4),
)


@pytest.mark.parametrize("times", [40, pytest.param(400, marks=SLOW)])
def test_whatever_happens_one_report_is_filed_or_a_person_is_asked(times: int) -> None:
    @settings(deadline=None, max_examples=times, suppress_health_check=[HealthCheck.too_slow])
    @given(
        faults=FAULTS,
        kills=st.lists(st.booleans(), max_size=30),
        pauses=st.lists(st.integers(0, 90), max_size=12),
    )
    def whatever_happens(faults: dict[Moment, list[Fault]], kills: list[bool], pauses: list[int]) -> None:
        clock = Clock()
        with CyberTiplineServer(username="tests", password=SECRET, clock=clock) as server:
            desk = Desk(server, clock)
            desk.kills = list(kills)
            for moment, wrong in faults.items():
                server.fail_next(moment, *wrong)
            for minutes in pauses:
                desk.go_on(2)
                clock.now += timedelta(minutes=minutes)
            # As often as something can go wrong: each time somebody looks, and lets it go on.
            for _ in range(4 * 5):
                if desk.go_on(60).stage is not Stage.STUCK:
                    break
                assert desk.kept.why
                desk.kept = filing.let_go_on(desk.kept)
            assert desk.go_on(60).stage is Stage.FILED
            assert desk.is_whole()
            clock.now += timedelta(hours=2)
            assert server.unfinished == []

    whatever_happens()
