"""Who calls the API: the holder of a bearer key."""

from __future__ import annotations

from fastapi import Request

from safehold.app.access import keys
from safehold.app.program import Program
from safehold.model.errors import NotAuthenticated
from safehold.model.permissions import Actor
from safehold.web.guard import Authenticate


def by_key(program: Program) -> Authenticate:
    """Return an authenticator that reads `Authorization: Bearer KEY`."""

    def authenticate(request: Request) -> Actor:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise NotAuthenticated("The request carries no key.")
        with program.database.begin() as tx:
            return keys.authenticate(tx, secret.strip(), now=program.clock())

    return authenticate
