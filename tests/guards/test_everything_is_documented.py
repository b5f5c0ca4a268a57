"""What exists is in the reference, the reference is current, and what the pages tell people to type works."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import BaseModel
from typer.main import get_command

from safehold.app.plugins import BUILTIN_SIGNAL_TYPES
from safehold.app.settings import Settings
from safehold.cli.main import app
from safehold.model import figure_errors
from safehold.model.errors import SafeholdError
from safehold.model.events import EVENTS
from safehold.model.permissions import Permission, Role
from safehold.storage.schema import metadata

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
SKIPPED = {".venv", "build", "node_modules", ".git", ".safehold"}
FENCE = re.compile(r"^(?P<fence>```+)(?P<kind>\w*)[^\n]*\n(?P<body>.*?)^(?P=fence)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\((?P<target>[^)\s]+)\)")


def documents() -> list[Path]:
    """Return every page of the repository."""
    return sorted(path for path in ROOT.rglob("*.md") if not SKIPPED & set(path.relative_to(ROOT).parts))


def reference(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def missing(names: Iterator[str] | list[str], page: str) -> list[str]:
    """Return the names that a reference page does not show as code."""
    text = reference(page)
    return [name for name in names if f"`{name}`" not in text]


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Yield the name of every setting, NAME standing where an operator chooses one."""
    for name, info in model.model_fields.items():
        inner: Any = info.annotation
        many = ""
        while getattr(inner, "__args__", None):
            many = "NAME." if getattr(inner, "__origin__", None) is dict else ""
            inner = [each for each in inner.__args__ if each is not type(None)][-1]
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from setting_names(inner, f"{prefix}{name}.{many}")
        else:
            yield prefix + name


def commands(group: Any, prefix: str = "safehold") -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def error_codes(root: type[SafeholdError] = SafeholdError) -> Iterator[str]:
    if root.__module__ in (SafeholdError.__module__, figure_errors.__name__):
        yield root.code
    for kind in root.__subclasses__():
        yield from error_codes(kind)


def test_the_reference_is_what_the_code_says_today() -> None:
    check = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_setting_is_documented_with_a_meaning() -> None:
    names = list(setting_names())
    assert "webhooks.NAME.secrets" in names
    assert missing(names, "settings") == []
    assert "|  |\n" not in reference("settings")


def test_every_command_and_each_of_its_options_is_documented() -> None:
    text, found = reference("commands"), dict(commands(get_command(app)))
    assert len(found) > 20
    assert [name for name in found if f"## `{name}`\n" not in text] == []
    for name, command in found.items():
        section = text.split(f"## `{name}`\n")[1].split("\n## ")[0]
        for parameter in command.params:
            written = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.name.upper()
            assert f"| `{written}" in section, f"{name} {written}"


def test_every_event_is_documented() -> None:
    assert missing(list(EVENTS), "events") == []


def test_every_error_is_documented() -> None:
    assert missing(list(error_codes()), "errors") == []


def test_every_permission_and_role_is_documented() -> None:
    assert missing([one.value for one in Permission], "permissions") == []
    assert all(f" {role.value} " in reference("permissions") for role in Role)


def test_every_signal_type_and_table_is_documented() -> None:
    assert missing([kind.name for kind in BUILTIN_SIGNAL_TYPES], "signal-types") == []
    assert missing(list(metadata.tables), "tables") == []


def links(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the address and the anchor of each link to something in the repository."""
    for found in LINK.finditer(FENCE.sub("", path.read_text(encoding="utf-8"))):
        address, _, anchor = found["target"].partition("#")
        if not re.match(r"[a-z]+:", address):
            yield unquote(address), anchor


def anchors(text: str) -> set[str]:
    """Return the anchors that a page's headings make, as code hosts make them."""
    heads = re.findall(r"^#+ +(.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def dangling(path: Path) -> list[str]:
    """Return the links of a page that lead nowhere."""
    wrong = []
    for address, anchor in links(path):
        target = (path.parent / address).resolve() if address else path
        if not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in anchors(target.read_text(encoding="utf-8"))
        ):
            wrong.append(f"{path.name}: {address}#{anchor}")
    return wrong


def test_every_link_between_pages_leads_somewhere() -> None:
    assert [line for path in documents() for line in dangling(path)] == []


def test_a_planted_dangling_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A head\n[a](#a-head) [b](page.md) [c](gone.md) [d](#gone) ![e](e.png)\n")
    assert dangling(page) == ["page.md: gone.md#", "page.md: #gone", "page.md: e.png#"]


def test_every_page_can_be_reached_from_the_first_one() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for address, _ in links(page):
            target = (page.parent / address).resolve() if address else page
            waiting += sorted(target.glob("*.md")) if target.is_dir() else []
            waiting += [target] if target.suffix == ".md" else []
    pages = [path for path in documents() if path.is_relative_to(ROOT / "docs")]
    assert [path.relative_to(ROOT).as_posix() for path in pages if path not in reached] == []


def blocks(kind: str) -> Iterator[tuple[str, str]]:
    """Yield page and text of each block of code of one kind."""
    for path in documents():
        for found in FENCE.finditer(path.read_text(encoding="utf-8")):
            if found["kind"] == kind:
                yield path.relative_to(ROOT).as_posix(), found["body"]


def test_every_example_of_settings_is_accepted() -> None:
    examples = list(blocks("toml"))
    assert len(examples) >= 3
    for page, text in examples:
        Settings(**tomllib.loads(text))
        assert text.strip(), page


def typed() -> Iterator[tuple[str, str]]:
    """Yield page and line of each of our commands that a page tells people to type."""
    for page, text in blocks("sh"):
        for line in text.replace("\\\n", " ").splitlines():
            found = re.search(r"(?:^|\| |\$\()(?:\.venv/bin/)?(safehold .+)", line)
            if found:
                yield page, found[1]


def objection(line: str) -> str | None:
    """Say what is wrong with one of our commands as it is typed, None when nothing is."""
    words = shlex.split(line, comments=True)[1:]
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        known = {option for one in command.params for option in one.opts}
        while words and words[0] in known:
            words = words[2:]
        if not words or words[0] not in command.commands:
            return "there is no such command"
        command = command.commands[words.pop(0)]
    known = {option for one in command.params for option in one.opts} | {"--help"}
    wrong = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    return f"no option {wrong[0]}" if wrong else None


def test_every_command_that_the_pages_tell_people_to_type_exists() -> None:
    lines = list(typed())
    assert len(lines) >= 10
    assert [f"{page}: {line}: {why}" for page, line in lines if (why := objection(line))] == []


@pytest.mark.parametrize(
    ("line", "is_right"),
    [
        ("safehold scan photos --list list.jsonl", True),
        ("safehold --config site.toml lists show", True),
        ("safehold lists burn northland", False),
        ("safehold scan photos --fast", False),
        ("safehold frobnicate", False),
    ],
)
def test_a_command_is_judged_by_the_command_line_itself(line: str, is_right: bool) -> None:
    assert (objection(line) is None) is is_right


def test_the_description_of_the_api_refers_to_nothing_that_is_not_in_it() -> None:
    text = (ROOT / "docs" / "openapi.json").read_text()
    named = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert named <= json.loads(text)["components"]["schemas"].keys()
    assert {"ScanItem", "ScanAnswerBody", "Problem"} <= named
