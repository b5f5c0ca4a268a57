"""Ids made in bulk are like those made one by one."""

from __future__ import annotations

from uuid import UUID

from safehold.model.ids import new_id, new_ids


def test_ids_made_in_bulk_are_of_version_7_distinct_and_of_this_moment() -> None:
    before, made, after = new_id(), [UUID(bytes=raw) for raw in new_ids(1000)], new_id()
    assert len(set(made)) == 1000
    assert {(each.version, each.variant) for each in made} == {(7, before.variant)}
    assert {each.int >> 80 for each in made} <= set(range(before.int >> 80, (after.int >> 80) + 1))
    assert len({each.int >> 80 for each in made}) == 1


def test_every_bit_that_is_not_fixed_is_random() -> None:
    made = [int.from_bytes(raw) for raw in new_ids(1000)]
    ever_one, always_one = 0, (1 << 128) - 1
    for each in made:
        ever_one |= each
        always_one &= each
    random = (1 << 80) - 1 ^ 0xF << 76 ^ 0b11 << 62
    assert ever_one & random == random
    assert always_one & random == 0
