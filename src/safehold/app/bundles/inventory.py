"""The inventory of a bundle: what each file is, where it came from, who found what, who saw and did what.

Its shape is stable and numbered, see `docs/explanation/custody.md`: names may be added, none changes its
meaning. People are ids, those who looked are pseudonyms; nobody's name is in it but what whoever asked
wrote about the recipient.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from importlib.metadata import version
from typing import Any
from uuid import UUID

from safehold.app.audit import chain, veil
from safehold.model.errors import VaultObjectDamaged
from safehold.model.ids import ItemId
from safehold.model.team import TeamSize
from safehold.storage import anchors as anchor_rows
from safehold.storage import audit, bundle_facts, items
from safehold.storage.audit import StoredRecord
from safehold.storage.bundle_facts import Row
from safehold.storage.bundles import BundleRequest
from safehold.storage.database import Tx
from safehold.storage.items import StoredItem

FORMAT, VERSION = "safehold-bundle", 1

Found = Mapping[str, Any]
"""What there was of one item: see `messages.found`."""

_MATCH = ("signal_type", "distance", "frame", "turn", "category", "labels", "may_hold", "matched_at")
_FLAG = ("source", "score", "reason", "against", "flagged_at")
_ASSESSMENT = (
    "form",
    "finding",
    "category",
    "answers",
    "tier",
    "policy_version",
    "filed_at",
    "round",
    "blind",
)
_OUTCOME = ("finding", "category", "form", "tier", "people_asked", "settled_at", "reversed_at")
_CONTEXT = ("content_id", "account_id", "uploaded_at", "ip", "port", "original_name", "region")


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """Under which circumstances a bundle is made. key: makes pseudonyms, see `veil`."""

    agreed: BundleRequest
    size: TeamSize
    key: bytes
    now: datetime


def inventory(tx: Tx, making: Making, found: Sequence[Found]) -> dict[str, Any]:
    """Return the inventory, ready for `written`. found: of each item, in the order of the bundle.

    Raises VaultObjectDamaged where a file is not the one on record.
    """
    about = [ItemId(UUID(each["item"])) for each in found]
    facts = _facts(tx, about, making.key)
    stored, pages = items.get_many(tx, about), items.pages_of(tx, about)
    media_ids = {one.item.media_id for one in stored.values() if one.item.media_id is not None}
    on_record = bundle_facts.media_of(tx, media_ids)
    entries = []
    for item_id, each in zip(about, found, strict=True):
        one = stored[item_id]
        media_id = one.item.media_id
        page = pages.get(item_id)
        entries.append(
            {
                **_about(one),
                **_bytes(each, on_record[media_id] if media_id is not None else None),
                "page": {"url": page.url, "seen_at": page.seen_at} if page is not None else None,
                **{name: by_item[item_id] for name, by_item in facts.items()},
                "custody": _custody(tx, _objects(one)),
            }
        )
    return {
        "format": FORMAT,
        "version": VERSION,
        "written_by": f"safehold {version('safehold')}",
        "bundle": _bundle(making),
        "entries": entries,
        "custody": _custody(tx, [f"bundle:{making.agreed.id}"]),
        "anchors": _anchors(tx),
    }


def written(content: Mapping[str, Any]) -> bytes:
    """Return an inventory as it is written: JSON, times in UTC, ids and digests in lower case."""
    return json.dumps(content, indent=1, ensure_ascii=False, default=_plain).encode() + b"\n"


def _bundle(making: Making) -> dict[str, Any]:
    agreed = making.agreed
    return {
        "id": agreed.id,
        "asked_by": f"user:{agreed.asked_by}",
        "asked_at": agreed.asked_at,
        "approved_by": f"user:{agreed.decided_by}" if agreed.decided_by is not None else "co-signer",
        "approved_at": agreed.decided_at,
        "co_signer": _base64(agreed.co_signer),
        "co_signature": _base64(agreed.co_signature),
        "made_at": making.now,
        "making": agreed.made,
        "recipient": agreed.recipient_name,
        "purpose": agreed.purpose,
        "recipients": agreed.recipients,
        "assessors": "single assessor" if making.size is TeamSize.SINGLE else making.size.value,
    }


def _about(one: StoredItem) -> dict[str, Any]:
    item, context = one.item, one.context
    return {
        "item": item.id,
        "media": item.media_id,
        "kind": item.kind,
        "surface": item.surface,
        "rehearsal": item.rehearsal,
        "received_at": item.received_at,
        "context": {name: getattr(context, name) for name in _CONTEXT} if context is not None else None,
    }


def _bytes(found: Found, media: Row | None) -> dict[str, Any]:
    """Say what there is of the bytes. What was not read has the digest on record, where there is one."""
    if "not_held" not in found:
        file = {name: found[name] for name in ("name", "size_bytes", "sha256")}
        if media is None or media["sha256"].hex() != file["sha256"]:
            raise VaultObjectDamaged("What was opened is not what the records say it is.")
    elif media is not None:
        file = {"name": None, "size_bytes": media["size_bytes"], "sha256": media["sha256"].hex()}
    else:
        return {"bytes": "not_held", "reason": found["not_held"], "file": None}
    held = {"bytes": "not_held" if file["name"] is None else "held", "reason": found.get("not_held")}
    return {**held, "file": {**file, "media_type": media["media_type"] if media is not None else None}}


def _facts(tx: Tx, about: Sequence[ItemId], key: bytes) -> dict[str, Mapping[ItemId, list[Any]]]:
    return {
        "matches": _by_item(
            bundle_facts.matches_of(tx, about),
            lambda row: {
                "list": {"id": row["list_id"], "name": row["list_name"], "purpose": row["purpose"]},
                "entry": row["entry_id"],
                **_picked(row, _MATCH),
            },
        ),
        "flags": _by_item(bundle_facts.flags_of(tx, about), lambda row: _picked(row, _FLAG)),
        "assessments": _by_item(
            bundle_facts.assessments_of(tx, about),
            lambda row: {**_ids(row), "by": f"user:{row['analyst_id']}", **_picked(row, _ASSESSMENT)},
        ),
        "outcomes": _by_item(
            bundle_facts.outcomes_of(tx, about),
            lambda row: {**_ids(row), "by": f"user:{row['settled_by']}", **_picked(row, _OUTCOME)},
        ),
        "seen": _by_item(bundle_facts.showings_of(tx, about), lambda row: _showing(row, key)),
    }


def _ids(row: Row) -> dict[str, Any]:
    return {"id": row["id"], "case": row["case_id"]}


def _showing(row: Row, key: bytes) -> dict[str, Any]:
    return {
        "by": veil.pseudonym(key, row["user_id"], row["opened_at"]),
        "tier": row["tier"],
        "from": row["fetched_at"],
        "until": row["closed_at"] or row["ends_by"],
    }


def _by_item(rows: Iterable[Row], shape: Callable[[Row], dict[str, Any]]) -> Mapping[ItemId, list[Any]]:
    found: defaultdict[ItemId, list[Any]] = defaultdict(list)
    for row in rows:
        found[row["item_id"]].append(shape(row))
    return found


def _objects(one: StoredItem) -> list[str]:
    media_id = one.item.media_id
    return [f"item:{one.item.id}", *([f"media:{media_id}"] if media_id is not None else ())]


def _custody(tx: Tx, objects: Iterable[str]) -> list[dict[str, Any]]:
    """Return the records about these objects in the order of the chain, those that are not on it yet last."""
    records = [record for each in objects for record in audit.of_object(tx, each)]
    records.sort(key=lambda record: (record.seq is None, record.seq or 0, record.at, record.id))
    return [_record(record) for record in records]


def _record(record: StoredRecord) -> dict[str, Any]:
    """Return a link: with its record, it can be computed anew. Who looked stays behind a pseudonym."""
    link = {
        "seq": record.seq,
        "previous": (record.previous or chain.FIRST).hex() if record.seq is not None else None,
        "hash": record.hash.hex() if record.hash is not None else None,
    }
    if veil.tells_of_looking(record):
        return {**link, "withheld": "somebody's looking", "verb": record.verb, "at": record.at}
    return {**link, "record": json.loads(chain.canonical(record, seq=record.seq or 0))}


def _anchors(tx: Tx) -> list[dict[str, Any]]:
    """Return what each place outside has taken last."""
    newest = {each.name: each for each in anchor_rows.all_anchors(tx)}
    return [
        {
            "anchor": each.name,
            "kind": each.kind,
            "seq": each.seq,
            "head": each.head.hex(),
            "at": each.at,
            "receipt": _base64(each.receipt),
        }
        for each in newest.values()
    ]


def _picked(row: Row, names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _base64(raw: bytes | None) -> str | None:
    return base64.b64encode(raw).decode("ascii") if raw is not None else None


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID | date):
        return str(value)
    raise TypeError(type(value).__name__)
