"""`safehold evidence hold`, `release`, `destroy-order`: what people order about evidence, with a reason."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from safehold.cli.who import proved

if TYPE_CHECKING:
    from safehold.app.operator import Operator
    from safehold.model.permissions import Actor
    from safehold.model.retention import Reach

ItemOrCase = Annotated[
    UUID,
    typer.Argument(
        help="The item, by the id that its case's page in the console shows, or a case, or a report to an"
        " authority: then all that lies in it, or that it tells of."
    ),
]
AsName = Annotated[
    str,
    typer.Option(
        "--as",
        help="Who you are: an active person of the role legal. The password is asked for, or read from"
        " standard input.",
    ),
]
_REASON = "A text file with who asks for it and why. It is kept beside it, and in no log."


def hold(
    item_or_case: ItemOrCase,
    reason_file: Annotated[Path, typer.Option("--reason-file", help=_REASON)],
    as_name: AsName,
) -> None:
    """Keep evidence without an end, until `release`. Of a case: what lies in it now.

    Of what came without bytes, and of what is destroyed, it keeps the record: where it appeared, messages,
    and the papers of each report that tells of it.
    """
    from safehold.app import evidence_orders
    from safehold.cli.opening import SHELL, operator

    reason = _text(reason_file)
    with operator() as opened:
        actor = proved(opened, as_name)
        with opened.database.begin() as tx:
            evidence_orders.admit(tx, actor, item_or_case)
            placed = evidence_orders.hold(
                tx, item_or_case, reason=reason, actor=actor, through=SHELL, now=opened.clock()
            )
    sys.stdout.write(f"Hold {placed.id} stands on {_listed_all(placed.reach)}.\n")
    for media_id in placed.without_bytes:
        sys.stdout.write(f"media:{media_id} has no bytes here: what is written of it is held.\n")
    if placed.against:
        sys.stdout.write(f"It stops the order to destroy {_listed(placed.against)}: a person is alarmed.\n")


def release(
    item_or_case: ItemOrCase,
    as_name: AsName,
    hold_id: Annotated[
        UUID | None, typer.Option("--hold", help="Which hold, where several stand on it.")
    ] = None,
) -> None:
    """Lift a legal hold. What is kept for no other reason is destroyed by the next sweep."""
    from safehold.app import evidence_orders
    from safehold.cli.opening import SHELL, operator, shown
    from safehold.evidence import ledger

    with operator() as opened:
        actor = proved(opened, as_name)
        with opened.database.begin() as tx:
            evidence_orders.admit(tx, actor, item_or_case)
            lifted = evidence_orders.release(
                tx, item_or_case, hold_id=hold_id, actor=actor, through=SHELL, now=opened.clock()
            )
            kept = ledger.kept(tx, lifted)
    for each in kept:
        until = each.until
        why = f"now kept as {until.rule.value}, until {shown(until.destroy_at)}" if until else "no bytes here"
        sys.stdout.write(f"{each.what}  lifted  {why}\n")


def destroy_order(
    item_or_case: ItemOrCase,
    as_name: AsName,
    reason_file: Annotated[
        Path | None, typer.Option("--reason-file", help=f"To ask for it. {_REASON}")
    ] = None,
    confirm: Annotated[
        UUID | None, typer.Option("--confirm", help="Confirm the order of this id, as somebody else.")
    ] = None,
    withdraw: Annotated[
        UUID | None, typer.Option("--withdraw", help="Withdraw the order of this id.")
    ] = None,
) -> None:
    """Destroy evidence on an authority's order: one person asks for it, another confirms it.

    The sweep then destroys the keys. A legal hold stops it until somebody lifts the hold. Where
    team.size_policy is single, the same person confirms it, a day later at the earliest.
    """
    from safehold.cli.opening import operator

    if sum(each is not None for each in (reason_file, confirm, withdraw)) != 1:
        raise typer.BadParameter("take one of --reason-file, --confirm and --withdraw.")
    reason = _text(reason_file) if reason_file is not None else ""
    with operator() as opened:
        actor = proved(opened, as_name)
        if reason_file is not None:
            _ask(opened, item_or_case, actor, reason)
        elif confirm is not None:
            _confirm(opened, item_or_case, actor, confirm)
        elif withdraw is not None:
            _withdraw(opened, item_or_case, actor, withdraw)


def _ask(opened: Operator, about: UUID, actor: Actor, reason: str) -> None:
    from safehold.app import evidence_orders
    from safehold.cli.opening import SHELL

    with opened.database.begin() as tx:
        evidence_orders.admit(tx, actor, about)
        asked = evidence_orders.ask_destruction(
            tx, about, reason=reason, actor=actor, through=SHELL, now=opened.clock()
        )
    sys.stdout.write(
        f"Order {asked.id} to destroy {_media(asked.media)} waits for somebody else:\n"
        f"  safehold evidence destroy-order {about} --confirm {asked.id} --as NAME\n"
    )
    if asked.against:
        sys.stdout.write(f"The hold {_listed(asked.against)} will stop it.\n")


def _confirm(opened: Operator, about: UUID, actor: Actor, order_id: UUID) -> None:
    from safehold.app import evidence_orders
    from safehold.cli.opening import SHELL
    from safehold.model.team import TeamSize

    with opened.database.begin() as tx:
        evidence_orders.admit(tx, actor, about)
        confirmed = evidence_orders.confirm_destruction(
            tx,
            about,
            order_id,
            size=TeamSize(opened.settings.team.size_policy),
            actor=actor,
            through=SHELL,
            now=opened.clock(),
        )
    if confirmed.against:
        sys.stdout.write(
            f"Order {order_id} is confirmed, and stopped: the hold {_listed(confirmed.against)} stands. A"
            " person is alarmed. Lift the hold, or withdraw the order.\n"
        )
    else:
        sys.stdout.write(
            f"Order {order_id} is confirmed: the next sweep destroys {_media(confirmed.media)}.\n"
        )


def _withdraw(opened: Operator, about: UUID, actor: Actor, order_id: UUID) -> None:
    from safehold.app import evidence_orders
    from safehold.cli.opening import SHELL

    with opened.database.begin() as tx:
        evidence_orders.admit(tx, actor, about)
        media = evidence_orders.withdraw_order(
            tx, about, order_id, actor=actor, through=SHELL, now=opened.clock()
        )
    sys.stdout.write(f"Order {order_id} is withdrawn: {_media(media)} stay as they were.\n")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise typer.BadParameter("the reason is no text in UTF-8.") from None


def _listed_all(reach: Reach) -> str:
    said = [_media(reach.media)] if reach.media else []
    if reach.records:
        said.append(f"the records of {len(reach.records)} items without bytes: {_listed(reach.records)}")
    return ", and ".join(said)


def _media(media: Sequence[UUID]) -> str:
    return f"{len(media)} media: {_listed(media)}"


def _listed(ids: Sequence[UUID]) -> str:
    return ", ".join(map(str, ids))
