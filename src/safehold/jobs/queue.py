"""The queue of waiting steps: how one gets in, and the worker that takes them out without delay."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector, RetryDecision, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy
from procrastinate.worker import Worker

from safehold.model.errors import DatabaseDown
from safehold.model.ids import StepId
from safehold.storage.database import Tx

STEP_TASK = "safehold.step"
"""The one task there is; its only argument is the id of a step."""

_NO_ANSWER_PAUSE = 2.0
"""Seconds until another attempt when it could not even be recorded that an attempt failed."""


class TryAgain(Exception):
    """A step must be tried again after `seconds`. It carries nothing else: the queue logs what it gets."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"again in {seconds} s")


class Queue:
    """Where steps wait to be run, in the database at `driver_url` (libpq's form).

    Putting in uses the caller's own connection, so a process that only records needs no connection here,
    and there is nothing to open or close.
    """

    def __init__(self, driver_url: str) -> None:
        self.driver_url = driver_url
        self._deferring = App(connector=SyncPsycopgConnector(conninfo=driver_url))
        keep_queue_log_bare()

    def put(self, tx: Tx, step_ids: Sequence[StepId], *, lock: str) -> None:
        """Queue steps in tx, in this order; a rollback leaves nothing. Raises DatabaseDown.

        lock: steps of one lock run one at a time, in the order in which they were put.
        """
        if not step_ids:
            return
        waiting = self._deferring.configure_task(STEP_TASK, lock=lock, connection=tx.driver)
        try:
            for step_id in step_ids:
                waiting.defer(step_id=str(step_id))
        except ConnectorException as error:
            raise DatabaseDown("The job queue takes nothing in.") from error.__cause__

    def app_for_worker(self, run_step: Callable[[str], None], *, answer_within: float) -> App:
        """Return an app, not yet open, in which `run_step` runs in a thread for each step taken out.

        run_step gets the id as text; a TryAgain puts the step back with a pause, in its old place.
        answer_within: seconds that the database may be away without anybody noticing.
        """
        connector = PsycopgConnector(
            conninfo=self.driver_url,
            min_size=1,
            max_size=4,
            timeout=answer_within,
            kwargs={"application_name": "safehold queue", "connect_timeout": 5},
        )
        app = App(connector=connector)

        @app.task(name=STEP_TASK, retry=_Pauses())
        def step(step_id: str) -> None:
            run_step(step_id)

        return app


class _Pauses(BaseRetryStrategy):
    """Whatever goes wrong, the job stays: only the step's own record says when enough is enough."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        seconds = exception.seconds if isinstance(exception, TryAgain) else _NO_ANSWER_PAUSE
        return RetryDecision(retry_in={"milliseconds": int(seconds * 1000)})


class PromptWorker(Worker):
    """Looks for work again whenever something has happened while it was looking.

    The next job of a lock is free only when the one before has been acknowledged, of which nobody is
    notified; and a notification that arrives during a look is forgotten. Either would cost one polling
    interval for each step of an item. When an acknowledgement fails, the worker stops: its jobs then count
    as stalled at once and are rescued, where otherwise a job would be "doing" for as long as we live.
    """

    _news = 0

    async def _handle_notification(self, *args: Any, **message: Any) -> None:
        self._news += 1
        await super()._handle_notification(*args, **message)

    async def _persist_job_status(self, *args: Any, **outcome: Any) -> None:
        try:
            await super()._persist_job_status(*args, **outcome)
        except BaseException:
            self.stop()  # type: ignore[no-untyped-call]
            raise
        finally:
            self._news += 1
            self._new_job_event.set()

    async def _fetch_and_process_jobs(self) -> None:
        seen = -1
        while seen != self._news and not self._stop_event.is_set():
            seen = self._news
            await super()._fetch_and_process_jobs()  # type: ignore[no-untyped-call]


class _BareLog(logging.Handler):
    """Says what the queue has to say by action and class of error: its own words quote whole tracebacks."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        structlog.get_logger().warning(
            "queue_trouble",
            action=getattr(record, "action", record.name),
            error_code=kind.__name__ if kind else None,
        )


def keep_queue_log_bare() -> None:
    """Let the queue's library log warnings only, and without their texts. Doing so again changes nothing."""
    library = logging.getLogger("procrastinate")
    library.propagate = False
    library.setLevel(logging.WARNING)
    if not any(isinstance(handler, _BareLog) for handler in library.handlers):
        library.addHandler(_BareLog())
