"""Claims about filing as a worker does it: with the records, the vault, and a strict server."""

from __future__ import annotations

from typing import Any

from safehold.authorities.destinations.ncmec_cybertipline import filing
from safehold.authorities.destinations.ncmec_cybertipline.filing import Call, Stage
from safehold.model.authority_report import AuthorityReportState
from safehold.storage import filings as filing_rows

State = AuthorityReportState


def test_a_report_that_a_person_has_sent_on_is_filed_with_its_reference(office: Any) -> None:
    report_id = office.sent_on()
    office.works()
    [filed] = office.server.filed
    assert office.is_whole(filed)
    report = office.report(report_id)
    assert (report.state, report.reference) == (State.FILED, str(filed.report_id))
    [event] = office.safehold.sql("select kind from event where kind = 'authority_report_filed'")
    assert event.kind == "authority_report_filed"
    assert office.server.refused == []


def test_stages_and_calls_of_the_table_are_those_of_the_machine() -> None:
    assert set(filing_rows.STAGES) == set(Stage)
    assert set(filing_rows.CALLS) == set(Call)
    assert filing.MOST_BEGINNINGS < 2**15
