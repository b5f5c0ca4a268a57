"""The keys of the console: one table, equal to what pages write, in which none is in another's way."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from safehold.web.console.keyboard import ALWAYS, CASE, OTHERS, Key, Keyed, forms, on_screen_together

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "src" / "safehold" / "web" / "templates" / "console"
WRITTEN = re.compile(r"""data-(?:key|hold)(?:="|":\s*")(?P<key>[^"]*)["]""")
BY_SCRIPT = {"enter", "escape", "ctrl+k"}
"""What the scripts listen for by themselves; no control carries it."""
OF_THE_BROWSER = re.compile(
    r"(ctrl|alt|meta)\+|tab$|space$|arrow|page|home$|end$|insert$|delete$|backspace$|f\d"
)
PAGES = (ALWAYS, CASE, *OTHERS)
_SAVED = {f"v {number}" for number in range(1, 10)}
PUT_IN = {
    "Webhooks": set("123"),
    "Deciding copies together": set("123456789"),
    "Cases": _SAVED,
    "The cases of a filter": _SAVED,
}
"""Keys that rendering puts in, by page: as many as there is something for."""


def parts_of(key: str) -> list[str]:
    return key.split(" ")


def objections(keyed: tuple[Keyed, ...]) -> list[str]:
    """Say which keys that can be on one page are in each other's way."""
    # Escape leaves a field or what lies over the page; where neither is, it is the page's.
    keys = [each.key for page in keyed for each in page.keys if each.key != "escape" or page is not ALWAYS]
    twice = [f"{key} is there twice" for key, times in Counter(keys).items() if times > 1]
    begun = {parts_of(key)[0] for key in keys if " " in key}
    return twice + [f"{key} begins another" for key in sorted(begun & set(keys))]


def written(template: str) -> set[str]:
    """Return the keys that a template writes on controls itself, without those put in by rendering."""
    found = {hit["key"] for hit in WRITTEN.finditer((TEMPLATES / template).read_text(encoding="utf-8"))}
    return {key for key in found if "{" not in key}


@pytest.mark.parametrize("together", on_screen_together(), ids=lambda each: each[-1].name)
def test_no_key_of_a_page_is_in_the_way_of_another(together: tuple[Keyed, ...]) -> None:
    assert objections(together) == []


def test_a_planted_key_that_is_in_the_way_is_found() -> None:
    planted = Keyed("planted", (Key("k", ("x",)), Key("g", ("y",))))
    assert objections((ALWAYS, CASE, planted)) == ["k is there twice", "g begins another"]


def test_every_key_that_a_template_writes_is_in_the_table_of_its_page_and_the_other_way_round() -> None:
    with_keys = {path.name for path in TEMPLATES.glob("*.html") if written(path.name)}
    assert with_keys - {name for page in (*PAGES, *forms()) for name in page.templates} == set()
    for page in (CASE, *OTHERS):
        in_templates = {key for name in page.templates for key in written(name)} - {""}
        assert in_templates == {each.key for each in page.keys} - PUT_IN.get(page.name, set()), page.name


def test_what_is_written_on_every_page_is_in_the_table() -> None:
    from_places = {each.key for each in ALWAYS.keys if each.does[0].startswith("Go to ")}
    assert written("base.html") == {each.key for each in ALWAYS.keys} - from_places - BY_SCRIPT


def test_no_key_belongs_to_the_browser_or_to_a_screen_reader() -> None:
    keys = {each.key for page in (*PAGES, *forms()) for each in page.keys} - {"ctrl+k"}
    taken = [key for key in keys for part in parts_of(key) if OF_THE_BROWSER.match(part)]
    assert taken == []
    assert {part.removeprefix("shift+") for key in keys for part in parts_of(key)} <= {
        *"abcdefghijklmnopqrstuvwxyz0123456789?!/.=",
        "enter",
        "escape",
    }


def test_no_control_takes_a_key_of_the_browser_by_accesskey() -> None:
    assert [path.name for path in TEMPLATES.parent.rglob("*.html") if "accesskey" in path.read_text()] == []
