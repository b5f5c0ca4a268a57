"""The worker: takes steps out of the queue and runs them, for as long as nobody asks it to stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import structlog
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import DeleteJobCondition, Job, Status
from procrastinate.manager import JobManager

from safehold.jobs.queue import PromptWorker, Queue, TryAgain
from safehold.jobs.record import Recorder
from safehold.jobs.running import Handler, Patience, StepRunner, code_of
from safehold.jobs.schedules import Schedule, Scheduler
from safehold.model.errors import Conflict, Unavailable
from safehold.model.ids import StepId
from safehold.storage.database import Database

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timings:
    """All in seconds. A worker that gave no heartbeat for `stalled_after` is given up for lost.

    stalled_after must be several heartbeats long. poll: how often to look for steps whose pause is over;
    new steps are notified at once. answer_within: how long the database may be away unnoticed; then come
    the pauses between attempts to reach it again, from first_pause, doubling, to longest_pause.
    """

    heartbeat: float = 10.0
    stalled_after: float = 30.0
    rescue_every: float = 10.0
    poll: float = 2.0
    answer_within: float = 5.0
    first_pause: float = 0.5
    longest_pause: float = 15.0
    patience: Patience = field(default_factory=Patience)


class Worker:
    """Runs steps, `concurrency` at a time, and the schedules beside them.

    Any number of workers, in any number of processes, share the work. One that is killed is found out by
    its missing heartbeat; its unfinished steps are run again by another. `database` needs `concurrency`
    connections, and two for each schedule that runs.
    """

    def __init__(
        self,
        database: Database,
        queue: Queue,
        recorder: Recorder,
        handlers: Mapping[str, Handler],
        schedules: Sequence[Schedule] = (),
        *,
        concurrency: int = 4,
        timings: Timings | None = None,
    ) -> None:
        self._timings = timings or Timings()
        self._concurrency = concurrency
        self._runner = StepRunner(database, recorder, handlers, patience=self._timings.patience)
        self._database = database
        self._queue = queue
        rescue = Schedule("rescue", self._timings.rescue_every, self._rescue)
        self._scheduler = Scheduler(database, [*schedules, rescue], clock=recorder.clock)
        self._guard = threading.Lock()
        self._stop_asked = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = asyncio.Event()
        self._at_work: PromptWorker | None = None
        self.restarts = 0
        """How often the queue had to be opened again, mostly because the database was away."""

    @property
    def degraded(self) -> bool:
        """Whether no steps are taken out of the queue now."""
        return self._at_work is None or self._at_work.worker_id is None

    def run(self) -> None:
        """Work until stop() is called, from another thread or a signal handler; call it once.

        When the database goes away, this waits for it, with growing pauses, and says `degraded` in the log.
        Steps and sweeps that are going on when stop() is called are finished first.
        """
        asyncio.run(self._supervise())

    def stop(self) -> None:
        """Ask run() to return. May be called from any thread, also before run(), and again."""
        with self._guard:
            self._stop_asked = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._leave_the_queue)

    def _leave_the_queue(self) -> None:
        # At once, and not when the supervisor gets its turn: the step that ends meanwhile frees the next one.
        if self._at_work is not None:
            self._at_work.stop()  # type: ignore[no-untyped-call]
        self._asked.set()

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self._concurrency + 2, "safehold step"))
        loop.set_exception_handler(_log_without_text)
        with self._guard:
            self._loop = loop
            if self._stop_asked:
                self._asked.set()
        self._scheduler.start()
        try:
            await self._work_again_and_again()
        finally:
            await asyncio.to_thread(self._scheduler.stop)
            with self._guard:
                self._loop = None

    async def _work_again_and_again(self) -> None:
        pause = self._timings.first_pause
        while not self._asked.is_set():
            began = asyncio.get_running_loop().time()
            error_code = await self._work_until_asked()
            if self._asked.is_set():
                break
            if asyncio.get_running_loop().time() - began > self._timings.longest_pause:
                pause = self._timings.first_pause
            self.restarts += 1
            structlog.get_logger().warning(
                "degraded", part="worker", error_code=error_code, again_in_seconds=pause
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), pause)
            pause = min(pause * 2, self._timings.longest_pause)

    async def _work_until_asked(self) -> str | None:
        """Work; return when asked to stop, or with a code (None: the queue gave none) when that ended."""
        work = asyncio.create_task(self._work())
        asked = asyncio.create_task(self._asked.wait())
        await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        work.cancel()  # it finishes what it is at first
        [outcome] = await asyncio.gather(work, return_exceptions=True)
        return code_of(outcome) if isinstance(outcome, BaseException) else None

    async def _work(self) -> None:
        # A new app each time: one whose opening has failed cannot be opened again.
        app = self._queue.app_for_worker(self._run_step, answer_within=self._timings.answer_within)
        try:
            await asyncio.to_thread(self._database.ping)  # opening would wait half a minute to say the same
            await app.open_async()
            self._at_work = PromptWorker(
                app,
                concurrency=self._concurrency,
                fetch_job_polling_interval=self._timings.poll,
                delete_jobs=DeleteJobCondition.SUCCESSFUL,
                install_signal_handlers=False,
                update_heartbeat_interval=self._timings.heartbeat,
                stalled_worker_timeout=self._timings.stalled_after,
            )
            await self._at_work.run()  # type: ignore[no-untyped-call]
        finally:
            self._at_work = None
            await app.close_async()

    def _run_step(self, step_id: str) -> None:
        try:
            pause = self._runner.run(StepId(UUID(step_id)))
        except Exception as error:  # noqa: BLE001 - nothing with a text may reach the queue's own log
            structlog.get_logger().warning(
                "degraded", part="step", step_id=step_id, error_code=code_of(error)
            )
            pause = self._timings.patience.first_pause
        if pause is not None:
            raise TryAgain(pause)

    def _rescue(self) -> None:
        """Put the jobs of lost workers back into the queue; a step that loses every worker ends as stuck."""
        if (at_work := self._at_work) is None:
            return  # the queue is not open now, and the next period comes soon
        manager = at_work.app.job_manager
        silence = self._timings.stalled_after
        for job in self._in_loop(manager.get_stalled_jobs(seconds_since_heartbeat=silence)):
            step_id = StepId(UUID(str(job.task_kwargs["step_id"])))
            with suppress(Conflict):
                pause = self._runner.lost(step_id)
                structlog.get_logger().warning("step_rescued", step_id=str(step_id))
                self._in_loop(_put_back(manager, job, pause))

    def _in_loop(self, asked: Coroutine[Any, Any, T]) -> T:
        """Have the worker's loop do what only it can, and wait. Raises Unavailable when it cannot now."""
        with self._guard:
            loop = self._loop
        if loop is None:
            asked.close()
            raise Unavailable("The queue is not open now.")
        try:
            return asyncio.run_coroutine_threadsafe(asked, loop).result(timeout=30)
        except (ProcrastinateException, TimeoutError) as error:
            raise Unavailable("The queue does not answer.") from error.__cause__


async def _put_back(manager: JobManager, job: Job, pause: float | None) -> None:
    if pause is None:
        await manager.finish_job(job, status=Status.SUCCEEDED, delete_job=True)
    else:
        await manager.retry_job(job, retry_at=datetime.now(UTC) + timedelta(seconds=pause))


def _log_without_text(loop: asyncio.AbstractEventLoop, trouble: dict[str, Any]) -> None:
    error = trouble.get("exception")
    structlog.get_logger().warning("degraded", part="loop", error_code=code_of(error) if error else None)
