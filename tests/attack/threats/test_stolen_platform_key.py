"""The stolen platform key: it can scan and ask where an item stands, until it is revoked, and no more."""

from __future__ import annotations

import json
import time

import pytest

from safehold.app.access import keys
from safehold.app.access.key_ring import SEEN_FOR
from safehold.model.ids import KeyId
from safehold.model.permissions import SCOPES, Permission
from safehold.testing.running import TESTER, Installation, altered_copy, picture

CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}


def test_it_stops_working_within_a_tenth_of_a_second_after_it_was_revoked(safehold: Installation) -> None:
    platform = safehold.platform()
    assert platform.ask("GET", "/v1/lists").status == 200
    [key] = safehold.sql("select id from api_key")
    with safehold.program.database.begin() as tx:
        keys.revoke_key(tx, KeyId(key.id), actor=TESTER, now=safehold.program.clock())
    assert SEEN_FOR <= 1 / 10
    time.sleep(SEEN_FOR)
    assert platform.ask("GET", "/v1/lists").status == 401
    assert platform.upload(picture(1), CONTEXT).status == 401


def test_nothing_that_it_can_be_answered_holds_a_listed_value_or_media(safehold: Installation) -> None:
    platform = safehold.platform(*(SCOPES - {Permission.SCAN_DETAIL}))
    sent = altered_copy(1)
    item_id = platform.upload(sent, CONTEXT, media_type="image/jpeg").body["item_id"]
    safehold.run_steps()
    case_id = safehold.case_of(item_id)
    values = [row.value for row in safehold.sql("select encode(value, 'hex') as value from entry")]
    assert values
    for path in ("/v1/lists", "/v1/lists/painted", f"/v1/items/{item_id}", f"/v1/cases/{case_id}"):
        answer = platform.ask("GET", path)
        assert answer.status == 200
        said = json.dumps(answer.body)
        assert not [value for value in values if value in said]
        assert "\\ufffd" not in said
        assert len(said) < 2000


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/items/018f0000-0000-7000-8000-000000000000"),
        ("GET", "/v1/cases/018f0000-0000-7000-8000-000000000000"),
        ("GET", "/v1/lists"),
        ("POST", "/v1/appeals"),
    ],
)
def test_what_its_scopes_do_not_name_is_refused(safehold: Installation, method: str, path: str) -> None:
    only_scans = safehold.platform(Permission.SCAN)
    assert only_scans.ask(method, path, {} if method == "POST" else None).status == 403


@pytest.mark.parametrize(
    "path",
    ["/console/queue", "/console/lists", "/console/audit", "/console/reveals/018f0000", "/console/conflicts"],
)
def test_it_opens_no_page_of_the_console(safehold: Installation, path: str) -> None:
    assert safehold.platform().ask("GET", path).status in (401, 404)


def test_it_cannot_be_given_what_only_people_do() -> None:
    assert not SCOPES & {
        Permission.CASE_ASSESS,
        Permission.CASE_REVEAL,
        Permission.CASE_REVERSE,
        Permission.CASE_ARRANGE,
        Permission.CONFLICT_EDIT,
        Permission.PROPOSAL_DECIDE,
        Permission.LIST_EDIT,
        Permission.KEY_EDIT,
        Permission.USER_EDIT,
        Permission.EVIDENCE_EDIT,
    }
