"""`safehold db`: set up and upgrade the records, copy them, and bring them back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

_WITHOUT = {
    "requests.key": (
        "A platform that repeats an earlier request is refused, and close calls of accounts are counted anew."
        " Put it back before anything is started."
    ),
    "sign-in.key": (
        "Authenticator apps and recovery codes are void; passkeys work. Put it back before anything is"
        " started, or run `safehold users reset-factors NAME` for whoever used them."
    ),
}

_UNVERIFIED = (
    "Nothing vouched for this backup: whoever changed it has run whatever they liked here, as the database's"
    " owner, and any record may be theirs. That it was loaded all the same is on record.\n"
)

app = typer.Typer(help="The database: set up, upgrade, back up, restore.", no_args_is_help=True)


@app.command("init")
def init() -> None:
    """Set up the records, embedded or where database.url says. Repeating it is harmless."""
    from safehold.app.operator import set_up
    from safehold.cli.opening import settings

    sys.stdout.write(f"The records are ready, at revision {set_up(settings())}.\n")


@app.command("upgrade")
def upgrade() -> None:
    """Bring the records up to what this program needs, and queue what new reactions ask for."""
    init()


@app.command("backup")
def backup(
    to: Annotated[Path, typer.Option("--to", help="Folder in which the backup gets a folder of its own.")],
    keys_to: Annotated[
        Path | None, typer.Option("--keys-to", help="Folder for the keys; else `keys` in the same folder.")
    ] = None,
) -> None:
    """Copy the records while everything runs, and apart from them the keys that open evidence."""
    from safehold.app.keeping.backup import back_up
    from safehold.cli.opening import SHELL, operator, printable

    with operator() as opened:
        made = back_up(opened, to, keys_to=keys_to, actor=SHELL)
    sys.stdout.write(
        f"The records are in {printable(made.folder)}: {made.counts['item']} items,"
        f" {made.counts['review_case']} cases, {made.counts['audit_record']} audit records.\n"
        f"The keys of {made.counts['wrapped_key']} sealed objects are in {printable(made.keys)}."
        " Keep them elsewhere, for 14 days at most.\n"
    )
    for name in made.ended:
        sys.stdout.write(f"{printable(name)} was older than 14 days and is deleted.\n")
    sys.stdout.write(
        "The evidence store and the vault's private key are not in it, nor is keys/backups.key, without which"
        " a restore refuses it: keep a copy of that apart from every backup.\n"
    )


@app.command("restore")
def restore(
    folder: Annotated[Path, typer.Option("--from", help="The backup's folder.")],
    keys_from: Annotated[
        Path | None, typer.Option("--keys-from", help="File of its keys; else where the backup put them.")
    ] = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Load no keys: no evidence can be opened then.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Move the records that are there aside, and load these.")
    ] = False,
    unverified: Annotated[
        bool,
        typer.Option(
            "--unverified",
            help="Load a backup that keys/backups.key does not vouch for, too: whoever changed it then runs"
            " whatever they like, as the database's owner.",
        ),
    ] = False,
) -> None:
    """Bring records back from a backup; what was destroyed since is destroyed again first."""
    from safehold.app.keeping.restore import restore as bring_back
    from safehold.cli.opening import SHELL, settings

    done = bring_back(
        settings(),
        folder,
        keys_from=keys_from,
        without_keys=without_keys,
        replace=replace,
        unverified=unverified,
        actor=SHELL,
    )
    sys.stdout.write(
        f"The records are those of {done.made_at}, at revision {done.revision}: {done.counts['item']} items,"
        f" {done.counts['review_case']} cases. What was recorded later is gone. Everybody signs in again.\n"
        f"{done.closed_again} objects were destroyed since, and are destroyed again.\n"
    )
    if done.missing:
        sys.stdout.write(
            f"{done.missing} objects on record are NOT in the evidence store here. Is it the right folder,"
            " and the newest copy? Bring it back and restore again: destructions are noted there, too.\n"
        )
    if done.strangers:
        sys.stdout.write(
            f"{done.strangers} objects in the evidence store are unknown to these records: they were sealed"
            " later. The sweep deletes them; copy the store first if a newer backup may turn up.\n"
        )
    sys.stdout.write(
        "The alarm destruction_waits stands: nothing is destroyed for a day, unless somebody acknowledges it"
        " before.\n"
    )
    if not done.verified:
        sys.stdout.write(_UNVERIFIED)
    if not done.with_keys:
        sys.stdout.write("No keys were loaded: no evidence can be opened.\n")
    for name in done.other_keys:
        sys.stdout.write(
            f"keys/{name} is not here, or is another than when the backup was made. {_WITHOUT[name]}\n"
        )
    if done.aside is not None:
        sys.stdout.write(
            f"What was here before is in the schema {done.aside} of the database, keys included. Drop it"
            " within 14 days (`safehold db drop-replaced`), or what is erased from now on lives on there.\n"
        )


@app.command("drop-replaced")
def drop_replaced(
    yes: Annotated[bool, typer.Option("--yes", help="Say that it is to be dropped, for good.")] = False,
) -> None:
    """Show the records that restores moved aside, and with --yes drop them, keys included."""
    from safehold.app.keeping import replaced
    from safehold.cli.opening import SHELL, settings, shown
    from safehold.model.errors import Refused

    found = replaced.drop(settings(), actor=SHELL) if yes else replaced.look(settings())
    for one in found:
        sys.stdout.write(
            f"{one.schema}, moved aside {shown(one.moved_at)}, {_in_megabytes(one.size_bytes)},"
            f" keys of {one.keys} sealed objects{': dropped' if yes else ''}.\n"
        )
    if not found:
        sys.stdout.write("No records lie aside.\n")
    elif not yes:
        sys.stdout.flush()
        raise Refused(
            "Dropping these records ends them for good.",
            kept="Nothing was dropped.",
            advice="Say --yes where the records that replaced them are whole.",
        )


def _in_megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:.1f} MB"
