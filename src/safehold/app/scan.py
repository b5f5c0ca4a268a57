"""A scan's answer, composed in the request: intake, detection, custody and hold.

What matched or was flagged is sealed first, then recorded in one transaction together with its hold, and
only then answered: see `scan_records`. What was clear is counted and forgotten, save where its surface keeps
signals for look-back: see `kept_signals`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from safehold.app.counters import ScanCounters
from safehold.app.heard_counters import HeardCounters
from safehold.app.kept_signals import KeptSignals
from safehold.app.probing import CloseCalls
from safehold.app.requests import Overtaken
from safehold.app.scan_records import Received, ScanRecords, WhenKept
from safehold.app.settings import Settings
from safehold.detect import sampling
from safehold.detect.checks import Circumstances
from safehold.detect.classifiers.panel import Panel, not_sampled
from safehold.detect.following import ListFollower
from safehold.detect.known import KnownLists
from safehold.detect.media_scan import (
    Compared,
    Reading,
    compare_each,
    compare_nothing,
    compare_signals,
    read_and_compare,
    with_more,
)
from safehold.egress.client import Egress
from safehold.model.classifier import Heard
from safehold.model.clock import Clock
from safehold.model.errors import DecoderDown, EmptyFile, SafeholdError, UnknownSignalType, UnknownSurface
from safehold.model.ids import ScanId, new_id
from safehold.model.item import Context
from safehold.model.media import Examined
from safehold.model.permissions import Actor
from safehold.model.scan import ScanAnswer, ScanResult
from safehold.model.signal import Signal, SignalTypeName
from safehold.model.surface import Surface
from safehold.signals.digests import digest_bytes
from safehold.storage.audit_samples import Draw
from safehold.vault.decoding.pool import DecoderPool

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """Fingerprints that a platform made itself, of one item. signals: pairs of type and hexadecimal value."""

    signals: Sequence[tuple[str, str]]
    context: Context
    when_kept: WhenKept | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """Answers scans. Safe to share between threads. surfaces: those that are declared, by name."""

    settings: Settings
    surfaces: Mapping[str, Surface]
    decoders: DecoderPool
    follower: ListFollower
    egress: Egress
    counters: ScanCounters
    close_calls: CloseCalls
    panel: Panel
    heard: HeardCounters
    kept: KeptSignals
    records: ScanRecords
    clock: Clock

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
        caught_up: bool = False,
    ) -> ScanAnswer:
        """Scan an upload. claimed_type: the media type that the sender gave. when_kept: see `WhenKept`.

        caught_up: whether the lists were brought up to date since the bytes came. Raises UnknownSurface,
        EmptyFile, and DatabaseDown when nothing could be checked.
        """
        surface = self._surface(context)
        if not data:
            raise EmptyFile()
        if not surface.may_scan(context.region, self.clock()):
            return self.answer(_not_scanned(context, surface, actor))
        if not caught_up:
            self.catch_up()
        compared, examined = read_and_compare(
            digest_bytes(data),
            lambda reading: self._examine(data, claimed_type, reading),
            self._at(surface),
            mode=self.settings.decoding.mode,
        )
        compared, heard = self._classified(compared, data, examined, context, surface)
        self.heard.count(heard, known=bool(compared.verdict.matches))
        compared, draw = self._sampled(compared, examined, surface)
        return self.answer(
            Received(
                scan_id=ScanId(new_id()),
                context=context,
                surface=surface,
                actor=actor,
                compared=compared,
                data=data,
                examined=examined,
                heard=heard,
                draw=draw,
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
        sent = Fingerprints(signals=signals, context=context, when_kept=when_kept)
        self.catch_up()
        return self.answer(self.compare_signals(sent, actor=actor))

    def scan_together(self, sent: Sequence[Fingerprints], *, actor: Actor) -> list[ScanAnswer | None]:
        """Answer several as each would be alone: in one search, and one transaction for what is kept.

        None for what could not be answered so: whoever scans it by itself hears why, or has its answer.
        """
        try:
            self.catch_up()
        except SafeholdError as error:
            log.warning("not_scanned_together", code=error.code)
            return [None] * len(sent)
        received = self._compare_together(sent, actor)
        written = self._write_together([one for one in received if one is not None and one.is_written])
        answers = [self._told(one, written) if one is not None else None for one in received]
        self._note([one for one, answer in zip(received, answers, strict=True) if one and answer], actor)
        return answers

    def scan_url(
        self, url: str, context: Context, *, actor: Actor, when_kept: WhenKept | None = None
    ) -> ScanAnswer:
        """Fetch an address and scan what it gives; private addresses are refused, redirects too.

        Raises AddressRefused, FetchFailed and TooLarge besides what scan_bytes raises.
        """
        surface = self._surface(context)
        if not surface.may_scan(context.region, self.clock()):
            return self.answer(_not_scanned(context, surface, actor))
        limits = self.settings.limits
        fetched = self.egress.fetch(url, max_bytes=limits.upload_bytes, deadline_seconds=limits.fetch_seconds)
        return self.scan_bytes(
            fetched.body, context, actor=actor, claimed_type=fetched.media_type, when_kept=when_kept
        )

    def scan_unchecked(self, kind: str, context: Context, *, actor: Actor) -> ScanAnswer:
        """Answer for a kind of input that no check exists for yet: incomplete, never clear."""
        surface = self._surface(context)
        if not surface.may_scan(context.region, self.clock()):
            return self.answer(_not_scanned(context, surface, actor))
        return self.answer(
            Received(
                scan_id=ScanId(new_id()),
                context=context,
                surface=surface,
                actor=actor,
                compared=compare_nothing(kind, self._at(surface)),
            )
        )

    def catch_up(self) -> None:
        """Bring the lists in memory up to what the database has now. Raises DatabaseDown."""
        self.follower.ensure()

    def catch_up_in_loop(self) -> Callable[[], Awaitable[None]]:
        """Return what does the same for one task at a time of one event loop."""
        return self.follower.ensure_in_loop()

    def compare_signals(self, sent: Fingerprints, *, actor: Actor) -> Received:
        """Compare with the lists as they are in memory, after `catch_up`; wait for nothing, write nothing.

        Raises UnknownSurface, UnknownSignalType and BadDigest.
        """
        signals, surface = self._parsed(sent), self._surface(sent.context)
        if not surface.may_scan(sent.context.region, self.clock()):
            return _not_scanned(sent.context, surface, actor)
        return Received(
            scan_id=ScanId(new_id()),
            context=sent.context,
            surface=surface,
            actor=actor,
            compared=compare_signals(signals, self._at(surface)),
            when_kept=sent.when_kept,
        )

    def answer(self, received: Received) -> ScanAnswer:
        """Write down what must be, then count it. Waits for nothing where `received.is_written` is not so.

        Raises DatabaseDown.
        """
        answer = self.records.write(received) if received.is_written else received.answer()
        self._note([received], received.actor)
        return self._with_term(received, answer)

    def _surface(self, context: Context) -> Surface:
        surface = self.surfaces.get(context.surface)
        if surface is None:
            raise UnknownSurface("The settings declare no surface of this name.")
        return surface

    def _at(self, surface: Surface) -> Circumstances:
        return Circumstances(
            known=self.known, surface=surface, now=self.clock(), margin=self.close_calls.margin
        )

    def _parsed(self, sent: Fingerprints) -> list[Signal]:
        return [self._parse(name, value) for name, value in sent.signals]

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

    def _classified(
        self,
        compared: Compared,
        data: bytes,
        examined: Examined | None,
        context: Context,
        surface: Surface,
    ) -> tuple[Compared, tuple[Heard, ...]]:
        """Ask the surface's classifiers as well. What nobody could read they are not handed either."""
        now = self.clock()
        known = bool(compared.verdict.matches)
        names = self.panel.wants(surface, context.region, now, known=known)
        if not names or examined is None or not examined.frames:
            return compared, ()
        try:
            sampled = self.decoders.sample(data)
        except DecoderDown as error:
            log.warning("decoder_down", code=error.code)
            return with_more(compared, [not_sampled("matcher_down")], surface), ()
        if sampled.failure is not None and not sampled.pictures:
            return with_more(compared, [not_sampled(f"decoder:{sampled.failure.value}")], surface), ()
        hearing = self.panel.ask(names, sampled.pictures, now)
        return with_more(compared, hearing.reports, surface), hearing.heard

    def _sampled(
        self, compared: Compared, examined: Examined | None, surface: Surface
    ) -> tuple[Compared, Draw | None]:
        """Put a clear upload to review where the lot falls on it, and there is something to look at."""
        now = self.clock()
        is_clear = compared.verdict.result is ScanResult.CLEAR
        if not is_clear or examined is None or not examined.frames or not sampling.falls_on(surface, now):
            return compared, None
        draw = self.records.draw(surface)
        if draw is None:
            return compared, None
        return with_more(compared, [sampling.drawn_report()], surface), draw

    def _compare_together(self, sent: Sequence[Fingerprints], actor: Actor) -> list[Received | None]:
        """Compare with one search for each surface; None for what cannot be compared at all."""
        received: list[Received | None] = [None] * len(sent)
        signals: dict[str, dict[int, list[Signal]]] = {}
        for place, one in enumerate(sent):
            try:
                parsed, surface = self._parsed(one), self._surface(one.context)
            except SafeholdError:
                continue
            if surface.may_scan(one.context.region, self.clock()):
                signals.setdefault(surface.name, {})[place] = parsed
            else:
                received[place] = _not_scanned(one.context, surface, actor)
        for name, by_place in signals.items():
            compared = compare_each(list(by_place.values()), self._at(self.surfaces[name]))
            for place, found in zip(by_place, compared, strict=True):
                received[place] = Received(
                    scan_id=ScanId(new_id()),
                    context=sent[place].context,
                    surface=self.surfaces[name],
                    actor=actor,
                    compared=found,
                    when_kept=sent[place].when_kept,
                )
        return received

    def _write_together(self, received: Sequence[Received]) -> dict[ScanId, ScanAnswer]:
        """Write several in one transaction; where one of them fails, nothing of any is written."""
        if not received:
            return {}
        try:
            return {answer.scan_id: answer for answer in self.records.write_together(received)}
        except (SafeholdError, Overtaken):
            log.info("written_one_by_one", scans=len(received))
            return {}

    def _told(self, received: Received, written: Mapping[ScanId, ScanAnswer]) -> ScanAnswer | None:
        answer = written.get(received.scan_id) if received.is_written else received.answer()
        return self._with_term(received, answer) if answer is not None else None

    def _with_term(self, received: Received, answer: ScanAnswer) -> ScanAnswer:
        """Have kept for look-back what may be, and say in the answer until when."""
        until = self.kept.note(received)
        return answer if until is None else replace(answer, reference_until=until)

    def _note(self, received: Sequence[Received], actor: Actor) -> None:
        """Count what is answered, and what came close."""
        for one in received:
            if one.compared is not None:
                self.close_calls.note(one.compared.verdict, actor, one.context.account_id)
        version = self.known.version()
        counted = Counter((one.surface.name, one.result) for one in received)
        for (surface, result), scans in counted.items():
            self.counters.count(
                actor=actor, surface=surface, result=result, lists_version=version, scans=scans
            )


def _not_scanned(context: Context, surface: Surface, actor: Actor) -> Received:
    return Received(scan_id=ScanId(new_id()), context=context, surface=surface, actor=actor, compared=None)
