"""What it costs to gather, write and check a report of 500 items, in processor time. Run by `make bench`.

One process, one embedded database: what the database needs is not counted, what waiting for it takes is not
either. Each part is run again and again; the middle of the runs is printed, and the quickest.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filing import seal_files, send_on

from safehold.app.authority_contents import contents_of
from safehold.app.authority_letters import facts_of
from safehold.app.program import open_program
from safehold.authorities import contents
from safehold.model.authority_report import AuthorityReport
from safehold.model.ids import AuthorityReportId
from safehold.storage import authority_reports as rows
from safehold.storage.database import Tx

if TYPE_CHECKING:
    from safehold.testing.running import Installation

GOAL_MS = 50
WHO_REPORTS = {"company": "Bench", "reporting_person": {"last_name": "Person", "email": "a@example.org"}}


def confirm(safehold: Installation, report_id: AuthorityReportId) -> None:
    """Let one person have found everything illegal, each uploaded from somewhere, seen, and on the list."""
    person = safehold.analyst("who confirms").user_id
    for statement in (
        "insert into case_item (case_id, item_id, joined_at, waits_for)"
        " select r.case_id, i.item_id, now(), null from authority_report_item i"
        " join authority_report r on r.id = i.report_id where r.id = %(report)s",
        "insert into item_context (item_id, content_id, account_id, uploaded_at, ip, port,"
        " original_name, region) select item_id, 'post-1', 'account-1', now(), '192.0.2.7', 4711,"
        " 'lake.png', 'US' from authority_report_item where report_id = %(report)s",
        "insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding, category, answers,"
        " tier, policy_version, filed_at) select gen_random_uuid(), c.case_id, 'test', c.item_id, %(person)s,"
        " 'imagery', 'illegal', 'A', '{\"age_band\": \"7-10\"}', 'clear', 'bench', now() from case_item c"
        " join authority_report r on r.case_id = c.case_id where r.id = %(report)s",
        "insert into outcome (id, case_id, purpose, item_id, finding, category, settled_at, settled_by,"
        " rests_on, tier) select gen_random_uuid(), a.case_id, 'test', a.item_id, 'illegal', 'A', now(),"
        " %(person)s, a.id, 'clear' from assessment a join authority_report r on r.case_id = a.case_id"
        " where r.id = %(report)s",
        "insert into outcome_assessment (outcome_id, assessment_id) select o.id, o.rests_on from outcome o"
        " join authority_report r on r.case_id = o.case_id where r.id = %(report)s",
        "insert into match (id, item_id, list_id, entry_id, signal_type, distance, frame, may_hold,"
        " matched_at) select gen_random_uuid(), i.id, e.list_id, e.id, 'sha256', 0, 0, true, now()"
        " from item i join media m on m.id = i.media_id join entry e on e.value = m.sha256",
        "analyze",
    ):
        safehold.sql(statement, report=report_id, person=person)


def milliseconds(work: Callable[[], object], times: int) -> tuple[float, float]:
    """Return the middle and the least of what some work takes this process."""
    took = []
    for _ in range(times):
        began = time.process_time()
        work()
        took.append(1000 * (time.process_time() - began))
    return statistics.median(took), min(took)


def main() -> int:
    """Set up, measure, print. Exit code 1 where the goal is missed."""
    from safehold.testing.running import Installation, set_up, settings_of

    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--times", type=int, default=9)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of(Path(folder) / "data", None, authorities=WHO_REPORTS)
        set_up(settings)
        with open_program(settings, surfaces=frozenset({"api", "console"})) as program:
            safehold = Installation(program, "", Path(folder))
            report_id = send_on(safehold, seal_files(safehold, chosen.items, 100))
            confirm(safehold, report_id)
            with program.database.begin() as tx:
                report = rows.get(tx, report_id)
                assert report is not None
                return measured(safehold, tx, report, chosen.times)


def measured(safehold: Installation, tx: Tx, report: AuthorityReport, times: int) -> int:
    """Print what each part takes; return 1 where together they miss the goal."""
    now: datetime = safehold.program.clock()
    settings, told = safehold.program.settings, rows.items_of(tx, report.id)
    made = contents_of(settings, tx, report, told, now)
    assert len(made.files) == len(told)
    problems = contents.problems(made, now=now)
    assert not problems, problems[:3]
    parts: dict[str, Callable[[], object]] = {
        "gathering": lambda: facts_of(tx, settings, report, now=now),
        "gathering and planning what is said": lambda: contents_of(settings, tx, report, told, now),
        # What is said of the files is made once, when it is checked, and then written.
        "checking": lambda: contents.problems(replace(made), now=now),
        "writing": lambda: contents.write(made),
    }
    took = {name: milliseconds(work, times) for name, work in parts.items()}
    for name, (middle, least) in took.items():
        sys.stdout.write(f"{name}: {middle:.0f} ms, {least:.0f} ms at best\n")
    together = took["gathering and planning what is said"][1] + took["checking"][1]
    sys.stdout.write(f"planning and checking {len(told)} items: {together:.0f} ms; goal {GOAL_MS} ms\n")
    return 0 if together <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
