"""The page on messages to platforms, from `safehold.act.message_fields`."""

from __future__ import annotations

from reference_pages import markdown as md
from safehold.act.message_fields import BY_TYPE
from safehold.model.events import EVENTS

ABOUT = """\
Each message is one POST in the form of Standard Webhooks: a JSON object with `type`, `timestamp` (an
instant, UTC) and `data`, signed, with a `webhook-id` that is the same on every attempt. [Connect a
platform](../how-to/connect-a-platform.md) shows how to check and answer one. Fields may be added, never
renamed."""


def page() -> str:
    """Return the page."""
    return md.page(md.title("Messages to platforms", "platform engineers", ABOUT), *_each())


def _each() -> list[str]:
    parts: list[str] = []
    for kind, of_data in BY_TYPE.items():
        parts.append(f"## `{kind}`\n\n{md.first_line(EVENTS[kind].__doc__)}\n")
        parts.append(
            md.table(
                ("Field of `data`", "Meaning"), [(md.code(name), said) for name, said in of_data.items()]
            )
        )
    return parts
