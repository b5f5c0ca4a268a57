"""Every failure as RFC 9457 problem details, by one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from safehold.app.logs import describe
from safehold.model import errors
from safehold.web.language import translated

log = structlog.get_logger()

HTTP_STATUS: dict[type[errors.SafeholdError], int] = {
    errors.SafeholdError: 500,
    errors.InvalidInput: 422,
    errors.NotAuthenticated: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.UnsupportedMediaType: 415,
    errors.WrongMethod: 405,
    errors.TooSlow: 408,
    errors.IdempotencyMismatch: 422,
    errors.TooLarge: 413,
    errors.Refused: 409,
    errors.AddressRefused: 422,
    errors.ErasedEvidence: 410,
    errors.TooManyViews: 429,
    errors.BreakDue: 429,
    errors.DayIsFull: 429,
    errors.TooManyAttempts: 429,
    errors.TooOften: 429,
    errors.Unavailable: 503,
    errors.FetchFailed: 502,
    errors.Damaged: 500,
}
"""The status of each error: its own, or that of the nearest family above it."""

PROBLEM = "application/problem+json"
FORESEEN = (errors.SafeholdError, RequestValidationError, HTTPException)
"""The failures that are answered where they happen; all others are `unforeseen`'s."""
Page = Callable[[Request, errors.SafeholdError], Response | None]
"""Answers a browser with a page instead, or says None."""


def status_of(error: errors.SafeholdError) -> int:
    """Return the HTTP status for an error."""
    return next(HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS)


def problem(error: errors.SafeholdError, request_id: str) -> dict[str, Any]:
    """Return the problem details of an error: what happened, what was kept, what to do.

    Programs read English; the console's own scripts show it to whoever works there, in their language.
    """
    return {
        "type": f"urn:safehold:error:{error.code}",
        "title": translated(error.what),
        "status": status_of(error),
        "code": error.code,
        "kept": translated(error.kept_now),
        "advice": translated(error.advice_now),
        "request_id": request_id,
    }


def request_id(request: Request) -> str:
    """Return the id under which this request is logged."""
    return str(request.scope.get("safehold.request_id", ""))


def answer(request: Request, error: errors.SafeholdError) -> JSONResponse:
    """Turn an error into a response."""
    status = status_of(error)
    if status >= 500:
        log.warning("request_failed", code=error.code, request_id=request_id(request))
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    headers |= retry_after(error)
    return JSONResponse(problem(error, request_id(request)), status, headers, media_type=PROBLEM)


def wants_page(request: Request) -> bool:
    """Say whether a browser asks, to show somebody a page, and no program."""
    return "text/html" in request.headers.get("accept", "")


def retry_after(error: errors.SafeholdError) -> dict[str, str]:
    """Return the header that says after how many seconds another try is right; nothing where it never is."""
    if isinstance(error, errors.TooManyAttempts | errors.TooOften):
        return {"Retry-After": str(error.seconds)}
    if isinstance(error, errors.Unavailable | errors.IdempotencyInProgress):
        return {"Retry-After": "1"}
    return {}


def from_validation(error: RequestValidationError) -> errors.InvalidInput:
    """Name the fields that are wrong, without quoting what was sent."""
    if any(line["type"] == "json_invalid" for line in error.errors()):
        return errors.MalformedJson("The body is not JSON.")
    return errors.InvalidInput(f"Wrong or missing: {places(error.errors())}.")


def places(problems: Iterable[Mapping[str, Any]]) -> str:
    """Name the places that pydantic found wrong. A field that we do not know is not named: it was sent."""
    found = set()
    for line in problems:
        where = [str(part) for part in line["loc"] if part not in ("body", "query", "path")]
        if line["type"] == "extra_forbidden":
            where[-1:] = ["(unknown field)"]
        found.add(".".join(where) or "body")
    return ", ".join(sorted(found))


def from_http(error: HTTPException) -> errors.SafeholdError:
    """Put the framework's own refusals into our words."""
    known: dict[int, errors.SafeholdError] = {
        404: errors.NotFound("There is nothing at this address."),
        405: errors.WrongMethod(),
        408: errors.TooSlow(),
        413: errors.TooLarge(),
    }
    return known.get(error.status_code, errors.InvalidInput("The request cannot be read."))


def install(app: FastAPI, *, page: Page) -> None:
    """Answer every failure that was foreseen in the one form. `page` may answer for a browser instead.

    The others are `unforeseen`'s, further out: the framework would answer those without our headers.
    """

    async def handle(request: Request, error: Exception) -> Response:
        return foreseen(request, error, page=page)

    for kind in FORESEEN:
        app.add_exception_handler(kind, handle)


def foreseen(request: Request, error: Exception, *, page: Page) -> Response:
    """Answer one of FORESEEN in the one form. Raises the error again where it is none of them."""
    if isinstance(error, errors.SafeholdError):
        ours = error
    elif isinstance(error, RequestValidationError):
        ours = from_validation(error)
    elif isinstance(error, HTTPException):
        ours = from_http(error)
    else:
        raise error
    response = page(request, ours) or answer(request, ours)
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response


def unforeseen(request: Request, error: Exception, *, page: Page) -> Response:
    """Answer what nobody foresaw, and log no more than its kind: its words may quote what was sent."""
    log.error("unforeseen", exception=describe(error), request_id=request_id(request))
    ours = errors.SafeholdError("Something failed that we did not foresee.", kept="It is logged by its kind.")
    return page(request, ours) or answer(request, ours)
