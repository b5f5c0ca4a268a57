"""Deny by default: every route names and checks a permission, and nothing is public by accident."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute

from safehold.app.program import Program
from safehold.app.settings import Settings
from safehold.model.errors import NotAuthenticated
from safehold.model.permissions import Actor, Permission
from safehold.web.application import create_app
from safehold.web.catalogs import is_page
from safehold.web.guard import guarded_router, needs, permission_of
from safehold.web.media.application import create_media_app

PUBLIC = {
    ("GET", "/"),
    ("GET", "/console/sign-in"),
    ("POST", "/console/sign-in"),
    ("GET", "/console/sign-in/second"),
    ("POST", "/console/sign-in/second"),
    ("POST", "/console/sign-in/second/passkey-options"),
    ("GET", "/favicon.ico"),
    ("GET", "/openapi.json"),
    ("GET", "/static/{version}/{path:path}"),
    ("GET", "/v1/health/live"),
    ("GET", "/v1/health/ready"),
}
"""Everything that answers without a sign-in or a key."""

PUBLIC_OF_PORTAL = {
    ("GET", "/"),
    ("GET", "/appeal"),
    ("POST", "/appeal"),
    ("GET", "/blank"),
    ("GET", "/favicon.ico"),
    ("GET", "/report"),
    ("POST", "/report"),
    ("GET", "/report/status"),
    ("POST", "/report/status"),
    ("GET", "/static/{version}/{path:path}"),
    ("GET", "/transparency"),
    ("GET", "/transparency/figures.json"),
    ("GET", "/transparency/lists.json"),
    ("GET", "/transparency/technology.json"),
}
"""All that the portal answers: it is for people without an account."""

PUBLIC_OF_PICTURES = {("GET", "/v/{ticket}")}
"""All that the origin of pictures answers: the ticket says who may."""

NOWHERE = "01990000-0000-7000-8000-000000000000"


def application(*surfaces: str) -> FastAPI:
    """Return the application with these surfaces, else those where somebody has to prove who they are.

    It has no database: whoever is not let in needs none.
    """
    program = SimpleNamespace(settings=Settings.model_construct())
    return create_app(cast("Program", program), frozenset(surfaces or {"api", "console"}))


def routes(found: Iterable[Any]) -> Iterator[APIRoute]:
    """Yield every route, those of included routers too. Raises TypeError for a kind it cannot look into."""
    for route in found:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes(route.original_router.routes)
        else:
            raise TypeError(f"{type(route).__name__}: its permission cannot be read")


def is_guarded(route: APIRoute) -> bool:
    """Say whether a route checks its permission: only routes of a guarded router do."""
    return type(route).get_route_handler is not APIRoute.get_route_handler


def pictures() -> FastAPI:
    """Return the application of the origin of pictures, with no reader behind it."""
    return create_media_app(cast("Any", None), console_origins=[], at_once=1)


def test_the_origin_of_pictures_has_one_route_and_it_is_guarded_like_all() -> None:
    found = list(routes(pictures().routes))
    assert {(method, route.path) for route in found for method in route.methods or ()} == PUBLIC_OF_PICTURES
    assert all(is_guarded(route) and permission_of(route.endpoint) is Permission.PUBLIC for route in found)


def test_the_portal_has_these_routes_and_no_other_and_they_are_guarded_like_all() -> None:
    found = list(routes(application("portal").routes))
    assert {(method, route.path) for route in found for method in route.methods or ()} == PUBLIC_OF_PORTAL
    assert all(is_guarded(route) and permission_of(route.endpoint) is Permission.PUBLIC for route in found)


def test_every_page_of_the_portal_is_answered_in_the_language_of_its_reader() -> None:
    paths = {route.path for route in routes(application("portal").routes)}
    assert {path for path in paths if not is_page(path)} == {
        "/",
        "/favicon.ico",
        "/static/{version}/{path:path}",
    }


def test_the_walk_finds_the_routes_of_both_surfaces() -> None:
    paths = {route.path for route in routes(application().routes)}
    assert {"/v1/scan", "/console/queue", "/metrics"} <= paths


def test_every_route_names_its_permission() -> None:
    for route in routes(application().routes):
        assert isinstance(permission_of(route.endpoint), Permission), route.path


def test_every_route_checks_the_permission_that_it_names() -> None:
    assert [route.path for route in routes(application().routes) if not is_guarded(route)] == []


def test_exactly_these_routes_are_public() -> None:
    public = {
        (method, route.path)
        for route in routes(application().routes)
        if permission_of(route.endpoint) is Permission.PUBLIC
        for method in route.methods or ()
    }
    assert public == PUBLIC


@pytest.mark.parametrize("surface", ["api", "console", "portal"])
def test_a_process_serves_the_routes_of_its_own_surface_only(surface: str) -> None:
    paths = {route.path for route in routes(application(surface).routes)}
    assert any(path.startswith("/v1/") for path in paths) is (surface == "api")
    assert any(path.startswith("/console") for path in paths) is (surface == "console")
    assert any(path.startswith("/report") for path in paths) is (surface == "portal")


def test_whoever_brings_no_key_and_no_session_is_turned_away_everywhere_else() -> None:
    closed = [
        (method, route.path, route.param_convertors)
        for route in routes(application().routes)
        if permission_of(route.endpoint) is not Permission.PUBLIC
        for method in route.methods or ()
    ]
    turned_away = asyncio.run(statuses(closed))
    assert len(turned_away) >= 20
    assert {where: status for where, status in turned_away.items() if status not in (401, 403)} == {}


async def statuses(wanted: list[tuple[str, str, Iterable[str]]]) -> dict[tuple[str, str], int]:
    """Return how each route answers somebody far away without credentials."""
    transport = httpx.ASGITransport(application(), client=("192.0.2.1", 1))
    answered = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for method, path, names in wanted:
            address = path
            for name in names:
                address = address.replace("{" + name + "}", NOWHERE)
            response = await client.request(method, address, headers={"origin": "http://127.0.0.1"})
            answered[(method, path)] = response.status_code
    return answered


def test_a_route_without_a_permission_cannot_even_be_declared() -> None:
    router = guarded_router(_nobody)

    def open_to_all() -> None:
        """Planted."""

    with pytest.raises(TypeError, match="names no permission"):
        router.get("/planted")(open_to_all)


def test_a_route_that_names_a_permission_without_checking_it_is_caught() -> None:
    router = APIRouter()

    @router.get("/planted")
    @needs(Permission.SCAN)
    def unchecked() -> None:
        """Planted."""

    assert [is_guarded(route) for route in routes(router.routes)] == [False]


def test_a_mounted_application_is_caught() -> None:
    app = FastAPI()
    app.mount("/planted", FastAPI())
    with pytest.raises(TypeError, match="cannot be read"):
        list(routes(app.routes))


def _nobody(request: Request) -> Actor:
    raise NotAuthenticated
