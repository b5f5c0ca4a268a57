"""Setting the head of the chain down outside: when each anchor is due, and what happens when one fails.

No transaction is open while a place is asked, and none is kept waiting by another: scanning and deciding
know nothing of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from safehold.app import alarms
from safehold.app.audit.anchors.base import Anchor, Head
from safehold.app.audit.anchors.declared import Declared
from safehold.app.logs import describe
from safehold.model.clock import Clock
from safehold.model.errors import NotFound, SafeholdError
from safehold.model.permissions import system_actor
from safehold.storage import anchors as rows
from safehold.storage import audit
from safehold.storage.database import Database, Tx

RETRY = timedelta(minutes=5)
"""How soon a place that failed is tried again."""

_ACTOR = system_actor("audit anchors").label


@dataclass(frozen=True, slots=True)
class Done:
    """What an anchor has taken: which link, and the receipt in words."""

    name: str
    kind: str
    head: Head
    words: str


def sweep_anchors(database: Database, declared: Sequence[Declared], *, clock: Clock) -> int:
    """Set the head down with every anchor that is due, and return how many took it.

    An anchor is due when its period has passed since it last took a head and the log has moved since by
    more than the record of that. One that fails is tried again every five minutes; when it has failed for
    an hour, an alarm stands until it works again or is switched off. No failure leaves this function.
    """
    with database.begin() as tx:
        rows.forget_others(tx, [each.anchor.name for each in declared])
    return sum(_keep_up(database, each, clock) for each in declared)


def anchor_now(database: Database, anchor: Anchor, *, clock: Clock) -> Done:
    """Set the present head down with one anchor and record it. Raises NotFound for an empty chain.

    Raises whatever the anchor raises, and records that it failed.
    """
    with database.begin() as tx:
        newest = audit.newest_link(tx)
    if newest is None:
        raise NotFound("The audit log has no link yet.", advice="Try again in a few seconds.")
    head = Head(*newest)
    try:
        receipt = anchor.set_down(head, now=clock())
    except Exception:
        _note_failure(database, anchor.name, clock())
        raise
    now = clock()
    with database.begin() as tx:
        made = rows.add(
            tx,
            name=anchor.name,
            kind=anchor.kind,
            seq=head.seq,
            head=head.hash,
            receipt=receipt.kept,
            now=now,
        )
        detail = {"name": anchor.name, "kind": anchor.kind, "seq": head.seq}
        audit.append(tx, at=now, actor=_ACTOR, verb=rows.ANCHORED, object=f"anchor:{made}", detail=detail)
        state = rows.mark_tried(tx, anchor.name, at=now, failed=False)
        alarms.clear_alarm(tx, alarms.ANCHOR_FAILING, f"anchor:{state.id}", now=now)
    return Done(anchor.name, anchor.kind, head, receipt.words)


def _keep_up(database: Database, declared: Declared, clock: Clock) -> bool:
    with database.begin() as tx:
        if not _is_due(tx, declared, clock()):
            return False
    try:
        anchor_now(database, declared.anchor, clock=clock)
    except Exception as error:  # noqa: BLE001 - one place that fails must keep no other from its turn
        structlog.get_logger().warning(
            "anchor_failed", anchor=declared.anchor.name, error_code=_code(error), error=describe(error)
        )
        return False
    return True


def _is_due(tx: Tx, declared: Declared, now: datetime) -> bool:
    state = rows.state(tx, declared.anchor.name)
    if state is not None and state.failing_since is not None:
        # A try in the future is a wrong clock.
        return not now - RETRY < state.tried_at <= now
    last = rows.newest(tx, declared.anchor.name)
    if last is None:
        return audit.newest_link(tx) is not None
    return not now - declared.every < last.at <= now and rows.moved_since(tx, last.seq)


def _note_failure(database: Database, name: str, now: datetime) -> None:
    with database.begin() as tx:
        state = rows.mark_tried(tx, name, at=now, failed=True)
        alarms.raise_alarm(tx, alarms.ANCHOR_FAILING, f"anchor:{state.id}", now=now)


def _code(error: Exception) -> str:
    return error.code if isinstance(error, SafeholdError) else "unforeseen"
