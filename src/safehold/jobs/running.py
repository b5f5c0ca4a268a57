"""One attempt at one step, in one transaction, and what becomes of the step when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from safehold.jobs.record import Recorder
from safehold.model.errors import Conflict, SafeholdError
from safehold.model.events import StepStuck
from safehold.model.ids import StepId
from safehold.storage import events as event_rows
from safehold.storage import steps as step_rows
from safehold.storage.database import Database, Tx
from safehold.storage.steps import Step, StepState

Handler = Callable[[Tx, Any], None]
"""Does one step for one event, in tx. It may be called again for the same event, and then does no harm."""

NO_HANDLER = "no_handler"
"""The code of a step that no handler is registered for."""

WORKER_LOST = "worker_lost"
"""The code of an attempt whose process ended, or lost the database, in the middle."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a step may fail, and how long it pauses in between.

    The pause is `first_pause` seconds, doubles with each failed attempt and never exceeds `longest_pause`.
    """

    attempts: int = 10
    first_pause: float = 2.0
    longest_pause: float = 300.0

    def pause(self, failed: int) -> float:
        """Return the seconds to wait after this many failed attempts (at least one)."""
        return min(self.longest_pause, self.first_pause * 2.0 ** (failed - 1))


class StepRunner:
    """Runs steps by their ids; as many threads and processes at once as you like."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        handlers: Mapping[str, Handler],
        *,
        patience: Patience | None = None,
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._handlers = dict(handlers)
        self._patience = patience or Patience()

    def run(self, step_id: StepId) -> float | None:
        """Try a step once. None: it needs no further attempt now. A number: seconds until the next one.

        The handler's changes and the mark "done" are one transaction. A step that is not waiting is left
        alone; one that a newer decision has overtaken is marked superseded. Raises DatabaseDown
        when not even a failure can be recorded.
        """
        try:
            with self._database.begin() as tx:
                self._attempt(tx, step_id)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is this step's failure
            code = code_of(error)
        else:
            return None
        # Outside the except block, so that nothing raised from here drags the handler's error along.
        with self._database.begin() as tx:
            step = step_rows.lock(tx, step_id)
            return self._failed(tx, step, code) if step else None

    def lost(self, step_id: StepId) -> float | None:
        """Count an attempt whose process was lost; answers as `run` does.

        Raises Conflict, and counts nothing, when somebody is at the step after all; DatabaseDown.
        """
        with self._database.begin() as tx:
            step = step_rows.lock(tx, step_id, wait=False)
            if step is not None:
                return self._failed(tx, step, WORKER_LOST)
            if step_rows.find(tx, step_id) is not None:
                raise Conflict("Somebody is at this step.")
            return None

    def _attempt(self, tx: Tx, step_id: StepId) -> None:
        step = step_rows.lock(tx, step_id)
        if step is None or step.state is not StepState.WAITING:
            return
        stored = event_rows.get(tx, step.event_id)
        handler = self._handlers.get(step.name)
        if event_rows.is_overtaken(tx, stored):
            step_rows.mark_ended(tx, step_id, StepState.SUPERSEDED, at=self._recorder.clock())
        elif handler is None:
            self._give_up(tx, step, NO_HANDLER)
        else:
            handler(tx, stored.event)
            step_rows.mark_ended(tx, step_id, StepState.DONE, at=self._recorder.clock())

    def _failed(self, tx: Tx, step: Step, code: str) -> float | None:
        if step.state is not StepState.WAITING:
            return None
        failed = step_rows.mark_failed(tx, step.id, error_code=code)
        structlog.get_logger().warning(
            "step_failed", step_id=str(step.id), step=step.name, error_code=code, attempt=failed
        )
        if failed < self._patience.attempts:
            return self._patience.pause(failed)
        self._give_up(tx, step, code)
        return None

    def _give_up(self, tx: Tx, step: Step, code: str) -> None:
        now = self._recorder.clock()
        step_rows.mark_stuck(tx, step.id, error_code=code, at=now)
        structlog.get_logger().error("step_stuck", step_id=str(step.id), step=step.name, error_code=code)
        # A step that follows a StepStuck raises the alarm; were it to raise one about itself, and fail
        # again, there would be no end to it.
        if event_rows.kind_of(tx, step.event_id) != StepStuck.kind:
            stuck = StepStuck(at=now, step_id=step.id, step=step.name, error_code=code)
            self._recorder.record(tx, stuck)


def code_of(error: BaseException) -> str:
    """Return what may be stored and logged about an error: its code or its class, never its text."""
    return error.code if isinstance(error, SafeholdError) else type(error).__name__
