"""One attempt at a step: done once, overtaken, failed, stuck, and put back by hand."""

from __future__ import annotations

from typing import Any

import pytest

from safehold.jobs.running import NO_HANDLER, WORKER_LOST, Patience, StepRunner
from safehold.model.errors import Conflict, VaultDown
from safehold.model.events import ItemMatched
from safehold.model.ids import CaseId, ItemId, StepId, new_id
from safehold.storage import steps as step_rows
from safehold.storage.steps import StepState
from safehold.testing.jobs import run_again, run_all_steps, run_step, waiting_steps


def failing(tx: Any, event: Any) -> None:
    """A handler that leaves something behind and then fails."""
    raise VaultDown("text that nobody may store")


def runner(bench: Any, **handlers: Any) -> StepRunner:
    patience = Patience(attempts=3, first_pause=1.0, longest_pause=60.0)
    return StepRunner(bench.database, bench.recorder, {**bench.handlers, **handlers}, patience=patience)


def the_step(bench: Any) -> StepId:
    [[step_id]] = bench.sql("select id from step where name = 'third'")
    return StepId(step_id)


def test_a_step_that_is_done_is_not_done_again(bench: Any) -> None:
    bench.record(bench.confirmed(ItemId(new_id())))
    for _ in range(2):
        assert runner(bench).run(the_step(bench)) is None
    assert len(bench.effects()) == 1


def test_what_a_handler_changed_goes_when_it_fails(bench: Any) -> None:
    def half(tx: Any, event: Any) -> None:
        bench.handlers["third"](tx, event)
        raise VaultDown

    bench.record(bench.confirmed(ItemId(new_id())))
    runner(bench, third=half).run(the_step(bench))
    assert bench.effects() == []


def test_a_step_of_a_course_that_was_overtaken_does_nothing(bench: Any) -> None:
    item = ItemId(new_id())
    bench.record(bench.confirmed(item), bench.cleared(item))
    ran = run_all_steps(bench.database, bench.recorder, bench.handlers)
    assert [(step.name, step.state) for step in ran] == [
        ("third", StepState.SUPERSEDED),
        ("fourth", StepState.DONE),
    ]
    assert bench.effects() == [("fourth", item)]


def test_a_step_fails_with_growing_pauses_and_is_stuck_after_the_last_attempt(bench: Any) -> None:
    bench.record(bench.confirmed(ItemId(new_id())))
    failing_runner = runner(bench, third=failing)
    assert [failing_runner.run(the_step(bench)) for _ in range(3)] == [1.0, 2.0, None]
    assert bench.steps() == [
        ("third", "stuck", 3, "vault_down"),
        ("alarm", "waiting", 0, None),
    ]
    [fields] = bench.sql("select fields from event where kind = 'step_stuck'")
    assert fields[0] == {"step_id": str(the_step(bench)), "step": "third", "error_code": "vault_down"}
    assert not bench.sql("select 1 from step, event where step::text || event::text like '%text that%'")


def test_the_class_of_an_unforeseen_error_is_recorded_without_its_text(bench: Any) -> None:
    def broken(tx: Any, event: Any) -> None:
        raise ZeroDivisionError("text that nobody may store")

    bench.record(bench.confirmed(ItemId(new_id())))
    runner(bench, third=broken).run(the_step(bench))
    assert bench.steps() == [("third", "waiting", 1, "ZeroDivisionError")]


def test_an_error_of_the_database_in_a_handler_is_counted_as_well(bench: Any) -> None:
    def wrong(tx: Any, event: Any) -> None:
        import sqlalchemy as sa

        tx.run(sa.text("select 1 / 0"))

    bench.record(bench.confirmed(ItemId(new_id())))
    runner(bench, third=wrong).run(the_step(bench))
    [(name, state, attempts, _)] = bench.steps()
    assert (name, state, attempts) == ("third", "waiting", 1)


def test_a_step_without_a_handler_is_stuck_at_once(bench: Any) -> None:
    bench.record(bench.confirmed(ItemId(new_id())))
    StepRunner(bench.database, bench.recorder, {}).run(the_step(bench))
    assert bench.steps()[0] == ("third", "stuck", 0, NO_HANDLER)


def test_an_alarm_that_cannot_be_raised_raises_no_alarm_about_itself(bench: Any) -> None:
    bench.record(bench.confirmed(ItemId(new_id())))
    handlers = {"third": failing, "alarm": failing}
    run_all_steps(bench.database, bench.recorder, handlers, raising=False)
    assert [state for _, state, *_ in bench.steps()] == ["stuck", "stuck"]
    assert bench.sql("select count(*) from event where kind = 'step_stuck'") == [(1,)]


