"""`safehold serve`: the web surfaces, and by default the worker beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from safehold.cli.opening import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safehold.app.program import Program

NOT_YET = frozenset({"feed"})
"""Surfaces that are planned: whoever asks for one hears that it does not exist, not that it is misspelt."""


def serve(
    surfaces: Annotated[
        str,
        typer.Option(
            "--surfaces",
            help="Which to serve, separated by commas: api, console, media, portal, worker; `all` for all.",
        ),
    ] = "all",
    listen: Annotated[str | None, typer.Option("--listen", help="Address and port; else web.listen.")] = None,
    media_listen: Annotated[
        str | None, typer.Option("--media-listen", help="The same for pictures; else media.listen.")
    ] = None,
) -> int:
    """Serve every surface from one process, or those that are named. In production run them apart."""
    from safehold.app import production
    from safehold.app.program import SURFACES
    from safehold.cli.opening import settings
    from safehold.web.server import serve_program

    wanted = frozenset(surface.strip() for surface in surfaces.split(",") if surface.strip())
    wanted = SURFACES if wanted == {"all"} else wanted
    if wanted & NOT_YET:
        raise typer.BadParameter(
            f"--surfaces {', '.join(sorted(wanted & NOT_YET))}: this does not exist yet."
        )
    if wanted - SURFACES or not wanted - {"worker"}:
        known = ", ".join(sorted(SURFACES))
        raise typer.BadParameter(f"--surfaces takes {known}, or all; and one of them that answers requests.")
    if wanted == {"media"}:
        media_listen = media_listen or listen
    chosen = settings()
    if chosen.production and wanted >= production.APART:
        say(f"Production is on, and {production.TOGETHER}")
    return serve_program(
        chosen,
        wanted,
        listen=listen,
        media_listen=media_listen,
        when_ready=_tell_walls,
        when_answering=lambda where: _tell_where(where, works="worker" in wanted),
    )


def _tell_where(where: Mapping[str, frozenset[str]], *, works: bool) -> None:
    for url, surfaces in where.items():
        say(f"Serving {', '.join(sorted(surfaces))} at {url}.")
    say(f"{'The worker runs in this process, too. ' if works else ''}Ctrl-C or SIGTERM stops it.")


def _tell_walls(program: Program) -> None:
    from safehold.app.confined import in_words

    if program.scanner.decoders_alive:  # else nothing is opened in this process
        say(in_words(program.scanner.decoders.confinement))
