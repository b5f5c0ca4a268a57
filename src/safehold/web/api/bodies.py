"""The shapes of requests and answers of the API. Unknown fields are refused: a typo must not be silent."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import cache
from ipaddress import ip_address
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from safehold.intake.inbound_reports import LONGEST_ADDRESS, LONGEST_CONTACT
from safehold.intake.inbound_reports import LONGEST_STATEMENT as LONGEST_STATED
from safehold.intake.inbound_reports import MOST_ITEMS as MOST_SHOWN
from safehold.model.errors import BadForm, MalformedJson
from safehold.model.inbound_report import Seen
from safehold.model.item import Context
from safehold.model.match import Flag, Match
from safehold.model.scan import ScanAnswer
from safehold.model.signal import Signal
from safehold.review.appeals import LONGEST_NAME, LONGEST_STATEMENT
from safehold.web.errors import places

LONGEST = 500
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Between which an upload can have happened; the database's and Python's calendars end elsewhere."""


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("a character that cannot be stored")
    return text


Text = Annotated[str, AfterValidator(_storable)]
"""A text that the records can hold."""


def _utc(instant: datetime | None) -> datetime | None:
    if instant is None:
        return None
    aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
    if not EARLIEST <= aware < LATEST:
        raise ValueError("not an instant at which anything can have been made, uploaded or removed")
    return aware.astimezone(UTC)


def _address(text: str) -> str:
    ip_address(text)
    return text


Address = Annotated[str, AfterValidator(_address)]
"""An IP address, version 4 or 6, as it was written."""


class Body(BaseModel):
    """A part of a request."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ContextBody(Body):
    """Where an item appeared, in the platform's own words."""

    surface: Text = Field(min_length=1, max_length=LONGEST, description="One that the settings declare.")
    content_id: Text | None = Field(None, max_length=LONGEST, description="The platform's id of it.")
    account_id: Text | None = Field(None, max_length=LONGEST, description="The platform's id of the account.")
    uploaded_at: datetime | None = Field(None, description="When it was uploaded; without a zone it is UTC.")
    ip: Address | None = Field(None, max_length=45, description="The uploader's address.")
    port: int | None = Field(None, ge=1, le=65535, strict=True, description="The uploader's port.")
    original_name: Text | None = Field(None, max_length=LONGEST, description="The file's name as uploaded.")
    region: Text | None = Field(None, max_length=LONGEST, description="The region whose law applies.")

    reference: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._:~=-]{1,64}$",
        description=(
            "By which you find the upload again: opaque, best random. Where the surface keeps signals for"
            " look-back it is kept with them, and sent back should a later entry match."
        ),
    )

    account_created_at: datetime | None = Field(
        None, description="When the account was made; without a zone it is UTC."
    )
    account_is_child: bool | None = Field(
        None, strict=True, description="Whether you know the account as a child's. It is no suspicion."
    )

    _in_utc = field_validator("uploaded_at", "account_created_at")(_utc)

    def to_context(self) -> Context:
        """Return the words of the model."""
        return Context(**self.model_dump())


STREAM_ID = r"^[A-Za-z0-9._:~=-]{1,64}$"
LONGEST_STREAM = 31 * 24 * 3600.0
"""Seconds: no position in a stream lies further from its start."""


class StreamContextBody(ContextBody):
    """Where frames of a live stream appeared. All of them have it in common, but for their positions."""

    account_id: Text = Field(
        min_length=1, max_length=LONGEST, description="Who streams; their frames gather in one case."
    )
    content_id: None = Field(None, description="Not used: the stream's id is in the address.")
    positions: list[Annotated[float, Field(ge=0, le=LONGEST_STREAM, allow_inf_nan=False)]] | None = Field(
        None, description="Seconds since the stream began, one for each frame."
    )

    def to_contexts(self, stream_id: str, frames: int) -> list[Context]:
        """Return each frame's context, which names its place as a media fragment: `STREAM#t=SECONDS`.

        Raises BadForm where there are more or fewer positions than frames.
        """
        if self.positions is not None and len(self.positions) != frames:
            raise BadForm("positions: one for each frame, or none at all.")
        common = self.model_dump(exclude={"positions", "content_id"})
        places = (
            [stream_id] * frames
            if self.positions is None
            else [f"{stream_id}#t={position:.3f}".rstrip("0").rstrip(".") for position in self.positions]
        )
        return [Context(**common, content_id=place) for place in places]


