"""Who somebody at the shell says they are, proved by their password: for what takes a person, or two."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from safehold.app.operator import Operator
    from safehold.model.permissions import Actor

As = Annotated[
    str,
    typer.Option(
        "--as",
        help="Who you are: an active person who may. The password is asked for, or read from standard input.",
    ),
]


def proved(opened: Operator, name: str) -> Actor:
    """Return the person of this name, who gives their password now. Raises as `at_the_shell.proved` does."""
    from safehold.app.access import at_the_shell

    return at_the_shell.proved(opened.database, name=name, password=password_of(name), now=opened.clock())


def password_of(name: str) -> str:
    """Ask for a password at the terminal; else read a line of standard input."""
    if sys.stdin is not None and sys.stdin.isatty():
        from getpass import getpass

        from safehold.cli.opening import printable

        return getpass(f"Password of {printable(name)}: ")
    return sys.stdin.readline().rstrip("\n") if sys.stdin is not None else ""
