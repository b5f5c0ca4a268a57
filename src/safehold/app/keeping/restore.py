"""Bringing records back from a backup, with everything that was destroyed since destroyed again first."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from safehold.app import destruction_guard
from safehold.app.audit.verify import verify
from safehold.app.home import Home, open_home, sealing_key_path
from safehold.app.keeping.backup import DATABASE
from safehold.app.keeping.manifest import KEYS, RECORDS, Backup, read_backup
from safehold.app.keeping.small_keys import others_than
from safehold.app.records import Addresses, running
from safehold.app.settings import Settings
from safehold.evidence.closing import compare
from safehold.evidence.sweep import missing_objects, strangers_and_leftovers
from safehold.model.clock import Clock, utc_now
from safehold.model.errors import BadSettings, Conflict, Damaged, NotFound, Refused
from safehold.model.permissions import Actor
from safehold.storage import audit, migrate
from safehold.storage.aside import schema_name
from safehold.storage.database import Database
from safehold.storage.dumps import Dumps
from safehold.vault.keys import load_sealing_key
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to.

    made_at: when the backup was made; all that was recorded later is gone. closed_again: objects that the
    backup could have opened although they were destroyed since. strangers: objects in the evidence store
    that the records do not know, because they were sealed later. missing: objects on record that are not
    there, so it is another evidence store or an old copy of it. aside: the schema to which the records that
    were there before were moved, None where there were none.
    """

    made_at: str
    revision: str
    counts: dict[str, int]
    closed_again: int
    strangers: int
    missing: int
    aside: str | None
    with_keys: bool
    verified: bool
    other_keys: tuple[str, ...] = ()


def restore(
    settings: Settings,
    folder: Path,
    *,
    keys_from: Path | None = None,
    without_keys: bool = False,
    replace: bool = False,
    unverified: bool = False,
    actor: Actor,
    clock: Clock = utc_now,
) -> Restored:
    """Load a backup into an empty installation, and close again what was destroyed since it was made.

    keys_from: the file with its keys, else where the backup put it. without_keys: load none, so no evidence
    can be opened. replace: move records that are there aside. unverified: load one that the key of backups
    does not vouch for, too. Before MAC and digests fit, no program of PostgreSQL sees anything of it: a dump
    holds code that runs as the database's owner. Until the last step is done nothing of Safehold starts on
    this database; after a kill or a failure, the same command begins afresh.

    Raises BadSettings for what is no whole backup or an installation without the vault's keys, Conflict when
    there are records or somebody is connected, Refused when the MAC does not fit or when the ledger of
    destructions that belongs to the backup is not in the evidence store, Damaged when the audit log comes
    back other than it was saved.
    """
    home = _home_with_keys(settings)
    backup = read_backup(folder, home.kept_backups_key(), unverified=unverified)
    keys = None if without_keys else keys_from or backup.keys_file
    with ExitStack() as stack:
        parts = _checked_parts(stack, backup, keys, home)
        restored = _bring_back(settings, home, backup, parts, replace=replace, actor=actor, clock=clock)
    return dataclasses.replace(restored, other_keys=others_than(home, backup.manifest["small_keys"]))


_Parts = tuple[BinaryIO, BinaryIO | None]
"""Copies of the records, and of the keys where they are loaded too."""


def _bring_back(
    settings: Settings,
    home: Home,
    backup: Backup,
    parts: _Parts,
    *,
    replace: bool,
    actor: Actor,
    clock: Clock,
) -> Restored:
    vault = Vault(CiphertextStore(home.vault), load_sealing_key(home.keys.sealing))
    replays = _has_its_ledger(vault, backup)
    if parts[1] is not None and not replays:
        raise Refused(
            "The ledger of destructions that belongs to this backup is not in the evidence store: what was"
            " destroyed since would open again.",
            advice="Bring back the evidence store, or its folders `ledger`, `ledger-again` and"
            " `ledger-taken-back`. Without them, --without-keys loads the records, and no evidence can be"
            " opened.",
        )
    with running(settings, home) as addresses:
        return _load(
            backup, parts, vault, addresses, replace=replace, replays=replays, actor=actor, clock=clock
        )


