"""`safehold evidence`: what is kept, and the sweep that ends it."""

from __future__ import annotations

import sys

import typer

app = typer.Typer(help="Sealed evidence: what is kept, until when.", no_args_is_help=True)


@app.command("sweep")
def sweep() -> None:
    """Destroy what is due now instead of waiting for the next sweep."""
    from safehold.app.program import open_program
    from safehold.app.wiring import sweep_leftovers, sweep_retention
    from safehold.cli.opening import settings

    with open_program(settings(), surfaces=frozenset({"worker"})) as program:
        done = sweep_retention(program)
        left = sweep_leftovers(program)
    sys.stdout.write(
        f"{len(done.destroyed)} objects destroyed, {left.leftovers} leftovers deleted,"
        f" {len(done.alarms)} newly undecided for too long.\n"
    )
