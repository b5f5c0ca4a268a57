"""The commands page, from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from typer.main import get_command

from reference_pages import markdown as md
from safehold.cli.exits import EXIT_CODES, INTERRUPTED, UNFORESEEN, USAGE
from safehold.cli.main import app

ABOUT = """\
Everything is a sub-command of `safehold`. `safehold COMMAND --help` prints the same as this page.
Commands that change something are written to the audit log as done by `system:shell`."""


def page() -> str:
    """Return the page."""
    root = get_command(app)
    every = "## For every command\n\n" + _parameters(root)
    blocks = [_command(name, command) for name, command in commands()]
    return md.page(md.title("Commands", "operators", ABOUT), every, *blocks, _exit_codes())


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with its full name, in the order of the help."""
    yield from _below("safehold", get_command(app))


def _below(prefix: str, group: Any) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(f"{prefix} {name}", command)
        else:
            yield f"{prefix} {name}", command


def _command(name: str, command: Any) -> str:
    arguments = " ".join(_written(one) for one in command.params if not one.opts[0].startswith("-"))
    options = "[OPTIONS] " if any(one.opts[0].startswith("-") for one in command.params) else ""
    usage = f"{name} {options}{arguments}".rstrip()
    help_text = md.paragraphs(command.help)
    return f"## `{name}`\n\n{help_text}\n\n    {usage}\n\n{_parameters(command)}"


def _written(parameter: Any) -> str:
    many = "…" if parameter.nargs == -1 else ""
    name = parameter.name.upper() + many
    return name if parameter.required else f"[{name}]"


def _parameters(command: Any) -> str:
    rows = [_row(one) for one in command.params if not one.hidden]
    return md.table(("Argument or option", "Values", "Default", "Meaning"), rows) if rows else ""


def _row(parameter: Any) -> tuple[str, str, str, str]:
    is_option = parameter.opts[0].startswith("-")
    # A switch may have a second name that takes it back.
    names = [*parameter.opts, *parameter.secondary_opts]
    name = md.code(", ".join(names) if is_option else parameter.name.upper())
    return name, _values(parameter), _default(parameter), parameter.help or ""


def _values(parameter: Any) -> str:
    if getattr(parameter, "is_bool_flag", False):
        return "a switch"
    kind = parameter.type_descriptor.annotation
    kind = getattr(kind, "__args__", (kind,))[0]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(md.code(one.value) for one in kind)
    named = {"str": "text", "int": "whole number", "Path": "path", "UUID": "id"}
    text = named.get(kind.__name__, kind.__name__)
    low, high = parameter.min, parameter.max
    if low is not None and high is not None:
        text += f", {low} to {high}"
    elif low is not None:
        text += f", {low} or more"
    return f"{text}; may be given again" if parameter.multiple or parameter.nargs == -1 else text


def _default(parameter: Any) -> str:
    if parameter.required:
        return "needed"
    if "Default:" in (parameter.help or "") or parameter.default in (None, False, ""):
        return ""
    return md.code(getattr(parameter.default, "value", parameter.default))


def _exit_codes() -> str:
    rows = [(str(USAGE), "wrong usage")]
    by_code: dict[int, list[str]] = {}
    for error, number in EXIT_CODES.items():
        by_code.setdefault(number, []).append(md.code(error.code))
    by_code.setdefault(INTERRUPTED, []).append("stopped by the user")
    by_code.setdefault(UNFORESEEN, []).append("anything unforeseen")
    rows += [(str(number), ", ".join(by_code[number])) for number in sorted(by_code)]
    about = (
        "`scan` ends with 0 to 3 for what it found, as its own section says; `hash` with 71 when a file "
        "could not be read in full. No failure ever ends with 0 to 3. [Errors](errors.md) has every code.\n\n"
    )
    return "## Exit codes\n\n" + about + md.table(("Exit code", "Meaning"), rows)
