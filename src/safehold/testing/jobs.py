"""Steps in tests, without a worker: in order and at once, or one by its id, as often as you like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from safehold.jobs.queue import Queue
from safehold.jobs.record import Reactions, Recorder
from safehold.jobs.running import Handler, Patience, StepRunner
from safehold.model.clock import Clock, utc_now
from safehold.model.ids import StepId
from safehold.storage import events as event_rows
from safehold.storage import steps as step_rows
from safehold.storage.database import Database, Tx
from safehold.storage.steps import Step, StepState

_AT_ONCE = Patience(attempts=1, first_pause=0.0)


@dataclass(frozen=True, slots=True)
class RanStep:
    """A step that was run, and how it ended."""

    id: StepId
    name: str
    state: StepState
    error_code: str | None


def recorder_for(database: Database, reactions: Reactions, *, clock: Clock = utc_now) -> Recorder:
    """Return a recorder that queues in `database`, as an application would have one."""
    return Recorder(reactions, Queue(database.driver_url), clock=clock)


def run_all_steps(
    database: Database,
    recorder: Recorder,
    handlers: Mapping[str, Handler],
    *,
    raising: bool = True,
    at_most: int = 1000,
) -> list[RanStep]:
    """Run waiting steps, oldest event first and in the order of the reactions, until none is left.

    Steps that these steps cause are run as well. What a handler raises comes out of here, after the step
    was marked stuck; raising=False: go on instead. Raises AssertionError after `at_most` steps: probably
    an event causes itself. The queue is not asked; a worker that comes later finds the steps done.
    """
    raised: list[Exception] = []
    watched = {name: _watched(handler, raised) for name, handler in handlers.items()}
    runner = StepRunner(database, recorder, watched, patience=_AT_ONCE)
    ran: list[RanStep] = []
    while step := _next(database, recorder):
        if len(ran) == at_most:
            raise AssertionError(f"{at_most} steps were run, and there is no end to it")
        runner.run(step.id)
        if raised and raising:
            raise raised[0]
        ran.append(ended(database, step.id))
    return ran


def run_step(
    database: Database, recorder: Recorder, handlers: Mapping[str, Handler], step_id: StepId
) -> RanStep:
    """Run one step now, whatever waits before it, with one attempt; it may end as stuck.

    A step that has ended is left as it is, as a worker leaves it; see run_again.
    """
    StepRunner(database, recorder, handlers, patience=_AT_ONCE).run(step_id)
    return ended(database, step_id)


def run_again(database: Database, handlers: Mapping[str, Handler], step_id: StepId) -> None:
    """Call the handler of a step once more, in a transaction of its own, though the step has ended.

    So it is when a process dies after outside work and before its commit. Whatever it raises comes out.
    """
    with database.begin() as tx:
        step = _found(tx, step_id)
        handlers[step.name](tx, event_rows.get(tx, step.event_id).event)


def waiting_steps(database: Database) -> list[Step]:
    """Return the steps that wait, oldest event first."""
    with database.begin() as tx:
        return step_rows.waiting(tx)


def ended(database: Database, step_id: StepId) -> RanStep:
    """Return how a step is now. Raises AssertionError when there is none."""
    with database.begin() as tx:
        step = _found(tx, step_id)
    return RanStep(step.id, step.name, step.state, step.error_code)


def _next(database: Database, recorder: Recorder) -> Step | None:
    with database.begin() as tx:
        waiting = step_rows.waiting(tx)
        if not waiting:
            return None
        kind = event_rows.kind_of(tx, waiting[0].event_id)
    [order] = [names for event, names in recorder.reactions.items() if event.kind == kind] or [()]
    siblings = [step for step in waiting if step.event_id == waiting[0].event_id]
    return min(siblings, key=lambda step: order.index(step.name) if step.name in order else len(order))


def _found(tx: Tx, step_id: StepId) -> Step:
    step = step_rows.find(tx, step_id)
    assert step is not None, "there is no such step"
    return step


def _watched(handler: Handler, raised: list[Exception]) -> Callable[[Tx, Any], None]:
    def call(tx: Tx, event: Any) -> None:
        try:
            handler(tx, event)
        except Exception as error:
            raised.append(error)
            raise

    return call
