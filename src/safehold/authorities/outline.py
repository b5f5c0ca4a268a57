"""Documents as lines to read: what stands in one, name by name, whatever its form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

DEEPEST = 12
"""So many levels are read; what lies below is said to be there, and left out."""
DEEPER = "more lies below"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a document says. value: "" where it has parts, or is empty."""

    name: str
    value: str = field(default="", repr=False)
    parts: tuple[Said, ...] = field(default=(), repr=False)


def of_json(content: Any, *, deepest: int = DEEPEST) -> tuple[Said, ...]:
    """Return what a decoded JSON document says: fields by their names, members of a list by their numbers."""
    if isinstance(content, dict):
        named = [(str(name), each) for name, each in content.items()]
    elif isinstance(content, list):
        named = [(str(at), each) for at, each in enumerate(content, 1)]
    else:
        named = [("", content)]
    return tuple(_of_member(name, each, deepest) for name, each in named)


def of_xml(root: Element, *, deepest: int = DEEPEST) -> tuple[Said, ...]:
    """Return what an element says, by the names that stand in it: for what others write."""
    return tuple(_of_element(each, deepest) for each in root)


def lines(said: tuple[Said, ...], depth: int = 0) -> Iterator[tuple[int, str, str]]:
    """Yield depth, name and value of everything, in order."""
    for each in said:
        yield depth, each.name, each.value
        yield from lines(each.parts, depth + 1)


def _of_member(name: str, content: Any, deepest: int) -> Said:
    if not isinstance(content, dict | list):
        return Said(name, _as_text(content))
    if deepest <= 0:
        return Said(name, DEEPER)
    return Said(name, "", of_json(content, deepest=deepest - 1))


def _of_element(element: Element, deepest: int) -> Said:
    name, value = element.tag.rpartition("}")[2], (element.text or "").strip()
    if len(element) and deepest <= 0:
        return Said(name, DEEPER)
    return Said(name, value, of_xml(element, deepest=deepest - 1))


def _as_text(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, bool):
        return "yes" if content else "no"
    return str(content)
