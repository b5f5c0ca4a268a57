"""The page of the console's keys, from the table that the console itself is held to."""

from __future__ import annotations

from reference_pages import markdown as md
from safehold.web.console.keyboard import ALWAYS, CASE, OTHERS, Key, Keyed, forms

ABOUT = """\
Everything in the console works by keyboard. `Tab` moves to every control in the order of the page, and
`Enter` does what the filled button says, wherever no field is being written in. The keys below work
beside that, while no field is being written in. Each stands on its control, and `?` lists those of the
page that is open.

A capital letter is typed with Shift. Of two keys the second is pressed within a second and a half of the
first. Keys are found by the sign that they type, so they are the same on every layout of a keyboard.

Nothing is taken from the browser or from a screen reader: what is pressed together with Ctrl, Alt, the
system's key or a screen reader's own goes to them, with one exception, `Ctrl` `K`. While a screen reader
reads (its browse mode), letters are its own as well; its own way of passing keys on reaches those of the
console, and every one of them is also a control. Whoever dictates, or often touches a key by accident,
switches the keys off in the list that `?` opens (it is also a button in the bar): then `Tab`, `Enter`,
`Escape` and `Ctrl` `K` go on working, and no letter does anything."""


def page() -> str:
    """Return the page."""
    return md.page(
        md.title("Keys of the console", "analysts and leads", ABOUT),
        *(_section(each) for each in (ALWAYS, CASE, *forms(), *OTHERS)),
    )


def _section(keyed: Keyed) -> str:
    rows = [(_caps(each), "; or ".join(each.does) + (" (held)" if each.held else "")) for each in keyed.keys]
    return f"## {keyed.name}\n\n" + md.table(("Key", "What it does"), rows)


def _caps(key: Key) -> str:
    return " ".join(md.code(_cap(part)) for part in key.key.split())


def _cap(part: str) -> str:
    *held, last = part.split("+")
    return " ".join(each.capitalize() for each in [*held, last])
