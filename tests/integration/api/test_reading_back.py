"""Reading back, appeals, health, metrics: what a platform and an operator may know."""

from __future__ import annotations

import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from safehold.app import console_view
from safehold.model.assessment import Finding
from safehold.model.permissions import Permission
from safehold.testing.platform import Platform
from safehold.testing.running import LISTED, Installation, altered_copy

CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}


def test_an_item_says_where_it_stands_from_upload_to_outcome(
    safehold: Installation, platform: Platform
) -> None:
    item_id = platform.upload(altered_copy(1), CONTEXT, media_type="image/jpeg").body["item_id"]
    at_first = platform.ask("GET", f"/v1/items/{item_id}").body
    assert (at_first["held"], at_first["cases"], at_first["content_id"]) == (True, [], "post-1")
    assert (at_first["media_type"], at_first["rehearsal"]) == ("image/jpeg", True)
    safehold.run_steps()
    [case] = platform.ask("GET", f"/v1/items/{item_id}").body["cases"]
    assert case["finding"] is None
    safehold.assess(item_id, Finding.ILLEGAL, by=safehold.analyst())
    safehold.run_steps()
    settled = platform.ask("GET", f"/v1/cases/{case['case_id']}").body
    assert (settled["state"], settled["purpose"], settled["rehearsal"]) == ("settled", "test", True)
    [in_case] = settled["items"]
    assert (in_case["item_id"], in_case["finding"], in_case["category"]) == (item_id, "illegal", "A")


def test_a_repeat_scan_names_no_case_of_somebody_else(safehold: Installation, platform: Platform) -> None:
    platform.upload(altered_copy(1), CONTEXT)
    safehold.run_steps()
    assert platform.upload(altered_copy(1), CONTEXT | {"account_id": "b"}).body["case_id"] is None


def test_lists_show_counts_and_provenance_and_never_values(
    safehold: Installation, platform: Platform
) -> None:
    everything = platform.ask("GET", "/v1/lists").body["lists"]
    [one] = everything
    assert platform.ask("GET", "/v1/lists/painted").body == one
    assert (one["name"], one["purpose"], one["entries"]) == ("painted", "test", len(LISTED))
    assert one["provenance"] == "Painted for tests"
    [row] = safehold.sql("select encode(value, 'hex') as value from entry limit 1")
    assert row.value not in str(everything)


@pytest.mark.parametrize("about", ["item_id", "case_id"])
def test_an_appeal_is_recorded_and_shown_beside_the_item(
    safehold: Installation, platform: Platform, about: str
) -> None:
    item_id = platform.upload(altered_copy(1), CONTEXT).body["item_id"]
    safehold.run_steps()
    case_id = safehold.case_of(item_id)
    named = {"item_id": item_id, "case_id": str(case_id)}[about]
    answer = platform.ask(
        "POST", "/v1/appeals", {about: named, "statement": "This is my holiday.", "by": "account-1"}
    )
    assert (answer.status, answer.body["state"]) == (201, "received")
    analyst = safehold.analyst()
    with safehold.program.database.begin() as tx:
        sheet = console_view.case(tx, case_id, actor=analyst, now=safehold.program.clock())
    [appeal] = sheet.view.items[0].appeals
    assert (appeal.statement, appeal.by) == ("This is my holiday.", "account-1")
    [record] = safehold.sql("select * from audit_record where verb = 'appeal.receive'")
    assert "holiday" not in str(record)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"item_id": "no id", "statement": "a", "by": "b"},
        {"statement": "a", "by": "b"},
        {"item_id": "01890000-0000-7000-8000-000000000000", "statement": "", "by": "b"},
        {"item_id": "01890000-0000-7000-8000-000000000000", "statement": "a\0", "by": "b"},
        {"item_id": "01890000-0000-7000-8000-000000000000", "statement": "a" * 10_001, "by": "b"},
    ],
)
def test_an_appeal_that_is_not_filled_in_is_refused(platform: Platform, body: dict[str, str]) -> None:
    answer = platform.ask("POST", "/v1/appeals", body)
    assert (answer.status, answer.body["code"]) == (422, "invalid_input")


def test_an_appeal_about_nothing_is_not_found(platform: Platform) -> None:
    body = {"item_id": "01890000-0000-7000-8000-000000000000", "statement": "a", "by": "b"}
    assert platform.ask("POST", "/v1/appeals", body).status == 404


def test_it_says_that_it_is_alive_and_ready_to_anybody(safehold: Installation) -> None:
    nobody = Platform(safehold.base_url, "none")
    assert nobody.ask("GET", "/v1/health/live").body == {"status": "alive"}
    # The list was made a moment ago: on a busy machine it is late before it is loaded.
    until = time.monotonic() + 20
    while "list_late" in (ready := nobody.ask("GET", "/v1/health/ready")).body["parts"].values():
        assert time.monotonic() < until
        time.sleep(0.1)
    assert (ready.status, ready.body["status"]) == (200, "ready")
    assert set(ready.body["parts"].values()) == {"ok"}


def test_the_metrics_count_and_name_kinds_alone(safehold: Installation, platform: Platform) -> None:
    platform.upload(altered_copy(1), CONTEXT)
    platform.upload(altered_copy(100), CONTEXT)
    safehold.program.scanner.counters.flush()
    text = safehold.platform(Permission.OPS).ask("GET", "/metrics").body
    assert 'safehold_scans_total{result="hold",surface="rehearsal"} 1.0' in text
    assert 'safehold_scans_total{result="clear",surface="rehearsal"} 1.0' in text
    assert 'safehold_events_total{kind="item_matched"} 1.0' in text
    assert 'safehold_decoder_confinement{layer="seccomp"} 1.0' in text
    assert "account-1" not in text
    assert "post-1" not in text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"X-Forwarded-For": "203.0.113.9"}, 401),
        ({"X-Forwarded-For": "127.0.0.1"}, 401),
        ({"Forwarded": "for=127.0.0.1"}, 401),
        ({"X-Real-IP": "127.0.0.1"}, 401),
        ({"Via": "1.1 proxy"}, 401),
    ],
)
def test_this_machine_reads_the_metrics_without_a_key_unless_it_forwards_for_others(
    safehold: Installation, headers: dict[str, str], status: int
) -> None:
    where = urlsplit(safehold.base_url)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=30)
    connection.request("GET", "/metrics", headers=headers)
    assert connection.getresponse().status == status
    connection.close()
