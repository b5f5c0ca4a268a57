"""Every page of console and portal is among those that are looked at in both themes and widths."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Error

from safehold.app.program import Program
from safehold.app.settings import Settings
from safehold.web.application import create_app

BROWSER = Path(__file__).parents[1] / "browser"
STATIC = Path(__file__).parents[2] / "src" / "safehold" / "web" / "static"
_spec = importlib.util.spec_from_file_location("gallery", BROWSER / "gallery.py")
assert _spec is not None
assert _spec.loader is not None
gallery = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(gallery)


def pages(surface: str) -> set[str]:
    """Return the routes of a surface that answer to GET."""
    program = SimpleNamespace(settings=Settings.model_construct())
    app = create_app(cast("Program", program), frozenset({surface}))
    return {route.path for route in _routes(app.routes) if "GET" in (route.methods or ())}


def _routes(found: Iterable[Any]) -> Iterator[APIRoute]:
    for route in found:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from _routes(route.original_router.routes)


def test_every_page_has_a_picture_and_every_picture_a_page() -> None:
    served = pages("console") | pages("portal")
    pictured = set(gallery.WALKED.values()) | set(gallery.OTHERS.values())
    asked = {path for path in served if not path.startswith("/v1/") and path != "/openapi.json"}
    assert asked - pictured - gallery.NO_PAGES.keys() == set()
    assert pictured - served == set()
    assert gallery.NO_PAGES.keys() - served == set()


def test_what_is_pictured_on_the_way_is_pictured_in_both_themes_and_widths() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in BROWSER.glob("test_*.py"))
    taken = set(re.findall(r'look_in_both_themes\(\w+, f"([\w-]+)-\{size\}"\)', tests))
    assert gallery.OTHERS.keys() - taken == set()


def test_the_themes_of_our_pages_differ_in_colours_alone() -> None:
    """So that one look at all else stands for both: `light-dark()` takes nothing but colours."""
    written = [
        path.relative_to(STATIC).as_posix()
        for path in STATIC.rglob("*")
        if path.suffix in {".css", ".js"} and "prefers-color-scheme" in path.read_text(encoding="utf-8")
    ]
    assert written == []


def test_an_address_is_told_from_that_of_another_page() -> None:
    assert gallery.is_of("/console/cases/{case_id}", "http://localhost/console/cases/1?item=2")
    assert not gallery.is_of("/console/cases/{case_id}", "http://localhost/console/cases/1/account")
    assert not gallery.is_of("/console/queue", "http://localhost/console/sign-in")


def test_every_picture_is_taken_by_the_one_function_that_asks_again() -> None:
    tests = {path.name: path.read_text(encoding="utf-8") for path in BROWSER.glob("*.py")}
    assert [name for name, written in tests.items() if ".screenshot(" in written] == ["gallery.py"]


class _Shy:
    """A page whose browser refuses some pictures."""

    def __init__(self, *refusals: str) -> None:
        self.refusals = list(refusals)

    def screenshot(self, *, path: Path, full_page: bool) -> None:
        if self.refusals:
            raise Error(f"Page.screenshot: {self.refusals.pop(0)}")
        path.write_text("whole" if full_page else "screen")


def test_a_refused_picture_is_asked_for_three_times_and_another_error_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "SCREENSHOTS", tmp_path / "screenshots")
    gallery.take(_Shy(gallery.REFUSED, gallery.REFUSED), "queue")
    assert (tmp_path / "screenshots" / "queue.png").read_text() == "whole"
    for refusals in ([gallery.REFUSED] * 3, ["Target crashed"]):
        page = _Shy(*refusals)
        with pytest.raises(Error, match=re.escape(refusals[0])):
            gallery.take(page, "other")
        assert page.refusals == []