def test_a_stuck_step_is_listed_put_back_by_hand_and_done(bench: Any) -> None:
    item = ItemId(new_id())
    bench.record(bench.confirmed(item))
    handlers = {**bench.handlers, "third": failing}
    run_all_steps(bench.database, bench.recorder, handlers, raising=False)
    with bench.database.begin() as tx:
        [stuck] = step_rows.stuck(tx)
        assert (stuck.name, stuck.event_kind, stuck.item_id) == ("third", "item_confirmed", item)
        assert (stuck.attempts, stuck.error_code) == (1, "vault_down")
        bench.recorder.retry_stuck(tx, stuck.id)
    run_all_steps(bench.database, bench.recorder, bench.handlers)
    assert ("third", "done", 0, "vault_down") in bench.steps()
    assert ("third", item) in bench.effects()


def test_an_attempt_whose_process_was_lost_counts_and_may_be_the_last(bench: Any) -> None:
    bench.record(bench.confirmed(ItemId(new_id())))
    lost = runner(bench)
    assert [lost.lost(the_step(bench)) for _ in range(3)] == [1.0, 2.0, None]
    assert bench.steps()[0] == ("third", "stuck", 3, WORKER_LOST)


def test_nothing_is_lost_while_somebody_is_at_the_step(bench: Any) -> None:
    bench.record(bench.confirmed(ItemId(new_id())))
    with bench.database.begin() as tx:
        step_rows.lock(tx, the_step(bench))
        with pytest.raises(Conflict):
            runner(bench).lost(the_step(bench))


def test_losing_the_process_after_the_commit_changes_nothing(bench: Any) -> None:
    bench.record(bench.confirmed(ItemId(new_id())))
    runner(bench).run(the_step(bench))
    assert runner(bench).lost(the_step(bench)) is None
    assert bench.steps() == [("third", "done", 0, None)]
    assert runner(bench).lost(StepId(new_id())) is None


def test_steps_that_follow_from_steps_are_run_in_the_order_of_the_reactions(bench: Any) -> None:
    item = ItemId(new_id())

    def confirms(tx: Any, event: ItemMatched) -> None:
        bench.handlers["first"](tx, event)
        bench.recorder.record(tx, bench.confirmed(item))

    bench.record(bench.matched(item))
    handlers = {**bench.handlers, "second": confirms}
    ran = run_all_steps(bench.database, bench.recorder, handlers)
    assert [step.name for step in ran] == ["first", "second", "third"]


def test_what_a_handler_raises_reaches_the_test(bench: Any) -> None:
    bench.record(bench.matched())
    with pytest.raises(VaultDown):
        run_all_steps(bench.database, bench.recorder, {**bench.handlers, "first": failing})


def test_an_event_that_causes_itself_is_found_out(bench: Any) -> None:
    def again(tx: Any, event: ItemMatched) -> None:
        bench.recorder.record(tx, bench.matched())

    bench.record(bench.matched())
    handlers = {**bench.handlers, "first": again}
    with pytest.raises(AssertionError, match="no end"):
        run_all_steps(bench.database, bench.recorder, handlers, at_most=20)


def test_one_step_can_be_run_out_of_turn_and_its_handler_once_more(bench: Any) -> None:
    bench.record(bench.matched())
    second = waiting_steps(bench.database)[1]
    for _ in range(2):
        assert run_step(bench.database, bench.recorder, bench.handlers, second.id).state is StepState.DONE
    assert len(bench.effects()) == 1
    run_again(bench.database, bench.handlers, second.id)
    assert len(bench.effects()) == 2


def test_a_decision_in_another_case_overtakes_nothing(bench: Any) -> None:
    item, other_case = ItemId(new_id()), CaseId(new_id())
    bench.record(bench.confirmed(item), bench.cleared(item, other_case))

    ran = run_all_steps(bench.database, bench.recorder, bench.handlers)

    assert {step.state for step in ran} == {StepState.DONE}


def test_what_was_seen_is_acted_on_whatever_has_been_decided_since(bench: Any) -> None:
    item = ItemId(new_id())
    bench.record(bench.matched(item), bench.confirmed(item))

    ran = run_all_steps(bench.database, bench.recorder, bench.handlers)

    assert {step.state for step in ran} == {StepState.DONE}
