"""Claims about forms with files: in whatever pieces they come they are the same, and no file stays open."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from safehold.web.forms import form_in_memory

HEAD = b'--b\r\nContent-Disposition: form-data; name="context"\r\n\r\n{}\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
PHOTO = b"\xff\xd8\r\n--\r\n--a\r\n-\xff\xd9" * 3
WHOLE = HEAD + FILE + PHOTO + b"\r\n--b--\r\n"


def request(*messages: dict[str, Any]) -> Request:
    coming = list(messages)

    async def receive() -> dict[str, Any]:
        return coming.pop(0)

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


def piece(body: bytes, *, last: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": not last}


async def read(asked: Request) -> dict[str, object]:
    form = await form_in_memory(asked, max_files=2, max_fields=4)
    try:
        return {
            name: await value.read() if isinstance(value, UploadFile) else value
            for name, value in form.multi_items()
        }
    finally:
        await form.close()


@given(st.lists(st.integers(0, len(WHOLE)), max_size=20))
def test_in_whatever_pieces_a_form_comes_it_is_the_same_form(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(WHOLE)]
    pieces = [piece(WHOLE[start:end]) for start, end in pairwise(edges)]
    assert asyncio.run(read(request(*pieces, piece(b"", last=True)))) == {"context": "{}", "file": PHOTO}


@pytest.mark.parametrize("left_out", [8, 12, 20, len(PHOTO) + 8])
def test_a_file_that_never_ends_is_in_no_form_and_is_closed(left_out: int) -> None:
    # A file that is left open is told by a warning, and a warning is a failure here.
    cut = piece(WHOLE[:-left_out], last=True)
    assert asyncio.run(read(request(cut))) == {"context": "{}"}


def test_a_sender_who_goes_away_within_a_file_leaves_none_open() -> None:
    with pytest.raises(ClientDisconnect):
        asyncio.run(read(request(piece(WHOLE[:-12]), {"type": "http.disconnect"})))
