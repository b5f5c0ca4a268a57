"""`safehold bench`: how fast and how exact is this machine?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def bench(
    photos: Annotated[
        Path | None,
        typer.Option("--photos", help="A folder of JPEGs to measure with. Default: painted landscapes."),
    ] = None,
    each: Annotated[int, typer.Option("--each", min=1, help="How many pictures of each size.")] = 12,
    sizes: Annotated[
        list[str] | None, typer.Option("--size", help="0.3 MP, 1 MP, 3 MP or 12 MP. Default: all.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Measure hashing against the published implementation and print ratios with their goals.

    Both sides are measured by turns in one run, on one core. The peer comes with the extra `bench`.
    """
    from safehold.model.clock import utc_now
    from safehold.model.errors import NotFound
    from safehold.testing.bench import corpus, hashing, report

    unknown = sorted(set(sizes or ()) - corpus.SIZES.keys())
    if unknown:
        raise typer.BadParameter(f"There is no size {unknown[0]!r}.")
    sources = corpus.sources(photos)
    if not sources:
        raise NotFound("There is no .jpg in this folder.", advice="Name a folder that holds some.")
    wanted = sizes or list(corpus.SIZES)
    samples = list(corpus.samples(sources, wanted, each))
    measured: dict[str, list[report.Row]] = {}
    for name, rows in (
        ("hashing: speed", hashing.speed(samples)),
        ("hashing: fidelity", hashing.fidelity(samples)),
        ("hashing: recall", hashing.recall(corpus.reduced(sources, wanted))),
    ):
        sys.stdout.write(f"\n{name}\n")
        measured[name] = []
        for row in rows:
            measured[name].append(row)
            sys.stdout.write(f"  {row.line()}\n")
    if output is not None:
        output.write_text(json.dumps(report.as_json(measured, utc_now()), indent=1) + "\n")
