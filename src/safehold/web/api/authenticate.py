"""Who calls the API: the holder of a bearer key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache

from fastapi import Request

from safehold.app.access.key_ring import KeyRing
from safehold.app.program import Program
from safehold.model.errors import NotAuthenticated
from safehold.model.permissions import Actor


def by_key(program: Program) -> Callable[[Request], Awaitable[Actor]]:
    """Return an authenticator that reads `Authorization: Bearer KEY`."""

    @cache
    def ring() -> KeyRing:
        return KeyRing(program.database, program.clock)

    async def authenticate(request: Request) -> Actor:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise NotAuthenticated("The request carries no key.")
        return await ring().actor(secret.strip())

    return authenticate
