"""The annual report in a browser: every page fits every width and passes axe, in both themes and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gallery import found_by_axe
from playwright.sync_api import Browser, Page

from safehold.transparency import site
from safehold.transparency.report import of_iwf_2023

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("annual") / "report"
    site.write(of_iwf_2023(), folder)
    return folder


@pytest.fixture(params=[(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """Yield a page without scripts of its own; axe has to pass the policy of the report."""
    size, scheme = request.param
    context = chromium.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    yield context.new_page()
    context.close()


def test_the_page_that_holds_everything_passes_axe_and_no_page_is_wider_than_the_screen(
    page: Page, report: Path
) -> None:
    for name in ("whole.html", "index.html", "reports.html"):
        page.goto((report / name).as_uri())
        assert found_by_axe(page) == [], name
    for path in report.glob("*.html"):
        page.goto(path.as_uri())
        assert page.evaluate(TOO_WIDE) == 0, path.name


@pytest.mark.slow
def test_every_page_by_itself_passes_axe(page: Page, report: Path) -> None:
    """The page that holds everything is looked at each time; these repeat it, section by section."""
    names = sorted(path.name for path in report.glob("*.html"))
    assert len(names) > 15
    for name in names:
        page.goto((report / name).as_uri())
        assert found_by_axe(page) == [], name


def test_the_whole_report_prints_without_menu_and_with_its_charts(chromium: Browser, report: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto((report / "whole.html").as_uri())
    assert not page.locator("nav").is_visible()
    assert page.locator("svg[role=img]").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF-")
    context.close()
