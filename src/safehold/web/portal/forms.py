"""Forms of the portal: small, from its own pages, and plain fields alone. A file cannot be sent."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request

from safehold.model.errors import InvalidInput, NotAllowed, TooLarge, UnsupportedMediaType
from safehold.web.forms import URLENCODED, content_type_of
from safehold.web.portal.words import TEXT

LARGEST_FORM = 32 * 1024
"""Bytes."""
MOST_FIELDS = 20


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields that were sent, the first of each name.

    Raises NotAllowed where a browser says that another site sent them, UnsupportedMediaType for any other
    kind of body, TooLarge, and InvalidInput for what is no form.
    """
    # There is no session that another site could misuse; it could only send in our visitors' names.
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise NotAllowed(TEXT["elsewhere"], advice=TEXT["elsewhere_advice"])
    if content_type_of(request) != URLENCODED:
        raise UnsupportedMediaType(TEXT["no_files"], advice=TEXT["no_files_advice"])
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > LARGEST_FORM:
            raise TooLarge(TEXT["too_much"], advice=TEXT["too_much_advice"])
    try:
        pairs = parse_qsl(bytes(body).decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise InvalidInput(TEXT["not_our_form"], advice=TEXT["not_our_form_advice"]) from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields
