"""Reading forms into memory alone: the framework would write a large file to the disk, in plain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import aclosing

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

from safehold.model.errors import BadForm

MULTIPART, URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"

# PostgreSQL keeps neither, and a charset that the sender chooses can bring halves of surrogate pairs in.
_UNKEPT = re.compile("[\0\ud800-\udfff]")


def content_type_of(request: Request) -> str:
    """Return the content type that a request names, in lower case and without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def form_in_memory(request: Request, *, max_files: int = 0, max_fields: int = 1000) -> FormData:
    """Return what a form sent: multipart, or else urlencoded. Whoever lets files in closes the form.

    Raises HTTPException where it cannot be read, or there are more files or fields than that; BadForm where
    a text in it cannot be kept.
    """
    form = await _parsed(request, max_files=max_files, max_fields=max_fields)
    try:
        check_text(form.multi_items())
    except BadForm:
        await form.close()
        raise
    return form


def check_text(sent: Iterable[tuple[str, object]]) -> None:
    """Raise BadForm where a name or a text, of a form or a query, holds what the records cannot keep."""
    if any(_UNKEPT.search(part) for pair in sent for part in pair if isinstance(part, str)):
        raise BadForm(
            "A field holds a character that cannot be kept.",
            advice="Type it anew: something that cannot be seen was copied with it.",
        )


async def _parsed(request: Request, *, max_files: int, max_fields: int) -> FormData:
    async with aclosing(request.stream()) as stream:
        try:
            if content_type_of(request) != MULTIPART:
                return await FormParser(request.headers, stream, max_fields=max_fields).parse()
            parser = _InMemory(request.headers, stream, max_files=max_files, max_fields=max_fields)
            return await parser.parse()
        except MultiPartException as error:
            raise HTTPException(400) from error


class _InMemory(MultiPartParser):
    spool_max_size = 0
    """No limit: what is too large for memory is refused by its length, before and while it comes in."""

    async def parse(self) -> FormData:
        """Read the form. A file that never ended is in none: whoever closes the form would not close it."""
        form = await super().parse()
        whole = {id(value.file) for _, value in form.multi_items() if isinstance(value, UploadFile)}
        for file in self._files_to_close_on_error:
            if id(file) not in whole:
                file.close()
        return form
