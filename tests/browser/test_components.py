"""The page of components: every macro of the console's is on it, in both themes, accessible, and it fits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gallery import found_by_axe

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "components.html"
SAMPLES = ROOT / "docs" / "reference_pages" / "component_samples.py"
PARTS = ROOT / "src" / "safehold" / "web" / "templates" / "console" / "parts.html"


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_components_is_accessible_and_fits_and_its_themes_differ(chromium, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme="light")
    page.goto(PAGE.as_uri())
    assert found_by_axe(page) == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    colours = "each => [getComputedStyle(each).backgroundColor, getComputedStyle(each).color]"
    light = page.locator(".in-light").first.evaluate(colours)
    dark = page.locator(".in-dark").first.evaluate(colours)
    assert (light, dark) == (
        ["rgb(247, 246, 243)", "rgb(32, 38, 43)"],
        ["rgb(21, 24, 27)", "rgb(228, 230, 229)"],
    )
    assert page.locator(".in-light").count() == page.locator(".in-dark").count() > 15
    page.close()


def test_every_macro_of_the_console_is_on_the_page_of_components() -> None:
    macros = set(re.findall(r"{%-? macro (\w+)", PARTS.read_text(encoding="utf-8")))
    samples = SAMPLES.read_text(encoding="utf-8")
    assert len(macros) > 10
    assert {name for name in macros if not re.search(rf"\b{name}\(", samples)} == set()
