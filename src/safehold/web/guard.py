"""Deny by default: a route without a named permission cannot even be declared."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from safehold.model.permissions import Actor, Permission

F = TypeVar("F", bound=Callable[..., Any])
Authenticate = Callable[[Request], Actor]
"""Returns who sent a request. Raises NotAuthenticated."""

Finish = Callable[[Request, Response], None]
"""Has the last word about an answer to somebody who was let in."""

NOBODY = Actor(permissions=frozenset({Permission.PUBLIC}))


def needs(permission: Permission) -> Callable[[F], F]:
    """Name the permission that a route needs."""

    def name(endpoint: F) -> F:
        endpoint.__permission__ = permission  # type: ignore[attr-defined]
        return endpoint

    return name


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

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            permission = permission_of(self.endpoint)
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                request.state.actor = await _admit(request, permission, authenticate)
                response = await handle(request)
                if finish is not None:
                    finish(request, response)
                return response

            return guarded

    return APIRouter(route_class=GuardedRoute)


async def _admit(request: Request, permission: Permission, authenticate: Authenticate) -> Actor:
    if permission is Permission.PUBLIC:
        return NOBODY
    actor = await run_in_threadpool(authenticate, request)
    actor.require(permission)
    return actor


def actor_of(request: Request) -> Actor:
    """Return who was let in."""
    actor: Actor = request.state.actor
    return actor
