"""A running site as if for each test, one Chromium for a file; a complaint of the browser fails the test."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from safehold.storage.databases import create_database, drop_database
from safehold.storage.embedded import EmbeddedServer


def _beside(name: str) -> ModuleType:
    """Load a module beside this file, which is in no package: pytest imports tests by path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


site_under_test = _beside("site_under_test")
for _name in ("left_behind", "keyboard", "gallery", "reporting"):
    _beside(_name)
visiting = _beside("visiting")

CHROMIUM = "/usr/bin/chromium-headless-shell"
"""The same engine without a window: half the work. What stays in a profile is asked of the whole one."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

Visit = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here: it drives Chromium."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


def pytest_sessionfinish() -> None:
    """Leave one page on which every picture can be seen."""
    sys.modules["gallery"].write_index()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a file. Playwright's event loop runs in this thread: tests elsewhere need it gone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def kept_sites(
    postgres_server: EmbeddedServer, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """What hands a site from test to test of a file, with its rows as they were when it had started."""
    kept = site_under_test.KeptSites(
        postgres_server, database_template, lambda: tmp_path_factory.mktemp("site")
    )
    yield kept
    kept.close()


@pytest.fixture
def site(kept_sites: Any) -> Iterator[Any]:
    """A whole Safehold as if it were the test's own. See KeptSites for what may not be done to it."""
    with kept_sites.as_it_began() as running:
        yield running


@pytest.fixture
def own_site(fresh_database_url: str, tmp_path: Path) -> Iterator[Any]:
    """A whole Safehold of the test's own: a test that changes more than rows overrides `site` with it."""
    with site_under_test.running_site(tmp_path, fresh_database_url) as running:
        yield running


@pytest.fixture(scope="module")
def quiet_site(
    postgres_server: EmbeddedServer, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A whole Safehold for tests that leave each other alone: a file overrides `site` with it.

    Here pictures can be looked at as well, for which a reader runs.
    """
    name = f"browser_{uuid4().hex}"
    create_database(postgres_server, name, database_template)
    folder = tmp_path_factory.mktemp("site")
    with site_under_test.running_site(
        folder,
        postgres_server.url(name),
        looking=True,
        more={"authorities": site_under_test.AUTHORITIES},
    ) as running:
        yield running
    drop_database(postgres_server, name)


@pytest.fixture
def visit(chromium: Browser, site: Any) -> Iterator[Visit]:
    """Return what opens a page as somebody: visit(name=None, size=DESK, theme="light", script=True).

    The test fails when the browser reports an error: a script that throws, anything that the content
    security policy refused.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_as(
        name: str | None = None,
        *,
        size: dict[str, int] = DESK,
        theme: str = "light",
        script: bool = True,
        touch: bool = False,
    ) -> Page:
        context = chromium.new_context(
            base_url=site.url,
            viewport=size,
            color_scheme=theme,
            java_script_enabled=script,
            has_touch=touch,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        visiting.note_complaints(page, complaints)
        if name is not None:
            visiting.sign_in(page, name)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert complaints == []
