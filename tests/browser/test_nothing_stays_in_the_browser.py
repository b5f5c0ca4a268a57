"""After a clear showing the browser is closed, and nothing of the picture is in its profile folder.

A control shows that the search would find it: a picture that may be cached is found there.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Playwright, sync_playwright
from site_under_test import ANN, PASSWORD, jpeg

CHROMIUM = "/usr/bin/chromium"
"""The browser as people use it, with everything that writes into a profile."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
PIECE = 64


def pieces_of(data: bytes) -> list[bytes]:
    """Return pieces of some bytes from all over them, past what files of this kind have in common."""
    assert len(data) > 4096
    places = np.linspace(1024, len(data) - PIECE - 64, 24).astype(int)
    return [data[place : place + PIECE] for place in places]


def disguises_of(piece: bytes) -> list[bytes]:
    """Return a piece as it is, and in base64 at each of its three alignments, less the uncertain ends."""
    return [piece, *(base64.b64encode(b"\0" * shift + piece)[8:-8] for shift in range(3))]


def unpacked(data: bytes) -> Iterator[bytes]:
    """Yield the bytes of a file, and of every gzip and zlib stream in it that opens."""
    yield data
    for start in (b"\x1f\x8b\x08", b"\x78\x9c", b"\x78\x01", b"\x78\xda"):
        at = data.find(start)
        while at >= 0:
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(wbits=47).decompress(data[at:], 64 * 1024 * 1024)
            at = data.find(start, at + 1)


def files_with(folder: Path, *pictures: bytes) -> list[str]:
    """Return the files below a folder in which a piece of a picture is, whatever it is hidden in."""
    wanted = [form for picture in pictures for piece in pieces_of(picture) for form in disguises_of(piece)]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    return [
        path.relative_to(folder).as_posix()
        for path in files
        if any(form in inside for inside in unpacked(path.read_bytes()) for form in wanted)
    ]


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


def browsing(playwright: Playwright, profile: Path) -> BrowserContext:
    return playwright.chromium.launch_persistent_context(
        str(profile), executable_path=CHROMIUM, args=FLAGS, viewport={"width": 1280, "height": 800}
    )


def look(page: Any, keys: tuple[str, ...]) -> None:
    """Hold these keys until the picture is there, and let go."""
    for key in keys:
        page.keyboard.down(key)
    page.wait_for_selector("#panel img")
    page.wait_for_function("document.querySelector('#panel img').naturalWidth > 0")
    with page.expect_response("**/close"):
        for key in reversed(keys):
            page.keyboard.up(key)


def noted(reader: Any) -> list[bytes]:
    """Return a list to which every picture is added that this reader hands out from now on."""
    handed_out: list[bytes] = []
    show = reader.show

    def show_and_note(ticket: str) -> bytes:
        handed_out.append(show(ticket))
        return handed_out[-1]

    reader.show = show_and_note
    return handed_out


def test_nothing_of_what_was_shown_is_left_in_the_browsers_profile(
    playwright: Playwright, quiet_site: Any, tmp_path: Path
) -> None:
    original, shown = jpeg(3, quality=88), noted(quiet_site.console.reader)
    quiet_site.upload(3, quality=88)
    profile = tmp_path / "profile"
    context = browsing(playwright, profile)
    page = context.pages[0]
    page.goto(f"{quiet_site.url}/console/sign-in")
    page.get_by_label("Name").fill(ANN)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.get_by_role("button", name="Open the next case").click()
    page.wait_for_url("**/console/cases/*")
    look(page, ("Shift", "R"))
    look(page, ("r",))
    assert len(shown) == 2
    assert Image.open(io.BytesIO(shown[0])).size == (640, 480)
    # Pages that are left and come back to are where a browser keeps most.
    page.goto(f"{quiet_site.url}/console/queue")
    page.go_back()
    context.close()
    assert len([path for path in profile.rglob("*") if path.is_file()]) > 20
    assert files_with(profile, original, *shown) == []
    origin = urlsplit(quiet_site.url).netloc.encode()
    assert any(origin in path.read_bytes() for path in profile.rglob("*") if path.is_file()), "no visit"


def picture_of_noise() -> bytes:
    chance = np.random.default_rng(7)
    file = io.BytesIO()
    Image.fromarray(chance.integers(0, 255, (480, 640, 3), dtype=np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


class Careless(BaseHTTPRequestHandler):
    """Serves a page with a picture that may be kept for a year, plain and compressed."""

    picture = b""

    def do_GET(self) -> None:
        if self.path.startswith("/picture"):
            packed = gzip.compress(self.picture) if "packed" in self.path else self.picture
            self.send_response(200)
            self.send_header("content-type", "image/jpeg")
            self.send_header("cache-control", "public, max-age=31536000")
            if packed is not self.picture:
                self.send_header("content-encoding", "gzip")
        else:
            packed = b"<!doctype html><title>x</title><img src=/picture>"
            self.send_response(200)
            self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(packed)))
        self.end_headers()
        self.wfile.write(packed)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_search_finds_a_picture_that_a_careless_server_lets_the_browser_keep(
    playwright: Playwright, tmp_path: Path
) -> None:
    Careless.picture = picture_of_noise()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    profile = tmp_path / "profile"
    try:
        context = browsing(playwright, profile)
        page = context.pages[0]
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_function("document.querySelector('img').naturalWidth > 0")
        context.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert files_with(profile, Careless.picture)


@pytest.mark.parametrize(
    "hidden",
    [
        lambda data: data,
        lambda data: b"before" + data + b"after",
        base64.b64encode,
        lambda data: b"x" + base64.b64encode(b"y" + data),
        lambda data: b"x" + base64.b64encode(b"yz" + data),
        gzip.compress,
        zlib.compress,
        lambda data: b"head of a cache entry" + gzip.compress(data) + b"tail",
        lambda data: data[5000:40000],
    ],
)
def test_the_search_finds_a_planted_picture_whatever_it_is_hidden_in(tmp_path: Path, hidden: Any) -> None:
    picture = picture_of_noise()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "f_000001").write_bytes(hidden(picture))
    (tmp_path / "other").write_bytes(jpeg(5, quality=80))
    assert files_with(tmp_path, picture) == ["deep/f_000001"]
