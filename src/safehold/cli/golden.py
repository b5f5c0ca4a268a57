"""`safehold golden`: harmless pictures with a known answer, which analysts meet now and then."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from safehold.cli.exits import PARTLY

if TYPE_CHECKING:
    from safehold.review.golden import GoldenItem

app = typer.Typer(help="Golden items: harmless pictures with a known answer.", no_args_is_help=True)


class Purposes(StrEnum):
    """In which cases they are met."""

    CSAM = "csam"
    INTIMATE_IMAGES = "intimate_images"
    OWN_TERMS = "own_terms"


class Expected(StrEnum):
    """What the right answer is."""

    NOT_ILLEGAL = "not_illegal"
    OUT_OF_REMIT = "out_of_remit"


@app.command("add")
def add(
    files: Annotated[list[Path], typer.Argument(help="Harmless pictures that you have looked at yourself.")],
    surface: Annotated[str, typer.Option("--surface", help="Where they are said to have appeared.")],
    purpose: Annotated[
        Purposes, typer.Option("--purpose", help="In which cases they are met.")
    ] = Purposes.CSAM,
    expect: Annotated[Expected, typer.Option("--expect", help="The right answer.")] = Expected.NOT_ILLEGAL,
) -> int:
    """Load harmless pictures that are easily taken for something else. What a list knows is refused."""
    from safehold.app import golden_loading
    from safehold.app.program import open_program
    from safehold.cli.opening import SHELL, printable, settings
    from safehold.model.assessment import Finding
    from safehold.model.errors import InvalidInput, Refused, UnknownSurface
    from safehold.model.hash_list import Purpose

    known = settings()
    declared = known.surface(surface)
    if declared is None:
        raise UnknownSurface()
    if declared.rehearsal:
        raise Refused("A rehearsal has no golden items.", advice="Name a surface that is none.")
    left_out = 0
    with open_program(known, surfaces=frozenset({"api", "worker"})) as program:
        for file in files:
            try:
                item_id = golden_loading.load(
                    program,
                    file.read_bytes(),
                    surface=surface,
                    purpose=Purpose(purpose.value),
                    expected=Finding(expect.value),
                    actor=SHELL,
                )
            except (InvalidInput, Refused) as error:
                left_out += 1
                sys.stderr.write(f"{printable(file)}: left out. {error.what}\n")
            else:
                sys.stdout.write(f"{item_id}  {printable(file)}\n")
    return PARTLY if left_out else 0


@app.command("list")
def list_() -> None:
    """Print every golden item: its id, until when it is offered, and how many people met it. No answers."""
    from safehold.cli.opening import operator, shown
    from safehold.review import golden

    with operator() as opened, opened.database.begin() as tx:
        now = opened.clock()
        for one in golden.listed(tx):
            sys.stdout.write(
                f"{one.item_id}  {one.purpose.value}  expected {one.expected.value}  {_state(one, now)}"
                f" {shown(one.until)}  met by {one.met}, answered by {one.answered}\n"
            )


@app.command("retire")
def retire(item: Annotated[UUID, typer.Argument(help="The item, as `golden list` names it.")]) -> None:
    """Offer an item to nobody any more. The next sweep destroys its bytes; what was answered stays."""
    from safehold.app import golden_loading
    from safehold.cli.opening import SHELL, operator
    from safehold.model.ids import ItemId

    with operator() as opened:
        golden_loading.retire(opened.database, ItemId(item), actor=SHELL, now=opened.clock())
    sys.stdout.write("It is offered to nobody any more.\n")


def _state(one: GoldenItem, now: datetime) -> str:
    return "offered until" if one.until > now else "over since"
