"""`safehold bench`: how fast and how exact is this machine?"""

from __future__ import annotations

import json
import sys
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from safehold.testing.bench.report import Report, Row


def bench(
    chosen: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PART]...", help="hashing, films, search, index, lists or http. Default: all of them."
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Up to ten million entries: 6 GB of memory, some ten minutes.")
    ] = False,
    photos: Annotated[
        Path | None,
        typer.Option("--photos", help="A folder of JPEGs, 24 of which count. Default: painted landscapes."),
    ] = None,
    each: Annotated[
        int | None,
        typer.Option("--each", min=1, help="How many pictures of each size. Default: 6, with --full 12."),
    ] = None,
    sizes: Annotated[
        list[str] | None, typer.Option("--size", help="0.3 MP, 1 MP, 3 MP or 12 MP. Default: all.")
    ] = None,
    entries: Annotated[
        int | None,
        typer.Option("--entries", min=1000, help="At most so many entries, for a first impression."),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds",
            min=0.1,
            help="How long to write entries while processes answer. Default: 10, with --full 20.",
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    drawn: Annotated[
        Path | None, typer.Option("--plots", help="Draw latency and recall into this folder, as SVG.")
    ] = None,
) -> None:
    """Measure matching on this machine, beside what others use, and print each figure with its goal.

    Hashing, films, searching, what an index takes, importing a list, how soon its entries match
    everywhere, scans over HTTP: some minutes. Both sides of a ratio are measured by turns in one run, on
    one core. What others use comes with the extra `bench`; what is not installed is said to be absent.
    """
    from safehold.model.clock import utc_now
    from safehold.testing.bench import corpus, parts, plots, report

    _known("part", chosen, parts.PARTS)
    _known("size", sizes, corpus.SIZES)
    _make_room(output, drawn)
    wanted = chosen or list(parts.PARTS)
    sources = corpus.sources(photos) if "hashing" in wanted else []
    extent = (parts.FULL if full else parts.QUICK).at_most(entries or sys.maxsize)
    extent = replace(
        extent,
        each=each or extent.each,
        sizes=tuple(sizes or extent.sizes),
        seconds=seconds or extent.seconds,
    )
    found = report.Report()
    for line in report.peers_here():
        _say(line)
    for part in wanted:
        for title, rows in parts.sections(part, extent, sources, found.point):
            _tell(title, rows, found)
    _say("")
    for line in found.summary():
        _say(line)
    if output is not None:
        output.write_text(json.dumps(found.as_json(utc_now()), indent=1) + "\n")
    if drawn is not None:
        plots.draw(found.curves, drawn)


def _tell(title: str, rows: Iterator[Row], found: Report) -> None:
    """Print figures as they come, and take them into what was found."""
    _say(f"\n{title}")
    for row in rows:
        found.add(title, row)
        _say(f"  {row.line()}")


def _make_room(output: Path | None, drawn: Path | None) -> None:
    """See to it, before minutes are spent, that what is found can be written down."""
    from safehold.model.errors import InvalidInput

    try:
        if output is not None:
            output.touch()
        if drawn is not None:
            drawn.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"What is found could not be written there: {error.strerror or 'the system gave no reason'}.",
            advice="Check the paths of --json and --plots, and their permissions.",
        ) from None


def _known(what: str, chosen: Sequence[str] | None, known: Container[str]) -> None:
    for name in chosen or ():
        if name not in known:
            raise typer.BadParameter(f"There is no {what} {name!r}.")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
