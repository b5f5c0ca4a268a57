"""`safehold stats compliance`: what a platform declares of itself, against what codes ask."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from safehold.prevent.declared import Unmet


class Form(StrEnum):
    """How it is printed."""

    TEXT = "text"
    JSON = "json"


def compliance(
    child_defaults: Annotated[
        Path,
        typer.Option("--child-defaults", help="What a platform does for children by default: TOML or JSON."),
    ],
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy", help="A policy for child accounts. Default: the one that Safehold comes with."
        ),
    ] = None,
    output: Annotated[
        Form, typer.Option("--format", help="text, or json: one object a line for each measure.")
    ] = Form.TEXT,
) -> int:
    """Print each measure that declared defaults for children do not meet, with its id.

    Ends with 0 where all are met, with 73 where one is not, with 71 where a file is not what it should be,
    with 72 where there is none. Needs no database, and keeps nothing.
    """
    from safehold.cli.exits import UNMET
    from safehold.prevent import declared, policy_table

    table = policy_table.default() if policy is None else policy_table.parse(_text(policy))
    found = declared.unmet(table, declared.parse(_text(child_defaults)))
    for each in found:
        sys.stdout.write(_line(each) if output is Form.TEXT else _object(each))
    if output is Form.TEXT:
        sys.stdout.write(f"{len(found)} not met, by policy {table.version} of {table.date}.\n")
    return UNMET if found else 0


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
