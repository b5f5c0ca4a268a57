"""The settings of a rehearsal: nothing in them is meant, and nothing they name is outside this machine."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from safehold.app.settings import Settings

WEBHOOK: dict[str, Any] = {"secrets": ["whsec_c2VjcmV0"], "enabled": True}
MAIL = {"kind": "mail", "sender": "a@example.org", "recipients": ["b@example.org"]}
TIPLINE = {"kind": "ncmec_cybertipline", "username": "us", "password": "secret"}
HERE = "http://127.0.0.1:8443/there"
ALL_HERE: dict[str, Any] = {
    "surfaces": {"drills": {"rehearsal": True}},
    "webhooks": {"platform": {**WEBHOOK, "url": HERE}},
    "emergency": {"on_call": {"pager": {**WEBHOOK, "kind": "webhook", "url": "http://[::1]:8443/there"}}},
    "audit": {"anchors": {"shelf": {"kind": "object_store", "url": "a folder"}}},
    "authorities": {
        "destinations": {"tipline": {**TIPLINE, "url": "http://localhost:8443"}, "agency": {"kind": "uk_nca"}}
    },
}
MEANT: list[tuple[str, dict[str, Any]]] = [
    ("production", {"production": True}),
    ("surfaces.public", {"surfaces": {"public": {}}}),
    ("webhooks.platform", {"webhooks": {"platform": {**WEBHOOK, "url": "https://platform.example"}}}),
    (
        "emergency.on_call.pager",
        {"emergency": {"on_call": {"pager": {**WEBHOOK, "kind": "webhook", "url": "https://pager.example"}}}},
    ),
    ("emergency.on_call.phones", {"emergency": {"on_call": {"phones": {**MAIL, "host": "mail.example"}}}}),
    ("audit.anchors.counsel", {"audit": {"anchors": {"counsel": {**MAIL, "host": "mail.example"}}}}),
    ("audit.anchors.store", {"audit": {"anchors": {"store": {"kind": "object_store", "url": "s3://ours"}}}}),
    (
        "authorities.destinations.tipline",
        {"authorities": {"destinations": {"tipline": {**TIPLINE, "url": "https://127.0.0.1.example"}}}},
    ),
]


def test_what_stays_on_this_machine_can_be_rehearsed_with() -> None:
    assert Settings.model_validate({"rehearsal": True, **ALL_HERE}).rehearsal


@pytest.mark.parametrize(("named", "section"), MEANT, ids=[named for named, _ in MEANT])
def test_what_is_meant_or_outside_is_refused_in_a_rehearsal_and_nowhere_else(
    named: str, section: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match=f"{named}: "):
        Settings.model_validate({"rehearsal": True, **section})
    assert not Settings.model_validate(section).rehearsal
