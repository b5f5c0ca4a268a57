"""Claims about a process that files and is killed with signal 9, between any two calls or commits."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from safehold.model.authority_report import AuthorityReportState, DestinationKind
from safehold.testing.cybertipline import CyberTiplineServer, Fault, Moment
from safehold.testing.hotline import Desk, Hotline
from safehold.testing.hotline import Fault as ParcelFault

MORTAL = Path(__file__).with_name("mortal_filer.py")
PATIENCE = 150.0
"""Seconds: a process that dies at every point begins some ten times, beside all the other tests."""

pytestmark = pytest.mark.timeout(400)

NAMES = ("submit", "upload", "fileinfo", "finish")
CALLS = {
    f"{point} {call}" for point in ("before", "after") for call in ("submit", "upload", "fileinfo", "finish")
}


@contextmanager
def dying(
    office: Any, passed: Path, *, at: str, hotline: Hotline | None = None
) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """Let a worker live and be killed again and again; yield what waits until something is so."""
    home = office.safehold.program.home
    told = {
        "passed": str(passed),
        "at": at,
        # What it opens, the reader would: here it has a right of its own to do so.
        "database": office.safehold.program.database.url,
        "base": office.server.base if hotline is None else hotline.url,
        "permitted": f"127.0.0.1:{(hotline or office.server).port}",
        "password": "for tests alone",
        "vault": str(home.vault),
        "sealing": str(home.keys.sealing),
        "opening": str(home.keys.opening),
    }
    if hotline is not None:
        told["recipient"] = hotline.desk.recipient
    process = subprocess.Popen([sys.executable, str(MORTAL)], stdin=subprocess.PIPE, text=True)
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        yield wait_until
    finally:
        process.terminate()
        process.wait()
        process.stdin.close()


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so() and time.monotonic() < until:
        time.sleep(0.1)


def is_over(office: Any, report_id: Any) -> bool:
    return office.report(report_id).state is not AuthorityReportState.SENDING


@pytest.mark.parametrize("at", ["calls", "commits"])
def test_a_process_that_is_killed_at_every_point_files_one_report(
    office: Any, at: str, tmp_path: Path
) -> None:
    with CyberTiplineServer(username="tests", password="for tests alone") as server:
        office.server = server
        report_id = office.sent_on(items=office.items[:1])
        server.fail_next(Moment.FINISH, Fault.REPLY_LOST)
        passed = tmp_path / "passed"
        with dying(office, passed, at=at) as until:
            until(lambda: is_over(office, report_id))
        [filed] = server.filed
        assert office.is_whole(filed, 1)
        assert office.report(report_id).reference == str(filed.report_id)
        points = set(passed.read_text().split("\n"))
        assert points >= CALLS if at == "calls" else len(points) > 4


@pytest.mark.parametrize("at", ["calls", "commits"])
def test_a_process_that_is_killed_at_every_point_sends_one_parcel(
    office: Any, at: str, tmp_path: Path
) -> None:
    with Hotline(Desk()) as hotline:
        report_id = office.sent_on(items=office.items[:1], kind=DestinationKind.PARCEL)
        hotline.fail_next(ParcelFault.REPLY_LOST)
        passed = tmp_path / "passed"
        with dying(office, passed, at=at, hotline=hotline) as until:
            until(lambda: is_over(office, report_id))
        [taken] = hotline.desk.taken
        assert office.report(report_id).reference == taken.reference
        assert (taken.report_id, len(taken.files)) == (str(report_id), 1)
        assert str(report_id) in hotline.desk.repeats
        assert not hotline.rejections
        points = set(passed.read_text().split("\n"))
        assert points >= {"before reports", "after reports"} if at == "calls" else len(points) > 3


def test_files_that_were_owed_are_planned_and_filed_once_by_a_process_that_is_killed_at_every_commit(
    office: Any, tmp_path: Path
) -> None:
    with CyberTiplineServer(username="tests", password="for tests alone") as server:
        office.server = server
        urgent = office.sent_on(items=office.items[:1], **office.emergency())
        office.works(office.means(opening=None))
        assert [len(each.files) for each in server.filed] == [0]
        passed = tmp_path / "passed"
        with dying(office, passed, at="commits") as until:
            until(lambda: len(office.reports()) > 1)
            [_, supplement] = office.reports()
            office.sends(supplement)
            until(lambda: is_over(office, supplement.id))
        [first, then] = server.filed
        assert office.is_whole(then, 1)
        assert office.report(urgent).reference == str(first.report_id)
        assert [one.reference for one in office.reports()] == [str(first.report_id), str(then.report_id)]
        assert len(passed.read_text().split("\n")) > 4
