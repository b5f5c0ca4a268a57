"""`safehold audit`: is the log what was written?"""

from __future__ import annotations

import sys

import typer

app = typer.Typer(help="The audit log.", no_args_is_help=True)


@app.command("verify")
def verify() -> int:
    """Recompute the whole chain. Exit code 74 when anything is not what was written."""
    from safehold.app.audit.verify import verify as verify_chain
    from safehold.cli.exits import EXIT_CODES
    from safehold.cli.opening import operator, shown
    from safehold.model.errors import Damaged

    with operator() as opened:
        verdict = verify_chain(opened.database)
        now = opened.clock()
    for found in verdict.breaks:
        sys.stdout.write(f"link {found.seq}: {found.what}\n")
    sys.stdout.write(
        f"{verdict.links} links read, {len(verdict.breaks)} broken;"
        f" {verdict.waiting} records wait for their link; {verdict.erased} personal rows erased.\n"
        f"Head of the chain: {verdict.head.hex()}\n"
    )
    if verdict.oldest_unanchored is not None:
        days = (now - verdict.oldest_unanchored).days
        sys.stdout.write(
            f"Unanchored since {shown(verdict.oldest_unanchored)} ({days} days): whoever owns the database"
            " could rewrite it from there on. Keep the head of the chain elsewhere.\n"
        )
    return 0 if verdict.intact else EXIT_CODES[Damaged]
