"""`safehold config`: what is set."""

from __future__ import annotations

import json
import sys

import typer

app = typer.Typer(help="The settings.", no_args_is_help=True)


@app.command("show")
def show() -> None:
    """Print every setting, secrets blanked."""
    from safehold.cli.opening import settings

    sys.stdout.write(json.dumps(settings().redacted(), indent=2) + "\n")


@app.command("check")
def check() -> None:
    """Read every setting and try what can be tried without changing anything."""
    from safehold.app.settings_check import check as check_settings
    from safehold.cli.opening import settings

    read = settings()
    check_settings(read)
    sys.stdout.write(
        f"The settings hold: {len(read.surfaces)} surfaces, {len(read.webhooks)} webhooks,"
        f" data in {read.data_folder}.\n"
    )
