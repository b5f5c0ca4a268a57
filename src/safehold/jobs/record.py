"""The only way to record an event: its row, its steps and their places in the queue, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from safehold.jobs.queue import Queue
from safehold.model.clock import Clock, utc_now
from safehold.model.errors import Conflict, NotFound
from safehold.model.events import Event
from safehold.model.ids import EventId, StepId
from safehold.storage import events as event_rows
from safehold.storage import steps as step_rows
from safehold.storage.database import Tx
from safehold.storage.steps import StepState

Record = Callable[[Tx, Event], EventId]
"""Record what has happened, in the caller's transaction. What follows from it is queued there as well."""

Reactions = Mapping[type[Event], tuple[str, ...]]
"""Which steps follow which event, by name, in the order in which they run."""

_BATCH = 500


class Recorder:
    """Records events, and queues the steps that the table of reactions lets follow.

    Transactions that record something about the same item (or, where steps follow, under the same other
    lock) wait for each other, so that steps run in the order in which their events were committed.
    """

    def __init__(self, reactions: Reactions, queue: Queue, *, clock: Clock = utc_now) -> None:
        self.reactions = dict(reactions)
        self.clock = clock
        self._queue = queue

    def record(self, tx: Tx, event: Event) -> EventId:
        """Record an event in tx and queue its steps; a rollback leaves nothing. Raises DatabaseDown.

        An event that sets the course of its item raises the item's revision first; steps of events with a
        lower one will do nothing any more. An event without a row in the table is stored all the same.
        """
        names = self.reactions.get(type(event), ())
        stored = event_rows.insert_event(tx, event, revision=_revision(tx, event, ordered=bool(names)))
        self._follow(tx, stored.id, event, names)
        return stored.id

    def backfill(self, tx: Tx) -> int:
        """Queue the steps of reactions that were added after their events were recorded; return how many.

        Run it once after each upgrade. Doing so again queues nothing. It looks at every event of the kinds
        in the table. Steps of events that a later course has overtaken will end as superseded.
        """
        tx.lock("backfill of steps")
        return sum(
            self._backfill_one(tx, kind.kind, name)
            for kind, names in self.reactions.items()
            for name in names
        )

    def retry_stuck(self, tx: Tx, step_id: StepId) -> None:
        """Put a stuck step back into the queue, behind what waits for its lock, with all attempts anew.

        Raises NotFound when there is no such step, Conflict when it is not stuck (any more). That a person
        asked for it is the caller's to append to the audit log.
        """
        step = step_rows.lock(tx, step_id)
        if step is None:
            raise NotFound("There is no such step.")
        if step.state is not StepState.STUCK:
            raise Conflict(f"The step is {step.state.value}, not stuck.")
        step_rows.mark_waiting(tx, step_id)
        event = event_rows.get(tx, step.event_id).event
        self._queue.put(tx, [step_id], lock=event.lock)

    def _backfill_one(self, tx: Tx, kind: str, name: str) -> int:
        found, after = 0, 0
        while batch := step_rows.events_without(tx, kind=kind, name=name, after=after, limit=_BATCH):
            for event_id in batch:
                stored = event_rows.get(tx, event_id)
                found += self._follow(tx, event_id, stored.event, (name,))
                after = stored.seq
        return found

    def _follow(self, tx: Tx, event_id: EventId, event: Event, names: Sequence[str]) -> int:
        made = step_rows.insert_steps(tx, event_id, names, at=self.clock())
        self._queue.put(tx, made, lock=event.lock)
        return len(made)


def _revision(tx: Tx, event: Event, *, ordered: bool) -> int | None:
    if event.item is not None:
        return event_rows.lock_revision(tx, event.item, raised=event.sets_course)
    if ordered:
        tx.lock(f"steps of {event.lock}")
    return None
