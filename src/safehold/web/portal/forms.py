"""Forms of the portal: small, from its own pages, and plain fields alone. A file cannot be sent."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request

from safehold.model.errors import InvalidInput, NotAllowed, TooLarge, UnsupportedMediaType

LARGEST_FORM = 32 * 1024
"""Bytes."""
MOST_FIELDS = 20
_FORM = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields that were sent, the first of each name.

    Raises NotAllowed where a browser says that another site sent them, UnsupportedMediaType for any other
    kind of body, TooLarge, and InvalidInput for what is no form.
    """
    # There is no session that another site could misuse; it could only send in our visitors' names.
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise NotAllowed("This form was sent by another site.", advice="Open our own page and send it there.")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise UnsupportedMediaType("Only the fields of the form can be sent; a file cannot.")
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > LARGEST_FORM:
            raise TooLarge("The form has no room for so much.", advice="Write less, and send it again.")
    try:
        pairs = parse_qsl(bytes(body).decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise InvalidInput("This is not what our form sends.") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields
