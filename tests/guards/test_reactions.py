"""The reaction table is the whole story: the document shows it, each step is real, nothing is forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from safehold.app.program import Program
from safehold.app.reactions import REACTIONS, WITHOUT_A_ROW
from safehold.app.settings import Settings
from safehold.app.wiring import handlers
from safehold.model.events import EVENTS

ARCHITECTURE = Path(__file__).parents[2] / "ARCHITECTURE.md"
ROW = re.compile(r"^\| `(?P<kind>[a-z_]+)` \| (?P<steps>[^|]+) \|", re.MULTILINE)


def wired() -> dict[str, Callable[..., Any]]:
    """Return the handlers of a program of which only the settings are there."""
    program = SimpleNamespace(
        recorder=SimpleNamespace(record=None), settings=Settings.model_construct(), destinations=()
    )
    return dict(handlers(cast("Program", program)))


def told(text: str) -> dict[str, tuple[str, ...]]:
    """Return the flow table of a document: the steps of each event, in order."""
    table = text.split("<!-- flow -->")[1]
    return {row["kind"]: tuple(re.findall(r"`([a-z_.]+)`", row["steps"])) for row in ROW.finditer(table)}


def test_the_architecture_opens_with_the_table_as_it_is() -> None:
    expected = {event.kind: steps for event, steps in REACTIONS.items()}
    expected |= {event.kind: () for event in WITHOUT_A_ROW}
    assert told(ARCHITECTURE.read_text(encoding="utf-8")) == expected


def test_every_step_of_the_table_has_a_handler_and_every_handler_a_row() -> None:
    steps = {step for steps in REACTIONS.values() for step in steps}
    assert steps == set(wired())


def test_no_event_leads_to_the_same_step_twice() -> None:
    assert [event.kind for event, steps in REACTIONS.items() if len(set(steps)) != len(steps)] == []


def test_exactly_these_events_have_no_row() -> None:
    without = {event.kind for event in EVENTS.values() if event not in REACTIONS}
    assert without == {"case_opened"}
    assert without == {event.kind for event in WITHOUT_A_ROW}


def test_every_event_of_the_table_is_registered() -> None:
    assert {event for event in REACTIONS if EVENTS.get(event.kind) is not event} == set()


def test_a_step_is_named_after_the_room_that_does_it() -> None:
    assert {step.partition(".")[0] for step in wired()} <= {
        "app",
        "act",
        "authorities",
        "detect",
        "review",
        "evidence",
    }
