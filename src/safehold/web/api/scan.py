"""POST /v1/scan: may this go live?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from safehold.app.program import Program
from safehold.app.requests import Answer, Answering, Attempt, Settle, Unrepeated
from safehold.app.scan import Fingerprints
from safehold.app.scan_records import WhenKept
from safehold.app.shared_look import SharedLook
from safehold.model.errors import BadForm, MalformedJson, SafeholdError, TooLarge, UnsupportedMediaType
from safehold.model.item import Context
from safehold.model.permissions import Actor, Permission
from safehold.model.scan import ScanAnswer
from safehold.web.api.bodies import ContextBody, ScanBatch, ScanItem, checked, named_once, read
from safehold.web.api.scan_answers import IDEMPOTENCY_KEY, kept, settling, told
from safehold.web.errors import problem, request_id
from safehold.web.forms import MULTIPART, content_type_of, form_in_memory
from safehold.web.guard import actor_of, needs, whole


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
    "parameters": [IDEMPOTENCY_KEY],
    "responses": {
        "200": {
            "description": "What was found, and what to do with the upload now",
            "content": _either("ScanAnswerBody", "ScanBatchAnswer"),
        }
    },
}


SCAN = "/v1/scan"
SHORT = 8
"""Fingerprints of one item that are compared where the request is read: a thread would take longer."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request asks. parts: returns by what a repeat is known; run: answers it; both in a thread.

    references: what each item is called by the platform; that is said back, and kept with no answer.
    short: the same as `run` would scan, where it is one item of a few fingerprints; else None. caught_up:
    answers as `run` does, where the lists were brought up to date since the request came; None where it makes
    no difference.
    """

    parts: Callable[[], tuple[bytes, ...]]
    run: Answering
    references: tuple[str | None, ...]
    short: Fingerprints | None = None
    caught_up: Answering | None = None


def add_scan_routes(router: APIRouter, program: Program) -> APIRoute:
    """Add the scan endpoint to a guarded router, and return it."""

    @cache
    def lists() -> SharedLook:
        return SharedLook(program.scanner.catch_up_in_loop())

    @router.post(
        SCAN,
        openapi_extra=DESCRIPTION,
        summary="Scan an upload, a URL, or fingerprints",
    )
    @needs(Permission.SCAN)
    @whole
    async def post_scan(request: Request) -> JSONResponse:
        """Answer whether this may go live. A file that arrived always gets an answer."""
        content_type = content_type_of(request)
        actor = actor_of(request)
        if content_type == MULTIPART:
            sent = await _upload(request, program, actor)
        elif content_type == "application/json":
            sent = _json(await request.body(), request, program, actor)
        else:
            raise UnsupportedMediaType()
        key = request.headers.get("idempotency-key")
        if key is not None:
            answer = await run_in_threadpool(lambda: program.once(actor, key, sent.parts(), sent.run, kept))
        elif sent.short is not None:
            answer = await _answer_short(program, actor, sent.short, lists())
        else:
            if sent.caught_up is not None:
                await lists().begun_after_now()
            answer = await run_in_threadpool(sent.caught_up or sent.run, Unrepeated())
        return JSONResponse(_named(answer, sent.references))

    [route] = [each for each in router.routes if isinstance(each, APIRoute) and each.path == SCAN]
    return route


async def _answer_short(program: Program, actor: Actor, sent: Fingerprints, lists: SharedLook) -> Answer:
    """Answer without a thread of its own, unless something must be written down."""
    await lists.begun_after_now()
    received = program.scanner.compare_signals(sent, actor=actor)
    if received.is_written:
        return told(actor, await run_in_threadpool(program.scanner.answer, received))
    return told(actor, program.scanner.answer(received))


async def _upload(request: Request, program: Program, actor: Actor) -> Sent:
    form = await form_in_memory(request, max_files=2, max_fields=4)
    try:
        file, context = _file_and_context(form)
        data = await file.read()
        claimed = file.content_type
    finally:
        await form.close()
    place = context.to_context()

    def run(attempt: Attempt, *, caught_up: bool = False) -> Answer:
        return told(
            actor,
            program.scanner.scan_bytes(
                data,
                place,
                claimed_type=claimed,
                actor=actor,
                when_kept=settling(attempt.settle, actor),
                caught_up=caught_up,
            ),
        )

    # What the part claims to be is part of the answer, so it is part of what a repeat repeats.
    def parts() -> tuple[bytes, ...]:
        said = (claimed or "").encode("utf-8", "surrogatepass")
        return hashlib.sha256(data).digest(), said, context.model_dump_json().encode()

    return Sent(parts, run, (place.reference,), caught_up=partial(run, caught_up=True))


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
    try:
        parsed: ContextBody = read(ContextBody, context)
    except MalformedJson:
        raise MalformedJson("context: what was sent in the part of this name is not JSON.") from None
    return file, parsed


def _json(raw: bytes, request: Request, program: Program, actor: Actor) -> Sent:
    value = named_once(raw)
    if isinstance(value, dict) and "items" in value:
        batch: ScanBatch = checked(ScanBatch, raw)
        limit = program.settings.limits.batch_items
        if len(batch.items) > limit:
            raise TooLarge(f"A batch has at most {limit} items.")
        contexts = [each.context or batch.context for each in batch.items]
        return Sent(
            lambda: (raw,),
            lambda attempt: _scan_batch(request, program, actor, batch, attempt),
            tuple(each.reference if each is not None else None for each in contexts),
        )
    item: ScanItem = checked(ScanItem, raw)
    is_short = item.signals is not None and item.context is not None and len(item.signals) <= SHORT
    return Sent(
        lambda: (raw,),
        lambda attempt: _answer_one(program, actor, item, item.context, attempt.settle),
        (item.context.reference if item.context is not None else None,),
        _fingerprints(item, _place(item.context)) if is_short else None,
    )


def _fingerprints(item: ScanItem, place: Context, when_kept: WhenKept | None = None) -> Fingerprints:
    pairs = [(signal.type, signal.value) for signal in item.signals or ()]
    return Fingerprints(signals=pairs, context=place, when_kept=when_kept)


def _place(context: ContextBody | None) -> Context:
    if context is None:
        raise BadForm("context: every item needs one, or the batch one for all.")
    return context.to_context()


def _scan_batch(
    request: Request, program: Program, actor: Actor, batch: ScanBatch, attempt: Attempt
) -> Answer:
    """Answer each item as it would be alone: one that fails does not take the others with it."""

    def one(item: ScanItem, settle: Settle) -> Answer:
        try:
            return _answer_one(program, actor, item, item.context or batch.context, settle)
        except SafeholdError as error:
            return {"error": problem(error, request_id(request))}

    answers = _answered_together(program, actor, batch, attempt) if attempt.may_group else {}
    return {
        "items": [
            answers.get(index) or attempt.part(index, partial(one, item))
            for index, item in enumerate(batch.items)
        ]
    }


def _answered_together(
    program: Program, actor: Actor, batch: ScanBatch, attempt: Attempt
) -> dict[int, Answer]:
    """Answer the items that are fingerprints, in one search, and leave out what must be asked by itself."""
    of_batch = batch.context.to_context() if batch.context is not None else None
    asked: dict[int, Fingerprints] = {}
    for index, item in enumerate(batch.items):
        place = item.context.to_context() if item.context is not None else of_batch
        if item.signals is not None and place is not None:
            asked[index] = _fingerprints(item, place, settling(attempt.settle_part(index), actor))
    answers = program.scanner.scan_together(list(asked.values()), actor=actor) if asked else []
    return {
        index: told(actor, answer) for index, answer in zip(asked, answers, strict=True) if answer is not None
    }


def _answer_one(
    program: Program, actor: Actor, item: ScanItem, context: ContextBody | None, settle: Settle
) -> Answer:
    return told(actor, _scan_one(program, actor, item, context, settling(settle, actor)))


def _scan_one(
    program: Program,
    actor: Actor,
    item: ScanItem,
    context: ContextBody | None,
    when_kept: WhenKept,
) -> ScanAnswer:
    place, scanner = _place(context), program.scanner
    if item.url is not None:
        return scanner.scan_url(item.url, place, actor=actor, when_kept=when_kept)
    if item.signals is not None:
        pairs = [(signal.type, signal.value) for signal in item.signals]
        return scanner.scan_signals(pairs, place, actor=actor, when_kept=when_kept)
    return scanner.scan_unchecked("links" if item.links is not None else "text", place, actor=actor)


def _named(answer: Answer, references: tuple[str | None, ...]) -> Answer:
    """Return an answer with what the platform called each item."""
    if "items" not in answer:
        return {**answer, "reference": references[0]}
    named = [
        item if "error" in item else {**item, "reference": reference}
        for item, reference in zip(answer["items"], references, strict=True)
    ]
    return {"items": named}
