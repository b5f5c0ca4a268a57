"""One design system in plain CSS: nothing dead, nothing twice, colours in one place and with contrast."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "src" / "safehold" / "web"
STYLES = WEB / "static"
TOKENS = STYLES / "console" / "tokens.css"
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CLASS_ATTRIBUTE = re.compile(r'\bclass="((?:[^"{]|\{\{.*?\}\}|\{%.*?%\})*)"')
PUT_IN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
BY_SCRIPT = re.compile(r'className = "([^"]*)"|classList\.\w+\("([^"]*)"')
BY_MACRO = re.compile(r'class="([^"{]+)", ')
SAID = re.compile(r"' ([a-z-]+)'|'([a-z-]+)' if|else '([a-z-]+)'")
"""A class that an expression says: beside another one, or one of two."""
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|rgba|hsl|oklch|oklab|lch|lab|hwb)\(")


def plain(path: Path) -> str:
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


def styles(surface: str) -> str:
    """Return the style sheets that pages of a surface load, as one text."""
    shared = WEB / "templates" / surface / "base.html"
    names = re.findall(r"static\('([^']+\.css)'\)", shared.read_text(encoding="utf-8"))
    return "\n".join(plain(STYLES / name) for name in names)


def selectors(css: str) -> list[str]:
    """Return what stands before each brace, but what asks about the screen."""
    return [one.strip() for one in re.findall(r"([^{};]+)\{", css) if not one.strip().startswith("@")]


def defined(css: str) -> set[str]:
    """Return the classes that selectors name."""
    return {name for one in selectors(css) for name in re.findall(r"\.([a-zA-Z][\w-]*)", one)}


def used(surface: str) -> set[str]:
    """Return the classes that templates, the words put into them, and scripts of a surface write."""
    found: set[str] = set()
    for path in (WEB / "templates" / surface).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for attribute in CLASS_ATTRIBUTE.findall(text):
            found |= set(PUT_IN.sub(" ", attribute).split())
            # In what is put in, classes begin with the space that parts them from the one before.
            found |= {one for words in SAID.findall(attribute) for one in words if one}
        found |= {one for names in BY_MACRO.findall(text) for one in names.split()}
        found |= {one for names in re.findall(r"\{% block shape %\}(\w+)\{%", text) for one in names.split()}
    for path in (STYLES / surface).glob("*.js"):
        found |= {one for pair in BY_SCRIPT.findall(path.read_text()) for one in "".join(pair).split()}
    return found


def test_every_class_that_is_styled_is_used_by_some_page() -> None:
    everywhere = used("console") | used("portal")
    assert sorted((defined(styles("console")) | defined(styles("portal"))) - everywhere) == []


@pytest.mark.parametrize("surface", ["console", "portal"])
def test_every_class_that_a_page_uses_is_styled(surface: str) -> None:
    assert sorted(used(surface) - defined(styles(surface))) == []


def test_a_planted_class_is_found_however_it_is_written() -> None:
    css = ".a, .b:hover > .c { x: y } @media (max-width: 1px) { .d:has(.e, .f) { x: y } }"
    assert defined(css) == set("abcdef")


@pytest.mark.parametrize("surface", ["console", "portal"])
def test_no_rule_is_written_twice(surface: str) -> None:
    bodies: defaultdict[tuple[str, str], int] = defaultdict(int)
    for rule in re.finditer(r"(?:^|[{};])\s*([^{};@]+?)\s*\{([^{}]+)\}", styles(surface)):
        bodies[" ".join(rule[1].split()), " ".join(sorted(each.strip() for each in rule[2].split(";")))] += 1
    assert [name for name, times in bodies.items() if times > 1] == []


def test_no_selector_is_split_over_rules_of_one_sheet() -> None:
    again = []
    for path in sorted(STYLES.rglob("*.css")):
        # What depends on the screen overrides what came before, and is meant to.
        flat = re.sub(r"@(?:media|supports)[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", plain(path))
        rules = Counter(" ".join(one.split()) for one in re.findall(r"(?:^|\})\s*([^{}@]+?)\s*\{", flat))
        again += [f"{path.name}: {name}" for name, times in rules.items() if times > 1]
    assert again == []


def test_colours_are_written_in_the_tokens_alone() -> None:
    elsewhere = {
        f"{path.name}: {hit}"
        for path in STYLES.rglob("*.css")
        if path != TOKENS
        for hit in COLOUR.findall(plain(path))
    }
    assert elsewhere == set()


def test_every_token_that_is_named_is_set_and_every_one_that_is_set_is_named() -> None:
    everything = "\n".join(plain(path) for path in STYLES.rglob("*.css"))
    is_set = set(re.findall(r"(--[\w-]+):", plain(TOKENS)))
    assert set(re.findall(r"(--[\w-]+):", everything)) == is_set
    assert set(re.findall(r"var\((--[\w-]+)", everything)) == is_set


def test_letters_have_one_of_the_sizes_of_the_scale() -> None:
    sizes = {
        f"{path.name}: {size.strip()}"
        for path in STYLES.rglob("*.css")
        for size in re.findall(r"font-size:\s*([^;]+);", plain(path))
        if not re.fullmatch(r"var\(--t-[a-z]+\)|inherit|0\.875em", size.strip())
    }
    assert sizes == set()


# --- contrast, by the formula of WCAG 2.2 -----------------------------------------------------------------

TEXT, LARGE_OR_CONTROL = 4.5, 3.0
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "ink-2", "accent") for ground in ("paper", "card", "sunk")),
    ("accent-ink", "accent", TEXT),
    ("accent", "accent-wash", TEXT),
    ("ink", "accent-wash", TEXT),
    ("ink-2", "accent-wash", TEXT),
    *((f"{name}", f"{name}-wash", TEXT) for name in ("warn", "stop", "good")),
    *((name, ground, TEXT) for name in ("warn", "stop") for ground in ("paper", "card")),
    *(("edge", ground, LARGE_OR_CONTROL) for ground in ("paper", "card")),
    *(("accent", ground, LARGE_OR_CONTROL) for ground in ("paper", "card", "sunk")),
    ("stop", "card", LARGE_OR_CONTROL),
    ("black", "white", TEXT),
]


def tokens(theme: str) -> dict[str, str]:
    text = plain(TOKENS)
    pairs = re.findall(r"--([\w-]+):\s*light-dark\((#\w+),\s*(#\w+)\);", text)
    both = {name: (light, dark)[theme == "dark"] for name, light, dark in pairs}
    return {"black": "#000000", "white": "#ffffff"} | both


def luminance(colour: str) -> float:
    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_colours_that_stand_on_each_other_have_contrast(
    theme: str, ink: str, ground: str, least: float
) -> None:
    known = tokens(theme)
    assert contrast(known[ink], known[ground]) >= least


def test_black_on_white_is_the_most_contrast_there_is() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") < TEXT < contrast("#767676", "#ffffff")
