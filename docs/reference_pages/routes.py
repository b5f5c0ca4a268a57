"""Every route of the web application, without a database behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute

from safehold.app.program import Program
from safehold.app.settings import Settings
from safehold.web.application import create_app
from safehold.web.guard import permission_of

SURFACES = ("api", "console")


def application(*surfaces: str) -> FastAPI:
    """Return the application of these surfaces. Its handlers have no program and cannot be called."""
    program = SimpleNamespace(settings=Settings.model_construct())
    return create_app(cast("Program", program), frozenset(surfaces))


def routes(*surfaces: str) -> list[tuple[str, str, str, str]]:
    """Return path, method, permission and first line of the docstring of every route, sorted."""
    found = {
        (route.path, method, permission_of(route.endpoint).value, _says(route))
        for route in _walk(application(*surfaces).routes)
        for method in route.methods or ()
    }
    return sorted(found)


def endpoint(path: str, *surfaces: str) -> Callable[..., Any]:
    """Return what answers at a path."""
    [route] = [route for route in _walk(application(*surfaces).routes) if route.path == path]
    return route.endpoint


def _walk(routes: Iterable[Any]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from _walk(route.original_router.routes)
        else:
            raise TypeError(f"{type(route).__name__} is a route whose permission cannot be read.")


def _says(route: APIRoute) -> str:
    return (route.endpoint.__doc__ or "").strip().splitlines()[0]
