"""The decoder as everybody else sees it: bytes or a file in, what was seen in them out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue

import structlog

from safehold.model.errors import DecoderDown
from safehold.model.media import DecodeFailure, Examined, HashMode
from safehold.vault.decoding.confinement import Confinement
from safehold.vault.decoding.kinds import kinds_of
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.memory import SharedMemory
from safehold.vault.decoding.process import DecoderProcess, WorkerLost
from safehold.vault.decoding.samples import BadSamples, Pixels, unpacked
from safehold.vault.decoding.sniff import HEAD_BYTES, sniff
from safehold.vault.decoding.source import WorkerSource
from safehold.vault.decoding.wire import Job, Setup

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sampled:
    """Frames of some media as (height, width, 3) RGB pixels. failure: why others could not be read."""

    pictures: tuple[Pixels, ...]
    failure: DecodeFailure | None = None


_Fill = Callable[[SharedMemory], int]


class DecoderPool:
    """A fixed number of decoding workers. Safe to share between threads; a context manager.

    Media never meets a codec in this process: a file that crashes, hangs or takes over its worker costs
    that worker. workers: how many media are decoded at once. plugins: entry points of foreign signal types,
    which are made besides pdq. without: layers of confinement to leave out, for measurements and tests; no
    setting leads here.
    """

    def __init__(
        self,
        workers: int = 1,
        *,
        limits: DecodeLimits = DecodeLimits(),  # noqa: B008 - a frozen value
        plugins: Sequence[str] = (),
        without: Sequence[str] = (),
    ) -> None:
        self.limits = limits
        self._workers = workers
        self._kinds = kinds_of(plugins)
        self._setup = Setup(limits, tuple(plugins), tuple(without))
        self._source: WorkerSource | None = None
        self._sourcing = threading.Lock()
        # One place per worker, taken while it is in use. A place is empty before the start and after a
        # worker's death; whoever takes an empty one fills it.
        self._places: SimpleQueue[DecoderProcess | None] = SimpleQueue()
        for _ in range(workers):
            self._places.put(None)
        self._running: set[DecoderProcess] = set()
        self._lock = threading.Lock()
        self._level = Confinement()
        self._open = False

    def start(self) -> None:
        """Start every worker and wait until all are ready: best done before threads and servers are.

        Raises DecoderDown when one cannot be started; those that could are stopped again.
        """
        self._open = True
        try:
            with ExitStack() as all_places:
                for _ in range(self._workers):
                    all_places.enter_context(self._worker())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every worker, busy ones too: a job under way raises DecoderDown. Doing it twice is fine."""
        self._open = False
        with self._lock:
            for process in self._running:
                process.kill()
        for _ in range(self._workers):
            self._forget(self._places.get())
        self._drop_source()
        for _ in range(self._workers):
            self._places.put(None)

    def __enter__(self) -> DecoderPool:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers that run now."""
        with self._lock:
            return tuple(sorted(process.pid for process in self._running))

    @property
    def able(self) -> bool:
        """Whether media can be decoded now: a worker runs, or one can be made at once."""
        source = self._source
        return self._open and (bool(self.pids) or (source is not None and source.usable))

    @property
    def confinement(self) -> Confinement:
        """Which layers of confinement hold in every running worker; between two, what the last one had."""
        with self._lock:
            return (
                Confinement.weakest(process.confinement for process in self._running)
                if self._running
                else self._level
            )

    def examine(
        self,
        data: bytes | memoryview,
        *,
        claimed_type: str | None = None,
        rendition: bool = False,
        mode: HashMode = HashMode.EXACT,
        turned: bool = False,
    ) -> Examined:
        """Decode `data` in a worker, take its signals and, if asked, a safe rendition.

        claimed_type: what the sender called it, a media type; it never changes how the bytes are read. mode:
        FAST where some bits of the signals may be wrong; with a rendition it is EXACT all the same. turned:
        whether to take the signals of each frame turned as well.
        Waits while all workers are busy. Bytes that cannot be read answer with a failure and never raise:
        more than limits.max_bytes, too slow, too big in memory, or twice the death of a worker is LIMIT.
        Raises DecoderDown when no worker can be started, or the pool is stopped.
        """
        if memoryview(data).nbytes > self.limits.max_bytes:
            return _over_limit(bytes(data[:HEAD_BYTES]))
        job = Job(0, claimed_type, rendition, mode=mode, turned=turned)
        return self._examine(lambda memory: memory.put(data), job)

    def examine_file(
        self,
        path: str | os.PathLike[str],
        *,
        claimed_type: str | None = None,
        rendition: bool = False,
        mode: HashMode = HashMode.EXACT,
        turned: bool = False,
    ) -> Examined:
        """The same for a file, which is read straight into the worker's memory.

        Raises OSError when the file cannot be read.
        """
        with Path(path).open("rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size > self.limits.max_bytes:
                return _over_limit(file.read(HEAD_BYTES) or b"")
            job = Job(0, claimed_type, rendition, mode=mode, turned=turned)
            return self._examine(lambda memory: memory.fill_from(file.fileno()), job)

    def view(self, data: bytes, *, stamp: Sequence[str], wanted: Sequence[int] = ()) -> Examined:
        """Make what a person is shown of `data`: the answer's rendition is a JPEG of at most 1,600 pixels.

        stamp: short lines, at least one, that mark the picture. Film and animation come as a contact sheet.
        wanted: numbers of frames that stand above it, see `views`.
        No rendition means that nothing could be read. Waits and raises as `examine` does.
        """
        if memoryview(data).nbytes > self.limits.max_bytes:
            return _over_limit(data[:HEAD_BYTES])
        return self._examine(
            lambda memory: memory.put(data), Job(0, stamp=tuple(stamp), wanted=tuple(wanted))
        )

    def sample(self, data: bytes) -> Sampled:
        """Make what a classifier is handed of `data`: a few frames in small, see `samples`.

        None at all means that all are plain, or that nothing could be read, and then the failure says why.
        Waits and raises as `examine` does.
        """
        if memoryview(data).nbytes > self.limits.max_bytes:
            return Sampled((), _over_limit(data[:HEAD_BYTES]).failure)
        seen = self._examine(lambda memory: memory.put(data), Job(0, samples=True))
        try:
            return Sampled(tuple(unpacked(seen.rendition)) if seen.rendition else (), seen.failure)
        except BadSamples:
            _log.warning("decoder_samples_strange")
            return Sampled((), DecodeFailure.LIMIT)

    def _examine(self, fill: _Fill, job: Job) -> Examined:
        head = b""
        # A second try: a worker may die of something outside, and that is not the media's fault.
        for _ in range(2):
            with self._worker() as process:
                size = fill(process.memory)
                head = process.memory.take(0, min(size, HEAD_BYTES))
                try:
                    return process.ask(replace(job, size=size))
                except WorkerLost as lost:
                    if self._open:  # else we ended it ourselves
                        _log.warning("decoder_worker_lost", pid=process.pid, timed_out=lost.timed_out)
                    if lost.timed_out:
                        break
                    # Whoever made it crash knows how memory was laid out: the next one is laid out anew.
                    self._drop_source()
        return _over_limit(head)

    @contextmanager
    def _worker(self) -> Iterator[DecoderProcess]:
        """Lend a running worker. Afterwards its memory is wiped; used up or dead, its place is empty."""
        process = self._places.get()
        try:
            if process is None or not process.alive:
                self._forget(process)
                process = None
                process = self._start_one()
            yield process
        finally:
            cleaned = None
            try:
                cleaned = self._clean(process)
            finally:  # a place that is not given back would be waited for for ever
                self._places.put(cleaned)

    def _start_one(self) -> DecoderProcess:
        if not self._open:
            raise DecoderDown("The decoder is stopped.")
        process = self._made()
        with self._lock:
            self._running.add(process)
            self._level = process.confinement
            stopped = not self._open
        if stopped:  # while this one was starting
            process.kill()
        return process

    def _made(self) -> DecoderProcess:
        source = self._source_now()
        try:
            return DecoderProcess(source, self.limits, self._kinds)
        except DecoderDown:
            if source.usable:
                raise
        # The template had died of something outside, and only now we know.
        return DecoderProcess(self._source_now(), self.limits, self._kinds)

    def _source_now(self) -> WorkerSource:
        with self._sourcing:
            if self._source is None or not self._source.usable:
                if self._source is not None:
                    self._source.retire()
                self._source = WorkerSource(self._setup)
            return self._source

    def _drop_source(self) -> None:
        with self._sourcing:
            source, self._source = self._source, None
        if source is not None:
            source.retire()

    def _clean(self, process: DecoderProcess | None) -> DecoderProcess | None:
        if process is not None and process.alive and not process.used_up:
            try:
                process.memory.wipe()
            except OSError:
                _log.warning("decoder_memory_not_wiped", pid=process.pid)  # so it goes with the process
            else:
                return process
        self._forget(process)
        return None

    def _forget(self, process: DecoderProcess | None) -> None:
        if process is not None:
            with self._lock:
                self._running.discard(process)
            process.close()


def _over_limit(head: bytes) -> Examined:
    return Examined(sniff(head).media_type, failure=DecodeFailure.LIMIT)
