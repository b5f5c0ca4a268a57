"""The shortest way to a route that is asked thousands of times a second."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from safehold.web.errors import FORESEEN, Page, foreseen


class HotDoor:
    """Leads requests that one route answers straight to it, guard included, and all others to the framework.

    What the framework does on its way to a route costs as much as comparing a fingerprint. The route itself
    stays where it was: it is described and walked there like any other, and answers other methods.
    """

    def __init__(self, app: ASGIApp, *, route: APIRoute, page: Page) -> None:
        """route: of a guarded router, with one method and a path without parameters, and `whole`."""
        self.app = app
        self._route = route
        self._page = page
        self._handle = route.get_route_handler()
        [self._method] = sorted(route.methods or ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or (scope["path"], scope["method"]) != (self._route.path, self._method):
            await self.app(scope, receive, send)
            return
        scope["route"] = self._route
        request = Request(scope, receive, send)
        try:
            response = await self._handle(request)
        except FORESEEN as error:
            response = foreseen(request, error, page=self._page)
        await response(scope, receive, send)
