"""GET /openapi.json: the description of the API, with its keys and its one form of refusal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from safehold.model.permissions import Permission
from safehold.web.api.bodies import Problem, ScanAnswerBody, ScanBatch, ScanBatchAnswer, ScanItem
from safehold.web.api.prevent_bodies import ChildPolicyAnswer, ChildPolicyBody
from safehold.web.errors import PROBLEM
from safehold.web.guard import permission_of

KEY = {"type": "http", "scheme": "bearer"}
_SCHEMAS = "#/components/schemas/{model}"


def describe(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    """Return the OpenAPI description of these routers' routes, as the guard and the errors really are.

    The framework would promise a form of refusal that is never sent, and knows nothing of keys.
    """
    description = app.openapi()
    components = description.setdefault("components", {})
    components["securitySchemes"] = {"key": KEY}
    schemas = components.setdefault("schemas", {})
    schemas.update(_our_schemas())
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for route, operation in _operations(description, routers):
        operation["responses"].pop("422", None)
        operation["responses"]["default"] = {
            "description": "What was wrong, what was kept, and what to do",
            "content": {PROBLEM: {"schema": {"$ref": _SCHEMAS.format(model="Problem")}}},
        }
        if permission_of(route.endpoint) is not Permission.PUBLIC:
            operation["security"] = [{"key": []}]
    return description


def _our_schemas() -> dict[str, Any]:
    _, found = models_json_schema(
        [
            (ScanItem, "validation"),
            (ScanBatch, "validation"),
            (ScanAnswerBody, "serialization"),
            (ScanBatchAnswer, "serialization"),
            (ChildPolicyBody, "validation"),
            (ChildPolicyAnswer, "serialization"),
            (Problem, "serialization"),
        ],
        ref_template=_SCHEMAS,
    )
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _operations(
    description: dict[str, Any], routers: Sequence[APIRouter]
) -> Iterator[tuple[APIRoute, dict[str, Any]]]:
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                for method in route.methods or ():
                    yield route, description["paths"][route.path][method.lower()]
