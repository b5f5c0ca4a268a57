"""The policy text beside the form: named by what was filed, kept as it was, and never swapped unseen."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg.errors import InsufficientPrivilege

from safehold.model.errors import Conflict, NotFound
from safehold.review import policy

OWN = policy.parse('about = "Ours."\n[questions]\nsex = "As they appear."')


def test_a_text_that_was_used_can_be_read_as_it_was_long_after_it_was_replaced(room: Any) -> None:
    with room.begin() as tx:
        version = policy.used(tx, OWN, shown=OWN.version, now=room.now)
        policy.used(tx, OWN, shown=OWN.version, now=room.later(days=1))
        policy.used(tx, policy.default(), shown=policy.default().version, now=room.later(days=2))
        told = policy.kept(tx, version)
    assert (told.about, told.questions) == ("Ours.", {"sex": "As they appear."})
    [row] = room.sql("select first_used_at from policy_text where version = :version", version=version)
    assert row.first_used_at == room.now


def test_a_form_that_showed_another_text_is_not_filed(room: Any) -> None:
    with room.begin() as tx, pytest.raises(Conflict):
        policy.used(tx, policy.default(), shown=OWN.version, now=room.now)
    assert room.sql("select 1 from policy_text") == []


def test_a_text_that_was_never_used_is_not_there(room: Any) -> None:
    with room.begin() as tx, pytest.raises(NotFound):
        policy.kept(tx, "forms-2-000000000000")


def test_no_role_of_the_program_may_change_a_text_that_was_used(room: Any) -> None:
    with room.begin() as tx:
        policy.used(tx, OWN, shown=OWN.version, now=room.now)
    for role in ("safehold_app", "safehold_console", "safehold_worker"):
        with room.begin() as tx:
            tx.driver.execute("select set_config('role', %s, true)", (role,))
            with pytest.raises(InsufficientPrivilege):
                tx.driver.execute("update policy_text set source = 'other'")
