"""`safehold db`: set up and upgrade the records."""

from __future__ import annotations

import sys

import typer

app = typer.Typer(help="The database: set up, upgrade.", no_args_is_help=True)


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
