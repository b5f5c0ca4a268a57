"""The web application: which surfaces one process serves, and the frame around them."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig

from safehold.app.program import Program
from safehold.model.permissions import Permission
from safehold.web import errors, origins
from safehold.web.api.appeals import add_appeal_routes
from safehold.web.api.authenticate import by_key
from safehold.web.api.conversations import add_conversation_routes
from safehold.web.api.describing import describe
from safehold.web.api.health import add_health_routes, ops_or_loopback
from safehold.web.api.inbound_reports import add_inbound_report_routes
from safehold.web.api.overview import add_overview_route
from safehold.web.api.prevent import add_child_policy_routes
from safehold.web.api.reading import add_reading_routes
from safehold.web.api.removals import add_removal_routes
from safehold.web.api.scan import add_scan_routes
from safehold.web.api.search_policy import add_search_policy_routes
from safehold.web.api.streams import add_stream_routes
from safehold.web.api.support import add_support_routes
from safehold.web.catalogs import Spoken, languages
from safehold.web.console import add_console_routes, console_page
from safehold.web.console.cookies import LANGUAGE, cookie_name
from safehold.web.guard import guarded_router, needs
from safehold.web.hot_door import HotDoor
from safehold.web.middleware import HEADERS, BodyLimit, RequestFrame, headers_of_pages
from safehold.web.patience import USUAL, Patience
from safehold.web.portal import add_portal_routes, portal_page
from safehold.web.rehearsing import Rehearsing

FIRST_PAGES = (("console", "/console"), ("portal", "/report"))
"""Where a browser is led that asks for no page, by the surface that is served."""
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""Whatever else runs in this process, nothing of a request leaves it but through our own log and metrics."""
MULTIPART_ROOM = 64 * 1024
"""What the parts around a file may take."""


def create_app(
    program: Program,
    surfaces: frozenset[str],
    *,
    media_origin: str | None = None,
    patience: Patience = USUAL,
) -> FastAPI:
    """Return the application that serves these surfaces ("api", "console", "portal").

    media_origin: where the console's pages fetch pictures from, else as set. patience: with slow bodies.
    """
    media_origin = media_origin or origins.media_origin(program.settings)
    limits = program.settings.limits
    app = FastAPI(
        title="Safehold",
        version=version("safehold"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
    )
    page = _failure_page(program)
    errors.install(app, page=page)
    if "api" in surfaces:
        api, hot = _api(app, program)
        app.include_router(api)
        app.add_middleware(HotDoor, routes=hot, page=page)
    if "console" in surfaces:
        add_console_routes(app, program, media_origin=media_origin)
    if "portal" in surfaces:
        add_portal_routes(app, program)
    first = next((path for surface, path in FIRST_PAGES if surface in surfaces), None)
    if first is not None:
        app.include_router(_front_door(program, first))
    app.add_middleware(
        BodyLimit,
        upload_bytes=limits.upload_bytes + MULTIPART_ROOM,
        json_bytes=limits.json_bytes,
        patience=patience,
    )
    is_console = "console" in surfaces
    headers = headers_of_pages(media_origin) if is_console else HEADERS
    app.add_middleware(RequestFrame, page=page, headers=headers)
    web = program.settings.web
    if program.settings.rehearsal:
        app.add_middleware(Rehearsing)
    app.add_middleware(Spoken, languages=languages(web.translations), cookie=cookie_name(web, LANGUAGE))
    return app


def _failure_page(program: Program) -> errors.Page:
    of_portal = portal_page(program.settings.portal)
    of_console = partial(console_page, emergency_number=program.settings.emergency.number)
    return lambda request, error: of_portal(request, error) or of_console(request, error)


def _api(app: FastAPI, program: Program) -> tuple[APIRouter, list[APIRoute]]:
    keyed = by_key(program)
    router, ops = guarded_router(keyed), guarded_router(ops_or_loopback(keyed))
    hot = [add_scan_routes(router, program), add_child_policy_routes(router, program)]
    add_stream_routes(router, program)
    add_reading_routes(router, program)
    add_overview_route(router, program)
    add_appeal_routes(router, program)
    add_removal_routes(router, program)
    add_inbound_report_routes(router, program)
    add_conversation_routes(router, program)
    add_support_routes(router, program)
    add_search_policy_routes(router, program)
    add_health_routes(router, ops, program)

    @router.get("/openapi.json", include_in_schema=False)
    @needs(Permission.PUBLIC)
    def openapi(request: Request) -> dict[str, object]:
        """Return the description of this API."""
        return describe(app, (router, ops))

    everything = APIRouter()
    everything.include_router(router)
    everything.include_router(ops)
    return everything, hot


def _front_door(program: Program, first: str) -> APIRouter:
    router = guarded_router(by_key(program))

    @router.get("/", include_in_schema=False)
    @needs(Permission.PUBLIC)
    def root() -> RedirectResponse:
        """Lead a browser to the first page."""
        return RedirectResponse(first, status_code=303)

    return router
