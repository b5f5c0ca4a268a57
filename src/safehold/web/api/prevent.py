"""POST /v1/child-policy/decide: what may happen to a child's account."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from safehold.app.child_policy import ChildPolicy
from safehold.app.program import Program
from safehold.model.errors import UnsupportedMediaType
from safehold.model.permissions import Permission
from safehold.prevent.child_policy import Ruling
from safehold.web.api.bodies import read
from safehold.web.api.prevent_bodies import ChildPolicyBody
from safehold.web.forms import content_type_of
from safehold.web.guard import needs, whole

DECIDE = "/v1/child-policy/decide"
SHORT, REMEMBERED = 512, 4096
"""Bytes of a question whose answer is remembered, and how many of them are: some megabytes at most."""


def json_in_and_out(asked: str, answered: str, what: str) -> dict[str, Any]:
    """Return how a route is described whose body the framework never reads. what: an answer of 200 is."""

    def content(model: str) -> dict[str, Any]:
        return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}}

    return {
        "requestBody": {"required": True, "content": content(asked)},
        "responses": {"200": {"description": what, "content": content(answered)}},
    }


def add_child_policy_routes(router: APIRouter, program: Program) -> APIRoute:
    """Add the endpoint to a guarded router, and return it. Raises BadSettings for what is no policy."""
    policy = ChildPolicy(program.settings)

    def answered(raw: bytes) -> bytes:
        ruling = _ask(policy, read(ChildPolicyBody, raw))
        return bytes(JSONResponse(_answer(ruling, policy.table.version)).body)

    # The same short question has the same answer for as long as the program runs, and is about nobody.
    remembered = lru_cache(REMEMBERED)(answered)

    @router.post(
        DECIDE,
        openapi_extra=json_in_and_out(
            "ChildPolicyBody", "ChildPolicyAnswer", "What may happen, and which measure that serves"
        ),
        summary="What may happen to a child's account",
    )
    @needs(Permission.CHILD_POLICY)
    @whole
    async def post_child_policy(request: Request) -> Response:
        """Answer from the policy alone: nothing is looked up, kept or counted of whom it is about."""
        if content_type_of(request) != "application/json":
            raise UnsupportedMediaType(advice="Send application/json.")
        raw = await request.body()
        answer = remembered(raw) if len(raw) <= SHORT else answered(raw)
        return Response(answer, media_type="application/json")

    [route] = [each for each in router.routes if isinstance(each, APIRoute) and each.path == DECIDE]
    return route


def _ask(policy: ChildPolicy, body: ChildPolicyBody) -> Ruling:
    return policy.decide(
        body.feature,
        surface=body.surface,
        age=body.age_band,
        jurisdiction=body.jurisdiction,
        connected=body.connected,
        default_off=body.default_off,
    )


def _answer(ruling: Ruling, version: str) -> dict[str, Any]:
    return {
        "decision": ruling.decision.value,
        "reason": ruling.reason,
        "measure": ruling.measure,
        "changeable": ruling.changeable,
        "moment": ruling.moment.value if ruling.moment else None,
        "assumed": list(ruling.assumed),
        "policy": version,
    }
