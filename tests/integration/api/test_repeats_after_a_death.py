"""One Idempotency-Key is one item, also when a process dies between the record and the answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from safehold.app import requests
from safehold.app.requests import Answer, Settle
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
    answer: Callable[[Settle], Answer],
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


def scanning(safehold: Installation, actor: Actor) -> Callable[[Settle], Answer]:
    """Return what scans an upload that is held, and keeps its answer with it."""

    def answer(settle: Settle) -> Answer:
        told = safehold.program.scanner.scan_bytes(
            altered_copy(1),
            Context(surface="rehearsal", content_id="post-1"),
            actor=actor,
            when_kept=lambda tx, told: settle(tx, {"item_id": str(told.item_id)}),
        )
        return {"item_id": str(told.item_id)}

    return answer


def test_a_repeat_after_the_process_died_with_its_answer_gets_that_answer(
    safehold: Installation, actor: Actor
) -> None:
    scan = scanning(safehold, actor)

    def dies_before_it_answers(settle: Settle) -> Answer:
        scan(settle)
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

    def dawdles(settle: Settle) -> Answer:
        taken_over.append(asked(safehold, actor, scan, later=timedelta(minutes=2)))
        return scan(settle)

    assert [asked(safehold, actor, dawdles)] == taken_over
    assert (safehold.counts()["item"], safehold.counts()["hold"]) == (1, 1)
    assert safehold.open_sealed(taken_over[0]["item_id"]) == altered_copy(1)
