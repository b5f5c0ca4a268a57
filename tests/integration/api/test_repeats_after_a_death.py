"""One Idempotency-Key is one item, also when a process dies between the record and the answer."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from safehold.app import requests
from safehold.app.requests import Answer, Answering, Attempt, Settle
from safehold.model.ids import KeyId
from safehold.model.item import Context
from safehold.model.permissions import Actor, Permission
from safehold.testing.running import Installation, altered_copy

KEY, DIGEST = "upload-1", b"a keyed digest of the body"


class Died(BaseException):
    """What the process would not live to raise."""


@pytest.fixture
def actor(safehold: Installation) -> Actor:
    safehold.key()
    [row] = safehold.sql("select id from api_key")
    return Actor(permissions=frozenset({Permission.SCAN}), key_id=KeyId(row.id))


def asked(
    safehold: Installation,
    actor: Actor,
    answer: Answering,
    *,
    later: timedelta = timedelta(),
) -> Answer:
    """Ask for an answer under the one key; later: than now."""
    program = safehold.program
    now = program.clock() + later
    return requests.once(
        program.database,
        actor=actor,
        idempotency_key=KEY,
        digest=DIGEST,
        now=now,
        answer=answer,
        kept=lambda told: told,
    )


def scanning(safehold: Installation, actor: Actor) -> Answering:
    """Return what scans an upload that is held, and keeps its answer with it."""

    def answer(attempt: Attempt) -> Answer:
        told = safehold.program.scanner.scan_bytes(
            altered_copy(1),
            Context(surface="rehearsal", content_id="post-1"),
            actor=actor,
            when_kept=lambda tx, told: attempt.settle(tx, {"item_id": str(told.item_id)}),
        )
        return {"item_id": str(told.item_id)}

    return answer


def test_a_repeat_after_the_process_died_with_its_answer_gets_that_answer(
    safehold: Installation, actor: Actor
) -> None:
    scan = scanning(safehold, actor)

    def dies_before_it_answers(attempt: Attempt) -> Answer:
        scan(attempt)
        raise Died

    with pytest.raises(Died):
        asked(safehold, actor, dies_before_it_answers)
    [item] = safehold.sql("select id from item")
    for later in (timedelta(), timedelta(minutes=2)):
        assert asked(safehold, actor, scan, later=later) == {"item_id": str(item.id)}
    assert (safehold.counts()["item"], safehold.counts()["hold"]) == (1, 1)


def test_a_first_attempt_that_was_taken_for_dead_adds_nothing_and_gives_the_answer_that_stands(
    safehold: Installation, actor: Actor
) -> None:
    scan, taken_over = scanning(safehold, actor), []

    def dawdles(attempt: Attempt) -> Answer:
        taken_over.append(asked(safehold, actor, scan, later=timedelta(minutes=2)))
        return scan(attempt)

    assert [asked(safehold, actor, dawdles)] == taken_over
    assert (safehold.counts()["item"], safehold.counts()["hold"]) == (1, 1)
    assert safehold.open_sealed(taken_over[0]["item_id"]) == altered_copy(1)


def test_two_attempts_that_record_nothing_give_one_answer(safehold: Installation, actor: Actor) -> None:
    quicker = []

    def dawdles(_: Attempt) -> Answer:
        quicker.append(asked(safehold, actor, lambda _: {"scan_id": "2"}, later=timedelta(minutes=2)))
        return {"scan_id": "1"}

    assert asked(safehold, actor, dawdles) == {"scan_id": "2"} == quicker[0]


def scanning_parts(safehold: Installation, actor: Actor, uploads: list[bytes]) -> Answering:
    """Return what scans several uploads that are held, as the parts of one request."""

    def one(data: bytes, settle: Settle) -> Answer:
        told = safehold.program.scanner.scan_bytes(
            data,
            Context(surface="rehearsal"),
            actor=actor,
            when_kept=lambda tx, told: settle(tx, {"item_id": str(told.item_id)}),
        )
        return {"item_id": str(told.item_id)}

    return lambda attempt: {
        "items": [attempt.part(index, partial(one, data)) for index, data in enumerate(uploads)]
    }


@pytest.mark.parametrize("dies_after", [1, 2, 3])
def test_a_repeat_of_a_request_with_several_parts_gets_those_that_were_recorded(
    safehold: Installation, actor: Actor, dies_after: int
) -> None:
    # The same bytes twice are two items.
    uploads = [altered_copy(1), altered_copy(1), altered_copy(2)]

    def dies(attempt: Attempt) -> Answer:
        scanning_parts(safehold, actor, uploads[:dies_after])(attempt)
        raise Died

    with pytest.raises(Died):
        asked(safehold, actor, dies)
    recorded = [str(row.id) for row in safehold.sql("select id from item order by received_at, id")]
    assert len(recorded) == dies_after
    answer = asked(safehold, actor, scanning_parts(safehold, actor, uploads), later=timedelta(minutes=2))
    told = [part["item_id"] for part in answer["items"]]
    assert told[:dies_after] == recorded
    assert (safehold.counts()["item"], safehold.counts()["hold"], len(set(told))) == (3, 3, 3)


def test_an_attempt_at_several_parts_that_was_taken_for_dead_adds_nothing(
    safehold: Installation, actor: Actor
) -> None:
    scan, taken_over = scanning_parts(safehold, actor, [altered_copy(1), altered_copy(2)]), []

    def dawdles(attempt: Attempt) -> Answer:
        taken_over.append(asked(safehold, actor, scan, later=timedelta(minutes=2)))
        return scan(attempt)

    assert [asked(safehold, actor, dawdles)] == taken_over
    assert (safehold.counts()["item"], safehold.counts()["hold"]) == (2, 2)


def test_a_part_that_was_recorded_is_answered_as_it_was_even_if_a_scan_would_find_nothing_now(
    safehold: Installation, actor: Actor
) -> None:
    scan, taken_over = scanning_parts(safehold, actor, [altered_copy(1)]), []

    def finds_nothing(attempt: Attempt) -> Answer:
        return {"items": [attempt.part(0, lambda _: {"item_id": None})]}

    def dawdles(attempt: Attempt) -> Answer:
        scan(attempt)
        taken_over.append(asked(safehold, actor, finds_nothing, later=timedelta(minutes=2)))
        return taken_over[0]

    [item] = asked(safehold, actor, dawdles)["items"]
    [recorded] = safehold.sql("select id from item")
    assert item == taken_over[0]["items"][0] == {"item_id": str(recorded.id)}
