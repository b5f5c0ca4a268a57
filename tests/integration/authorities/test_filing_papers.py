"""Claims about the papers of reports, and about the alarms that say what becomes of a report."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from safehold.app import paper_sweep
from safehold.app.keeping.rewrapping import counted, rewrap_all
from safehold.authorities import filings
from safehold.model.authority_report import AuthorityReportState
from safehold.storage.authority_papers import PaperKind
from safehold.storage.dumps import KEY_TABLES
from safehold.testing.cybertipline import Fault, Moment
from safehold.vault.key_ring import KeyRing
from safehold.vault.sealing import OpeningKey, Sealed, open_

State = AuthorityReportState


TERM = timedelta(days=90)


def forgets(office: Any) -> int:
    return len(paper_sweep.forget_papers(office.as_worker, operator_term=TERM, now=office.clock()))


def test_what_was_sent_lies_sealed_and_says_what_is_in_it_by_its_digest(office: Any) -> None:
    report_id = office.sent_on()
    office.works()
    found = {paper.kind: paper for paper in office.papers(report_id)}
    assert set(found) == {PaperKind.REPORT, PaperKind.FILE_DETAILS, PaperKind.RECEIPT}
    [filed] = office.server.filed
    assert found[PaperKind.REPORT].sha256 == hashlib.sha256(filed.document).digest()
    rows = office.safehold.sql("select sealed, wrapped from authority_paper")
    assert not any(filed.document[40:80] in row.sealed for row in rows)


def test_the_worker_seals_papers_and_can_read_none(office: Any) -> None:
    office.sent_on()
    office.works()
    for column in ("sealed", "wrapped"):
        with pytest.raises(Exception, match="permission denied"), office.as_worker.begin() as tx:
            tx.driver.execute(f"select {column} from authority_paper")


def test_keys_of_papers_are_copied_apart_and_wrapped_anew_like_all_others(office: Any) -> None:
    report_id = office.sent_on()
    office.works()
    assert "authority_paper" in KEY_TABLES
    program = office.safehold.program
    old, new = program.home.opening_key(), OpeningKey.generate()
    done = rewrap_all(program.database, KeyRing(lambda: [old]), new)
    assert (done.left, done.damaged) == (0, set())
    with program.database.begin() as tx:
        assert set(counted(tx)) == {new.fingerprint}
    for row in office.safehold.sql("select id, sealed, wrapped, sha256 from authority_paper"):
        plain = open_(row.sealed, row.wrapped, new, object_id=row.id)
        assert hashlib.sha256(plain).digest() == row.sha256
    assert office.report(report_id).state is State.FILED


def test_papers_of_practice_end_with_the_operators_term_and_the_reference_stays(office: Any) -> None:
    report_id = office.sent_on()
    office.works()
    filed_at = office.report(report_id).filed_at
    office.clock.ahead += TERM - timedelta(minutes=1)
    assert forgets(office) == 0
    office.clock.ahead += timedelta(minutes=2)
    assert forgets(office) == 1
    assert office.papers(report_id) == []
    assert office.report(report_id).reference
    assert office.filing(report_id).stage == "filed"
    assert ("authority.forget_papers", {}) in office.audited(report_id)
    [row] = office.safehold.sql(
        "select papers_gone_at from authority_report where papers_gone_at is not null"
    )
    assert row.papers_gone_at > filed_at + TERM


def test_papers_of_what_was_never_filed_end_with_the_operators_term_and_those_under_way_do_not(
    office: Any,
) -> None:
    dropped, waits = office.sent_on(), office.sent_on(first_told=False)
    office.server.fail_next(Moment.OPEN, *[Fault.STATUS_500] * 4)
    for _ in range(2):
        filings.file_due(office.means())
    office.withdraws(dropped)
    office.clock.ahead += TERM + timedelta(days=1)
    assert forgets(office) == 1
    assert office.papers(dropped) == []
    assert len(office.papers(waits)) == 2


def test_a_person_hears_twenty_minutes_before_an_open_report_expires_and_no_more_once_it_has(
    office: Any,
) -> None:
    office.sent_on()
    office.server.fail_next(Moment.UPLOAD, *[Fault.STATUS_500] * 40)
    filings.file_due(office.means(), most_calls=1)
    for minutes, expected in ((39, []), (2, ["report_expiring"]), (20, [])):
        office.clock.ahead += timedelta(minutes=minutes)
        office.sweeps_alarms()
        assert office.alarms() == expected


def test_a_stuck_report_that_is_open_expires_with_an_alarm_as_well(office: Any) -> None:
    office.sent_on()
    office.server.fail_next(Moment.DESCRIBE, Fault.CODE_VALIDATION)
    office.works()
    office.clock.ahead += timedelta(minutes=45)
    office.sweeps_alarms()
    assert office.alarms() == ["report_expiring", "report_stuck"]


@pytest.mark.parametrize("state", [State.PLANNED, State.SENDING])
def test_a_report_that_is_past_its_time_alarms_whether_a_person_or_the_machine_is_late(
    office: Any, state: AuthorityReportState
) -> None:
    nobody = {"approved_by": None, "approved_at": None} if state is State.PLANNED else {}
    report_id = office.sent_on(state=state, **nobody)
    office.sweeps_alarms()
    assert office.alarms() == []
    office.clock.ahead += timedelta(days=1, minutes=1)
    office.sweeps_alarms()
    assert office.alarms() == ["report_unsent"]
    office.change(report_id, state=State.DECLINED, ended_at=office.clock())
    office.sweeps_alarms()
    assert office.alarms() == []


def test_the_clock_of_a_risk_to_life_ends_when_its_report_is_filed_though_nobody_has_ended_it(
    office: Any,
) -> None:
    report_id = office.sent_on(**office.emergency())
    office.clock.ahead += timedelta(minutes=16)
    office.sweeps_alarms()
    assert office.alarms() == ["report_unsent"]
    office.works()
    office.sweeps_alarms()
    assert (office.report(report_id).state, office.alarms()) == (State.FILED, [])
    [about] = office.safehold.sql("select ended_at from emergency")
    assert about.ended_at is None


def test_when_an_open_report_expires_can_be_shown(office: Any) -> None:
    report_id = office.sent_on()
    filings.file_due(office.means(), most_calls=1)
    expires = filings.expires_at(office.filing(report_id))
    assert expires is not None
    assert timedelta(minutes=59) < expires - office.clock() <= timedelta(hours=1)
    office.works()
    assert filings.expires_at(office.filing(report_id)) is None


def test_a_sealed_paper_opens_with_no_other_id(office: Any) -> None:
    office.sent_on()
    office.works()
    first, second, *_ = office.safehold.sql("select id, sealed, wrapped from authority_paper order by id")
    key = office.safehold.program.home.opening_key()
    assert Sealed(first.sealed, first.wrapped) != Sealed(second.sealed, second.wrapped)
    with pytest.raises(Exception, match="sealed"):
        open_(first.sealed, first.wrapped, key, object_id=second.id)
