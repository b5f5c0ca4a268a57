"""`safehold audit`: is the log what was written, who else vouches for it, and a copy for others to check."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from safehold.app.audit.anchors.base import Anchor, Head
    from safehold.app.audit.claims import Asked
    from safehold.app.audit.proof import Causes, Proof
    from safehold.app.audit.verify import Verdict
    from safehold.app.settings import Settings

app = typer.Typer(help="The audit log.", no_args_is_help=True)

_DAY = "%Y-%m-%d"
_CALLED = {
    "hold": "holds",
    "finding": "findings",
    "removal": "removals",
    "account_action": "measures on accounts",
    "told": "requests to platforms",
    "urgent_report": "reports of a risk to life",
    "authority_report": "reports to authorities",
    "hand_over": "hand-overs of evidence",
    "part": "parts of people in cases",
    "closed_case": "closed cases",
}


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


@app.command("causes")
def causes(
    first: Annotated[
        datetime | None, typer.Option("--from", formats=[_DAY], help="The first day, in UTC. Default: all.")
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=[_DAY], help="The last day, in UTC. Default: until now."),
    ] = None,
) -> int:
    """Count what was held, found, removed, told or closed, and what is behind it: people, lists, policies.

    Exit code 74 where no decision is on record behind an act: then a machine is its only cause, or the tables
    were changed past Safehold. The ids of such acts are printed, and nothing else of them.
    """
    from safehold.app.audit.proof import prove
    from safehold.cli.exits import EXIT_CODES
    from safehold.cli.opening import SHELL, operator
    from safehold.model.errors import Damaged

    begins = first.replace(tzinfo=UTC) if first else None
    ends = last.replace(tzinfo=UTC) + timedelta(days=1) if last else None
    if begins and ends and ends <= begins:
        raise typer.BadParameter("--to is before --from.")
    with operator() as opened:
        proof = prove(opened.database, begins=begins, ends=ends or opened.clock(), actor=SHELL)
    _report_causes(proof)
    return EXIT_CODES[Damaged] if proof.without else 0


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


def _report_causes(proof: Proof) -> None:
    from safehold.cli.opening import shown

    begins = shown(proof.begins) if proof.begins else "the first record"
    sys.stdout.write(f"From {begins} to {shown(proof.ends)}:\n")
    for each in proof.causes:
        sys.stdout.write(f"  {_CALLED[each.act.value]:<28}{each.acts:>8,}{_behind(each)}\n")
    for each in proof.causes:
        for act_id in each.shown:
            sys.stdout.write(f"{each.act.value} {act_id}: no decision is on record behind it\n")
        if each.without > len(each.shown):
            sys.stdout.write(f"{each.act.value}: {each.without - len(each.shown):,} more\n")
    sys.stdout.write(f"{proof.acts:,} acts looked at; the only cause of {proof.without:,} is a machine.\n")
    if not proof.acts:
        sys.stdout.write("Nothing was done in this time, so this proves nothing.\n")


def _behind(each: Causes) -> str:
    counted = {
        "people": each.by_people,
        "entries of lists": each.by_list,
        "a policy of yours, after people": each.by_policy,
        "nobody": each.without,
    }
    said = ", ".join(f"{many:,} by {who}" for who, many in counted.items() if many)
    return f"  {said}" if said else ""


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