class SignalBody(Body):
    """One fingerprint."""

    type: str = Field(max_length=40, description="A signal type, such as `pdq` or `sha256`.")
    value: str = Field(max_length=1000, description="The digest in hexadecimal.")


class ScanItem(Body):
    """One thing to scan: exactly one of url, signals, links and text."""

    url: str | None = Field(
        None, max_length=4000, description="Fetched and scanned; never a private address."
    )
    signals: list[SignalBody] | None = Field(None, min_length=1, max_length=1000)
    links: list[str] | None = Field(None, min_length=1, max_length=1000)
    text: str | None = Field(None, max_length=100_000)
    context: ContextBody | None = Field(None, description="Needed unless the batch has one for all.")

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        given = [name for name in ("url", "signals", "links", "text") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("exactly one of url, signals, links and text")
        return self


class ScanBatch(Body):
    """Several things to scan; each is answered by itself, in order."""

    items: list[ScanItem] = Field(min_length=1)
    context: ContextBody | None = Field(None, description="For items that have none of their own.")


class MatchBody(BaseModel):
    """One match, for keys with the scope `scan:detail`."""

    list: str
    entry_id: UUID
    signal_type: str
    distance: int
    category: str | None
    turn: str = Field(
        description="none, or how the upload has to be turned to match: rotated_90, mirrored, …"
    )


class FlagBody(BaseModel):
    """One request that somebody look."""

    source: str
    score: float
    reason: str


class SignalAnswer(BaseModel):
    """One fingerprint that was made."""

    type: str
    value: str
    quality: int | None


class ScanAnswerBody(BaseModel):
    """What a scan found, and what to do with the upload now."""

    scan_id: UUID
    item_id: UUID | None = Field(description="None where nothing was kept.")
    result: str = Field(description="clear, hold, review, incomplete or not_scanned")
    advice: str = Field(description="publish, hold or retry")
    degraded: list[str] = Field(description="Which checks did not run, and why.")
    limits: list[str] = Field(description="Which checks ran with little to go on.")
    case_id: UUID | None = Field(description="None until review has opened the case.")
    reference: str | None = Field(None, description="As it came in the context.")
    reference_until: date | None = Field(
        None,
        description="From this day on (UTC) nothing is kept under the reference; None where nothing is.",
    )
    matches: list[MatchBody] | None = None
    flags: list[FlagBody] | None = None
    signals: list[SignalAnswer] | None = None
    mode: str | None = Field(
        None, description="fast where signals may differ in some bits from those to make entries of; exact."
    )


class Problem(BaseModel):
    """What was wrong, by RFC 9457."""

    type: str = Field(description="urn:safehold:error:CODE")
    title: str = Field(description="What happened.")
    status: int
    code: str = Field(description="A stable name of this kind of failure.")
    kept: str = Field(description="What was kept of it.")
    advice: str = Field(description="What to do.")
    request_id: str


class FailedItem(BaseModel):
    """One item of a batch that could not be answered."""

    error: Problem


class ScanBatchAnswer(BaseModel):
    """The answers to a batch, in its order."""

    items: list[ScanAnswerBody | FailedItem]


class StreamAnswer(BaseModel):
    """What the frames of a stream came to. result, advice: the most urgent and most careful of all frames."""

    stream_id: str
    result: str = Field(description="As of a scan; a frame that failed counts as incomplete.")
    advice: str = Field(description="publish: let it go on; hold: interrupt it; retry: send frames again.")
    frames: list[ScanAnswerBody | FailedItem] = Field(description="In the order in which they were sent.")


class RemovalBody(Body):
    """A platform says that what it was asked to remove is gone."""

    removed_at: datetime | None = Field(
        None, description="Since when; without a zone it is UTC. Left out: it is gone by now."
    )

    _in_utc = field_validator("removed_at")(_utc)


class AppealBody(Body):
    """Somebody contests what was done to an item. reference: of a statement of reasons."""

    item_id: UUID | None = None
    case_id: UUID | None = None
    reference: UUID | None = None
    statement: Text = Field(min_length=1, max_length=LONGEST_STATEMENT)
    by: Text = Field(min_length=1, max_length=LONGEST_NAME, description="Who, in the platform's words.")

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if sum(one is not None for one in (self.item_id, self.case_id, self.reference)) != 1:
            raise ValueError("exactly one of item_id, case_id and reference")
        return self


class InboundReportBody(Body):
    """Somebody reported a page to a platform."""

    address: Text = Field(min_length=1, max_length=LONGEST_ADDRESS, description="Of the page, http or https.")
    seen: Seen
    statement: Text = Field("", max_length=LONGEST_STATED, description="Their own words.")
    contact: Text = Field(
        "",
        max_length=LONGEST_CONTACT,
        description="Their mail address. It is sealed, and destroyed 90 days after the outcome.",
    )
    items: list[UUID] = Field(
        default_factory=list,
        max_length=MOST_SHOWN,
        description="What the page shows: `item_id` as a scan answered it, of media, by this key. They are"
        " assessed together with the page.",
    )


def read(body: type[BaseModel], raw: bytes | str) -> Any:
    """Parse JSON into a body. Raises MalformedJson, or BadForm that names the wrong fields."""
    named_once(raw)
    return checked(body, raw)


def checked(body: type[BaseModel], raw: bytes | str) -> Any:
    """Parse JSON that `named_once` has seen. Raises as `read` does."""
    try:
        return _adapter(body).validate_json(raw)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        if any(line["type"] == "json_invalid" for line in problems):
            raise MalformedJson("The body is not JSON.") from None
        raise BadForm(f"Wrong or missing: {places(problems)}.") from None


def named_once(raw: bytes | str) -> Any:
    """Return what JSON says, None where it is no JSON: `checked` says so, and where.

    Raises BadForm where an object names a field twice: readers differ in which of the two they believe.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise BadForm("A field is named twice in one object.")
        return fields

    try:
        return json.loads(raw, object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None


@cache
def _adapter(body: type[BaseModel]) -> TypeAdapter[Any]:
    return TypeAdapter(body)


def scan_answer(answer: ScanAnswer, *, detail: bool) -> dict[str, Any]:
    """Return a scan's answer as JSON values; matches, flags and signals only with `detail`."""
    body: dict[str, Any] = {
        "scan_id": str(answer.scan_id),
        "item_id": str(answer.item_id) if answer.item_id else None,
        "result": answer.result.value,
        "advice": answer.advice.value,
        "degraded": list(answer.degraded),
        "limits": list(answer.limits),
        "case_id": str(answer.case_id) if answer.case_id else None,
        "reference_until": answer.reference_until.isoformat() if answer.reference_until else None,
    }
    if detail:
        body["matches"] = [_match(match) for match in answer.matches]
        body["flags"] = [_flag(flag) for flag in answer.flags]
        body["signals"] = [_signal(signal) for signal in answer.signals]
        body["mode"] = answer.mode.value
    return body


def _match(match: Match) -> dict[str, Any]:
    return {
        "list": match.list_name,
        "entry_id": str(match.entry_id),
        "signal_type": match.signal_type,
        "distance": match.distance,
        "category": match.category,
        "turn": match.turn.value,
    }


def _flag(flag: Flag) -> dict[str, Any]:
    return {"source": flag.source, "score": flag.score, "reason": flag.reason}


def _signal(signal: Signal) -> dict[str, Any]:
    return {"type": signal.signal_type, "value": signal.text, "quality": signal.quality}
