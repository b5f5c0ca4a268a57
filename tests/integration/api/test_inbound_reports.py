"""A platform passes on what its users reported: written down, looked at by people, fetched by nobody."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from safehold.app import wiring
from safehold.model.permissions import Permission
from safehold.testing.running import Installation, altered_copy

GIVEN = {"address": "https://example.org/page", "seen": "child_pressured", "statement": "In the comments."}


def send(bare: Installation, body: Any, *scopes: Permission) -> Any:
    platform = bare.platform(*(scopes or (Permission.INBOUND_REPORT,)))
    return platform.ask("POST", "/v1/inbound-reports", body)


def test_a_report_is_answered_with_a_reference_and_becomes_an_item_of_that_platform(
    bare: Installation,
) -> None:
    answer = send(bare, GIVEN | {"contact": "somebody@example.org"})
    assert (answer.status, answer.body["state"]) == (201, "received")
    assert len(answer.body["reference"].replace("-", "")) == 26

    wiring.take_in_reports(bare.program)
    bare.run_steps()

    [row] = bare.sql(
        "select i.surface, i.key_id, k.id as key, c.state from item i join api_key k on true"
        " join case_item ci on ci.item_id = i.id join review_case c on c.id = ci.case_id"
    )
    assert (row.surface, row.key_id, row.state) == ("platform_report", row.key, "open")
    assert len(bare.sql("select 1 from report_contact")) == 1
    [record] = bare.sql("select actor from audit_record where verb = 'inbound_report.receive'")
    assert record.actor == f"key:{row.key}"


def test_a_key_without_the_scope_is_refused(bare: Installation) -> None:
    assert send(bare, GIVEN, Permission.SCAN).status == 403
    assert bare.sql("select 1 from inbound_report") == []


@pytest.mark.parametrize(
    "change",
    [
        {"address": "javascript:alert(1)"},
        {"address": ""},
        {"address": "https://example.org/" + "a" * 2100},
        {"seen": "anything"},
        {"statement": "a" * 4001},
        {"statement": "\0"},
        {"contact": "nobody"},
        {"picture": "data:"},
    ],
)
def test_what_is_wrong_is_named_and_not_quoted_and_nothing_is_kept(
    bare: Installation, change: dict[str, str]
) -> None:
    answer = send(bare, GIVEN | change)
    assert answer.status == 422
    [value] = change.values()
    assert not value or value not in str(answer.body)
    assert bare.sql("select 1 from inbound_report") == []


def held(bare: Installation) -> tuple[Any, str]:
    """Return a platform and an item of its that a scan holds."""
    bare.add_list()
    platform = bare.platform(Permission.SCAN, Permission.INBOUND_REPORT)
    answer = platform.upload(altered_copy(1), {"surface": "rehearsal"}, media_type="image/jpeg")
    return platform, answer.body["item_id"]


def test_a_page_and_what_it_shows_lie_in_one_case(bare: Installation) -> None:
    platform, item_id = held(bare)
    assert platform.ask("POST", "/v1/inbound-reports", GIVEN | {"items": [item_id, item_id]}).status == 201
    bare.run_steps()
    wiring.take_in_reports(bare.program)
    bare.run_steps()

    [row] = bare.sql(
        "select array_agg(i.kind order by i.kind) as kinds, bool_and(i.rehearsal) as rehearsal, c.purpose"
        " from case_item ci join item i on i.id = ci.item_id join review_case c on c.id = ci.case_id"
        " group by c.id"
    )
    assert (row.kinds, row.rehearsal, row.purpose) == (["media", "page"], True, "test")


def test_items_of_others_and_items_that_do_not_exist_are_refused_alike(bare: Installation) -> None:
    _, item_id = held(bare)
    another = bare.platform(Permission.INBOUND_REPORT)
    answers = [
        another.ask("POST", "/v1/inbound-reports", GIVEN | {"items": [each]})
        for each in (item_id, str(uuid4()))
    ]
    assert [answer.status for answer in answers] == [422, 422]
    told = [{name: said for name, said in answer.body.items() if name != "request_id"} for answer in answers]
    assert told[0] == told[1]
    assert bare.sql("select 1 from inbound_report") == []


@pytest.mark.parametrize("items", [["nothing"], [None], "text", [str(UUID(int=n)) for n in range(101)]])
def test_items_that_are_no_list_of_ids_are_refused(bare: Installation, items: Any) -> None:
    assert send(bare, GIVEN | {"items": items}).status == 422
    assert bare.sql("select 1 from inbound_report") == []
