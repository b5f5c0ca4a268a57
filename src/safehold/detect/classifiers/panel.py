"""The panel: asks the classifiers of a surface about some pictures, within the time that a request has.

Each has its own account of how it fared, as every check has. One that is down, late, or out of its budget
leaves the answer `incomplete`, and nothing is kept for later. What it says can raise a flag and nothing else.
What goes to another machine is counted before it goes: what nobody can count stays here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, field
from datetime import date, datetime

import structlog

from safehold.detect.classifiers.appointment import Appointment
from safehold.detect.classifiers.base import Garbled, Pixels, Unanswered
from safehold.detect.classifiers.breaker import Breaker
from safehold.model.band import Band
from safehold.model.classifier import ESTIMATED, Answered, Heard, Opinion, reason_of, source_of
from safehold.model.ids import FlagId, new_id
from safehold.model.match import Flag
from safehold.model.scan import CheckReport, CheckState
from safehold.model.surface import Surface

log = structlog.get_logger()

AT_ONCE = 4
"""So many calls of one classifier run at a time; who comes then finds it busy."""

Leaving = Callable[[str, str, int, datetime], None]
"""Counts pictures that are about to leave: classifier, destination, how many, when. Raises, and they stay."""

Circuit = Callable[[str, str, datetime], None]
"""Hears, of a classifier, that a call failed with its circuit open: why, and when; no why: that it closed."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What all of them said: the reports of those that are checks, and everything for the record."""

    reports: tuple[CheckReport, ...] = ()
    heard: tuple[Heard, ...] = ()


@dataclass(slots=True)
class _Seat:
    terms: Appointment
    breaker: Breaker
    free: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))
    day: date = date.min
    calls: int = 0
    paced_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def spends(self, today: date, clock: float) -> str:
        """Count a call of today; return which limit had no room for it, empty where all had."""
        with self.lock:
            if self.day != today:
                self.day, self.calls = today, 0
            if self.terms.a_day is not None and self.calls >= self.terms.a_day:
                return "budget"
            if self.terms.a_second is not None:
                # What a second holds may come at once; what comes then waits its turn.
                paced = max(self.paced_until, clock) + 1 / self.terms.a_second
                if paced - clock > max(1.0, 1 / self.terms.a_second):
                    return "rate"
                self.paced_until = paced
            self.calls += 1
            return ""


