"""The shortest way to routes that are asked thousands of times a second."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from safehold.web.errors import FORESEEN, Page, foreseen


class HotDoor:
    """Leads requests that some routes answer straight to them, guard included; others to the framework.

    What the framework does on its way to a route costs as much as comparing a fingerprint. The routes
    themselves stay where they were: they are described and walked there like any other, and answer other
    methods.
    """

    def __init__(self, app: ASGIApp, *, routes: Sequence[APIRoute], page: Page) -> None:
        """routes: of a guarded router, each with one method and a path without parameters, and `whole`."""
        self.app = app
        self._page = page
        self._doors = {
            (route.path, method): (route, route.get_route_handler())
            for route in routes
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        door = self._doors.get((scope["path"], scope["method"])) if scope["type"] == "http" else None
        if door is None:
            await self.app(scope, receive, send)
            return
        scope["route"], handle = door
        request = Request(scope, receive, send)
        try:
            response = await handle(request)
        except FORESEEN as error:
            response = foreseen(request, error, page=self._page)
        await response(scope, receive, send)
