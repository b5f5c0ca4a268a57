"""The overview for programs: by a key of its own scope, as JSON and CSV, and the same as metrics."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from safehold.app import overview
from safehold.model.permissions import Permission
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, altered_copy

CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}


@pytest.fixture
def reader(safehold: Installation) -> Platform:
    """Return somebody who may read figures, of an installation in which one upload matched today."""
    safehold.platform(Permission.SCAN).upload(altered_copy(1), CONTEXT)
    overview.sweep_days(safehold.program)
    return safehold.platform(Permission.OVERVIEW_READ)


def of(told: dict[str, Any], measure: str) -> dict[str, Any]:
    [found] = [each for each in told["measures"] if each["measure"] == measure]
    return dict(found)


def test_a_program_reads_figures_with_their_definitions(reader: Platform) -> None:
    answer = reader.ask("GET", "/v1/overview?period=day&practice=yes")
    assert (answer.status, answer.body["whole"]) == (200, True)
    arrived = of(answer.body, "arrived.by_source")
    assert {name: arrived["cells"][0][name] for name in ("place", "state", "number")} == {
        "place": {"source": "list"},
        "state": "known",
        "number": 1,
    }
    assert (
        arrived["query"] == "count item during the period where stage = arrived and practice = yes by source"
    )
    assert of(answer.body, "removal.links_up")["cells"][0]["number"] is None
    assert of(reader.ask("GET", "/v1/overview?period=day").body, "arrived")["cells"][-1]["number"] == 0


def test_the_same_is_read_as_csv(reader: Platform) -> None:
    body = reader.ask("GET", "/v1/overview?period=day&practice=yes&format=csv").body
    lines = list(csv.DictReader(io.StringIO(body if isinstance(body, str) else body.decode())))
    [all_arrived] = [one for one in lines if (one["measure"], one["answer"]) == ("arrived", "*")]
    assert (all_arrived["number"], all_arrived["state"]) == ("1", "known")
    [links] = [one for one in lines if one["measure"] == "removal.links_up"]
    assert (links["number"], links["state"]) == ("", "not_available")


@pytest.mark.parametrize(
    "query", ["of=yesterday", "from=2026-03-02&to=2026-03-01", "period=decade", "category=D", "purpose=all"]
)
def test_what_cannot_be_asked_is_refused(reader: Platform, query: str) -> None:
    assert reader.ask("GET", f"/v1/overview?{query}").status == 422


def test_a_key_without_the_scope_reads_no_figure(platform: Platform) -> None:
    assert platform.ask("GET", "/v1/overview").status == 403


def test_the_figures_of_today_are_metrics_that_name_kinds_alone(
    safehold: Installation, reader: Platform
) -> None:
    text = safehold.platform(Permission.OPS).ask("GET", "/metrics").body
    assert 'safehold_today_arrived{purpose="csam"} 0.0' in text
    assert 'safehold_now_lists{freshness="fixed"} 1.0' in text
    assert "safehold_overview_counted_seconds" in text
    assert "post-1" not in text
