"""Events survive being stored, and never carry more than ids, labels and numbers."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, get_args, get_type_hints
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.events import EVENTS, Event, from_fields, to_fields
from safehold.model.ids import new_id

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def value_for(hint: Any) -> st.SearchStrategy[Any]:
    if (inner := [arg for arg in get_args(hint) if arg not in (type(None), ...)]) and type(None) in get_args(
        hint
    ):
        return st.none() | value_for(inner[0])
    if inner:
        return st.lists(value_for(inner[0]), min_size=1, max_size=3).map(tuple)
    plain = getattr(hint, "__supertype__", hint)
    if plain is UUID:
        return st.uuids()
    if issubclass(plain, StrEnum):
        return st.sampled_from(list(plain))
    return {bool: st.booleans(), int: st.integers(0, 2**40), str: st.text(max_size=20)}[plain]


def events() -> st.SearchStrategy[Event]:
    def build(kind: type[Event]) -> st.SearchStrategy[Event]:
        hints = get_type_hints(kind)
        names = [field.name for field in dataclasses.fields(kind) if field.name != "at"]
        return st.builds(kind, at=st.just(NOON), **{name: value_for(hints[name]) for name in names})

    return st.sampled_from(sorted(EVENTS.values(), key=lambda kind: kind.kind)).flatmap(build)


@given(events())
def test_an_event_read_back_from_json_is_the_event_that_was_stored(event: Event) -> None:
    stored = json.loads(json.dumps(to_fields(event)))

    assert from_fields(event.kind, event.at, stored) == event


def test_every_event_is_registered_under_its_own_kind() -> None:
    assert {kind: event.kind for kind, event in EVENTS.items()} == {kind: kind for kind in EVENTS}
    assert {event.__name__ for event in Event.__subclasses__()} == {
        event.__name__ for event in EVENTS.values()
    }


def test_a_kind_that_does_not_exist_cannot_be_read_back() -> None:
    with pytest.raises(KeyError):
        from_fields("item_forgotten", NOON, {})


@given(events())
def test_steps_of_one_item_share_one_lock_whatever_the_event(event: Event) -> None:
    if event.item is not None:
        assert event.lock == f"item:{event.item}"
    else:
        assert ":" in event.lock


def test_ids_sort_by_the_time_they_were_made_and_never_repeat() -> None:
    made = [new_id() for _ in range(2000)]

    milliseconds = [one.int >> 80 for one in made]
    assert milliseconds == sorted(milliseconds)
    assert len(set(made)) == len(made)
    assert {one.version for one in made} == {7}
