"""What a bench says: a goal that is missed is told, by how much, and so is what was not measured."""

from __future__ import annotations

import json

import pytest

from safehold.model.clock import utc_now
from safehold.testing.bench.report import Report, Row, unmeasured


@pytest.mark.parametrize(
    ("row", "met", "missed_by"),
    [
        (Row("a", 12.0, "x", 12.0), True, ""),
        (Row("a", 9.0, "x", 12.0), False, "25 % short"),
        (Row("a", 1.4, "x", 1.4, at_most=True), True, ""),
        (Row("a", 2.1, "x", 1.4, at_most=True), False, "over by 50 %"),
        (Row("a", 3.0, "", 0.0, at_most=True), False, "over by 3"),
        (Row("a", 1.4, "ms"), None, ""),
        (unmeasured("a", "ms", "nobody looked", 1.0), None, ""),
    ],
)
def test_a_goal_is_met_at_its_edge_and_a_missed_one_says_by_how_much(
    row: Row, met: bool | None, missed_by: str
) -> None:
    assert (row.met, row.missed_by) == (met, missed_by)
    assert ("MISSED" in row.line()) is (met is False)
    assert missed_by in row.line()


def test_what_was_not_measured_says_why_and_never_passes_for_met() -> None:
    row = unmeasured("ratio", "x", "faiss-cpu is not installed", 80.0)
    assert "at least 80" in row.line()
    assert row.line().endswith("not measured: faiss-cpu is not installed")


def test_the_summary_counts_every_goal_once_and_names_those_that_were_not_met() -> None:
    report = Report()
    for row in (
        Row("good", 2.0, "x", 1.0),
        Row("bad", 0.5, "x", 1.0),
        Row("plain", 3.0, "ms"),
        unmeasured("later", "x", "add --full", 1.0),
    ):
        report.add("part: section", row)
    first, *rest = report.summary()
    assert first == "1 goals met, 1 missed, 1 not measured"
    assert [line.split()[1] for line in rest] == ["bad", "later"]
    assert all(line.split()[0] == "part" for line in rest)


def test_the_json_holds_every_row_and_point_and_what_was_measured_against() -> None:
    report = Report()
    report.add("one", unmeasured("a", "x", "absent", 2.0))
    report.point("latency", "safehold", 1000, 3.5)
    told = json.loads(json.dumps(report.as_json(utc_now())))
    assert told["sections"]["one"][0] == {
        "name": "a",
        "value": None,
        "unit": "x",
        "goal": 2.0,
        "at_most": False,
        "why": "absent",
        "met": None,
        "missed_by": "",
    }
    assert told["curves"] == {"latency": {"safehold": [[1000, 3.5]]}}
    assert set(told["machine"]["peers"]) == {"pdqhash", "threatexchange", "faiss-cpu", "vpdq"}
