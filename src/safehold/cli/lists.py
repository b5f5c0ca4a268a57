"""`safehold lists`: what is known."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from safehold.model.hash_list import DEFAULT_MAX_DISTANCE, HashList, Purpose

app = typer.Typer(help="Lists of known media: declare, load, show, withdraw.", no_args_is_help=True)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="A short name, such as northland.")],
    purpose: Annotated[Purpose, typer.Option("--purpose", help="What the list is for.")],
    provenance: Annotated[str, typer.Option("--provenance", help="Where it comes from, in your words.")] = "",
    max_distance: Annotated[
        int, typer.Option("--max-distance", help="Bits, inclusive, up to which a picture matches.")
    ] = DEFAULT_MAX_DISTANCE,
    hold_max_distance: Annotated[
        int | None,
        typer.Option("--hold-max-distance", help="Bits, inclusive, up to which it may hold. Default: 15."),
    ] = None,
    may_hold: Annotated[bool, typer.Option("--may-hold", help="Matches may hold an upload.")] = False,
    vetted: Annotated[
        bool, typer.Option("--vetted", help="A person here has checked its provenance.")
    ] = False,
    source: Annotated[
        str, typer.Option("--source", help="Who stands behind its entries; public on /transparency.")
    ] = "",
    needs_second_source: Annotated[
        bool,
        typer.Option("--needs-second-source", help="Hold only what a list of another source knows as well."),
    ] = False,
    needs_exact: Annotated[
        bool, typer.Option("--needs-exact", help="Compare nothing with it that was fingerprinted fast.")
    ] = False,
    match_turned: Annotated[
        bool, typer.Option("--match-turned", help="Rotated and mirrored pictures match too.")
    ] = False,
    stale_after: Annotated[
        int | None, typer.Option("--stale-after", help="Seconds after which it no longer counts as current.")
    ] = None,
) -> None:
    """Declare a list."""
    from safehold.cli.opening import SHELL, operator
    from safehold.lists import ledger

    with operator() as opened, opened.database.begin() as tx:
        ledger.add_list(
            tx,
            ledger.NewList(
                name=name,
                purpose=purpose,
                provenance=provenance,
                source=source,
                needs_second_source=needs_second_source,
                needs_exact=needs_exact,
                match_turned=match_turned,
                max_distance=max_distance,
                hold_max_distance=hold_max_distance,
                may_hold=may_hold,
                vetted=vetted,
                stale_after_seconds=stale_after,
            ),
            actor=SHELL,
            now=opened.clock(),
        )
    sys.stdout.write(f"List {name} is declared. Load entries with `safehold lists import {name} FILE`.\n")


@app.command("import")
def import_(
    name: Annotated[str, typer.Argument(help="A declared list.")],
    file: Annotated[Path, typer.Argument(help="JSON Lines, CSV, or lines of 64 hexadecimal characters.")],
    strict: Annotated[bool, typer.Option("--strict", help="Refuse the file for a single bad line.")] = False,
    accept_growth: Annotated[
        bool, typer.Option("--accept-growth", help="The list may grow by more than half within a day.")
    ] = False,
    accept_plain: Annotated[
        bool, typer.Option("--accept-plain", help="Entries may be those of empty files or plain patterns.")
    ] = False,
    bring_back: Annotated[
        bool, typer.Option("--bring-back", help="Entries that were withdrawn here go on the list again.")
    ] = False,
) -> None:
    """Load the entries of a file into a list. Bad lines are named by number, the rest is loaded.

    A sudden growth, and entries that would match harmless uploads, are refused until a person accepts them.
    """
    from safehold.cli.opening import SHELL, operator
    from safehold.cli.progress import Meter
    from safehold.lists.doubts import Doubt
    from safehold.lists.file_import import FileImport

    asked = ((Doubt.GROWTH, accept_growth), (Doubt.PLAIN, accept_plain))
    accepted = frozenset(doubt for doubt, is_accepted in asked if is_accepted)
    with operator() as opened, Meter("bytes checked") as checked, Meter("bytes loaded") as loaded:
        report = FileImport(
            database=opened.database,
            kinds=opened.kinds,
            actor=SHELL,
            record=opened.recorder.record,
            clock=opened.clock,
        ).run(
            name,
            file,
            strict=strict,
            accepted=accepted,
            bring_back=bring_back,
            on_checked=checked.update,
            on_progress=loaded.update,
        )
    for bad in report.bad_lines:
        sys.stderr.write(f"line {bad.number} left out: {bad.reason}\n")
    if report.bad > len(report.bad_lines):
        sys.stderr.write(f"and {report.bad - len(report.bad_lines)} more lines left out\n")
    sys.stdout.write(f"{report.added} added, {report.known} known before, {report.bad} lines left out.\n")
    if report.withdrawn:
        sys.stdout.write(f"{report.withdrawn} were withdrawn here and stay off; --bring-back loads them.\n")


@app.command("show")
def show(name: Annotated[str | None, typer.Argument(help="One list; else all.")] = None) -> None:
    """Print counts and provenance, never values."""
    from safehold.cli.opening import operator, printable, shown
    from safehold.lists import ledger

    with operator() as opened, opened.database.begin() as tx:
        found = [ledger.show(tx, name)] if name else ledger.show_all(tx)
    if not found:
        sys.stderr.write("No list is declared yet. `safehold lists add` declares one.\n")
    for summary in found:
        known = summary.hash_list
        holds = f"holds to {known.hold_max_distance} bits" if known.may_hold else "never holds"
        sys.stdout.write(
            f"{known.name}  {known.purpose.value}  {summary.entries} entries  version {known.last_seq}\n"
            f"  matches to {known.max_distance} bits, {holds}, {'vetted' if known.vetted else 'not vetted'}\n"
            f"  declared {shown(known.created_at)}, refreshed {shown(known.refreshed_at)}"
            f"{f', withdrawn {shown(known.withdrawn_at)}' if known.withdrawn_at else ''}\n"
            f"  provenance: {printable(known.provenance) or '—'}\n"
            f"  source: {printable(known.source) or '—'}{_asks(known)}\n"
        )
        for count in summary.counts:
            sys.stdout.write(
                f"  {count.entries:>10} {count.signal_type}"
                f" category {printable(count.category or '—')} from {count.origin.value}\n"
            )


@app.command("rehearse")
def rehearse(name: Annotated[str, typer.Argument(help="A declared list of 1,000 entries or more.")]) -> None:
    """Say how many kept uploads a whole list would have found, for each surface with lookback; never which.

    It looks at what this host keeps. Twice a day at most, and on record.
    """
    from safehold.app.lookback import rehearse_list
    from safehold.cli.opening import SHELL, operator

    with operator() as opened:
        found = rehearse_list(opened, name, actor=SHELL)
    if not found:
        sys.stdout.write("No surface on which this list counts keeps signals: lookback is off.\n")
    for surface, count in found.items():
        sys.stdout.write(f"{surface}: {count if count is not None else 'fewer than 5'}\n")


@app.command("change")
def change(
    name: Annotated[str, typer.Argument(help="A declared list.")],
    source: Annotated[
        str | None, typer.Option("--source", help="Who stands behind its entries; public on /transparency.")
    ] = None,
    needs_second_source: Annotated[
        bool | None,
        typer.Option(
            "--needs-second-source/--holds-alone",
            help="Hold only what a list of another source knows as well, or no longer so.",
        ),
    ] = None,
    needs_exact: Annotated[
        bool | None,
        typer.Option("--needs-exact/--fast-will-do", help="Compare nothing with it that was read fast."),
    ] = None,
    match_turned: Annotated[
        bool | None,
        typer.Option("--match-turned/--match-upright", help="Rotated and mirrored pictures match, or not."),
    ] = None,
) -> None:
    """Say who stands behind a list, how it is compared, or whether it needs a second source.

    It is on record; who stands behind it, and whether it holds alone, is public.
    """
    from safehold.cli.opening import SHELL, operator, printable
    from safehold.lists import ledger

    with operator() as opened, opened.database.begin() as tx:
        wanted = ledger.ListProperties(
            source=source,
            needs_second_source=needs_second_source,
            needs_exact=needs_exact,
            match_turned=match_turned,
        )
        known = ledger.change_list(tx, name, wanted, actor=SHELL, now=opened.clock())
    sys.stdout.write(f"{name}: source {printable(known.source) or '—'}{_asks(known)}.\n")


@app.command("withdraw")
def withdraw(
    name: Annotated[str, typer.Argument(help="A declared list.")],
    entries: Annotated[list[UUID] | None, typer.Argument(help="Entries, by the ids in answers.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Take off what this list file names instead.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Take the whole list out of use instead, for good.")
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", help="A short code for the audit log, such as source_error.")
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="With --whole: say that nothing brings the list back.")
    ] = False,
) -> None:
    """Take entries off a list, or the list out of use. From their next scan on, processes match them no more.

    What was held for them stays held until a person decides; what somebody confirmed on their word alone,
    without having seen it clearly, is undone and waits for a person again. It is on record, and public in
    numbers.
    """
    from safehold.cli.opening import SHELL, operator
    from safehold.lists import ledger
    from safehold.lists.withdrawal import Withdrawal
    from safehold.model.errors import BadForm, Refused
    from safehold.model.ids import EntryId

    if sum((bool(entries), file is not None, whole)) != 1:
        raise BadForm("Name entries, or a --file with them, or the --whole list.")
    with operator() as opened:
        withdrawal = Withdrawal(reason=reason, actor=SHELL, record=opened.recorder.record, clock=opened.clock)
        if file is not None:
            done = withdrawal.file(opened.database, opened.kinds, name, file)
            sys.stdout.write(
                f"{done.removed} taken off, {done.unknown} not on the list, {done.bad} lines left out.\n"
            )
            return
        with opened.database.begin() as tx:
            if whole and not yes:
                raise Refused(
                    f"That takes {name} with {ledger.show(tx, name).entries} entries out of use for good:"
                    " nothing brings it back, and its name stays taken.",
                    advice="Say --yes where that is meant.",
                )
            if whole:
                removed = withdrawal.whole_list(tx, name)
            else:
                removed = withdrawal.entries(tx, name, [EntryId(each) for each in entries or ()])
    sys.stdout.write(f"{removed.removed} taken off{'; the list is withdrawn' if whole else ''}.\n")


def _asks(known: HashList) -> str:
    parts = (
        (known.needs_second_source, "holds only what another source knows as well"),
        (known.needs_exact, "is compared exactly, never fast"),
        (known.match_turned, "matches rotated and mirrored pictures too"),
    )
    return "".join(f", {words}" for applies, words in parts if applies)
