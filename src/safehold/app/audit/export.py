"""The log in a file, for whoever checks it without us: each link with its record, then the anchors.

Personal side rows are left out: only their digests stand in the records.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from safehold.app.audit.chain import FIRST, canonical
from safehold.model.permissions import Actor, Permission
from safehold.storage import anchors as anchor_rows
from safehold.storage import audit as rows
from safehold.storage.audit import StoredRecord
from safehold.storage.database import Database, Tx
from safehold.vault.files import new_file


def export(database: Database, to: Path, *, actor: Actor, now: datetime) -> tuple[int, int]:
    """Write the chain and its anchors as JSON Lines into a new file (0600); return how many of each.

    A line of a link has "seq", "previous", "hash" and "record"; a line of an anchor has "anchor", "kind",
    "seq", "head", "at" and "receipt" (base64). The export is appended to the log, after what it holds.
    Raises NotAllowed, NameTaken when the file exists, OSError.
    """
    actor.require(Permission.AUDIT_READ)
    links = anchors = 0
    with new_file(to) as file, database.begin() as tx:
        for line in _links(tx):
            links += 1
            file.write(_json(line).encode())
        for line in _anchors(tx):
            anchors += 1
            file.write(_json(line).encode())
    with database.begin() as tx:
        rows.append(
            tx, at=now, actor=actor.label, verb="audit.export", object="audit", detail={"links": links}
        )
    return links, anchors


def _links(tx: Tx) -> Iterator[dict[str, Any]]:
    for batch in rows.whole_chain(tx):
        yield from map(_link, batch)


def _link(record: StoredRecord) -> dict[str, Any]:
    seq = record.seq or 0
    return {
        "seq": seq,
        "previous": (record.previous or FIRST).hex(),
        "hash": (record.hash or FIRST).hex(),
        "record": json.loads(canonical(record, seq=seq)),
    }


def _anchors(tx: Tx) -> Iterator[dict[str, Any]]:
    for each in anchor_rows.all_anchors(tx):
        yield {
            "anchor": each.name,
            "kind": each.kind,
            "seq": each.seq,
            "head": each.head.hex(),
            "at": each.at.isoformat(),
            "receipt": base64.b64encode(each.receipt).decode("ascii"),
        }


def _json(line: dict[str, Any]) -> str:
    return json.dumps(line, separators=(",", ":")) + "\n"
