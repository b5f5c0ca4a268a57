"""Backups: a folder with the records, and apart from it, for 14 days at most, the keys that open evidence."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from safehold.app.keeping.manifest import FORMAT, KEYS, MANIFEST, RECORDS, part_of, vouched_for
from safehold.app.keeping.small_keys import prints_of
from safehold.app.operator import Operator
from safehold.evidence.closing import compare
from safehold.model.errors import DatabaseDown, SafeholdError, Unavailable
from safehold.model.permissions import Actor
from safehold.storage import audit
from safehold.storage.dumps import Dumps, Snapshot
from safehold.vault.files import new_file, sync_folder
from safehold.vault.keys import load_sealing_key
from safehold.vault.ledger import LedgerCopy
from safehold.vault.store import CiphertextStore

KEYS_KEPT = timedelta(days=14)
"""How long the keys of a backup are kept: longer, and what was erased could be brought back."""

DATABASE, BACKED_UP = "database", "db.backed_up"
"""What is on record once a backup is whole; that it was begun is on record before, as `db.backup`."""

_STAMP = "%Y%m%dT%H%M%SZ"
_DRAFT_AGE = timedelta(days=1)
_COUNTED = ("item", "review_case", "sealed_object", "wrapped_key", "destruction", "audit_record")


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup: its folder, the file with its keys, and which old files of keys were deleted."""

    folder: Path
    keys: Path
    ended: tuple[str, ...]
    counts: dict[str, int]


def back_up(opened: Operator, to: Path, *, keys_to: Path | None, actor: Actor) -> Made:
    """Make a backup in a new folder below `to`, of one state of the records, while everything runs.

    keys_to: where the keys go, else `to`/keys. A backup has its name only when it is whole: whatever
    kills the process leaves nothing that looks like one. First the ledger of destructions outside the
    database is completed. Files are 0600. The manifest carries a MAC under the key of the backups. Raises
    Unavailable when a disk is full, VaultDown, DatabaseDown, BadSettings when that key is damaged.
    """
    now = opened.clock()
    stamp = f"safehold-{now.strftime(_STAMP)}"
    keys_folder, key = keys_to or to / "keys", opened.home.backups_key()
    ledger = LedgerCopy(CiphertextStore(opened.home.vault))
    compare(opened.database, ledger, now=now)
    origin = ledger.begin()
    dumps = Dumps(opened.addresses.for_owner())
    with opened.database.begin() as tx:
        audit.append(tx, at=now, actor=actor.label, verb="db.backup", object=f"backup:{stamp}")
    with _drafts(to, keys_folder, stamp) as (folder, keys), dumps.snapshot() as snapshot:
        records = folder / RECORDS
        _write(records, lambda file: dumps.dump_records(snapshot, file))
        _write(keys, lambda file: dumps.dump_keys(snapshot, file))
        counts = {table: snapshot.count(table) for table in _COUNTED}
        manifest = {
            "format": FORMAT,
            "made_at": now.isoformat(),
            "safehold": version("safehold"),
            "postgresql": dumps.server_version,
            "revision": snapshot.revision(),
            "sealing_key": load_sealing_key(opened.home.keys.sealing).fingerprint.hex(),
            "small_keys": prints_of(opened.home),
            "ledger": str(origin),
            "chain": _chain(snapshot),
            "counts": counts,
            "parts": {RECORDS: part_of(records), KEYS: part_of(keys)},
            "keys_file": f"{stamp}.{KEYS}",
        }
        _write(folder / MANIFEST, lambda file: file.write(vouched_for(manifest, key)))
    with opened.database.begin() as tx:
        detail = {"backup": stamp}
        audit.append(tx, at=now, actor=actor.label, verb=BACKED_UP, object=DATABASE, detail=detail)
    ended = tuple(_end_old_keys(keys_folder, now))
    return Made(to / stamp, keys_folder / f"{stamp}.{KEYS}", ended, counts)


@contextmanager
def _drafts(to: Path, keys_folder: Path, stamp: str) -> Iterator[tuple[Path, Path]]:
    """Hand out a folder and a file to fill; they get their names when the block ends, the keys first."""
    draft, keys = to / f".{stamp}.draft", keys_folder / f".{stamp}.{KEYS}.draft"
    try:
        for folder in (to, keys_folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _remove_old_drafts(folder)
        draft.mkdir(mode=0o700)
        yield draft, keys
        sync_folder(draft)
        keys.rename(keys_folder / f"{stamp}.{KEYS}")
        sync_folder(keys_folder)
        draft.rename(to / stamp)
        sync_folder(to)
    except OSError as error:
        raise _full(error.strerror or "it gave no reason") from None
    except DatabaseDown as error:
        if "No space left" in error.what or "could not write" in error.what:
            raise _full("no space is left") from None
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        with suppress(OSError):
            keys.unlink()


def _full(why: str) -> SafeholdError:
    return Unavailable(
        f"The backup could not be written: {why}.",
        kept="The records are as they were; nothing is left of this backup.",
        advice="Look at the free space and the permissions of the folders that you named.",
    )


def _write(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    with new_file(path) as file:
        fill(file)


def _chain(snapshot: Snapshot) -> dict[str, Any]:
    seq, head = snapshot.head_of_chain()
    return {"links": seq, "head": head.hex()}


def _end_old_keys(folder: Path, now: datetime) -> Iterator[str]:
    for path in sorted(folder.glob(f"safehold-*.{KEYS}")):
        try:
            made = datetime.strptime(path.name.partition(".")[0], f"safehold-{_STAMP}").replace(tzinfo=UTC)
        except ValueError:
            continue
        if now - made > KEYS_KEPT:
            path.unlink()
            yield path.name


def _remove_old_drafts(folder: Path) -> None:
    """Remove what a killed backup left a day ago or earlier; a younger one may still be at work."""
    oldest = datetime.now(UTC) - _DRAFT_AGE
    for path in folder.glob(".safehold-*.draft"):
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < oldest:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
