"""The repository holds nothing half-done, no path of one machine, and no address of a package registry."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Put together here, so that this file does not find itself.
UNFINISHED = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"))
OF_A_MACHINE = "|".join(
    ("/wo" + "rk/", "/ro" + "ot/", "/Us" + "ers/", "/ho" + r"me/\w+/", r"[A-Z]:\\Us" + "ers")
)
REGISTRIES = "|".join(
    re.escape(host)
    for host in (
        "pypi." + "org",
        "python" + "hosted.org",
        "registry." + "npmjs.org",
        "npmjs." + "com",
        "crates." + "io",
        "proxy." + "golang.org",
        "conda." + "anaconda.org",
        "deb." + "debian.org",
    )
)
RULES = {
    "something unfinished": re.compile(rf"\b(?:{UNFINISHED})\b"),
    "a path of one machine": re.compile(rf"(?<![\w.$}}])(?:{OF_A_MACHINE})"),
    "the address of a package registry": re.compile(rf"(?:{REGISTRIES})\b"),
    "an index or mirror": re.compile(r"^\s*--(?:extra-)?index-url|^\s*--find-links", re.MULTILINE),
    "a merge that was not finished": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
    "a debugger": re.compile(r"\bbreakpoint\(\)|\bpdb\.set_trace"),
}


def texts() -> Iterator[tuple[str, str]]:
    """Yield every text file of the repository, tracked or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in sorted(filter(None, listed.stdout.split("\0"))):
        path = ROOT / name
        if path.is_file():
            data = path.read_bytes()
            if b"\0" not in data:
                yield name, data.decode(errors="replace")


def leftovers(text: str) -> list[str]:
    """Return what a text holds that should not stay."""
    return [what for what, pattern in RULES.items() if pattern.search(text)]


def test_no_file_holds_a_leftover() -> None:
    assert {name: found for name, text in texts() if (found := leftovers(text))} == {}


@pytest.mark.parametrize(
    ("planted", "what"),
    [
        ("# TO" + "DO: later", "something unfinished"),
        ("see /ro" + "ot/notes.txt", "a path of one machine"),
        ("cache = '/ho" + "me/anna/cache'", "a path of one machine"),
        ("https://py" + "pi.org/simple", "the address of a package registry"),
        ("--extra-" + "index-url https://example.org\n", "an index or mirror"),
        ("<" * 7 + " ours\n", "a merge that was not finished"),
        ("break" + "point()", "a debugger"),
    ],
)
def test_a_planted_leftover_is_found(planted: str, what: str) -> None:
    assert what in leftovers(planted)


@pytest.mark.parametrize("harmless", ["method", "$HOME/notes", "the root of the tree", "todo list of people"])
def test_ordinary_words_are_not_taken_for_leftovers(harmless: str) -> None:
    assert leftovers(harmless) == []
