"""`safehold stats compliance`: packs for regulators, and what a platform declares against what codes ask."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from safehold.prevent.child_policy import PolicyTable
    from safehold.prevent.declared import Unmet

_DAY = "%Y-%m-%d"


class Form(StrEnum):
    """How it is printed."""

    TEXT = "text"
    JSON = "json"


class PackChoice(StrEnum):
    """The packs there are."""

    OFCOM = "ofcom"
    HASH_REVIEW = "hash-review"
    FILINGS = "filings"
    DSA = "dsa"


def compliance(
    child_defaults: Annotated[
        Path | None,
        typer.Option("--child-defaults", help="What a platform does for children by default: TOML or JSON."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy", help="A policy for child accounts. Default: the one that Safehold comes with."
        ),
    ] = None,
    output: Annotated[
        Form, typer.Option("--format", help="text, or json: one object a line for each measure.")
    ] = Form.TEXT,
    pack: Annotated[
        PackChoice | None, typer.Option("--pack", help="Write a signed pack of a period that is over.")
    ] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=[_DAY], help="The first day of the pack.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=[_DAY], help="The last day of the pack.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder that the pack is written into.")
    ] = None,
) -> int:
    """Write a pack for a regulator, or print each measure that declared defaults do not meet, with its id.

    With --child-defaults alone: ends with 0 where all are met, with 73 where one is not, with 71 where a
    file is not what it should be, with 72 where there is none; needs no database, and keeps nothing. With
    --pack: says what the check of the audit log found, and ends with 74 where that is not as it was written.
    Nothing is sent.
    """
    if pack is not None:
        if first is None or last is None or out is None:
            raise typer.BadParameter("--pack needs --from, --to and --out.")
        declared = None if child_defaults is None else _unmet(child_defaults, policy)[0]
        return _write(pack, (first, last), out, declared)
    if child_defaults is None:
        raise typer.BadParameter("name a --pack, or a file with --child-defaults.")
    found, against = _unmet(child_defaults, policy)
    return _print(found, against, output)


def _unmet(path: Path, policy: Path | None) -> tuple[list[Unmet], PolicyTable]:
    from safehold.prevent import declared, policy_table

    table = policy_table.default() if policy is None else policy_table.parse(_text(policy))
    return list(declared.unmet(table, declared.parse(_text(path)))), table


def _print(found: list[Unmet], table: PolicyTable, output: Form) -> int:
    from safehold.cli.exits import UNMET

    for each in found:
        sys.stdout.write(_line(each) if output is Form.TEXT else _object(each))
    if output is Form.TEXT:
        sys.stdout.write(f"{len(found)} not met, by policy {table.version} of {table.date}.\n")
    return UNMET if found else 0


def _write(name: PackChoice, days: tuple[datetime, datetime], out: Path, unmet: list[Unmet] | None) -> int:
    from safehold.app import packs
    from safehold.cli.opening import SHELL, operator
    from safehold.model.figure_errors import PackDoubtful
    from safehold.transparency.packs.declared import PackName
    from safehold.transparency.packs.pack import Period

    folder = out.absolute()
    with operator() as opened:
        period = Period(days[0].date(), days[1].date(), opened.settings.transparency.zone)
        made = packs.make(opened, PackName(name.value), period, folder, unmet=unmet, actor=SHELL)
    for said in made.audit:
        sys.stdout.write(f"{said}\n")
    sys.stdout.write(f"The pack is in {folder}: begin with index.html. Nothing was sent.\n")
    if not made.whole:
        raise PackDoubtful("The records of the period are not as they were written.")
    return 0


def _text(path: Path) -> str:
    from safehold.model.errors import BadForm, NotFound

    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise BadForm("The file is not UTF-8 text.") from None
    except FileNotFoundError:
        raise NotFound("There is no such file.") from None


def _line(each: Unmet) -> str:
    from safehold.cli.opening import printable

    if each.surface is None:
        return f"{each.measure}  moment {each.feature}: no words that help are declared\n"
    whom = "a connected account" if each.connected else "anybody else"
    said = each.declared.value if each.declared else "nothing"
    asked = each.asked.value if each.asked else ""
    return (
        f"{each.measure}  {printable(each.surface)}  {each.feature}, {whom}, ages"
        f" {', '.join(each.ages)}: declared {said}, asked {asked} ({each.reason})\n"
    )


def _object(each: Unmet) -> str:
    said = {
        "measure": each.measure,
        "surface": each.surface,
        "feature": each.feature,
        "connected": each.connected,
        "ages": list(each.ages),
        "declared": each.declared,
        "asked": each.asked,
        "reason": each.reason,
    }
    return json.dumps(said) + "\n"
