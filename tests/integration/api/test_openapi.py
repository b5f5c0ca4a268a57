"""The description of the API is valid, names every route, and what it generates meets no failure of ours."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from safehold.model.permissions import Permission
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, altered_copy

PATHS = {
    "/v1/scan",
    "/v1/streams/{stream_id}/frames",
    "/v1/appeals",
    "/v1/appeals/{appeal_id}",
    "/v1/items/{item_id}/removal",
    "/v1/items/{item_id}",
    "/v1/items/{item_id}/reasons",
    "/v1/cases/{case_id}",
    "/v1/lists",
    "/v1/lists/{name}",
    "/v1/overview",
    "/v1/inbound-reports",
    "/v1/child-policy/decide",
    "/v1/conversations/{conversation_id}/messages",
    "/v1/support-messages",
    "/v1/support-messages/choices",
    "/v1/help",
    "/v1/search-policy/decide",
    "/v1/parent-cards",
    "/v1/health/live",
    "/v1/health/ready",
    "/metrics",
}


@pytest.fixture
def description(safehold: Installation) -> dict[str, Any]:
    """Return the description as anybody may read it."""
    answer = Platform(safehold.base_url, "none").ask("GET", "/openapi.json")
    assert answer.status == 200
    body: dict[str, Any] = answer.body
    return body


def test_the_description_names_every_route_and_how_each_refuses(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    assert set(description["paths"]) == PATHS
    for path, methods in description["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            refusal = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
            assert refusal == {"$ref": "#/components/schemas/Problem"}
            assert "422" not in operation["responses"], "the framework's own form is never sent"
    problem = description["components"]["schemas"]["Problem"]
    assert set(problem["required"]) >= {"type", "title", "status", "code", "request_id"}


def test_routes_that_need_a_key_say_so(description: dict[str, Any]) -> None:
    assert description["components"]["securitySchemes"] == {"key": {"type": "http", "scheme": "bearer"}}
    public = {"/v1/health/live", "/v1/health/ready"}
    for path, methods in description["paths"].items():
        for operation in methods.values():
            assert operation.get("security", []) == ([] if path in public else [{"key": []}]), path


def test_every_reference_leads_somewhere_and_real_answers_fit_what_is_described(
    safehold: Installation, description: dict[str, Any]
) -> None:
    def fits(answer: Any, schema: dict[str, Any]) -> None:
        jsonschema_rs.validate({**schema, "components": description["components"]}, answer)

    for reference in _references(description):
        assert reference.startswith("#/components/schemas/")
        assert reference.rpartition("/")[2] in description["components"]["schemas"], reference
    operation = description["paths"]["/v1/scan"]["post"]["responses"]
    scanned = operation["200"]["content"]["application/json"]["schema"]
    refused = operation["default"]["content"]["application/problem+json"]["schema"]
    streamed = description["paths"]["/v1/streams/{stream_id}/frames"]["post"]["responses"]["200"]
    of_stream = streamed["content"]["application/json"]["schema"]
    context = {"surface": "rehearsal"}
    for platform in (safehold.platform(), safehold.platform(Permission.SCAN)):
        fits(platform.upload(altered_copy(1), context).body, scanned)
        batch = {"items": [{"text": "a"}, {"signals": [{"type": "pdq", "value": "0"}]}], "context": context}
        fits(platform.ask("POST", "/v1/scan", batch).body, scanned)
        fits(platform.upload(b"", context).body, refused)
        frames = [altered_copy(1), b""]
        fits(platform.stream("a", frames, {"surface": "live", "account_id": "b"}).body, of_stream)


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [one for inner in part.values() for one in _references(inner)]
    if isinstance(part, list):
        return [one for inner in part for one in _references(inner)]
    return []


@pytest.mark.parametrize("requests", [40, pytest.param(1500, marks=pytest.mark.slow)])
def test_no_generated_request_meets_a_failure_of_ours(
    safehold: Installation, description: dict[str, Any], requests: int
) -> None:
    schema = schemathesis.openapi.from_dict(description)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == len(PATHS)
    headers = {"Authorization": f"Bearer {safehold.key()}"}
    cases = st.one_of(*(operation.as_strategy() for operation in operations))

    @settings(
        max_examples=requests,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def answered(case: schemathesis.Case) -> None:
        case.headers.update(headers)
        answer = case.call(base_url=safehold.base_url, timeout=30)
        assert answer.status_code != 500
        if answer.status_code >= 400 and case.operation.path != "/v1/health/ready":
            assert answer.headers["content-type"] == ["application/problem+json"]
            assert [answer.json()["request_id"]] == answer.headers["x-request-id"]

    answered()
