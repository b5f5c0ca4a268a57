"""Our own style sheets, scripts and fonts, served from memory under an address that changes with them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from safehold.model.errors import NotAuthenticated, NotFound
from safehold.model.permissions import Actor, Permission
from safehold.web.guard import guarded_router, needs

FOLDER = Path(__file__).parent / "static"
# Not the system's table of types: it differs from machine to machine.
SERVED = {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".css": "text/css"}
FAVICON = "favicon.svg"


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """All files by path, and a version that is different when any of them is."""

    version: str
    files: dict[str, tuple[bytes, str]]

    def address(self, path: str) -> str:
        """Return where a file is served. Raises KeyError for one that does not exist."""
        if path not in self.files:
            raise KeyError(path)
        return f"/static/{self.version}/{path}"


@cache
def static_files() -> StaticFiles:
    """Read the folder, once per process."""
    digest, files = hashlib.sha256(), {}
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix not in SERVED:
            continue
        name, content = path.relative_to(FOLDER).as_posix(), path.read_bytes()
        digest.update(name.encode() + b"\0" + content)
        files[name] = (content, SERVED[path.suffix])
    return StaticFiles(digest.hexdigest()[:12], files)


def add_static_routes(app: FastAPI) -> None:
    """Serve the files. Doing so again for another surface changes nothing."""
    if any(getattr(route, "name", None) == "static_file" for route in app.routes):
        return
    app.include_router(_router(static_files()))


def _router(static: StaticFiles) -> APIRouter:
    router = guarded_router(_nobody)

    @router.get("/static/{version}/{path:path}", include_in_schema=False)
    @needs(Permission.PUBLIC)
    def static_file(version: str, path: str) -> Response:
        """Return one file; only names that were read at the start exist."""
        if path not in static.files:
            raise NotFound("There is no such file.")
        content, media_type = static.files[path]
        current = version == static.version
        caching = "public, max-age=31536000, immutable" if current else "no-cache"
        return Response(content, media_type=media_type, headers={"cache-control": caching})

    @router.get("/favicon.ico", include_in_schema=False)
    @needs(Permission.PUBLIC)
    def favicon() -> Response:
        """Return the picture for the tab, for pages that name none."""
        content, media_type = static.files[FAVICON]
        return Response(content, media_type=media_type, headers={"cache-control": "max-age=86400"})

    return router


def _nobody(request: Request) -> Actor:
    """Let nobody in by name: everything here is public."""
    raise NotAuthenticated
