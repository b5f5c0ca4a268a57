"""`safehold serve`: the web surfaces, and by default the worker beside them."""

from __future__ import annotations

from typing import Annotated

import typer


def serve(
    surfaces: Annotated[
        str, typer.Option("--surfaces", help="Which to serve: api, console, worker, separated by commas.")
    ] = "api,console,worker",
    listen: Annotated[str | None, typer.Option("--listen", help="Address and port; else web.listen.")] = None,
) -> int:
    """Serve the API and the console, with a worker in the same process unless it is left out."""
    from safehold.app.program import SURFACES
    from safehold.cli.opening import settings
    from safehold.web.server import serve_program

    wanted = frozenset(surface.strip() for surface in surfaces.split(",") if surface.strip())
    unknown = sorted(wanted - SURFACES)
    if unknown or not wanted - {"worker"}:
        raise typer.BadParameter(f"--surfaces takes {', '.join(sorted(SURFACES))}; api or console is needed.")
    return serve_program(settings(), wanted, listen=listen)
