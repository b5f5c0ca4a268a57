"""The events page, from `safehold.model.events` and the reaction table."""

from __future__ import annotations

from dataclasses import fields

from reference_pages import markdown as md
from safehold.act.tell import TOLD_KINDS
from safehold.app.reactions import REACTIONS, WITHOUT_A_ROW
from safehold.model.events import EVENTS, Event

ABOUT = """\
What happens is recorded as an event: past tense, ids and policy labels only, never changed. An event
that sets the course of its item overtakes the steps of earlier ones: they end as `superseded` and do
nothing. The steps that follow are queued in the transaction that records the event. Kinds marked *told*
can be sent to [webhooks](../how-to/connect-a-platform.md)."""


def page() -> str:
    """Return the page."""
    return md.page(md.title("Events", "developers and platform engineers", ABOUT), _overview(), *_each())


def _overview() -> str:
    rows = [
        (md.code(kind), _steps(event), "yes" if kind in TOLD_KINDS else "") for kind, event in EVENTS.items()
    ]
    return md.table(("Event", "Steps that follow, in order", "Told"), rows)


def _steps(event: type[Event]) -> str:
    if event in WITHOUT_A_ROW:
        return "none; recorded and counted"
    return ", ".join(md.code(step) for step in REACTIONS[event])


def _each() -> list[str]:
    return [_one(kind, event) for kind, event in EVENTS.items()]


def _one(kind: str, event: type[Event]) -> str:
    rows = [(md.code(field.name), _type(str(field.type))) for field in fields(event)]
    course = " It sets the course of its item." if event.sets_course else ""
    head = f"## `{kind}`\n\n{md.paragraphs(event.__doc__)}{course} Version {event.version}.\n"
    return md.page(head, md.table(("Field", "Kind"), rows))


def _type(written: str) -> str:
    if written == "datetime":
        return "instant, UTC"
    many = written.startswith("tuple[")
    name = written.removeprefix("tuple[").partition(",")[0].partition(" |")[0]
    plain = {"str": "text", "bool": "true or false", "int": "whole number"}
    text = plain.get(name, "id" if name.endswith("Id") else md.code(name))
    text = f"list of {text}s" if many else text
    return f"{text}, or none" if "None" in written else text
