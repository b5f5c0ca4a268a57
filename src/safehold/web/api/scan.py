"""POST /v1/scan: may this go live?"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from safehold.app.program import Program
from safehold.app.requests import LONGEST_KEY, Answer, Answering, Attempt, Settle, Unrepeated
from safehold.app.scan import WhenKept
from safehold.model.errors import BadForm, SafeholdError, TooLarge, UnsupportedMediaType
from safehold.model.permissions import Actor, Permission
from safehold.model.scan import ScanAnswer, ScanResult
from safehold.web.api.bodies import (
    ContextBody,
    ScanBatch,
    ScanItem,
    read,
    scan_answer,
)
from safehold.web.errors import problem, request_id
from safehold.web.forms import MULTIPART, content_type_of, form_in_memory
from safehold.web.guard import actor_of, needs


def _either(*models: str) -> dict[str, Any]:
    refs = [{"$ref": f"#/components/schemas/{model}"} for model in models]
    return {"application/json": {"schema": {"anyOf": refs}}}


FORM = {
    "type": "object",
    "required": ["file", "context"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "context": {"type": "string", "description": "JSON of the context."},
    },
}
DESCRIPTION = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": {"schema": FORM}, **_either("ScanItem", "ScanBatch")},
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
            "description": "A repeat with the same key and body has one effect and one answer.",
        }
    ],
    "responses": {
        "200": {
            "description": "What was found, and what to do with the upload now",
            "content": _either("ScanAnswerBody", "ScanBatchAnswer"),
        }
    },
}


def add_scan_routes(router: APIRouter, program: Program) -> None:
    """Add the scan endpoint to a guarded router."""

    @router.post(
        "/v1/scan",
        openapi_extra=DESCRIPTION,
        summary="Scan an upload, a URL, or fingerprints",
    )
    @needs(Permission.SCAN)
    async def post_scan(request: Request) -> JSONResponse:
        """Answer whether this may go live. A file that arrived always gets an answer."""
        content_type = content_type_of(request)
        actor = actor_of(request)
        if content_type == MULTIPART:
            digest_parts, run = await _upload(request, program, actor)
        elif content_type == "application/json":
            digest_parts, run = await _json(request, program, actor)
        else:
            raise UnsupportedMediaType()
        key = request.headers.get("idempotency-key")
        if key is None:
            return JSONResponse(await run_in_threadpool(run, Unrepeated()))
        return JSONResponse(await run_in_threadpool(program.once, actor, key, digest_parts, run, _kept))


async def _upload(request: Request, program: Program, actor: Actor) -> tuple[tuple[bytes, ...], Answering]:
    form = await form_in_memory(request, max_files=2, max_fields=4)
    try:
        file, context = _file_and_context(form)
        data = await file.read()
        claimed = file.content_type
    finally:
        await form.close()
    place = context.to_context()

    def run(attempt: Attempt) -> Answer:
        return _body(
            actor,
            program.scanner.scan_bytes(
                data, place, claimed_type=claimed, actor=actor, when_kept=_settling(attempt.settle, actor)
            ),
        )

    # What the part claims to be is part of the answer, so it is part of what a repeat repeats.
    said = (claimed or "").encode("utf-8", "surrogatepass")
    return (hashlib.sha256(data).digest(), said, context.model_dump_json().encode()), run


def _file_and_context(form: FormData) -> tuple[UploadFile, ContextBody]:
    # A part that comes twice, or that nobody reads, would be dropped in silence: the wrong one might count.
    names = [name for name, _ in form.multi_items()]
    odd = sorted({name for name in names if names.count(name) > 1 or name not in FORM["properties"]})
    if odd:
        raise BadForm("Send one part named file and one named context, and no others.")
    file, context = form.get("file"), form.get("context")
    if not isinstance(file, UploadFile):
        raise BadForm("file: send the bytes in a part of this name.")
    if not isinstance(context, str):
        raise BadForm("context: send JSON in a part of this name.")
    parsed: ContextBody = read(ContextBody, context)
    return file, parsed


async def _json(request: Request, program: Program, actor: Actor) -> tuple[tuple[bytes, ...], Answering]:
    raw = await request.body()
    if _is_batch(raw):
        batch: ScanBatch = read(ScanBatch, raw)
        limit = program.settings.limits.batch_items
        if len(batch.items) > limit:
            raise TooLarge(f"A batch has at most {limit} items.")
        return (raw,), lambda attempt: _scan_batch(request, program, actor, batch, attempt)
    item: ScanItem = read(ScanItem, raw)
    return (raw,), lambda attempt: _answer_one(program, actor, item, item.context, attempt.settle)


def _settling(settle: Settle, actor: Actor) -> WhenKept:
    return lambda tx, answer: settle(tx, _body(actor, answer))


def _is_batch(raw: bytes) -> bool:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "items" in value


def _scan_batch(
    request: Request, program: Program, actor: Actor, batch: ScanBatch, attempt: Attempt
) -> Answer:
    """Answer each item by itself: one that fails does not take the others with it."""
    program = replace(program, scanner=program.scanner.together())

    def one(item: ScanItem, settle: Settle) -> Answer:
        try:
            return _answer_one(program, actor, item, item.context or batch.context, settle)
        except SafeholdError as error:
            return {"error": problem(error, request_id(request))}

    return {"items": [attempt.part(index, partial(one, item)) for index, item in enumerate(batch.items)]}


def _answer_one(
    program: Program, actor: Actor, item: ScanItem, context: ContextBody | None, settle: Settle
) -> Answer:
    return _body(actor, _scan_one(program, actor, item, context, _settling(settle, actor)))


def _scan_one(
    program: Program,
    actor: Actor,
    item: ScanItem,
    context: ContextBody | None,
    when_kept: WhenKept,
) -> ScanAnswer:
    if context is None:
        raise BadForm("context: every item needs one, or the batch one for all.")
    place, scanner = context.to_context(), program.scanner
    if item.url is not None:
        return scanner.scan_url(item.url, place, actor=actor, when_kept=when_kept)
    if item.signals is not None:
        pairs = [(signal.type, signal.value) for signal in item.signals]
        return scanner.scan_signals(pairs, place, actor=actor, when_kept=when_kept)
    return scanner.scan_unchecked("links" if item.links is not None else "text", place, actor=actor)


def _kept(answer: Answer) -> Answer | None:
    """Return what may be kept of an answer for a repeat.

    Where nothing was kept of an item, no fingerprint of it is either; where nothing may be scanned, not
    even the request is.
    """
    items = answer.get("items", [answer])
    if all(item.get("result") == ScanResult.NOT_SCANNED for item in items):
        return None
    kept = [item if item.get("item_id") else _without_signals(item) for item in items]
    return {"items": kept} if "items" in answer else kept[0]


def _without_signals(item: Answer) -> Answer:
    return {**item, "signals": None} if "signals" in item else item


def _body(actor: Actor, answer: ScanAnswer) -> Answer:
    return scan_answer(answer, detail=actor.may(Permission.SCAN_DETAIL))
