"""A scan's answer, composed in the request: intake, detection, custody and hold.

What matched or was flagged is sealed first, then recorded in one transaction together with its hold, and
only then answered. What was clear is counted and forgotten; what could not be checked is recorded without
anything of it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from safehold.act import holds
from safehold.app import alarms
from safehold.app.counters import ScanCounters
from safehold.app.probing import CloseCalls
from safehold.app.settings import Settings
from safehold.detect import recording
from safehold.detect.checks import Circumstances
from safehold.detect.following import ListFollower
from safehold.detect.known import KnownLists
from safehold.detect.media_scan import (
    Compared,
    Reading,
    compare_nothing,
    compare_signals,
    read_and_compare,
)
from safehold.egress.client import Egress
from safehold.evidence import custody
from safehold.evidence.custody import SealedMedia
from safehold.intake import uploads
from safehold.jobs.record import Record
from safehold.model.clock import Clock
from safehold.model.errors import DecoderDown, EmptyFile, UnknownSignalType, UnknownSurface, VaultDown
from safehold.model.events import ItemFlagged, ItemMatched
from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId, MediaId, ScanId, new_id
from safehold.model.item import Context
from safehold.model.media import Examined, HashMode
from safehold.model.permissions import Actor
from safehold.model.scan import ScanAnswer, ScanResult
from safehold.model.signal import Signal, SignalTypeName
from safehold.model.surface import Advice, Surface
from safehold.signals.digests import digest_bytes
from safehold.storage import audit, scans
from safehold.storage.database import Database, Tx
from safehold.vault.decoding.pool import DecoderPool
from safehold.vault.vault import Vault

log = structlog.get_logger()

WhenKept = Callable[[Tx, ScanAnswer], None]
"""Called with the answer in the transaction that records the item, before its commit. Raising undoes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What was sent and what was seen in it. data: None when only signals were sent."""

    scan_id: ScanId
    context: Context
    surface: Surface
    actor: Actor
    compared: Compared
    data: bytes | None = field(default=None, repr=False)
    examined: Examined | None = None
    when_kept: WhenKept | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """Answers scans. Safe to share between threads. asked_at: see `ListFollower.ensure`."""

    settings: Settings
    database: Database
    decoders: DecoderPool
    vault: Vault
    follower: ListFollower
    asked_at: float | None = None
    egress: Egress
    counters: ScanCounters
    close_calls: CloseCalls
    record: Record
    clock: Clock

    def together(self) -> Scanner:
        """Return a scanner for several inputs that came at this moment: it asks for news of lists once."""
        return replace(self, asked_at=time.monotonic())

    @property
    def known(self) -> KnownLists:
        """The lists that inputs are compared with."""
        return self.follower.known

    @property
    def decoders_alive(self) -> bool:
        """Whether media can be decoded now."""
        return self.decoders.able

    def scan_bytes(
        self,
        data: bytes,
        context: Context,
        *,
        actor: Actor,
        claimed_type: str | None = None,
        when_kept: WhenKept | None = None,
    ) -> ScanAnswer:
        """Scan an upload. claimed_type: the media type that the sender gave. when_kept: see `WhenKept`.

        Raises UnknownSurface, EmptyFile, and DatabaseDown when nothing could be checked.
        """
        surface = self._surface(context)
        if not data:
            raise EmptyFile()
        if not surface.may_scan(context.region, self.clock()):
            return self._not_scanned(surface, actor)
        at = self._circumstances(surface)
        compared, examined = read_and_compare(
            digest_bytes(data),
            lambda reading: self._examine(data, claimed_type, reading),
            at,
            mode=self.settings.decoding.mode,
        )
        return self._answer(
            Received(
                scan_id=ScanId(new_id()),
                context=context,
                surface=surface,
                actor=actor,
                compared=compared,
                data=data,
                examined=examined,
                when_kept=when_kept,
            )
        )

    def scan_signals(
        self,
        signals: Sequence[tuple[str, str]],
        context: Context,
        *,
        actor: Actor,
        when_kept: WhenKept | None = None,
    ) -> ScanAnswer:
        """Scan fingerprints that the platform made itself: pairs of type and hexadecimal value.

        Raises UnknownSurface, UnknownSignalType, BadDigest, and DatabaseDown.
        """
        parsed = [self._parse(name, value) for name, value in signals]
        surface = self._surface(context)
        if not surface.may_scan(context.region, self.clock()):
            return self._not_scanned(surface, actor)
        compared = compare_signals(parsed, self._circumstances(surface))
        return self._answer(
            Received(
                scan_id=ScanId(new_id()),
                context=context,
                surface=surface,
                actor=actor,
                compared=compared,
                when_kept=when_kept,
            )
        )

    def scan_url(
        self, url: str, context: Context, *, actor: Actor, when_kept: WhenKept | None = None
    ) -> ScanAnswer:
        """Fetch an address and scan what it gives; private addresses are refused, redirects too.

        Raises AddressRefused, FetchFailed and TooLarge besides what scan_bytes raises.
        """
        surface = self._surface(context)
        if not surface.may_scan(context.region, self.clock()):
            return self._not_scanned(surface, actor)
        limits = self.settings.limits
        fetched = self.egress.fetch(url, max_bytes=limits.upload_bytes, deadline_seconds=limits.fetch_seconds)
        return self.scan_bytes(
            fetched.body, context, actor=actor, claimed_type=fetched.media_type, when_kept=when_kept
        )

    def scan_unchecked(self, kind: str, context: Context, *, actor: Actor) -> ScanAnswer:
        """Answer for a kind of input that no check exists for yet: incomplete, never clear."""
        surface = self._surface(context)
        if not surface.may_scan(context.region, self.clock()):
            return self._not_scanned(surface, actor)
        at = Circumstances(known=self.known, surface=surface, now=self.clock())
        return self._answer(
            Received(
                scan_id=ScanId(new_id()),
                context=context,
                surface=surface,
                actor=actor,
                compared=compare_nothing(kind, at),
            )
        )

    def _surface(self, context: Context) -> Surface:
        surface = self.settings.surface(context.surface)
        if surface is None:
            raise UnknownSurface("The settings declare no surface of this name.")
        return surface

    def _circumstances(self, surface: Surface) -> Circumstances:
        self.follower.ensure(self.asked_at)
        margin = self.close_calls.margin
        return Circumstances(known=self.known, surface=surface, now=self.clock(), margin=margin)

    def _parse(self, name: str, value: str) -> Signal:
        kind = self.known.kinds.get(SignalTypeName(name))
        if kind is None:
            raise UnknownSignalType("A signal type of this name is not loaded.")
        return Signal(kind.name, kind.parse(value))

    def _examine(self, data: bytes, claimed_type: str | None, reading: Reading) -> Examined | None:
        try:
            return self.decoders.examine(
                data,
                claimed_type=claimed_type,
                rendition=reading.rendition,
                mode=reading.mode,
                turned=reading.turned,
            )
        except DecoderDown as error:
            log.warning("decoder_down", code=error.code)
            return None

    def _answer(self, received: Received) -> ScanAnswer:
        verdict = received.compared.verdict
        answer = _answer_of(received, None)
        if verdict.result in (ScanResult.HOLD, ScanResult.REVIEW):
            answer = self._keep(received)
        elif verdict.result is ScanResult.INCOMPLETE:
            self._note_incomplete(received)
        self.close_calls.note(verdict, received.actor, received.context.account_id)
        self._count(received.surface, verdict.result, received.actor)
        return answer

    def _not_scanned(self, surface: Surface, actor: Actor) -> ScanAnswer:
        self._count(surface, ScanResult.NOT_SCANNED, actor)
        return ScanAnswer(scan_id=ScanId(new_id()), result=ScanResult.NOT_SCANNED, advice=Advice.PUBLISH)

    def _keep(self, received: Received) -> ScanAnswer:
        """Seal, then record item, findings, custody, hold and answer in one transaction."""
        sealed = None if self._is_in_custody(received) else self._seal(received)
        taken = False
        with self.database.begin() as tx:
            item_id, media_id = self._record_item(tx, received)
            if media_id is not None and sealed is not None:
                taken = custody.take(tx, media_id, sealed, now=self.clock())
            elif media_id is not None and not custody.keep_on(tx, media_id, now=self.clock()):
                alarms.raise_alarm(tx, alarms.CUSTODY_FAILED, f"item:{item_id}", now=self.clock())
            self._record_findings(tx, received, item_id, media_id)
            answer = _answer_of(received, item_id)
            if received.when_kept is not None:
                received.when_kept(tx, answer)
        if sealed is not None and not taken:
            self._discard(sealed)
        return answer

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
            seen = self._examine(received.data, None, Reading(HashMode.EXACT, rendition=True))
        media_type = seen.media_type if seen else "application/octet-stream"
        rendition = seen.rendition if seen else None
        try:
            return custody.seal_media(self.vault, received.data, rendition, media_type=media_type)
        except VaultDown as error:
            log.error("custody_failed", code=error.code, scan_id=received.scan_id)
            return None

    def _discard(self, sealed: SealedMedia) -> None:
        try:
            custody.discard(self.vault, sealed)
        except VaultDown as error:
            log.warning("duplicate_left_for_the_sweep", code=error.code)

    def _record_item(self, tx: Tx, received: Received) -> tuple[ItemId, MediaId | None]:
        data = received.data
        return uploads.receive(
            tx,
            scan_id=received.scan_id,
            context=received.context,
            rehearsal=received.surface.rehearsal,
            result=received.compared.verdict.result,
            digest_sha256=hashlib.sha256(data).digest() if data is not None else None,
            examined=received.examined,
            size_bytes=len(data) if data is not None else 0,
            signals=received.compared.signals,
            key_id=received.actor.key_id,
            now=self.clock(),
        )

    def _record_findings(self, tx: Tx, received: Received, item_id: ItemId, media_id: MediaId | None) -> None:
        now, verdict = self.clock(), received.compared.verdict
        recording.record_findings(tx, item_id, verdict, now=now)
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

    def _note_incomplete(self, received: Received) -> None:
        with self.database.begin() as tx:
            scans.insert_incomplete(
                tx,
                received.scan_id,
                key_id=received.actor.key_id,
                surface=received.surface.name,
                codes=received.compared.verdict.degraded,
                now=self.clock(),
            )

    def _count(self, surface: Surface, result: ScanResult, actor: Actor) -> None:
        self.counters.count(
            actor=actor, surface=surface.name, result=result, lists_version=self.known.version()
        )


def _answer_of(received: Received, item_id: ItemId | None) -> ScanAnswer:
    verdict = received.compared.verdict
    return ScanAnswer(
        scan_id=received.scan_id,
        result=verdict.result,
        advice=verdict.advice,
        item_id=item_id,
        degraded=verdict.degraded,
        limits=verdict.limits,
        matches=verdict.matches,
        flags=verdict.flags,
        signals=received.compared.signals,
        mode=received.compared.mode,
    )


def _purpose_of_flags(surface: Surface) -> Purpose:
    """A flag on a rehearsal surface stays a rehearsal; elsewhere it asks for a look under the csam rules."""
    return Purpose.TEST if surface.rehearsal else Purpose.CSAM
