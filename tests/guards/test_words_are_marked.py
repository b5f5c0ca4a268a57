"""What people read can be said in another language: it is marked, and its catalog is current."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from safehold.testing.unmarked_words import unmarked_in

ROOT = Path(__file__).parents[2]
WEB = ROOT / "src" / "safehold" / "web"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
SCRIPTS = sorted((WEB / "static").rglob("*.js"))
STYLES = sorted((WEB / "static").rglob("*.css"))

PHYSICAL = re.compile(
    r"(?<![\w-])(?:(?:margin|padding|border|inset|scroll-margin)-(?:left|right)|(?:left|right)\s*:"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right)|border-(?:top|bottom)-(?:left|right)-radius)"
)
ROUND = re.compile(r"(?<![\w-])(?:padding|margin|inset)\s*:([^;]*);")
SENTENCE = re.compile(r"""(["'`])[A-Z][a-z]+(?: [\w,.;’']+)+\1""")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_word_of_a_template_is_marked_for_translators(path: Path) -> None:
    assert unmarked_in(path) == []


def test_words_that_nobody_marked_are_found_wherever_they_are_shown(tmp_path: Path) -> None:
    template = tmp_path / "planted.html"
    template.write_text(
        '<p title="Planted title" class="quiet">{{ _("Marked") }} planted text'
        '{{ "planted branch" if x else "" }}{% trans %}Also marked{% endtrans %}</p>'
        '<b data-does="Planted deed">{{ f(label="Planted argument") }}</b>'
        "{% set kept = 'Planted name' %}<kbd>Enter</kbd>",
        encoding="utf-8",
    )
    assert unmarked_in(template) == [
        "Planted title",
        "planted text",
        "planted branch",
        "Planted deed",
        "Planted argument",
        "Planted name",
    ]


def test_the_template_of_all_catalogs_is_current() -> None:
    checked = subprocess.run([sys.executable, ROOT / "docs" / "words.py", "--check"], check=False)
    assert checked.returncode == 0


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_has_no_sentence_of_its_own(path: Path) -> None:
    code = "\n".join(
        line for line in path.read_text().splitlines() if not line.strip().startswith(("//", "/*", "*"))
    )
    assert [found.group() for found in SENTENCE.finditer(code)] == []


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_a_style_sheet_knows_no_left_and_no_right(path: Path) -> None:
    style = path.read_text()
    assert PHYSICAL.findall(style) == []
    assert [each for each in ROUND.findall(style) if differs(each)] == []


def differs(values: str) -> bool:
    """Say whether a value for each of the four sides sets one of them apart from that across."""
    top_right_bottom_left = re.sub(r"\([^()]*\)", "", values).split()
    return len(top_right_bottom_left) == 4 and top_right_bottom_left[1] != top_right_bottom_left[3]
