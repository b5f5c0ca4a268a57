"""The settings page, from `safehold.app.settings`."""

from __future__ import annotations

import types
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from reference_pages import markdown as md
from safehold.app.settings import Settings

ABOUT = """\
Settings come from one TOML file: the one that `--config` or `SAFEHOLD_CONFIG` names, else
`safehold.toml` in the folder where the command runs. An environment variable wins over the file:
`SAFEHOLD_WEB__LISTEN` is `web.listen`. A name that does not exist is an error. `safehold config show`
prints what is in force, secrets blanked; `safehold config check` tries it."""


PLAIN = {
    "str": "text",
    "bool": "true or false",
    "int": "whole number",
    "float": "number",
    "Path": "path",
    "SecretStr": "secret",
    "datetime": "instant",
}


def page() -> str:
    """Return the page."""
    fields = [(name, info, _section(info)) for name, info in Settings.model_fields.items()]
    sections = [(name, *found) for name, _, found in fields if found]
    plain = [(name, info) for name, info, found in fields if not found]
    parts = [md.title("Settings", "operators", ABOUT), "## At the top\n", _table("", plain)]
    for name, model, many in sections:
        parts += _of_section(f"{name}.NAME" if many else name, model)
    return md.page(*parts)


def names() -> list[str]:
    """Return the full name of every setting, with NAME where an operator chooses one."""
    return sorted(_names("", Settings))


def _names(prefix: str, model: type[BaseModel]) -> list[str]:
    found: list[str] = []
    for name, info in model.model_fields.items():
        section = _section(info)
        if section is None:
            found.append(prefix + name)
        else:
            found += _names(f"{prefix}{name}.{'NAME.' if section[1] else ''}", section[0])
    return found


def _of_section(path: str, model: type[BaseModel]) -> list[str]:
    head = f"[[{path}]]" if path.endswith("legal_bases") else f"[{path}]"
    parts = [f"## `{head}`\n\n{md.first_line(model.__doc__)}\n"]
    plain = [(name, info) for name, info in model.model_fields.items() if not _section(info)]
    parts.append(_table(f"{path}.", plain))
    for name, info in model.model_fields.items():
        inner = _section(info)
        if inner:
            many = ".NAME" if get_origin(info.annotation) is dict else ""
            parts += _of_section(f"{path}.{name}{many}", inner[0])
    return parts


def _table(prefix: str, fields: list[tuple[str, FieldInfo]]) -> str:
    rows = [
        (md.code(prefix + name), _type(info.annotation), _default(info), info.description or "")
        for name, info in fields
    ]
    return md.table(("Setting", "Kind", "Default", "Meaning"), rows)


def _section(info: FieldInfo) -> tuple[type[BaseModel], bool] | None:
    """Return the section that a field holds and whether there can be many of it, None for a plain value."""
    annotation: Any = info.annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    if get_origin(annotation) is types.UnionType:
        optional = [
            one for one in get_args(annotation) if isinstance(one, type) and issubclass(one, BaseModel)
        ]
        return (optional[0], False) if optional else None
    last = get_args(annotation)[-1] if get_origin(annotation) in (dict, list) else None
    if isinstance(last, type) and issubclass(last, BaseModel):
        return last, True
    return None


def _type(annotation: Any) -> str:
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(_type(one) for one in inside if one is not type(None))
    if origin is Literal:
        return ", ".join(md.code(one) for one in inside)
    if origin is Annotated:
        return _type(inside[0])
    if origin is list:
        return f"list of {_type(inside[0])}"
    if origin is dict:
        return f"table of {_type(inside[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(md.code(one.value) for one in annotation)
    name: str = annotation.__name__
    return PLAIN.get(name, name)


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "needed"
    value: Any = info.default
    if value is PydanticUndefined:
        value = info.default_factory() if info.default_factory else None  # type: ignore[call-arg]
    if value is None:
        return "unset"
    if value in ({}, []):
        return "empty"
    if isinstance(value, bool):
        return md.code(str(value).lower())
    return md.code(value.as_posix() if isinstance(value, PurePath) else getattr(value, "value", value))
