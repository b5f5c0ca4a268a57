"""One worker process as its parent sees it: made, asked, and killed when it does not answer."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import threading

from safehold.model.errors import DecoderDown
from safehold.model.media import Examined, MediaKind
from safehold.vault.decoding.confinement import Confinement
from safehold.vault.decoding.kinds import Kinds
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.memory import SharedMemory
from safehold.vault.decoding.source import WorkerSource, not_ready
from safehold.vault.decoding.wire import MAX_MESSAGE, Answer, BadAnswer, Job, longest_document, read_document

_GREETING_SECONDS = 10.0


class WorkerLost(Exception):
    """The worker died, was killed, or answered nonsense. timed_out: it did not answer in time."""

    def __init__(self, *, timed_out: bool) -> None:
        self.timed_out = timed_out
        super().__init__("timed out" if timed_out else "died")


class DecoderProcess:
    """A running worker with its shared memory. Not safe to share between threads: one asks at a time."""

    def __init__(self, source: WorkerSource, limits: DecodeLimits, kinds: Kinds) -> None:
        """Have a worker made and wait until it is confined. Raises DecoderDown."""
        self._limits = limits
        self._kinds = kinds
        self._source = source
        self._answered = 0
        self._damaged = False
        self._handling = threading.Lock()
        with contextlib.ExitStack() as undone:
            try:
                self.memory = SharedMemory(limits.max_bytes)
                undone.callback(self.memory.close)
                self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                undone.callback(self._control.close)
            except OSError as error:
                raise DecoderDown(
                    f"A decoding worker could not be started ({type(error).__name__})."
                ) from error
            with theirs:
                self.pid, self._handle = source.new_worker(theirs, self.memory)
            undone.pop_all()
        self.confinement = self._greet()

    @property
    def alive(self) -> bool:
        """Whether the process was still running a moment ago."""
        with self._handling:
            return self._handle >= 0 and not self._has_ended(0)

    @property
    def used_up(self) -> bool:
        """Whether it is time for a new one: this one met something broken, or has read its share of media."""
        return self._damaged or self._answered >= self._limits.media_per_worker

    def ask(self, job: Job) -> Examined:
        """Have the worker examine what lies in the memory. Raises WorkerLost; the worker is dead then."""
        try:
            self._control.settimeout(self._limits.patience)
            self._control.send(job.to_bytes())
            said = self._control.recv(MAX_MESSAGE)
            answer = Answer.from_bytes(said, room=self._room(job), picture=job.largest_picture)
            end = answer.document + answer.rendition
            document, rendition = self.memory.take(0, answer.document), self.memory.take(answer.document, end)
            seen = read_document(
                document,
                rendition or None,
                self._kinds,
                turned=job.turned,
                most_frames=self._limits.max_frames,
            )
        except TimeoutError:
            self.close()
            raise WorkerLost(timed_out=True) from None
        except (OSError, BadAnswer):
            self.close()
            raise WorkerLost(timed_out=False) from None
        self._answered += 1
        # Bytes of an unknown kind met no codec; whatever else could not be read met one and broke it off.
        self._damaged |= seen.failure is not None and seen.kind is not MediaKind.UNKNOWN
        return seen

    def kill(self) -> None:
        """End the process, whatever it is doing. Another thread may be waiting for its answer."""
        with self._handling, contextlib.suppress(ProcessLookupError):
            if self._handle >= 0:
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def close(self) -> None:
        """End the process and give everything back. Doing it twice is fine."""
        self.kill()
        with self._handling:
            if self._handle < 0:
                return
            self._has_ended(None)
            os.close(self._handle)
            self._handle = -1
        self._control.close()
        self.memory.close()
        self._source.release()

    def _room(self, job: Job) -> int:
        """How many bytes an answer may have: it is copied before it is read, and may claim any number."""
        document = longest_document(self._kinds, turned=job.turned, most_frames=self._limits.max_frames)
        return min(self.memory.size, document + job.largest_picture)

    def _has_ended(self, wait_ms: int | None) -> bool:
        watch = select.poll()
        watch.register(self._handle, select.POLLIN)
        return bool(watch.poll(wait_ms))

    def _greet(self) -> Confinement:
        try:
            self._control.settimeout(_GREETING_SECONDS)
            return Confinement.of_fields(json.loads(self._control.recv(MAX_MESSAGE)))
        except (OSError, ValueError, AttributeError) as error:
            self.close()
            raise not_ready() from error
        except BaseException:  # somebody pressed Ctrl-C while it was starting
            self.close()
            raise
