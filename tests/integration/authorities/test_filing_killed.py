"""Claims about a process that files and is killed with signal 9, between any two calls or commits."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from safehold.model.authority_report import AuthorityReportState
from safehold.testing.cybertipline import CyberTiplineServer, Fault, Moment

MORTAL = Path(__file__).with_name("mortal_filer.py")
PATIENCE = 60.0
NAMES = ("submit", "upload", "fileinfo", "finish")
CALLS = {
    f"{point} {call}" for point in ("before", "after") for call in ("submit", "upload", "fileinfo", "finish")
}


def lives_until_filed(office: Any, report_id: Any, passed: Path, *, at: str) -> None:
    home = office.safehold.program.home
    told = {
        "passed": str(passed),
        "at": at,
        # What it opens, the reader would: here it has a right of its own to do so.
        "database": office.safehold.program.database.url,
        "base": office.server.base,
        "permitted": f"127.0.0.1:{office.server.port}",
        "password": "for tests alone",
        "vault": str(home.vault),
        "sealing": str(home.keys.sealing),
        "opening": str(home.keys.opening),
    }
    process = subprocess.Popen([sys.executable, str(MORTAL)], stdin=subprocess.PIPE, text=True)
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        until = time.monotonic() + PATIENCE
        while office.report(report_id).state is AuthorityReportState.SENDING and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        process.terminate()
        process.wait()
        process.stdin.close()


@pytest.mark.parametrize("at", ["calls", "commits"])
def test_a_process_that_is_killed_at_every_point_files_one_report(
    office: Any, at: str, tmp_path: Path
) -> None:
    with CyberTiplineServer(username="tests", password="for tests alone") as server:
        office.server = server
        report_id = office.sent_on(items=office.items[:1])
        server.fail_next(Moment.FINISH, Fault.REPLY_LOST)
        passed = tmp_path / "passed"
        lives_until_filed(office, report_id, passed, at=at)
        [filed] = server.filed
        assert office.is_whole(filed, 1)
        assert office.report(report_id).reference == str(filed.report_id)
        points = set(passed.read_text().split("\n"))
        assert points >= CALLS if at == "calls" else len(points) > 4
