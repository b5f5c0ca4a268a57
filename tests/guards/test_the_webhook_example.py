"""The receiver that a page shows to platforms verifies what we send, and nothing else."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from safehold.act.channels.base import Destination
from safehold.act.channels.webhook import encode, signed_headers
from safehold.model.ids import DeliveryId, new_id

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "connect-a-platform.md"
SECRET = "whsec_" + b64encode(b"0123456789" * 3).decode()
OLD_SECRET = "whsec_" + b64encode(b"9876543210" * 3).decode()
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def verified() -> Callable[..., bool]:
    """Return the function that the page shows."""
    [code] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, PAGE.name, "exec"), names)
    shown: Callable[..., bool] = names["verified"]
    return shown


def sent(*secrets: str) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a message as they go out."""
    content = encode({"type": "item_cleared", "data": {"action": "hold_released"}})
    destination = Destination(
        name="platform", url="https://hooks.platform.example", secrets=secrets, kinds=frozenset()
    )
    headers = signed_headers(destination, webhook_id=DeliveryId(new_id()), content=content, now=NOW)
    return headers, content


def test_what_we_send_is_believed(verified: Callable[..., bool]) -> None:
    headers, body = sent(SECRET)
    assert verified(headers, body, SECRET, now=NOW.timestamp() + 30)


def test_while_a_secret_is_replaced_both_are_believed(verified: Callable[..., bool]) -> None:
    headers, body = sent(SECRET, OLD_SECRET)
    assert verified(headers, body, SECRET, now=NOW.timestamp())
    assert verified(headers, body, OLD_SECRET, now=NOW.timestamp())


def test_a_changed_body_is_not_believed(verified: Callable[..., bool]) -> None:
    headers, body = sent(SECRET)
    assert not verified(headers, body.replace(b"hold_released", b"remove"), SECRET, now=NOW.timestamp())


def test_another_secret_is_not_believed(verified: Callable[..., bool]) -> None:
    headers, body = sent(OLD_SECRET)
    assert not verified(headers, body, SECRET, now=NOW.timestamp())


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_or_early_message_is_not_believed(verified: Callable[..., bool], seconds: int) -> None:
    headers, body = sent(SECRET)
    assert not verified(headers, body, SECRET, now=NOW.timestamp() + seconds)
