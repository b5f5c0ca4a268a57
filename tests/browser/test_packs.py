"""A pack in a browser: it fits every width, passes axe in both themes, and prints, without any script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from gallery import found_by_axe
from playwright.sync_api import Browser, Page

from safehold.app.packs import standing
from safehold.app.settings import Settings
from safehold.transparency.counting import Fact, Year, count
from safehold.transparency.ledgers import Column, Ledger
from safehold.transparency.packs import writing
from safehold.transparency.packs.declared import PackName, declared
from safehold.transparency.packs.pack import Made, Pack, Period
from safehold.transparency.practice import PRACTICE
from safehold.transparency.units import Cases, Matches, Outcomes

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FACTS = [
    *(
        Fact(Cases, 40 + n, {"stage": "opened", "week": f"2026-W{n:02}", "purpose": "csam"})
        for n in range(1, 27)
    ),
    Fact(
        Outcomes,
        1200,
        {"finding": "illegal", "took": "hour", "people": "2", "agreed": "yes", "purpose": "csam"},
    ),
    Fact(
        Outcomes,
        30,
        {"finding": "not_illegal", "took": "day", "people": "1", "agreed": "no", "purpose": "csam"},
    ),
    Fact(Matches, 900, {"list": "northland", "became": "confirmed", "nearness": "near", "seen": "yes"}),
    Fact(
        Matches,
        12,
        {"list": "a-list-with-a-long-name", "became": "cleared", "nearness": "far", "seen": "yes"},
    ),
]


def ledger(name: str) -> Ledger:
    columns = (Column("name", "List"), Column("source", "Source"), Column("added", "Added", number=True))
    rows = (("northland", "The hotline of the north", 1200), ("house-rules", None, 3))
    return Ledger(id=name, title=name.capitalize(), means="For a look.", columns=columns, rows=rows)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the longest pack, with figures for each kind of table, and a failed check."""
    folder, told = tmp_path_factory.mktemp("pack"), declared(PackName.OFCOM)
    made = Made(
        at=datetime(2026, 7, 2, 9, 30, tzinfo=UTC),
        version="26.11.0",
        audit=("Check failed: of 2 settled items the events and the audit log tell differently.",),
        whole=False,
        settings=standing(Settings()),
    )
    tables = count(PRACTICE, Year(number=2026, facts=FACTS))
    ids = {name for part in told.parts for name in part.ledgers}
    shown = Pack(
        name=PackName.OFCOM,
        told=told,
        period=Period(date(2026, 1, 1), date(2026, 6, 30), ZoneInfo("Europe/London")),
        publisher="Northland",
        tables={name: tables[name] for part in told.parts for name in part.measures},
        ledgers={name: ledger(name) for name in ids - {"child-defaults"}},
    )
    (folder / "data").mkdir()
    for name, content in writing.written(shown, made).items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(params=[(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """Yield a page without scripts of its own; axe has to pass the policy of the pack."""
    size, scheme = request.param
    context = chromium.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    yield context.new_page()
    context.close()


def test_a_pack_passes_axe_and_is_no_wider_than_the_screen(page: Page, pack: Path) -> None:
    page.goto((pack / "index.html").as_uri())
    assert found_by_axe(page) == []
    assert page.evaluate(TOO_WIDE) == 0


def test_a_pack_prints_without_its_menu_and_every_link_within_it_leads_somewhere(
    chromium: Browser, pack: Path
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto((pack / "index.html").as_uri())
    assert not page.locator("nav").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF-")
    context.close()
    text = (pack / "index.html").read_text()
    links = {part.split('"')[0] for part in text.split('href="')[1:]}
    assert [one for one in links if one.startswith("#") and f'id="{one[1:]}"' not in text] == []
    assert [one for one in links if not one.startswith("#") and not (pack / one).is_file()] == []
