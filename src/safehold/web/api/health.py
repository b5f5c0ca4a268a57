"""Is it alive, is it ready, and what does it count."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from safehold.app import health, metrics
from safehold.app.program import Program
from safehold.model.errors import NotAuthenticated
from safehold.model.permissions import Actor, Permission
from safehold.web.guard import Authenticate, needs

FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"})
"""Headers by which a proxy gives itself away."""
OPS_FROM_HERE = Actor(permissions=frozenset({Permission.OPS}), system="loopback")


def ops_or_loopback(by_key: Callable[[Request], Awaitable[Actor]]) -> Authenticate:
    """Return an authenticator that lets this machine in without a key, and others by one."""

    async def authenticate(request: Request) -> Actor:
        try:
            return await by_key(request)
        except NotAuthenticated:
            # A proxy on this machine would make everybody local: what it forwards does not count.
            if _is_loopback(request) and not FORWARDED & set(request.headers.keys()):
                return OPS_FROM_HERE
            raise

    return authenticate


def add_health_routes(router: APIRouter, ops: APIRouter, program: Program) -> None:
    """Add health to a public router and the metrics to one for operators."""

    @router.get("/v1/health/live", summary="The process answers")
    @needs(Permission.PUBLIC)
    def live() -> dict[str, str]:
        """Say that the process answers; nothing else is looked at."""
        return {"status": "alive"}

    @router.get("/v1/health/ready", summary="Scans can be answered")
    @needs(Permission.PUBLIC)
    def ready() -> JSONResponse:
        """Say whether scans can be answered, part by part; 503 when not."""
        report = health.check(program)
        body: dict[str, Any] = {"status": "ready" if report.ready else "not_ready", "parts": report.parts}
        return JSONResponse(body, 200 if report.ready else 503)

    @ops.get("/metrics", summary="Counters for Prometheus")
    @needs(Permission.OPS)
    def get_metrics() -> Response:
        """Return the metrics in Prometheus' text form."""
        text, content_type = metrics.exposition(program)
        return Response(text, media_type=content_type)


def _is_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
