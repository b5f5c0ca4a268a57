"""POST /v1/streams/{id}/frames: frames of a live stream, sampled by the platform, scanned like uploads."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from safehold.app.program import Program
from safehold.app.requests import Answer, Attempt, Settle, Unrepeated
from safehold.model.errors import BadForm, SafeholdError, TooLarge, UnknownSurface, UnsupportedMediaType
from safehold.model.item import Context
from safehold.model.permissions import Actor, Permission
from safehold.model.scan import ScanResult
from safehold.model.surface import Advice
from safehold.web.api.bodies import STREAM_ID, StreamAnswer, StreamContextBody, read
from safehold.web.api.scan_answers import IDEMPOTENCY_KEY, kept, settling, told
from safehold.web.errors import problem, request_id
from safehold.web.forms import MULTIPART, content_type_of, form_in_memory
from safehold.web.guard import actor_of, needs

FORM = {
    "type": "object",
    "required": ["frame", "context"],
    "properties": {
        "frame": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "minItems": 1,
            "description": "Pictures, in their order; the part is sent once for each.",
        },
        "context": {"type": "string", "description": "JSON of the context."},
    },
}
DESCRIPTION = {
    "requestBody": {"required": True, "content": {MULTIPART: {"schema": FORM}}},
    "parameters": [IDEMPOTENCY_KEY],
}
_MOST_URGENT_FIRST = (
    ScanResult.HOLD,
    ScanResult.REVIEW,
    ScanResult.INCOMPLETE,
    ScanResult.NOT_SCANNED,
    ScanResult.CLEAR,
)
_MOST_CAREFUL_FIRST = (Advice.HOLD, Advice.RETRY, Advice.PUBLISH)

StreamId = Annotated[str, Path(pattern=STREAM_ID, description="The platform's id of the stream.")]


def add_stream_routes(router: APIRouter, program: Program) -> None:
    """Add the endpoint for live video to a guarded router."""

    @router.post(
        "/v1/streams/{stream_id}/frames",
        openapi_extra=DESCRIPTION,
        response_model=StreamAnswer,
        summary="Scan frames of a live stream",
    )
    @needs(Permission.SCAN)
    async def post_frames(stream_id: StreamId, request: Request) -> JSONResponse:
        """Answer whether the stream may go on: what each frame came to, and the most urgent of it all."""
        if content_type_of(request) != MULTIPART:
            raise UnsupportedMediaType()
        frames, context = await _sent(request, most=program.settings.limits.stream_frames)
        actor = actor_of(request)
        places = context.to_contexts(stream_id, len(frames))

        def run(attempt: Attempt) -> Answer:
            return _scan(request, program, actor, list(zip(frames, places, strict=True)), attempt)

        def parts() -> tuple[bytes, ...]:
            return stream_id.encode(), context.model_dump_json().encode(), *map(_repeated, frames)

        key = request.headers.get("idempotency-key")
        answer = await run_in_threadpool(
            lambda: run(Unrepeated()) if key is None else program.once(actor, key, parts(), run, kept)
        )
        return JSONResponse(_summed_up(stream_id, answer["items"]))


Frame = tuple[bytes, str | None]
"""The bytes of a frame, and the media type that its part claims."""


def _repeated(frame: Frame) -> bytes:
    """Return by what a repeat of a frame is known: what it claims to be is part of its answer."""
    data, claimed = frame
    return hashlib.sha256(data).digest() + (claimed or "").encode("utf-8", "surrogatepass")


async def _sent(request: Request, *, most: int) -> tuple[list[Frame], StreamContextBody]:
    form = await form_in_memory(request, max_files=most + 1, max_fields=4)
    try:
        files, context = _frames_and_context(form)
        if len(files) > most:
            raise TooLarge(f"Send at most {most} frames at once.")
        return [(await each.read(), each.content_type) for each in files], context
    finally:
        await form.close()


def _frames_and_context(form: FormData) -> tuple[list[UploadFile], StreamContextBody]:
    sent, contexts = form.getlist("frame"), form.getlist("context")
    files = [each for each in sent if isinstance(each, UploadFile)]
    # A part that nobody reads would be dropped in silence: the wrong one might count.
    if len(contexts) != 1 or len(files) < len(sent) or len(form.multi_items()) > len(sent) + 1:
        raise BadForm("Send each picture in a part named frame, one part named context, and no others.")
    if not files:
        raise BadForm("frame: send at least one picture in a part of this name.")
    [context] = contexts
    if not isinstance(context, str):
        raise BadForm("context: send JSON in a part of this name.")
    parsed: StreamContextBody = read(StreamContextBody, context)
    return files, parsed


def _scan(
    request: Request, program: Program, actor: Actor, frames: list[tuple[Frame, Context]], attempt: Attempt
) -> Answer:
    """Answer each frame as it would be alone: one that fails does not take the others with it."""
    program.scanner.catch_up()

    def one(frame: Frame, place: Context, settle: Settle) -> Answer:
        data, claimed = frame
        try:
            answer = program.scanner.scan_bytes(
                data,
                place,
                claimed_type=claimed,
                actor=actor,
                when_kept=settling(settle, actor),
                caught_up=True,
            )
        except UnknownSurface:  # of all of them
            raise
        except SafeholdError as error:
            return {"error": problem(error, request_id(request))}
        return told(actor, answer)

    return {
        "items": [
            attempt.part(index, partial(one, frame, place)) for index, (frame, place) in enumerate(frames)
        ]
    }


def _summed_up(stream_id: str, frames: list[dict[str, Any]]) -> Answer:
    """Return the frames' answers and the most urgent of them; a frame that failed was not looked at whole."""
    results = {each.get("result", ScanResult.INCOMPLETE) for each in frames}
    advice = {each.get("advice", Advice.HOLD) for each in frames}
    return {
        "stream_id": stream_id,
        "result": next(one for one in _MOST_URGENT_FIRST if one in results),
        "advice": next(one for one in _MOST_CAREFUL_FIRST if one in advice),
        "frames": frames,
    }