class Panel:
    """Asks classifiers. Safe to share between threads; closed at the end.

    stopped: asked before each call; the names of classifiers that somebody has switched off. leaving: counts
    what goes to another machine, before it goes; without it nothing does. circuit: hears who is left alone;
    what it raises is logged, and no answer waits for it to be mended.
    """

    def __init__(
        self,
        terms: Mapping[str, Appointment],
        *,
        leaving: Leaving | None = None,
        stopped: Callable[[], Iterable[str]] = tuple,
        circuit: Circuit = lambda name, why, now: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seats = {name: _Seat(each, Breaker(clock)) for name, each in terms.items()}
        self._leaving, self._stopped, self._clock = leaving or _uncounted, stopped, clock
        self._circuit = circuit
        self._threads = ThreadPoolExecutor(max(1, AT_ONCE * len(terms)), thread_name_prefix="classifier")

    def close(self) -> None:
        """Ask nobody any more; a call under way ends by itself, unheard."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for seat in self._seats.values():
            seat.terms.classifier.close()

    def wants(self, surface: Surface, region: str | None, now: datetime, *, known: bool = False) -> list[str]:
        """Return the names of those to ask about an upload to this surface now.

        known: it is on a list. Then only those in the house are asked, to learn how well they do.
        """
        if not surface.classifiers:
            return []
        off = set(self._stopped())
        return [
            name
            for name in surface.classifiers
            if name not in off
            and not (known and self._seats[name].terms.classifier.info.leaves_house)
            and self._seats[name].terms.may_ask(surface, region, now)
        ]

    def ask(self, names: Sequence[str], pictures: Sequence[Pixels], now: datetime) -> Hearing:
        """Ask these about the pictures of one media, all at once; wait for each as long as it may take."""
        begun = self._clock()
        asked = [(name, self._begin(self._seats[name], pictures, now)) for name in names]
        reports, heard = [], []
        for name, under_way in asked:
            seat = self._seats[name]
            opinion, code = self._wait(seat, under_way, begun, now)
            took = (self._clock() - begun) * 1000
            heard.append(
                Heard(classifier=name, in_shadow=seat.terms.shadow, opinion=opinion, milliseconds=took)
            )
            if not seat.terms.shadow:
                reports.append(_report(name, seat.terms, opinion, code, len(pictures)))
        return Hearing(tuple(reports), tuple(heard))

    def _begin(self, seat: _Seat, pictures: Sequence[Pixels], now: datetime) -> Future[Opinion] | str:
        """Return the call under way, or why there is none."""
        if not pictures:
            return _PLAIN
        if not seat.free.acquire(blocking=False):
            return "busy"
        if not seat.breaker.admits():
            seat.free.release()
            return "down"
        if spent := seat.spends(now.date(), self._clock()):
            seat.breaker.withdrew()
            seat.free.release()
            return spent
        call = self._threads.submit(self._strongest, seat.terms, pictures, now)
        # Also of one that nobody waits for any more: until it has ended it takes a place.
        call.add_done_callback(lambda _: seat.free.release())
        return call

    def _wait(
        self, seat: _Seat, call: Future[Opinion] | str, begun: float, now: datetime
    ) -> tuple[Opinion, str]:
        """Return what it says, and why it did not run, empty where it did."""
        if isinstance(call, str):
            return _NOTHING_TO_SAY.get(call, Opinion(answered=Answered.ERROR, raw=call)), call
        try:
            opinion = call.result(timeout=max(0.0, seat.terms.seconds - (self._clock() - begun)))
        except TooLate:
            self._failed(seat, "timeout", now)
            return Opinion(answered=Answered.TIMEOUT), "timeout"
        except Exception as error:  # noqa: BLE001
            # A foreign one raises anything; its words stay out of the log.
            why = error.code if isinstance(error, Unanswered) else type(error).__name__
            log.warning("classifier_failed", classifier=seat.terms.classifier.info.name, why=why)
            code = "garbled" if isinstance(error, Garbled) else "down"
            self._failed(seat, code, now, rest=error.rest if isinstance(error, Unanswered) else None)
            return Opinion(answered=Answered.ERROR, raw=why), code
        if seat.breaker.went_well():
            self._tell(seat, "", now)
        return opinion, ""

    def _failed(self, seat: _Seat, why: str, now: datetime, *, rest: float | None = None) -> None:
        seat.breaker.failed()
        if rest is not None:
            seat.breaker.rest(rest)
        if seat.breaker.is_open:
            self._tell(seat, why, now)

    def _tell(self, seat: _Seat, why: str, now: datetime) -> None:
        name = seat.terms.classifier.info.name
        try:
            self._circuit(name, why, now)
        except Exception as error:  # noqa: BLE001
            # Whoever cannot be told now is told at the next try: no upload is answered worse for it.
            log.warning("classifier_circuit_untold", classifier=name, why=type(error).__name__)

    def _strongest(self, terms: Appointment, pictures: Sequence[Pixels], now: datetime) -> Opinion:
        """Have the pictures classified; return what is said of the one that asks most strongly for a look.

        Raises Unanswered where not every picture has its answer: what is missing might be the one that
        matters.
        """
        info = terms.classifier.info
        chosen = spread(pictures, info.batch_max)
        if info.leaves_house:
            self._leaving(info.name, info.destination, len(chosen), now)
        opinions = terms.classifier.classify(chosen, seconds=terms.seconds)
        missing = (Answered.ERROR, Answered.TIMEOUT)
        if len(opinions) != len(chosen) or any(each.answered in missing for each in opinions):
            raise Unanswered("partial")
        return max(
            opinions, key=lambda each: (-1 if each.band is None else each.band.rank, each.score or 0.0)
        )


def _uncounted(classifier: str, destination: str, pictures: int, now: datetime) -> None:
    raise Unanswered("uncounted")


_PLAIN = "plain"
"""Not asked, for there is nothing to see: that is an answer, and no fault."""
_NOTHING_TO_SAY = {_PLAIN: Opinion(answered=Answered.ABSTAIN)}


def spread(pictures: Sequence[Pixels], most: int) -> list[Pixels]:
    """Return an even choice of at most so many, in their order; of one alone that in the middle."""
    if len(pictures) <= most:
        return list(pictures)
    return [pictures[(2 * place + 1) * len(pictures) // (2 * most)] for place in range(most)]


def not_sampled(code: str) -> CheckReport:
    """Return the report where the decoder could make nothing to hand to classifiers."""
    return CheckReport(name="classifiers", state=CheckState.CANNOT_READ, codes=(code,))


def _report(name: str, terms: Appointment, opinion: Opinion, code: str, pictures: int) -> CheckReport:
    if opinion.answered in (Answered.ERROR, Answered.TIMEOUT):
        return CheckReport(
            name=f"classifier:{name}", state=CheckState.DOWN, codes=(f"classifier_{code}:{name}",)
        )
    limits = [] if opinion.answered is Answered.OK else [f"abstained:{name}"]
    if pictures > terms.classifier.info.batch_max:
        limits.append(f"few_frames:{name}")
    return CheckReport(
        name=f"classifier:{name}",
        state=CheckState.OK,
        flags=_flags(name, terms, opinion),
        limits=tuple(limits),
    )


def _flags(name: str, terms: Appointment, opinion: Opinion) -> tuple[Flag, ...]:
    """Return the request that a person look, where the band is strong enough for one."""
    if opinion.band is None or opinion.band.rank < terms.flags_from.rank:
        return ()
    flag = Flag(
        id=FlagId(new_id()),
        source=source_of(name),
        score=opinion.score if opinion.score is not None else opinion.band.rank / Band.VERY_HIGH.rank,
        reason=reason_of(opinion.band),
        against=ESTIMATED,
    )
    return (flag,)
