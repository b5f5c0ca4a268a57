"""Deny by default: a route without a named permission cannot even be declared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from safehold.model.permissions import Actor, Permission

F = TypeVar("F", bound=Callable[..., Any])
Authenticate = Callable[[Request], Actor] | Callable[[Request], Awaitable[Actor]]
"""Returns who sent a request. Raises NotAuthenticated. What may wait for the database and is no coroutine
function runs in a thread."""

Finish = Callable[[Request, Response], None]
"""Has the last word about an answer to somebody who was let in."""

NOBODY = Actor(permissions=frozenset({Permission.PUBLIC}))


def needs(permission: Permission) -> Callable[[F], F]:
    """Name the permission that a route needs."""

    def name(endpoint: F) -> F:
        endpoint.__permission__ = permission  # type: ignore[attr-defined]
        return endpoint

    return name


def whole(endpoint: F) -> F:
    """Say that an endpoint is a coroutine function that takes the request alone and returns its response.

    It is called without the framework's own reading of requests, which would cost as much as a scan.
    """
    if not iscoroutinefunction(endpoint):
        raise TypeError(f"{endpoint.__name__} is no coroutine function.")
    endpoint.__is_whole__ = True  # type: ignore[attr-defined]
    return endpoint


def permission_of(endpoint: Callable[..., Any]) -> Permission:
    """Return the permission that an endpoint names. Raises TypeError when it names none."""
    permission = getattr(endpoint, "__permission__", None)
    if not isinstance(permission, Permission):
        raise TypeError(f"{endpoint.__name__} names no permission; decorate it with @needs(...).")
    return permission


def guarded_router(authenticate: Authenticate, *, finish: Finish | None = None) -> APIRouter:
    """Return a router whose every route checks its permission before it reads the body.

    finish: called with each answer that a handler gave; failures are answered elsewhere.
    """
    ask = _in_the_loop(authenticate)

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            permission = permission_of(self.endpoint)
            is_whole = getattr(self.endpoint, "__is_whole__", False)
            handle = self.endpoint if is_whole else super().get_route_handler()

            async def guarded(request: Request) -> Response:
                request.state.actor = await _admit(request, permission, ask)
                response: Response = await handle(request)
                if finish is not None:
                    finish(request, response)
                return response

            return guarded

    return APIRouter(route_class=GuardedRoute)


def _in_the_loop(authenticate: Authenticate) -> Callable[[Request], Awaitable[Actor]]:
    """Return a coroutine function that does the same; what is none yet runs in a thread."""
    if iscoroutinefunction(authenticate):
        return authenticate
    ask = cast("Callable[[Request], Actor]", authenticate)

    async def in_a_thread(request: Request) -> Actor:
        return await run_in_threadpool(ask, request)

    return in_a_thread


async def _admit(
    request: Request, permission: Permission, authenticate: Callable[[Request], Awaitable[Actor]]
) -> Actor:
    if permission is Permission.PUBLIC:
        return NOBODY
    actor = await authenticate(request)
    actor.require(permission)
    return actor


def actor_of(request: Request) -> Actor:
    """Return who was let in."""
    actor: Actor = request.state.actor
    return actor
