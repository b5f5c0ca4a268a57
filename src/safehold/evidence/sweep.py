"""The sweep: bytes whose time is over are destroyed, once, with a line in the ledger.

Destroying is deleting the wrapped key, in the transaction that writes the ledger. Before it a line goes to
the copy of the ledger that outlives the database, see `closing`. Ciphertext goes after the commit; what a
dead process left behind is found by comparing the store with what is on record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from safehold.evidence import clock_records, closing, retention
from safehold.model.errors import VaultDown
from safehold.model.ids import ItemId, MediaId, ObjectId
from safehold.model.permissions import Actor, system_actor
from safehold.model.retention import Reach
from safehold.storage import audit, closings, erasures, rehearsals, retention_clocks, unfiled
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Database, Tx
from safehold.storage.evidence import OF_CLOCKS, EvidenceObject, Rule
from safehold.vault.vault import Vault

ORPHAN_AGE = timedelta(hours=1)
"""How old ciphertext must be before it counts as left behind: sealing and recording take seconds."""
UNFILED_PATIENCE = timedelta(days=30)
"""So long confirmed media may wait for its first clock before a person is alarmed."""
MOST_STRANGERS = 100
"""Objects without any record that one sweep deletes; more of them look like the wrong database."""

_ACTOR = system_actor("evidence.sweep")
_log = structlog.get_logger()


@dataclass(slots=True)
class Swept:
    """What one sweep did.

    destroyed: objects that nobody can open any more. alarms: undecided media past their alarm date that no
    alarm was raised about yet; unfiled: confirmed media that has waited too long for its first clock;
    stopped: orders to destroy that a hold stops: the caller alarms a person about each. leftovers: ciphertext
    that an earlier process left behind. strangers: how many of those no record names. strangers_kept: objects
    without any record that were left alone, because there are too many of them; not 0 means that a person
    must look.
    """

    destroyed: list[ObjectId] = field(default_factory=list)
    alarms: list[MediaId] = field(default_factory=list)
    unfiled: list[MediaId] = field(default_factory=list)
    stopped: list[UUID] = field(default_factory=list)
    leftovers: int = 0
    strangers: int = 0
    strangers_kept: int = 0


def sweep(
    database: Database,
    vault: Vault,
    *,
    now: datetime,
    limit: int = 100,
    unfiled_patience: timedelta = UNFILED_PATIENCE,
) -> Swept:
    """Destroy what is due, at most `limit` media, and name what should have been decided or filed by now.

    Each media is a transaction of its own, and is judged anew inside it: what people confirmed a moment
    ago stays, and what they reversed is put back on the clock. Killing the process between any two steps
    harms nothing; `sweep_leftovers` finishes. A store that is down does not stop the sweep: keys are
    destroyed, ciphertext follows another time.
    """
    done = Swept()
    _recompute_reversed(database, limit, now)
    with database.begin() as tx:
        media = evidence_rows.due(tx, now=now, limit=limit)
        begun = closings.media_being_closed(tx, limit=limit)
        done.alarms = evidence_rows.overdue(tx, now=now, limit=limit)
        done.unfiled = unfiled.unfiled(tx, now=now, patience=unfiled_patience, limit=limit)
        done.stopped = retention_clocks.stopped_orders(tx, limit=limit)
    for media_id in dict.fromkeys([*begun, *media]):
        doomed = _destroy_media(database, vault, media_id, now, judge=_rule_if_due)
        done.destroyed += [one.id for one in doomed]
        _delete_ciphertext(vault, doomed)
    return done


def sweep_rehearsals(
    database: Database, vault: Vault, *, actor: Actor, now: datetime, limit: int = 10_000
) -> list[ObjectId]:
    """Destroy what came for practice alone, whatever its date, at most `limit` media; return the objects.

    It is for drills of a restore: nothing else can be destroyed within a fortnight. For practice is what
    matched test lists on rehearsal surfaces, each time it came, and was neither flagged nor confirmed.
    Killed on the way, it has destroyed whole media.
    """
    destroyed: list[ObjectId] = []
    with database.begin() as tx:
        media = rehearsals.destroyable(tx, limit=limit)
    for media_id in media:
        doomed = _destroy_media(database, vault, media_id, now, judge=_rule_in_practice, actor=actor)
        destroyed += [one.id for one in doomed]
        _delete_ciphertext(vault, doomed)
    return destroyed


def sweep_leftovers(database: Database, vault: Vault, *, now: datetime) -> Swept:
    """Delete ciphertext that nothing on record can open, older than an hour.

    That is: objects destroyed by a process that died before it came to their ciphertext, and objects
    that were sealed by one that died before it recorded them. After records were restored, strangers may be
    evidence that a newer backup knows: the caller holds this back then. It lists the whole store, so run it
    less often than `sweep`. Raises VaultDown.
    """
    done = Swept(leftovers=vault.drop_drafts(before=now - ORPHAN_AGE))
    left = strangers_and_leftovers(database, vault, before=now - ORPHAN_AGE)
    strangers = [one for one, is_known in left.items() if not is_known]
    if len(strangers) > MOST_STRANGERS:
        _log.error("evidence_strangers_kept", count=len(strangers))
        done.strangers_kept = len(strangers)
        left = {one: True for one, is_known in left.items() if is_known}
    for object_id in left:
        vault.destroy(object_id)
        done.leftovers += 1
    done.strangers = len(strangers) - done.strangers_kept
    if done.strangers:
        _log.warning("evidence_strangers_deleted", count=done.strangers)
    return done


def strangers_and_leftovers(database: Database, vault: Vault, *, before: datetime) -> dict[ObjectId, bool]:
    """Return stored objects, written before an instant, that nothing on record can open.

    Each with whether it is on record as destroyed; False is one that no record names. Raises VaultDown.
    """
    destroyed: set[ObjectId] = set()

    def live(objects: Sequence[ObjectId]) -> Collection[ObjectId]:
        with database.begin() as tx:
            known = evidence_rows.on_record(tx, objects)
        destroyed.update(one for one, is_live in known.items() if not is_live)
        return [one for one, is_live in known.items() if is_live]

    return {one: one in destroyed for one in vault.orphans(live, before=before)}


def missing_objects(database: Database, vault: Vault) -> int:
    """Return how many objects that can be opened by the records are not in the store. Raises VaultDown."""
    with database.begin() as tx:
        missing = evidence_rows.count_live(tx)
    for objects in vault.stored():
        with database.begin() as tx:
            missing -= sum(evidence_rows.on_record(tx, objects).values())
    return missing


def erased_items(tx: Tx, *, now: datetime, limit: int) -> list[ItemId]:
    """Return items that still have context although their time is over.

    That is when their bytes were destroyed, of a confirmed one under a clock or on an order, and no clock
    runs any more; an item that came without bytes and was not confirmed has 90 days, unless it is held.
    Context belongs to intake and messages to act; app hands the ids on to both.
    """
    without_bytes = erasures.forgotten_signals_items(tx, before=now - retention.UNDECIDED_FOR, limit=limit)
    retention.lock_all(tx, Reach(records=tuple(without_bytes)))
    held = {each.item_id for each in retention_clocks.of_records(tx, without_bytes) if each.holds}
    over = [each for each in without_bytes if each not in held]
    return [*erasures.items_of_erased_media(tx, now=now, limit=limit), *over]


def _recompute_reversed(database: Database, limit: int, now: datetime) -> None:
    """Put confirmed media back on the clock whose outcome was reversed while the step for it was lost."""
    with database.begin() as tx:
        media = evidence_rows.no_longer_confirmed(tx, limit=limit)
    for media_id in media:
        with database.begin() as tx:
            retention.lock(tx, media_id)
            clock_records.end_operator_terms(tx, media_id, actor=_ACTOR, now=now)
            retention.keep(tx, media_id)


def _destroy_media(
    database: Database,
    vault: Vault,
    media_id: MediaId,
    now: datetime,
    *,
    judge: Callable[[Tx, MediaId, datetime], Rule | None],
    actor: Actor = _ACTOR,
) -> list[EvidenceObject]:
    """Destroy the objects of media that is still due; otherwise put its date right and destroy nothing.

    judge: says under which rule it is due; None when it is not.

    What is noted first, written outside second and destroyed third may end between any two of them: the
    next sweep finds the note, and either goes on or, when people have decided otherwise since, takes the
    line back.
    """
    with database.begin() as tx:
        retention.lock(tx, media_id)
        rule = judge(tx, media_id, now)
        doomed = evidence_rows.live_objects(tx, media_id) if rule else []
        closings.begin_closing(tx, [one.id for one in doomed], at=now)
    closing.write_lines(vault.ledger, [(one.id, rule) for one in doomed if rule], at=now)
    with database.begin() as tx:
        retention.lock(tx, media_id)
        rule = judge(tx, media_id, now)
        if rule is None:
            closing.take_back(tx, vault.ledger, media_id, now=now)
            return []
        noted = set(closings.closing_of(tx, media_id))
        doomed = [one for one in evidence_rows.live_objects(tx, media_id) if one.id in noted]
        for one in doomed:
            evidence_rows.destroy_object(tx, one, rule=rule, at=now)
            audit.append(
                tx,
                at=now,
                actor=actor.label,
                verb="evidence.destroy",
                object=f"media:{media_id}",
                detail={"object": str(one.id), "role": one.role.value, "rule": rule.value},
            )
        closings.end_closing(tx, noted)
        if not evidence_rows.live_objects(tx, media_id):
            evidence_rows.end_retention(tx, media_id)
            clock_records.end_with_the_bytes(tx, media_id, actor=actor, now=now)
    return doomed


def _rule_if_due(tx: Tx, media_id: MediaId, now: datetime) -> Rule | None:
    # The recorded date may be older than the newest outcome: the step that renews it can be waiting still.
    recorded = evidence_rows.retention_of(tx, media_id)
    if recorded is None or recorded.destroy_at is None or recorded.destroy_at > now:
        return None
    current = retention.keep(tx, media_id) or recorded
    if current.destroy_at is None or current.destroy_at > now:
        return None
    return current.rule


def _rule_in_practice(tx: Tx, media_id: MediaId, _now: datetime) -> Rule | None:
    if not rehearsals.is_for_practice(tx, media_id):
        return None
    current = retention.keep(tx, media_id)
    if current is None or current.destroy_at is None or current.rule in OF_CLOCKS:
        return None
    return current.rule


def _delete_ciphertext(vault: Vault, doomed: Sequence[EvidenceObject]) -> None:
    for one in doomed:
        try:
            vault.destroy(one.id)
        except VaultDown:
            _log.warning("ciphertext_left", object_id=str(one.id))
