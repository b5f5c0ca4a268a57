"""What a scan leaves for look-back: buffered by the answer, and written by a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from uuid import UUID

import structlog

from safehold.app.scan_records import Received
from safehold.detect.kept_days import KeptDays, ends_on, shared_mode
from safehold.detect.known import SignalTypes
from safehold.model.clock import Clock
from safehold.model.errors import Damaged, NameTaken
from safehold.model.ids import StoreId, new_id
from safehold.model.scan import ScanResult
from safehold.model.signal import PDQ
from safehold.signals.base import FrameSignal
from safehold.vault.files import write_new

FLUSH_SECONDS = 0.5
"""A crash may lose one second of signals; half of it is spent waiting."""
STORE = "store"
"""The file that says which folder this is."""

_NOT_HELD = (ScanResult.CLEAR, ScanResult.INCOMPLETE)

log = structlog.get_logger()


class KeptSignals:
    """Keeps signals of answered scans. Safe to share between threads; an answer waits for nothing here."""

    def __init__(self, kept: KeptDays, kinds: SignalTypes, clock: Clock) -> None:
        """Write nothing before `start`, `flush` or `close` is called."""
        self._kept = kept
        self._clock = clock
        pdq = kinds.get(PDQ)
        self._least_quality = pdq.min_quality if isinstance(pdq, FrameSignal) else 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_flushing, name="kept-signals", daemon=True)

    @property
    def lost(self) -> int:
        """How many signals did not come to the disk since this process began."""
        return self._kept.lost

    def note(self, received: Received) -> date | None:
        """Have the signals of a scan kept where its surface keeps them and the platform gave a reference.

        Return the first day on which they are not kept any more; None where nothing is kept: of what was
        matched, flagged, or not scanned, and where there is no picture with enough detail.
        """
        reference, now = received.context.reference, self._clock()
        term = received.surface.lookback_term(now) if reference is not None else None
        if reference is None or term is None or received.result not in _NOT_HELD:
            return None
        values = list(dict.fromkeys(self._telling(received)))
        if not values:
            return None
        self._kept.keep(received.surface.name, now.date(), reference, values)
        return ends_on(now.date(), term)

    def flush(self) -> None:
        """Write what waits. What cannot be written is lost, counted, and said in the log."""
        try:
            self._kept.flush()
        except OSError as error:
            log.warning("degraded", part="look-back", code=type(error).__name__, lost=self._kept.lost)

    def start(self) -> None:
        """Begin to write in the background."""
        self._thread.start()

    def close(self) -> None:
        """Stop the background thread and write once more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()

    def _telling(self, received: Received) -> Iterator[bytes]:
        signals = received.compared.signals if received.compared is not None else ()
        for signal in signals:
            if signal.signal_type == PDQ and (
                signal.quality is None or signal.quality >= self._least_quality
            ):
                yield signal.value

    def _keep_flushing(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self.flush()


def store_id(folder: Path) -> StoreId:
    """Return the id of this host's folder, made on first use. Raises Damaged for a file that holds none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / STORE
    if not path.exists():
        with suppress(NameTaken):
            write_new(path, str(new_id()).encode(), shared_mode(folder) & 0o660)
    try:
        return StoreId(UUID(path.read_text("ascii")))
    except ValueError:
        raise Damaged(
            "The file that names the folder of kept signals does not hold an id.",
            advice="Remove the folder lookback in the data folder: what was kept is lost, and nothing else.",
        ) from None
