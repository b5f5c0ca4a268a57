"""`safehold evidence bundle`: evidence handed over by two people, and checked by whoever has it then."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from safehold.cli.exits import PARTLY
from safehold.cli.who import password_of, proved

if TYPE_CHECKING:
    from safehold.evidence.bundles import BundleRequest

app = typer.Typer(
    help="Hand evidence over: one person asks, another approves, then the bundle is made.",
    no_args_is_help=True,
)

_BUNDLE = typer.Argument(help="The request, by the id that `ask` printed.")
_AS = typer.Option(
    "--as",
    help="Who you are: an active person of the role legal. The password is asked for, or read from standard"
    " input.",
)


@app.command("ask")
def ask(
    items: Annotated[
        list[UUID],
        typer.Argument(help="Items by their ids, or a case by its id for all that is in it now."),
    ],
    to: Annotated[
        list[str],
        typer.Option("--to", help="A recipient's public key: age1…, or an SSH one; may be given again."),
    ],
    recipient: Annotated[str, typer.Option("--for", help="Who has the private key, in words.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What for, in words. No log holds them.")],
    as_name: Annotated[str, _AS],
    statement: Annotated[
        Path | None,
        typer.Option(
            "--statement", help="Write what a co-signer outside signs into this file; it must not exist yet."
        ),
    ] = None,
) -> None:
    """Ask that evidence be handed over. Somebody else approves it, within seven days."""
    from safehold.app.bundles import asking
    from safehold.cli.opening import operator

    with operator() as opened:
        actor = proved(opened, as_name)
        with opened.database.begin() as tx:
            asked = asking.ask(
                tx,
                items,
                recipients=to,
                recipient_name=recipient,
                purpose=purpose,
                actor=actor,
                now=opened.clock(),
            )
            if statement is not None:
                asking.write_statement(asked, statement)
    sys.stdout.write(f"{asked.id}  {len(asked.items)} items. It waits for a second person to approve it.\n")


@app.command("approve")
def approve(
    bundle: Annotated[UUID, _BUNDLE],
    as_name: Annotated[str | None, _AS] = None,
    signature: Annotated[
        Path | None,
        typer.Option("--signature", help="Where one person works: the co-signer's signature, in a file."),
    ] = None,
) -> None:
    """Agree to a hand-over, as a second person; see it with `list` before."""
    from safehold.app.bundles import asking
    from safehold.cli.opening import SHELL, operator
    from safehold.model.ids import BundleId
    from safehold.model.team import TeamSize

    if (as_name is None) is (signature is None):
        raise typer.BadParameter("say who you are with --as, or give a co-signer's --signature.")
    with operator() as opened:
        actor = SHELL if as_name is None else proved(opened, as_name)
        bundle_id, now = BundleId(bundle), opened.clock()
        with opened.database.begin() as tx:
            if signature is not None:
                signed = signature.read_bytes()
                asking.cosign(tx, bundle_id, signed, settings=opened.settings, actor=actor, now=now)
            else:
                size = TeamSize(opened.settings.team.size_policy)
                asking.approve(tx, bundle_id, size=size, actor=actor, now=now)
    sys.stdout.write("Approved. It can be made three times, until seven days after it was asked for.\n")


@app.command("decline")
def decline(bundle: Annotated[UUID, _BUNDLE], as_name: Annotated[str, _AS]) -> None:
    """Say no to a hand-over, or take back what you asked for."""
    from safehold.app.bundles import asking
    from safehold.cli.opening import operator
    from safehold.model.ids import BundleId

    with operator() as opened:
        actor = proved(opened, as_name)
        with opened.database.begin() as tx:
            asking.decline(tx, BundleId(bundle), actor=actor, now=opened.clock())
    sys.stdout.write("Declined.\n")


@app.command("make")
def make(
    bundle: Annotated[UUID, _BUNDLE],
    out: Annotated[
        Path, typer.Option("--out", help="The file to write, such as case.tar.age; it must not exist yet.")
    ],
    as_name: Annotated[str, _AS],
) -> None:
    """Make an approved bundle. The files are in the clear for the recipients alone, and here for nobody."""
    from safehold.app.bundles import making
    from safehold.cli.opening import settings
    from safehold.model.ids import BundleId

    made = making.make(settings(), BundleId(bundle), name=as_name, password=password_of(as_name), out=out)
    sys.stdout.write(f"{made.size_bytes} bytes written: {made.held} items with their bytes.\n")
    for why, count in sorted(made.not_held.items()):
        sys.stdout.write(f"{count} items without, not held: {why}\n")
    if made.stamped.failed is not None:
        sys.stdout.write(f"No time stamp: the server failed ({made.stamped.failed}).\n")


@app.command("list")
def list_() -> None:
    """Print what was asked for last: who, how much, for whom and what for, and where it stands."""
    from safehold.app.access import users
    from safehold.app.bundles import asking
    from safehold.cli.opening import operator, printable, shown

    with operator() as opened, opened.database.begin() as tx:
        people = users.names(tx)
        for asked in asking.newest(tx):
            who = printable(people.get(asked.asked_by, "somebody"))
            sys.stdout.write(
                f"{asked.id}  {_standing(asked)}  {len(asked.items)} items  asked by {who}"
                f" {shown(asked.asked_at)}\n"
                f"  for {printable(asked.recipient_name)}: {printable(asked.purpose)}\n"
                + "".join(f"  to {printable(each)}\n" for each in asked.recipients)
            )


@app.command("key")
def key() -> None:
    """Print the public key that inventories are signed with, and its fingerprint: tell recipients both."""
    from safehold.app.bundles import signing
    from safehold.app.home import open_home
    from safehold.cli.opening import settings

    public = open_home(settings()).bundles_key().public_key()
    sys.stdout.write(f"{signing.public_pem(public).decode('ascii')}SHA-256: {signing.fingerprint(public)}\n")


@app.command("verify")
def verify(
    folder: Annotated[Path, typer.Argument(help="Where the bundle was decrypted and unpacked.")],
    key: Annotated[
        Path | None,
        typer.Option("--key", help="The public key, as you were told it; else the one in the folder."),
    ] = None,
) -> int:
    """Check a bundle that was decrypted and unpacked. Needs no database, no settings and none of our keys."""
    from safehold.app.bundles import verifying
    from safehold.cli.opening import printable

    found = verifying.verify(folder, key=key)
    for problem in found.problems:
        sys.stdout.write(f"WRONG: {printable(problem)}\n")
    stamp = "a time stamp, which `openssl ts` checks" if found.has_stamp else "no time stamp"
    sys.stdout.write(
        f"{found.files} files, {found.held} items held, {found.not_held} not held, {found.records} records of"
        f" the log computed anew, {stamp}.\nKey, to be compared: {found.key}\n"
    )
    return PARTLY if found.problems else 0


def _standing(asked: BundleRequest) -> str:
    if asked.approved is None:
        return "waits"
    return f"approved, made {asked.made} times" if asked.approved else "declined"
