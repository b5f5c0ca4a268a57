"""The server that `http_paths` puts load on: the program as it is, and one endpoint that does nothing.

This room does not know the web: `safehold.cli.bench_server` hands it in.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from safehold.app import logs
from safehold.app.operator import set_up
from safehold.testing import running
from safehold.testing.running import Installation

EMPTY = "/empty"
LIMITS = {"batch_items": 2000, "json_bytes": 5_000_000}
_LIST = "many"
_FILL = """
    insert into entry (id, list_id, signal_type, value, labels, origin, added_at, added_seq)
    select gen_random_uuid(), %(list)s, 'pdq', sha256(n::text::bytea), '{}', 'file', now(), n
    from generate_series(1, %(count)s) as n
"""


def entry(number: int) -> str:
    """Return the value of the entry of this number, from 1."""
    return hashlib.sha256(str(number).encode()).hexdigest()


async def empty(request: Request) -> JSONResponse:
    """Read what was sent and answer next to nothing, inside the same frame as everything else."""
    await request.body()
    return JSONResponse({"result": "none"})


def fill(safehold: Installation, count: int) -> None:
    """Put entries on a list as an import would, but in one statement, and load them."""
    safehold.add_list(_LIST, seeds=())
    [row] = safehold.sql("select id from hash_list")
    safehold.sql(_FILL, list=row.id, count=count)
    safehold.sql("update hash_list set last_seq = %(count)s, refreshed_at = now()", count=count)
    safehold.program.scanner.catch_up()
    while safehold.program.scanner.known.changes_to_come():
        time.sleep(0.1)


def main(folder: Path, entries: int, server: ModuleType) -> None:
    """Serve until the input ends, having said in a line of JSON where. server: `safehold.web.server`."""
    logs.configure(json=True)
    create_app = server.create_app

    def create_with_empty(*arguments: Any, **options: Any) -> Any:
        app = create_app(*arguments, **options)
        app.router.routes.insert(0, Route(EMPTY, empty, methods=["POST"]))
        return app

    server.create_app = create_with_empty  # type: ignore[attr-defined]
    settings = running.settings_of(folder, None, limits=LIMITS)
    set_up(settings)
    surfaces = frozenset({"api", "console"})
    with running.installation(settings, serve=server.served, surfaces=surfaces) as safehold:
        fill(safehold, entries)
        server.keep_for_good()  # as the program does when it serves
        database = int(next(folder.rglob("postmaster.pid")).read_text().split()[0])
        port = int(safehold.base_url.rpartition(":")[2])
        sys.stdout.write(json.dumps({"port": port, "key": safehold.key(), "database": database}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