def _load(
    backup: Backup,
    parts: _Parts,
    vault: Vault,
    addresses: Addresses,
    *,
    replace: bool,
    replays: bool,
    actor: Actor,
    clock: Clock,
) -> Restored:
    now = clock()
    dumps = Dumps(addresses.for_owner())
    had_records = dumps.holds_records()
    if had_records and not replace:
        raise Conflict(
            "There are records here already.",
            advice="Restore into an empty installation, or move these aside with --replace.",
        )
    aside = schema_name(now)
    was_moved = dumps.begin_load(*parts, aside=aside)
    migrate.upgrade(addresses.for_owner())
    with _database(addresses.for_owner()) as database:
        _check_chain(database, backup)
        closed_again = compare(database, vault.ledger, now=now) if replays else 0
        stored = strangers_and_leftovers(database, vault, before=now)
        restored = Restored(
            made_at=str(backup.manifest["made_at"]),
            revision=migrate.newest(),
            counts=dict(backup.manifest["counts"]),
            closed_again=closed_again,
            strangers=sum(not is_known for is_known in stored.values()),
            missing=missing_objects(database, vault),
            aside=aside if had_records else None,
            with_keys=parts[1] is not None,
            verified=backup.verified,
        )
        _record(database, restored, actor, now)
    dumps.finish_load()
    if was_moved and not had_records:
        dumps.drop(aside)
    return restored


def _checked_parts(stack: ExitStack, backup: Backup, keys: Path | None, home: Home) -> _Parts:
    if not migrate.knows(str(backup.manifest["revision"])):
        raise BadSettings("This backup was made by a newer Safehold.", advice="Install that version.")
    records = stack.enter_context(backup.checked(RECORDS, backup.folder / RECORDS, within=home.folder))
    if keys is None:
        return records, None
    if not keys.is_file():
        raise NotFound(
            "The keys of this backup are not where it put them.",
            advice="Name their file with --keys-from; they are deleted after 14 days. With --without-keys the"
            " records come back alone, and no evidence can be opened.",
        )
    return records, stack.enter_context(backup.checked(KEYS, keys, within=home.folder))


def _home_with_keys(settings: Settings) -> Home:
    # Opening a home without keys makes new ones, and nothing that was sealed would open with those.
    if not sealing_key_path(settings).exists():
        raise BadSettings(
            "The vault's keys are not here yet, and the evidence of a backup opens with no others.",
            advice="Put back the public key, and the private one with `safehold keys recover`, first.",
        )
    return open_home(settings)


def _has_its_ledger(vault: Vault, backup: Backup) -> bool:
    origin = vault.ledger.origin()
    return origin is not None and str(origin) == backup.manifest["ledger"]


def _check_chain(database: Database, backup: Backup) -> None:
    verdict, saved = verify(database), backup.manifest["chain"]
    if not verdict.intact or (verdict.links, verdict.head.hex()) != (saved["links"], saved["head"]):
        raise Damaged(
            "The audit log of this backup is not the one that was saved.",
            kept="Nothing starts on these records.",
            advice="Keep the backup as it is, have a person look, and restore another one.",
        )


def _record(database: Database, restored: Restored, actor: Actor, now: datetime) -> None:
    detail = {
        "made_at": restored.made_at,
        "closed_again": restored.closed_again,
        "strangers": restored.strangers,
        "missing": restored.missing,
        "moved_aside": restored.aside,
        "with_keys": restored.with_keys,
        "verified": restored.verified,
    }
    with database.begin() as tx:
        # Decisions that kept something may be among what is gone: people look before anything is destroyed.
        destruction_guard.hold_back(tx, now=now)
        audit.append(tx, at=now, actor=actor.label, verb="db.restore", object=DATABASE, detail=detail)


@contextmanager
def _database(address: str) -> Iterator[Database]:
    database = Database(address, pool_size=1)
    try:
        yield database
    finally:
        database.close()
