"""How an answer to a scan is written, kept for a repeat, and settled with what it says: for all that scan."""

from __future__ import annotations

from safehold.app.requests import LONGEST_KEY, Answer, Settle
from safehold.app.scan_records import WhenKept
from safehold.model.permissions import Actor, Permission
from safehold.model.scan import ScanAnswer, ScanResult
from safehold.web.api.bodies import scan_answer

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    "description": "A repeat with the same key and body has one effect and one answer.",
}
"""How the description of an endpoint says that a repeat is harmless."""


def told(actor: Actor, answer: ScanAnswer) -> Answer:
    """Return what this actor is told of an answer."""
    return scan_answer(answer, detail=actor.may(Permission.SCAN_DETAIL))


def settling(settle: Settle, actor: Actor) -> WhenKept:
    """Return what keeps the answer that this actor is told, in the transaction that records the item."""
    return lambda tx, answer: settle(tx, told(actor, answer))


def kept(answer: Answer) -> Answer | None:
    """Return what may be kept of an answer for a repeat.

    Where nothing was kept of an item, no fingerprint of it is either; where nothing may be scanned, not
    even the request is.
    """
    items = answer.get("items", [answer])
    if all(item.get("result") == ScanResult.NOT_SCANNED for item in items):
        return None
    each = [item if item.get("item_id") else _without_signals(item) for item in items]
    return {"items": each} if "items" in answer else each[0]


def _without_signals(item: Answer) -> Answer:
    return {**item, "signals": None} if "signals" in item else item
