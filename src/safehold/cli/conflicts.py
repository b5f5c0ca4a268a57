"""`safehold conflicts`: who knows the person behind an account and is kept from its cases."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

app = typer.Typer(help="Conflicts of interest: who is kept from which account's cases.", no_args_is_help=True)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Who knows somebody.")],
    account: Annotated[str, typer.Option("--account", help="The account, as the platform names it.")],
) -> None:
    """Keep a person from every case of an account, also from those that are yet to come.

    Only a lead ends it, in the console, and never their own: the shell cannot show that it is somebody else.
    """
    from safehold.app.access import users
    from safehold.cli.opening import SHELL, operator, printable
    from safehold.review import conflicts

    with operator() as opened, opened.database.begin() as tx:
        of = users.find_user(tx, name).id
        conflicts.declare_about_account(tx, account, of=of, actor=SHELL, now=opened.clock())
    sys.stdout.write(f"{printable(name)} is kept from every case of that account.\n")


@app.command("list")
def list_() -> None:
    """Print every conflict that stands: who, and since when. Accounts are shown in the console alone."""
    from safehold.app.access import users
    from safehold.cli.opening import operator, printable, shown
    from safehold.review import conflicts

    with operator() as opened, opened.database.begin() as tx:
        people = users.names(tx)
        for conflict in conflicts.standing(tx):
            who = printable(people.get(conflict.user_id, "somebody"))
            sys.stdout.write(f"{conflict.id}  {who}  since {shown(conflict.declared_at)}\n")
