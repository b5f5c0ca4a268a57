"""The portal in another language: offered where a link loses nothing, kept from page to page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from safehold.app.program import open_program
from safehold.testing.pseudo_language import BEGINS, TAG, write_pseudo_language
from safehold.web.catalogs import SHIPPED
from safehold.web.server import served

PORTAL = frozenset({"portal"})
OFFERED = f'href="?language={TAG}"'
ADDRESS = {"address": "https://example.org", "seen": "other"}
PAGES = ("/report", "/report/status", "/appeal", "/transparency")


@pytest.fixture
def ask(portal: Any, tmp_path: Path) -> Iterator[httpx.Client]:
    """Yield a browser on a portal that can speak the pseudo-language."""
    write_pseudo_language(SHIPPED / "safehold.pot", tmp_path / "words")
    set_up = portal.program.settings
    settings = set_up.model_copy(
        update={
            "data_folder": tmp_path / "own",
            "web": set_up.web.model_copy(update={"translations": tmp_path / "words"}),
        }
    )
    with (
        open_program(settings, surfaces=PORTAL) as program,
        served(program, PORTAL) as base,
        httpx.Client(base_url=base, headers={"accept": "text/html"}, trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize("path", PAGES)
def test_each_page_offers_the_languages_and_is_had_in_them(ask: httpx.Client, path: str) -> None:
    assert OFFERED in ask.get(path).text
    shown = ask.get(path, params={"language": TAG}).text
    assert f'lang="{TAG}" dir="rtl"' in shown
    assert BEGINS in shown
    if path != "/transparency":
        assert f'method="post" action="{path}?language={TAG}"' in shown


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/report", ADDRESS, 201),
        ("/report", {"statement": "typed at length"}, 422),
        ("/report/status", {"code": "nothing"}, 200),
        ("/appeal", {"reference": str(uuid4()), "statement": "typed"}, 201),
        ("/appeal", {"statement": "typed at length"}, 422),
    ],
)
def test_no_link_to_another_language_leads_away_from_the_answer_to_a_form(
    ask: httpx.Client, path: str, sent: dict[str, str], status: int
) -> None:
    answer = ask.post(path, data=sent, params={"language": TAG})
    assert (answer.status_code, f'lang="{TAG}"' in answer.text) == (status, True)
    assert "hreflang" not in answer.text
    assert 'href="?' not in answer.text


def test_what_is_wrong_with_an_appeal_is_said_in_the_language(ask: httpx.Client) -> None:
    answer = ask.post("/appeal", data={"statement": "mine"}, params={"language": TAG})
    assert f'id="wrong-reference">\u200f{BEGINS}' in answer.text
