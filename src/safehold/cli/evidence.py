"""`safehold evidence`: what is kept, the sweep that ends it, and bytes that leave."""

from __future__ import annotations

import sys
from typing import Annotated
from uuid import UUID

import typer

from safehold.cli import bundles, evidence_ledger, evidence_orders
from safehold.cli.exits import PARTLY

app = typer.Typer(help="Sealed evidence: what is kept, until when.", no_args_is_help=True)
app.add_typer(bundles.app, name="bundle")
app.command("hold")(evidence_orders.hold)
app.command("release")(evidence_orders.release)
app.command("destroy-order")(evidence_orders.destroy_order)
app.command("clocks")(evidence_ledger.clocks)
app.command("ledger")(evidence_ledger.ledger)
app.command("forecast")(evidence_ledger.forecast)


@app.command("sweep")
def sweep(
    acknowledge: Annotated[
        bool,
        typer.Option(
            "--acknowledge", help="Acknowledge the alarm destruction_waits, on record, where it stands."
        ),
    ] = False,
    rehearsal: Annotated[
        bool,
        typer.Option(
            "--rehearsal",
            help="For a drill: destroy also what came on rehearsal surfaces, for test lists alone.",
        ),
    ] = False,
) -> None:
    """Destroy what is due now instead of waiting for the next sweep."""
    from safehold.app.program import open_program
    from safehold.app.wiring import sweep_now
    from safehold.cli.opening import SHELL, settings

    with open_program(settings(), surfaces=frozenset({"worker"})) as program:
        done, left = sweep_now(
            program,
            acknowledged_by=SHELL if acknowledge else None,
            rehearsals_by=SHELL if rehearsal else None,
        )
    sys.stdout.write(
        f"{len(done.destroyed)} objects destroyed, {left.leftovers} leftovers deleted,"
        f" {len(done.alarms)} newly undecided for too long.\n"
    )
    if left.strangers or left.strangers_kept:
        sys.stdout.write(
            f"No record names {left.strangers} of the deleted ones, nor {left.strangers_kept} that were left"
            " alone.\n"
        )


@app.command("remake-signals")
def remake_signals(
    media: Annotated[UUID | None, typer.Option("--media", help="One media, by its id.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything that people have confirmed.")] = False,
) -> int:
    """Take the signals of confirmed media anew: opened by the reader, read by a confined decoder."""
    from safehold.app.reader import orders
    from safehold.cli.opening import settings
    from safehold.model.ids import MediaId

    if (media is None) is not all_:
        raise typer.BadParameter("name one with --media, or take --all.")
    failures = 0
    for remade in orders.remake_signals(settings(), MediaId(media) if media else None):
        failures += remade.failed is not None
        said = remade.failed or f"{remade.signals} signals"
        sys.stdout.write(f"{remade.media_id}  {said}\n")
        sys.stdout.flush()
    return PARTLY if failures else 0
