"""The HTTP page and the OpenAPI document, from the application."""

from __future__ import annotations

import json
from typing import Any

from reference_pages import markdown as md
from reference_pages.routes import endpoint, routes
from safehold.model.media import DecodeFailure
from safehold.model.scan import ScanResult
from safehold.model.surface import Advice
from safehold.web.api.bodies import AppealBody, ContextBody, RemovalBody, ScanAnswerBody, ScanItem, SignalBody

ABOUT = """\
Requests carry `Authorization: Bearer KEY`. Failures are described in [Errors](errors.md). The same
facts for machines are in [openapi.json](../openapi.json), which a running Safehold serves at
`/openapi.json`. Unknown fields in a request are refused. A file that arrived is answered 200, whatever
its bytes are: what could not be checked is `incomplete`. Only an empty one is refused."""

RESULTS = {
    ScanResult.CLEAR: "a check is enabled here, every one ran on current lists, and none found anything",
    ScanResult.HOLD: "a list that may hold matched within its holding distance; the item is on hold",
    ScanResult.REVIEW: "something matched that may not hold by itself, or was flagged; a person will look",
    ScanResult.INCOMPLETE: "nothing was found, and a check did not run; `degraded` says which",
    ScanResult.NOT_SCANNED: "this surface may not be scanned for that region now; nothing was kept",
}
ADVICE = {
    Advice.PUBLISH: "let it go live",
    Advice.HOLD: (
        "keep it back: with an `item_id` until you are told otherwise, without one until you decide yourself "
        "or ask again"
    ),
    Advice.RETRY: "keep it back and ask again later",
}
DEGRADED = (
    ("list_stale:NAME", "the list is older than it may be; what it holds was compared all the same"),
    ("list_empty:NAME", "the list holds nothing"),
    ("no_check:KIND", "no check exists for this kind of input here, or no list is loaded"),
    ("signal_missing:TYPE", "a list holds entries of this signal type, and none was sent or could be made"),
    *((f"decoder:{reason.value}", "the bytes could not be decoded in full") for reason in DecodeFailure),
    ("matcher_down", "the decoder or the lists could not be reached, or a list is not loaded as it is now"),
    ("classifier_timeout:NAME", "the classifier did not answer in its seconds"),
    (
        "classifier_down:NAME",
        "the classifier failed, refused, or is left alone after failing again and again",
    ),
    ("classifier_garbled:NAME", "the classifier said something that nobody understands"),
    ("classifier_busy:NAME", "as many calls of the classifier run as may"),
    ("classifier_rate:NAME", "the classifier was asked as often in this second as was agreed"),
    ("classifier_budget:NAME", "the classifier was asked as often today as was agreed"),
)


SCAN_BODY = """\
## What is sent to `POST /v1/scan`

Either multipart with `file` and `context` (JSON), or JSON with exactly one of `url`, `signals`, `links` and
`text`, and a context. A batch is `{"items": [...], "context": {...}}`; each item is answered by itself. An
`Idempotency-Key` header makes a repeat harmless.
"""
ANSWERED = """\
## What is answered

`matches`, `flags` and `signals` only for keys with the scope `scan:detail`.
"""
LIMITS = """\
### `limits`: what ran with little to go on

| Code | Meaning |
|---|---|
| `low_detail:TYPE` | the picture is too plain for this signal type |
| `sampled:video` | frames were left out: [which are read](../explanation/no-silent-clear.md#films) |
| `abstained:NAME` | the classifier has nothing to say about this, or there is nothing to see in it |
| `few_frames:NAME` | the classifier takes fewer frames than there were; it saw an even choice |

They change the result only where the surface's `on_incomplete` names them.
"""


def page() -> str:
    """Return the page."""
    rows = [(md.code(path), method, says) for path, method, _, says in routes("api")]
    return md.page(
        md.title("HTTP API", "platform engineers", ABOUT),
        md.table(("Address", "Method", "What it does"), rows),
        SCAN_BODY,
        _fields(ScanItem),
        "### `context`\n",
        _fields(ContextBody),
        "### One of `signals`\n",
        _fields(SignalBody),
        ANSWERED,
        _fields(ScanAnswerBody),
        "### `result`\n",
        md.table(("Result", "Meaning"), [(md.code(one.value), RESULTS[one]) for one in ScanResult]),
        "### `advice`\n",
        md.table(("Advice", "Meaning"), [(md.code(one.value), ADVICE[one]) for one in Advice]),
        "### `degraded`: why a check did not run\n",
        md.table(("Code", "Meaning"), [(md.code(name), meaning) for name, meaning in DEGRADED]),
        LIMITS,
        "## What is sent to `POST /v1/appeals`\n",
        _fields(AppealBody),
        "## What is sent to `POST /v1/items/{item_id}/removal`\n",
        _fields(RemovalBody),
    )


def openapi_json() -> str:
    """Return the OpenAPI document of the API, as its own route gives it."""
    document = endpoint("/openapi.json", "api")(None)
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _fields(model: Any) -> str:
    schema = model.model_json_schema()
    needed = set(schema.get("required", ()))
    rows = [
        (md.code(name), _kind(field), "needed" if name in needed else "", field.get("description", ""))
        for name, field in schema["properties"].items()
    ]
    return md.table(("Field", "Kind", "", "Meaning"), rows)


def _kind(field: dict[str, Any]) -> str:
    options = [one for one in field.get("anyOf", [field]) if one.get("type") != "null"]
    return " or ".join(_plain(one) for one in options)


def _plain(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return "object"
    kind = field.get("format") or field.get("type", "")
    if kind == "array":
        kind = f"list of {_plain(field['items'])}"
    limits = [
        f"{word} {field[name]}"
        for name, word in (("maxLength", "at most"), ("maxItems", "at most"), ("maximum", "at most"))
        if name in field
    ]
    return ", ".join([kind, *limits])
