"""`safehold audit`: is the log what was written, who else vouches for it, and a copy for others to check."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from safehold.app.audit.anchors.base import Anchor, Head
    from safehold.app.audit.claims import Asked
    from safehold.app.audit.verify import Verdict
    from safehold.app.settings import Settings

app = typer.Typer(help="The audit log.", no_args_is_help=True)


@app.command("verify")
def verify(
    heads: Annotated[
        list[str] | None,
        typer.Option("--head", help="A head that somebody else kept, as LINK:HASH; may be repeated."),
    ] = None,
) -> int:
    """Recompute the whole chain and ask every anchor. Exit code 74 when anything is not what was written."""
    from safehold.app.audit.anchors.declared import declared
    from safehold.app.audit.verify import verify as verify_chain
    from safehold.cli.exits import EXIT_CODES
    from safehold.cli.opening import operator
    from safehold.model.errors import Damaged, Unavailable

    brought = [_head(text) for text in heads or ()]
    with operator() as opened:
        anchors = [each.anchor for each in declared(opened.settings)]
        verdict = verify_chain(opened.database, anchors=anchors, heads=brought)
        now = opened.clock()
        off = {name for name, each in opened.settings.audit.anchors.items() if not each.enabled}
    _report(verdict, now, off)
    if not verdict.intact:
        return EXIT_CODES[Damaged]
    return EXIT_CODES[Unavailable] if any(each.failure for each in verdict.anchors) else 0


@app.command("anchor")
def anchor(
    name: Annotated[
        str | None, typer.Argument(help="One anchor, also when it is off. Without: all on.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Try each one without anchoring anything.")] = False,
) -> int:
    """Set the head of the chain down outside, now. Exit code 75 when a place does not do what it is for."""
    from safehold.app.audit.anchoring import anchor_now
    from safehold.app.audit.sequencer import sequence
    from safehold.cli.exits import EXIT_CODES
    from safehold.cli.opening import operator
    from safehold.model.errors import SafeholdError, Unavailable

    failed = 0
    with operator() as opened:
        chosen = _chosen(opened.settings, name)
        sequence(opened.database, now=opened.clock())
        for each in chosen:
            try:
                if check:
                    words = each.try_out(now=opened.clock())
                else:
                    done = anchor_now(opened.database, each, clock=opened.clock)
                    words = f"link {done.head.seq}, {done.head.hash.hex()}: {done.words}"
            except SafeholdError as error:
                failed += 1
                words = f"failed: {error.what} {error.advice_now} [{error.code}]"
            sys.stdout.write(f"{each.name} ({each.kind}): {words}\n")
    return EXIT_CODES[Unavailable] if failed else 0


@app.command("export")
def export(
    to: Annotated[Path, typer.Option("--to", help="File to write; it must not exist yet.")],
) -> None:
    """Write the chain and its anchors as JSON Lines, without personal data, for others to check."""
    from safehold.app.audit.export import export as write
    from safehold.cli.opening import SHELL, operator

    with operator() as opened:
        links, anchors = write(opened.database, to, actor=SHELL, now=opened.clock())
    sys.stdout.write(f"{links} links and {anchors} anchors written.\n")


def _chosen(settings: Settings, name: str | None) -> list[Anchor]:
    from safehold.app.audit.anchors.declared import declared, made
    from safehold.model.errors import NotFound

    if name is None:
        chosen = [each.anchor for each in declared(settings)]
        if not chosen:
            raise NotFound(
                "No anchor is switched on.",
                advice="Declare one as audit.anchors.NAME, or name one that is off to try it.",
            )
        return chosen
    if name not in settings.audit.anchors:
        raise NotFound("No anchor of this name is declared.", advice="`safehold config show` lists them.")
    return [made(name, settings.audit.anchors[name], settings.audit.name)]


def _head(text: str) -> Head:
    from safehold.app.audit.anchors.base import Head
    from safehold.model.errors import BadForm

    if not re.fullmatch(r"[1-9][0-9]{0,17}:[0-9a-f]{64}", text):
        raise BadForm("A head is written LINK:HASH, such as 12:5f1c… with 64 hexadecimal characters.")
    seq, _, digest = text.partition(":")
    return Head(int(seq), bytes.fromhex(digest))


def _how(each: Asked, off: AbstractSet[str]) -> str:
    if not each.is_declared:
        why = "off" if each.name in off else "not in the settings"
        return f"{why}: its heads were compared, its receipts were not checked"
    if each.failure:
        return f"could not be asked [{each.failure}]"
    if not each.answers:
        return "who keeps them can tell: give one back with --head"
    return f"asked; {len(each.differences)} receipts do not fit" if each.differences else "asked"


def _report(verdict: Verdict, now: datetime, off: AbstractSet[str]) -> None:
    from safehold.cli.opening import printable, shown

    personal = "personal rows not compared"
    if verdict.erased is not None:
        personal = f"{verdict.erased} personal rows erased"
    for found in verdict.breaks:
        sys.stdout.write(f"link {found.seq}: {printable(found.what)}\n")
    sys.stdout.write(
        f"{verdict.links} links read, {len(verdict.breaks)} broken;"
        f" {verdict.waiting} records wait for their link; {personal}.\n"
    )
    for each in verdict.anchors:
        newest = f", the newest link {each.newest_seq} at {shown(each.newest_at)}" if each.checked else ""
        sys.stdout.write(
            f"Anchor {each.name} ({each.kind}): {each.checked} of {each.heads} heads found outside{newest};"
            f" {_how(each, off)}.\n"
        )
    sys.stdout.write(f"Head of the chain: {verdict.links}:{verdict.head.hex()}\n")
    if verdict.oldest_unanchored is not None:
        days = (now - verdict.oldest_unanchored).days
        sys.stdout.write(
            f"Unanchored since {shown(verdict.oldest_unanchored)} ({days} days): whoever owns the database"
            " could rewrite it from there on. Keep the head of the chain elsewhere.\n"
        )
