"""Writing down what a scan found about an item."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from safehold.detect.verdict import Verdict
from safehold.model.classifier import Heard
from safehold.model.ids import ItemId
from safehold.model.match import Flag
from safehold.storage import audit_samples as sample_rows
from safehold.storage import matches as match_rows
from safehold.storage import opinions as opinion_rows
from safehold.storage.audit_samples import Draw
from safehold.storage.database import Tx


def record_findings(tx: Tx, item_id: ItemId, verdict: Verdict, *, now: datetime) -> None:
    """Record the matches and flags of an item, in the transaction that records the item."""
    match_rows.insert_matches(tx, item_id, verdict.matches, now=now)
    match_rows.insert_flags(tx, item_id, verdict.flags, now=now)


def record_opinions(tx: Tx, item_id: ItemId, heard: Sequence[Heard], *, now: datetime) -> None:
    """Record what classifiers said of an item, in the transaction that records the item."""
    opinion_rows.insert(tx, item_id, heard, now=now)


def record_draw(tx: Tx, item_id: ItemId, draw: Draw) -> None:
    """Record that an item is kept because the lot fell on it, in the transaction that records the item."""
    sample_rows.insert(tx, item_id, draw)


def record_flag(tx: Tx, item_id: ItemId, flag: Flag, *, now: datetime) -> None:
    """Record that somebody or something asks for a look at an item."""
    match_rows.insert_flags(tx, item_id, [flag], now=now)
