"""`safehold keys`: platforms' keys for the API."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(help="Keys with which platforms call the API, and the vault's own.", no_args_is_help=True)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    scopes: Annotated[
        list[str], typer.Option("--scope", help="What it may do, such as scan; may be given again.")
    ],
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="Ends after so many days.")] = 365,
) -> None:
    """Make a key and print its secret, once."""
    from safehold.app.access import keys
    from safehold.cli.opening import SHELL, operator
    from safehold.model.permissions import SCOPES

    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise typer.BadParameter(f"--scope takes {', '.join(sorted(SCOPES))}.")
    with operator() as opened, opened.database.begin() as tx:
        now = opened.clock()
        secret = keys.add_key(
            tx,
            name=name,
            scopes=frozenset(scope for scope in SCOPES if scope in scopes),
            actor=SHELL,
            now=now,
            expires_at=now + timedelta(days=days),
        )
    sys.stdout.write(f"{secret}\n")
    sys.stderr.write("This secret is not shown again.\n")


@app.command("list")
def list_() -> None:
    """Print every key with its end, without its secret."""
    from safehold.app.access import keys
    from safehold.cli.opening import operator, printable, shown

    with operator() as opened, opened.database.begin() as tx:
        for key in keys.list_keys(tx):
            state = "in use" if key.is_valid(opened.clock()) else "ended"
            if keys.ends_soon(key, now=opened.clock()):
                state = "ends soon"
            sys.stdout.write(
                f"{key.id}  {printable(key.name)}  {', '.join(sorted(key.scopes))}  {state}"
                f"  ends {shown(key.expires_at)}  last used {shown(key.last_used_at)}\n"
            )


@app.command("revoke")
def revoke(key_id: Annotated[UUID, typer.Argument(help="The key's id, from `keys list`.")]) -> None:
    """Take a key out of use at once."""
    from safehold.app.access import keys
    from safehold.cli.opening import SHELL, operator
    from safehold.model.ids import KeyId

    with operator() as opened, opened.database.begin() as tx:
        keys.revoke_key(tx, KeyId(key_id), actor=SHELL, now=opened.clock())
    sys.stdout.write("The key is revoked.\n")
