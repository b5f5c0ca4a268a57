"""The media application: one address that gives one picture once, to a script of the console alone."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Protocol

from fastapi import FastAPI, Request
from fastapi.responses import Response

from safehold.model.errors import NotAuthenticated, NotFound, SafeholdError, Unavailable
from safehold.model.permissions import Actor, Permission
from safehold.web import errors
from safehold.web.guard import guarded_router, needs
from safehold.web.media.frame import HEADERS, ForTheConsole
from safehold.web.middleware import BodyLimit, RequestFrame
from safehold.web.patience import USUAL, Patience

PLACE = "/v/"
"""What comes before a ticket."""
_NO_BODY = 1024
_LIKE_A_TICKET = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Whatever else stands in the place of a ticket: the reader is not troubled with it."""


class Showing(Protocol):
    """What gives the picture of a ticket: `ReaderClient`, or what a test puts in its place."""

    def show(self, ticket: str) -> bytes:
        """Return a JPEG. Raises SafeholdError."""


def create_media_app(
    reader: Showing, *, console_origins: Collection[str], at_once: int, patience: Patience = USUAL
) -> FastAPI:
    """Return the application. It holds no database and no session: the ticket says all there is to say.

    console_origins: the only ones whose scripts may fetch, `https://console.example.org`. at_once: how many
    pictures are prepared at the same time; who comes on top is asked to come again.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    errors.install(app, page=_no_page)
    router = guarded_router(_nobody)
    places = threading.Semaphore(at_once)

    @router.get(PLACE + "{ticket}", include_in_schema=False)
    @needs(Permission.PUBLIC)
    def picture(ticket: str) -> Response:
        """Give the picture of a ticket, once. One that is wrong, used or too old all get the same answer."""
        nothing = NotFound("There is nothing at this address.")
        if not _LIKE_A_TICKET.fullmatch(ticket):
            raise nothing
        with _place(places):
            try:
                shown = reader.show(ticket)
            except NotFound:
                raise nothing from None
        return Response(shown, media_type="image/jpeg", headers={"content-disposition": "inline"})

    app.include_router(router)
    app.add_middleware(BodyLimit, upload_bytes=_NO_BODY, json_bytes=_NO_BODY, patience=patience)
    app.add_middleware(ForTheConsole, origins=frozenset(console_origins))
    app.add_middleware(RequestFrame, page=_no_page, headers=HEADERS)
    return app


@contextmanager
def _place(places: threading.Semaphore) -> Iterator[None]:
    if not places.acquire(blocking=False):
        raise Unavailable("Too many pictures are being prepared just now.", advice="Look again in a second.")
    try:
        yield
    finally:
        places.release()


def _no_page(request: Request, error: SafeholdError) -> Response | None:
    """Answer nobody with a page: only scripts ask here."""
    return None


def _nobody(request: Request) -> Actor:
    """Let nobody in by name: a ticket is all that counts."""
    raise NotAuthenticated
