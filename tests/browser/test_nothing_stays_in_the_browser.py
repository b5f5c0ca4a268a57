"""After a clear showing the browser is closed, and nothing of the picture is in its profile folder.

A control shows that the search would find it: a picture that may be cached is found there.
"""

from __future__ import annotations

import base64
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
from left_behind import files_with, noted
from PIL import Image
from playwright.sync_api import BrowserContext, Playwright, sync_playwright
from site_under_test import ANN, PASSWORD, jpeg

CHROMIUM = "/usr/bin/chromium"
"""The browser as people use it, with everything that writes into a profile."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"]


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
