"""`safehold users`: people who sign in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from safehold.model.permissions import Role

app = typer.Typer(help="People who sign in to the console.", no_args_is_help=True)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The name to sign in with.")],
    roles: Annotated[list[Role], typer.Option("--role", help="What this person is; may be given again.")],
) -> None:
    """Add a person. The password comes from standard input; at a terminal one is made and shown once."""
    from safehold.app.access import users
    from safehold.cli.opening import SHELL, operator, printable

    password, is_new = _password()
    with operator() as opened, opened.database.begin() as tx:
        users.add_user(
            tx, name=name, password=password, roles=frozenset(roles), actor=SHELL, now=opened.clock()
        )
    sys.stdout.write(
        f"{printable(name)} may sign in.\n" + (f"Password, shown once: {password}\n" if is_new else "")
    )


@app.command("password")
def set_password(name: Annotated[str, typer.Argument(help="Whose password.")]) -> None:
    """Give a person a new password, read or made as for `add`; all their sessions end."""
    from safehold.app.access import users
    from safehold.cli.opening import SHELL, operator

    password, is_new = _password()
    with operator() as opened, opened.database.begin() as tx:
        users.set_password(tx, name=name, password=password, actor=SHELL, now=opened.clock())
    sys.stdout.write("The password is changed.\n" + (f"Shown once: {password}\n" if is_new else ""))


@app.command("disable")
def disable(name: Annotated[str, typer.Argument(help="Who is shut out.")]) -> None:
    """Shut a person out at once."""
    from safehold.app.access import users
    from safehold.cli.opening import SHELL, operator, printable

    with operator() as opened, opened.database.begin() as tx:
        users.disable_user(tx, name=name, actor=SHELL, now=opened.clock())
    sys.stdout.write(f"{printable(name)} is shut out.\n")


@app.command("list")
def list_() -> None:
    """Print everybody and their roles."""
    from safehold.app.access import users
    from safehold.cli.opening import operator, printable, shown

    with operator() as opened, opened.database.begin() as tx:
        for user in users.list_users(tx):
            state = f"shut out since {shown(user.disabled_at)}" if user.disabled_at else "active"
            sys.stdout.write(f"{printable(user.name)}  {', '.join(sorted(user.roles))}  {state}\n")


def _password() -> tuple[str, bool]:
    """Return a password and whether it was made here."""
    from safehold.app.access.passwords import new_password

    if sys.stdin is None or sys.stdin.isatty():
        return new_password(), True
    given = sys.stdin.readline().rstrip("\n")
    return (given, False) if given else (new_password(), True)
