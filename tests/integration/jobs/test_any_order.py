"""Whatever order, repetition or delay steps meet, the end is the same."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.jobs.running import Patience, StepRunner
from safehold.model.events import ItemCleared, ItemConfirmed, ItemMatched
from safehold.model.ids import ItemId, new_id
from safehold.storage.steps import StepState

KINDS = (ItemMatched, ItemConfirmed, ItemCleared)


def events_of(bench: Any, kinds: list[type], item: ItemId) -> list[Any]:
    make = {ItemMatched: bench.matched, ItemConfirmed: bench.confirmed, ItemCleared: bench.cleared}
    return [make[kind](item) for kind in kinds]


def done_steps(bench: Any, kinds: list[type]) -> list[str]:
    """The model: a step is done, unless it follows a course that a later event of the case has changed."""
    last_course = max((n for n, kind in enumerate(kinds) if kind.sets_course), default=0)
    standing = [
        kind
        for n, kind in enumerate(kinds)
        if n >= last_course or not kind.follows_course  # type: ignore[attr-defined]
    ]
    return [name for kind in standing for name in bench.reactions[kind]]


def run_in(order: list[int], bench: Any, handlers: Any) -> None:
    """Run the steps there are in any order, some often, then what is left, until nothing waits."""
    runner = StepRunner(
        bench.database,
        bench.recorder,
        handlers,
        patience=Patience(attempts=50, first_pause=0, longest_pause=0),
    )
    steps = [
        row[0] for row in bench.sql("select step.id from step join event on event.id = event_id order by seq")
    ]
    for index in order:
        runner.run(steps[index % len(steps)])
    while waiting := bench.sql("select id from step where state = 'waiting'"):
        for [step_id] in waiting:
            runner.run(step_id)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=5),
    order=st.lists(st.integers(min_value=0, max_value=20), max_size=12),
    failing=st.lists(st.booleans(), max_size=12),
)
def test_any_order_repetition_and_failure_of_steps_ends_in_the_same_state(
    bench: Any, kinds: list[type], order: list[int], failing: list[bool]
) -> None:
    bench.sql("truncate effect, step, event, item_revision, procrastinate_jobs cascade")
    item = ItemId(new_id())
    bench.record(*events_of(bench, kinds, item))
    attempts = iter(failing)

    def sometimes_failing(name: str) -> Any:
        def handler(tx: Any, event: Any) -> None:
            bench.effect(name)(tx, event)
            if next(attempts, False):
                raise TimeoutError

        return handler

    run_in(order, bench, {name: sometimes_failing(name) for name in bench.handlers})

    expected = sorted(done_steps(bench, kinds))
    assert sorted(name for name, _ in bench.effects()) == expected
    states = [state for _, state, *_ in bench.steps()]
    assert states.count(StepState.DONE) == len(expected)
    assert states.count(StepState.SUPERSEDED) == len(states) - len(expected)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(KINDS)), min_size=1, max_size=12))
def test_workers_end_in_the_state_that_running_one_by_one_gives(bench: Any, kinds: list[Any]) -> None:
    bench.sql("truncate effect, step, event, item_revision, procrastinate_jobs cascade")
    items = [ItemId(new_id()) for _ in range(3)]
    with bench.database.begin() as tx:
        for number, kind in kinds:
            bench.recorder.record(tx, events_of(bench, [kind], items[number])[0])
    with bench.running(bench.worker(), bench.worker()):
        bench.until(bench.nothing_waits)
    for number, item in enumerate(items):
        expected = done_steps(bench, [kind for of, kind in kinds if of == number])
        assert [name for name, of in bench.effects() if of == item] == expected
