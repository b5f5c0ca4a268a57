"""What is written of a scan: sealed first, then recorded in one transaction, and only then answered.

What was clear leaves nothing here; what could not be checked is recorded without anything of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from safehold.act import holds
from safehold.app import alarms
from safehold.detect import recording, sampling
from safehold.detect.media_scan import Compared
from safehold.evidence import custody, retention
from safehold.evidence.custody import SealedMedia
from safehold.intake import uploads
from safehold.jobs.record import Record
from safehold.model.classifier import Heard
from safehold.model.clock import Clock
from safehold.model.errors import DecoderDown, SafeholdError, VaultDown
from safehold.model.events import ItemFlagged, ItemMatched
from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId, MediaId, ScanId
from safehold.model.item import Context
from safehold.model.media import Examined, HashMode
from safehold.model.permissions import Actor
from safehold.model.scan import ScanAnswer, ScanResult
from safehold.model.surface import Advice, Surface
from safehold.storage import audit, scans
from safehold.storage.audit_samples import Draw
from safehold.storage.database import Database, Tx
from safehold.vault.decoding.pool import DecoderPool
from safehold.vault.vault import Vault

log = structlog.get_logger()

WhenKept = Callable[[Tx, ScanAnswer], None]
"""Called with the answer in the transaction that records the item, before its commit. Raising undoes it."""

_KEPT = (ScanResult.HOLD, ScanResult.REVIEW)
_WRITTEN = (*_KEPT, ScanResult.INCOMPLETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What was sent and what was seen in it.

    compared: None where the surface may not be scanned for this region now, so that nothing was looked at.
    data: None when only signals were sent. heard: what classifiers said of it, on record with what is kept.
    draw: that the lot fell on it, where nothing else asks for a look.
    """

    scan_id: ScanId
    context: Context
    surface: Surface
    actor: Actor
    compared: Compared | None
    data: bytes | None = field(default=None, repr=False)
    examined: Examined | None = None
    heard: tuple[Heard, ...] = ()
    draw: Draw | None = None
    when_kept: WhenKept | None = None

    @property
    def result(self) -> ScanResult:
        """What it comes to."""
        return ScanResult.NOT_SCANNED if self.compared is None else self.compared.verdict.result

    @property
    def is_written(self) -> bool:
        """Whether something of it must be on record before it is answered."""
        return self.result in _WRITTEN

    def answer(self, item_id: ItemId | None = None) -> ScanAnswer:
        """Return what the platform is told. item_id: None where nothing is kept."""
        if self.compared is None:
            return ScanAnswer(scan_id=self.scan_id, result=self.result, advice=Advice.PUBLISH)
        verdict = self.compared.verdict
        return ScanAnswer(
            scan_id=self.scan_id,
            result=verdict.result,
            advice=verdict.advice,
            item_id=item_id,
            degraded=verdict.degraded,
            limits=verdict.limits,
            matches=verdict.matches,
            flags=verdict.flags,
            signals=self.compared.signals,
            mode=self.compared.mode,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRecords:
    """Writes down what scans found. Safe to share between threads."""

    database: Database
    decoders: DecoderPool
    vault: Vault
    record: Record
    clock: Clock

    def write(self, received: Received) -> ScanAnswer:
        """Write what must be on record of one scan, and return its answer. Raises DatabaseDown."""
        seals = received.data is not None and received.result in _KEPT
        sealed = self._seal(received) if seals and not self._is_in_custody(received) else None
        with self.database.begin() as tx:
            answer, taken = self._write(tx, received, sealed)
        if sealed is not None and not taken:
            self._discard(sealed)
        return answer

    def draw(self, surface: Surface) -> Draw | None:
        """Count that the lot fell on a clear upload; None where it is not kept: the day is full.

        Nor is it where the database is down: what is clear stays clear, and nobody waits for a sample.
        """
        try:
            with self.database.begin() as tx:
                return sampling.draw(tx, surface, self.clock())
        except SafeholdError as error:
            log.warning("not_drawn", code=error.code)
            return None

    def write_together(self, received: Sequence[Received]) -> list[ScanAnswer]:
        """Write what must be on record of several scans that came without bytes, all of it or nothing."""
        if any(one.data is not None for one in received):
            raise ValueError("What has bytes is sealed, and written by itself.")
        with self.database.begin() as tx:
            return [self._write(tx, one, None)[0] for one in received]

    def _write(self, tx: Tx, received: Received, sealed: SealedMedia | None) -> tuple[ScanAnswer, bool]:
        """Record item, findings, custody, hold and answer. Say too whether what was sealed was taken."""
        compared = received.compared
        if compared is None or received.result not in _KEPT:
            self._note_incomplete(tx, received)
            return received.answer(), False
        taken = False
        item_id, media_id = self._record_item(tx, received, compared)
        if media_id is not None and sealed is not None:
            taken = custody.take(tx, media_id, sealed, now=self.clock())
        elif media_id is not None and not custody.keep_on(tx, media_id, now=self.clock()):
            alarms.raise_alarm(tx, alarms.CUSTODY_FAILED, f"item:{item_id}", now=self.clock())
        self._record_findings(tx, received, compared, item_id, media_id)
        if received.draw is not None and media_id is not None:
            recording.record_draw(tx, item_id, received.draw)
            # As one that the lot fell on from now on, and no longer as one that arrives.
            retention.keep(tx, media_id)
        answer = received.answer(item_id)
        if received.when_kept is not None:
            received.when_kept(tx, answer)
        return answer, taken

    def _is_in_custody(self, received: Received) -> bool:
        """Say whether these very bytes are sealed already, and see to it that they are kept for this item."""
        if received.data is None:
            return False
        with self.database.begin() as tx:
            media_id = uploads.known_media(tx, hashlib.sha256(received.data).digest())
            return media_id is not None and custody.keep_on(tx, media_id, now=self.clock())

    def _seal(self, received: Received) -> SealedMedia | None:
        """Seal the bytes. None when there are none, or when the store is down: a hold waits for nothing."""
        if received.data is None:
            return None
        seen = received.examined
        if seen is None or seen.rendition is None:
            seen = self._safe_view(received.data)
        media_type = seen.media_type if seen else "application/octet-stream"
        rendition = seen.rendition if seen else None
        try:
            return custody.seal_media(self.vault, received.data, rendition, media_type=media_type)
        except VaultDown as error:
            log.error("custody_failed", code=error.code, scan_id=received.scan_id)
            return None

    def _safe_view(self, data: bytes) -> Examined | None:
        try:
            return self.decoders.examine(data, rendition=True, mode=HashMode.EXACT)
        except DecoderDown as error:
            log.warning("decoder_down", code=error.code)
            return None

    def _discard(self, sealed: SealedMedia) -> None:
        try:
            custody.discard(self.vault, sealed)
        except VaultDown as error:
            log.warning("duplicate_left_for_the_sweep", code=error.code)

    def _record_item(self, tx: Tx, received: Received, compared: Compared) -> tuple[ItemId, MediaId | None]:
        data = received.data
        return uploads.receive(
            tx,
            scan_id=received.scan_id,
            context=received.context,
            rehearsal=received.surface.rehearsal,
            result=received.result,
            digest_sha256=hashlib.sha256(data).digest() if data is not None else None,
            examined=received.examined,
            size_bytes=len(data) if data is not None else 0,
            signals=compared.signals,
            key_id=received.actor.key_id,
            now=self.clock(),
        )

    def _record_findings(
        self, tx: Tx, received: Received, compared: Compared, item_id: ItemId, media_id: MediaId | None
    ) -> None:
        now, verdict = self.clock(), compared.verdict
        recording.record_findings(tx, item_id, verdict, now=now)
        recording.record_opinions(tx, item_id, received.heard, now=now)
        held = holds.place(tx, item_id, verdict.matches, now=now) is not None
        audit.append(
            tx,
            at=now,
            actor=received.actor.label,
            verb="scan.keep",
            object=f"item:{item_id}",
            detail={
                "scan": str(received.scan_id),
                "media": str(media_id) if media_id else None,
                "result": verdict.result.value,
                "matches": len(verdict.matches),
                "flags": len(verdict.flags),
                "degraded": list(verdict.degraded),
            },
        )
        for purpose in sorted({match.purpose for match in verdict.matches}):
            self.record(tx, ItemMatched(at=now, item_id=item_id, purpose=purpose, held=held))
        if not verdict.matches:
            self.record(tx, ItemFlagged(at=now, item_id=item_id, purpose=_purpose_of_flags(received.surface)))

    def _note_incomplete(self, tx: Tx, received: Received) -> None:
        scans.insert_incomplete(
            tx,
            received.scan_id,
            key_id=received.actor.key_id,
            surface=received.surface.name,
            codes=received.answer().degraded,
            now=self.clock(),
        )


def _purpose_of_flags(surface: Surface) -> Purpose:
    """A flag on a rehearsal surface stays a rehearsal; elsewhere it asks for a look under the csam rules."""
    return Purpose.TEST if surface.rehearsal else Purpose.CSAM
