"""Recording an event: its row, its revision, its steps and their jobs, all or nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from safehold.jobs.record import Recorder
from safehold.model.errors import Conflict, NotFound
from safehold.model.events import AppealReceived, EntriesChanged, ItemMatched, StepStuck
from safehold.model.ids import AppealId, ItemId, ListId, StepId, new_id
from safehold.storage import events as event_rows
from safehold.storage import steps as step_rows


def test_an_event_comes_back_as_it_was_recorded(bench: Any) -> None:
    event = bench.confirmed(ItemId(new_id()))
    with bench.database.begin() as tx:
        stored = event_rows.get(tx, bench.recorder.record(tx, event))
    assert stored.event == event
    assert stored.revision == 1


def test_each_reaction_becomes_one_step_and_one_job_with_nothing_but_the_steps_id(bench: Any) -> None:
    event = bench.matched()
    bench.record(event)
    assert bench.steps() == [("first", "waiting", 0, None), ("second", "waiting", 0, None)]
    ids = {name: str(id) for id, name in bench.sql("select id, name from step")}
    lock = f"item:{event.item_id}"
    assert bench.jobs() == [(lock, "todo", {"step_id": ids[name]}) for name in ("first", "second")]


def test_a_rollback_leaves_no_event_no_revision_no_step_and_no_job(bench: Any) -> None:
    def fail() -> None:
        with bench.database.begin() as tx:
            bench.recorder.record(tx, bench.confirmed(ItemId(new_id())))
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    for table in ("event", "item_revision", "step", "procrastinate_jobs"):
        assert bench.sql(f"select count(*) from {table}")[0][0] == 0


def test_an_event_without_a_reaction_is_recorded_and_counted(bench: Any) -> None:
    bench.record(AppealReceived(at=bench.now, item_id=ItemId(new_id()), appeal_id=AppealId(new_id())))
    with bench.database.begin() as tx:
        assert event_rows.counts(tx) == {"appeal_received": 1}
    assert bench.jobs() == []


def test_only_an_event_that_sets_the_course_raises_the_revision_of_its_item(bench: Any) -> None:
    item = ItemId(new_id())
    other = ItemId(new_id())
    bench.record(bench.matched(item), bench.confirmed(item), bench.matched(item), bench.cleared(item))
    bench.record(bench.matched(other))
    with bench.database.begin() as tx:
        assert [stored.revision for stored in event_rows.of_item(tx, item)] == [0, 1, 1, 2]
        assert event_rows.current_revision(tx, item) == 2
        assert event_rows.current_revision(tx, other) == 0


def test_an_event_about_no_item_has_no_revision(bench: Any) -> None:
    bench.record(EntriesChanged(at=bench.now, list_id=ListId(new_id()), from_seq=1, to_seq=2))
    assert bench.sql("select item_id, revision from event") == [(None, None)]


def test_two_who_record_about_one_item_wait_for_each_other(bench: Any) -> None:
    item = ItemId(new_id())
    second = threading.Thread(target=bench.record, args=(bench.confirmed(item),))
    with bench.database.begin() as tx:
        bench.recorder.record(tx, bench.confirmed(item))
        second.start()
        second.join(timeout=0.3)
        assert second.is_alive()
    second.join(timeout=30)
    with bench.database.begin() as tx:
        assert [stored.revision for stored in event_rows.of_item(tx, item)] == [1, 2]


def test_a_reaction_that_is_added_later_follows_earlier_events_once(bench: Any) -> None:
    bench.record(bench.matched(), bench.matched(), bench.confirmed(ItemId(new_id())))
    wider = Recorder({**bench.reactions, ItemMatched: ("first", "second", "added")}, bench.queue)
    with bench.database.begin() as tx:
        assert wider.backfill(tx) == 2
    with bench.database.begin() as tx:
        assert wider.backfill(tx) == 0
    assert [name for name, *_ in bench.steps()] == ["added", "first", "second"] * 2 + ["third"]
    assert len(bench.jobs()) == 7


def test_more_events_than_one_batch_are_all_backfilled(bench: Any) -> None:
    before = Recorder({}, bench.queue)
    with bench.database.begin() as tx:
        for _ in range(501):
            before.record(tx, bench.cleared(ItemId(new_id())))
    with bench.database.begin() as tx:
        assert bench.recorder.backfill(tx) == 501


def test_only_a_stuck_step_can_be_put_back(bench: Any) -> None:
    bench.record(bench.confirmed(ItemId(new_id())))
    [[step_id]] = bench.sql("select id from step")
    with bench.database.begin() as tx:
        with pytest.raises(Conflict):
            bench.recorder.retry_stuck(tx, StepId(step_id))
        with pytest.raises(NotFound):
            bench.recorder.retry_stuck(tx, StepId(new_id()))


def test_counts_tell_the_open_steps_from_those_that_ended(bench: Any) -> None:
    bench.record(bench.matched(), StepStuck(at=bench.now, step_id=StepId(new_id()), step="x", error_code="y"))
    with bench.database.begin() as tx:
        first, *_ = step_rows.waiting(tx)
        step_rows.mark_ended(tx, first.id, step_rows.StepState.DONE, at=bench.now)
        assert step_rows.open_counts(tx) == {step_rows.StepState.WAITING: 2, step_rows.StepState.STUCK: 0}
        assert sum(counted.count for counted in step_rows.counts(tx)) == 3


@pytest.mark.parametrize("role", ["safehold_app", "safehold_api", "safehold_console", "safehold_worker"])
def test_every_role_may_record_and_queue(bench: Any, role: str) -> None:
    from safehold.storage.database import Database

    database = Database(bench.url.replace("postgres@", f"{role}@"), pool_size=1)
    try:
        with database.begin() as tx:
            bench.recorder.record(tx, bench.confirmed(ItemId(new_id())))
    finally:
        database.close()
    assert len(bench.jobs()) == 1
