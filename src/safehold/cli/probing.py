"""`safehold probing`: who came near the edge of a list in the last 24 hours."""

from __future__ import annotations

import sys
from typing import Annotated
from uuid import UUID

import typer


def probing(
    account: Annotated[
        str | None,
        typer.Option(
            "--account", help="Name the line of this account, as the platform names it; with --key."
        ),
    ] = None,
    key: Annotated[
        UUID | None, typer.Option("--key", help="The key that the account's uploads come by.")
    ] = None,
) -> None:
    """Print who came near a list, the most often first. Accounts are digests: ask for one by --account."""
    from safehold.app import probing as calls
    from safehold.app.home import open_home
    from safehold.cli.opening import operator, settings
    from safehold.model.ids import KeyId

    if account is not None:
        if key is None:
            raise typer.BadParameter("--account needs --key: digests are kept apart for each key.")
        secret = open_home(settings()).request_secret()
        asked = calls.whose_calls(secret, KeyId(key), account)[-1]
        sys.stdout.write(f"{calls.subject_of(asked)}\n")
        return
    with operator() as opened, opened.database.begin() as tx:
        found = calls.of_last_day(tx, now=opened.clock())
    if not found:
        sys.stderr.write("Nobody came near a list in the last 24 hours.\n")
    for whose, close in found.items():
        by = f" by key:{whose.key_id}" if whose.key_id and not whose.is_key else ""
        sys.stdout.write(
            f"{calls.subject_of(whose)}{by}  {close.near_misses} near misses, {close.matches} matches\n"
        )
