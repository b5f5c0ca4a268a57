"""`safehold keywords`: lists of words that somebody may search for, in numbers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Lists of words that lead to a warning when somebody searches. What is on one is never shown.",
    no_args_is_help=True,
)
_Name = Annotated[str, typer.Argument(help="The list's name.")]


@app.command("load")
def load(
    name: _Name,
    file: Annotated[Path, typer.Argument(help="One word or phrase a line, UTF-8; nothing from # on.")],
    source: Annotated[str, typer.Option("--source", help="Where the list is from, and of which day.")],
) -> None:
    """Encrypt a list and keep it, in place of the one of this name. Destroy the file afterwards."""
    from safehold.cli.opening import SHELL, operator
    from safehold.model.errors import BadForm
    from safehold.prevent import keyword_lists, keywords

    try:
        words = keywords.read(file.read_text("utf-8"))
    except UnicodeDecodeError:
        raise BadForm("The file is not UTF-8 text.") from None
    with operator() as opened, opened.database.begin() as tx:
        found = keyword_lists.load(
            tx,
            name,
            words,
            source=source,
            secret=opened.home.request_secret(),
            actor=SHELL,
            now=opened.clock(),
        )
    sys.stdout.write(f"{found.words} words are on the list. They cannot be read back.\n")


@app.command("show")
def show() -> None:
    """Print counts and provenance of every list, never a word."""
    from safehold.cli.opening import operator, printable, shown
    from safehold.prevent import keyword_lists

    with operator() as opened, opened.database.begin() as tx:
        for each in keyword_lists.show(tx):
            sys.stdout.write(
                f"{each.name}  {each.words} words  {printable(each.source)}"
                f"  loaded {shown(each.loaded_at)} by {each.loaded_by}\n"
            )


@app.command("remove")
def remove(name: _Name) -> None:
    """Take a list away."""
    from safehold.cli.opening import SHELL, operator
    from safehold.prevent import keyword_lists

    with operator() as opened, opened.database.begin() as tx:
        keyword_lists.remove(tx, name, actor=SHELL, now=opened.clock())
    sys.stdout.write("The list is gone.\n")
