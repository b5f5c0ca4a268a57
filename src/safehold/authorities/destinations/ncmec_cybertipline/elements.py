"""Elements: frozen values whose fields are children in the schema's order, checked and written as XML.

A class says the whole grammar of one element: each field is a child or, marked so, an attribute or the text
itself; the order of fields is the order of children; a tuple repeats; None is left out. Names are derived:
`ip_address` is `ipAddress`. So no second place knows an order or a limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from xml.etree import ElementTree as ET

from safehold.authorities.outline import Said


@dataclass(frozen=True, slots=True)
class Named:
    """The name of a child that does not follow from the field's."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """How long a text may be, in characters. It is never blank."""

    most: int

    def why_not(self, said: str) -> str | None:
        """Return why a text is refused, None where it is taken."""
        if len(said) <= self.most:
            return None
        return f"it has {len(said)} characters, at most {self.most} are taken"


@dataclass(frozen=True, slots=True)
class Number:
    """The least and the most that a number may be."""

    least: int
    most: int

    def why_not(self, said: int) -> str | None:
        """Return why a number is refused, None where it is taken."""
        if self.least <= said <= self.most:
            return None
        return f"it is not between {self.least} and {self.most}"


@dataclass(frozen=True, slots=True)
class Matching:
    """A text of a form; `said` says it in words, for whoever has to mend it."""

    pattern: re.Pattern[str]
    said: str

    def why_not(self, said: str) -> str | None:
        """Return why a text is refused, None where it is taken."""
        return None if self.pattern.fullmatch(said) else self.said


@dataclass(frozen=True, slots=True)
class Times:
    """How often a repeated child may stand there at most."""

    most: int


class Kind(Enum):
    """What a field is, where it is no child with text of its own."""

    ATTRIBUTE = "attribute"
    BODY = "body"
    """The text of the element itself."""
    FLAG = "flag"
    """An empty child that says yes by being there; False leaves it out."""


NOT_KNOWN = "not known to this version"
ATTRIBUTE, BODY, FLAG = Kind.ATTRIBUTE, Kind.BODY, Kind.FLAG


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an element would be refused. where: its path, such as `report.reporter.legalURL`; never a value."""

    where: str
    why: str


def to_xml(root: str, value: Any) -> bytes:
    """Write an element as a document in UTF-8."""
    element = ET.Element(root)
    _fill(element, value)
    return bytes(ET.tostring(element, encoding="utf-8", xml_declaration=True))


def names_of(kind: Any) -> list[str]:
    """Return the names of an element's children and attributes, in their order."""
    return [each.name for each in _fields_of(kind)]


def said_in(kind: Any, element: ET.Element) -> tuple[Said, ...]:
    """Return what an element of a class says, in our names and not in the schema's, in the class's order.

    What the class does not know is named as not known, so that nothing is left out unseen.
    """
    known = _fields_of(kind)
    said = [one for described in known for one in _said(described, element)]
    strange = {child.tag for child in element} - {each.name for each in known}
    return (*said, *(Said(NOT_KNOWN) for _ in strange))


def problems(where: str, value: Any) -> list[Problem]:
    """Return what the schema would refuse in an element and in all below it, in the order of the document."""
    found: list[Problem] = []
    _check(where, value, found)
    return found


@dataclass(frozen=True, slots=True)
class _Field:
    """kind: the class of what stands in it, whether it repeats or may be left out. most: how often it may.

    limits: what is asked of each value. is_element: whether it has children of its own.
    """

    field: str
    name: str
    marks: tuple[Any, ...]
    kind: Any
    limits: tuple[Text | Number | Matching, ...]
    most: int | None
    is_element: bool

    def is_a(self, kind: Kind) -> bool:
        return kind in self.marks

    def place(self, where: str) -> str:
        """Return where it stands, in an element that stands at `where`."""
        return where if self.is_a(BODY) else f"{where}.{self.name}"


def _fields(value: Any) -> tuple[_Field, ...]:
    kind: Any = type(value)
    return _fields_of(kind)


@cache
def _fields_of(kind: Any) -> tuple[_Field, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_described(each.name, hints[each.name]) for each in fields(kind))


def _described(name: str, hint: Any) -> _Field:
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    named = next((mark.name for mark in marks if isinstance(mark, Named)), _camel(name))
    kind = _kind_of(hint)
    return _Field(
        field=name,
        name=named,
        marks=marks,
        kind=kind,
        limits=tuple(mark for mark in marks if isinstance(mark, Text | Number | Matching)),
        most=next((mark.most for mark in marks if isinstance(mark, Times)), None),
        is_element=is_dataclass(kind),
    )


def _kind_of(hint: Any) -> Any:
    """Return the class within `Annotated`, `| None` and `tuple[..., ...]`."""
    inner = [each for each in get_args(hint) if each not in (None, type(None), Ellipsis)]
    return _kind_of(inner[0]) if inner else hint


def _said(described: _Field, element: ET.Element) -> Iterator[Said]:
    name = described.field.replace("_", " ")
    if described.is_a(ATTRIBUTE):
        value = element.get(described.name)
        if value is not None:
            yield Said(name, _in_our_words(described.kind, value))
    elif described.is_a(BODY):
        yield Said(name, _in_our_words(described.kind, element.text or ""))
    else:
        for child in element.findall(described.name):
            if is_dataclass(described.kind):
                yield Said(name, "", said_in(described.kind, child))
            elif described.is_a(FLAG):
                yield Said(name, "yes")
            else:
                yield Said(name, _in_our_words(described.kind, child.text or ""))


def _in_our_words(kind: Any, value: str) -> str:
    """Return a constant of the schema by our name for it, any other text as it is."""
    if not (isinstance(kind, type) and issubclass(kind, Enum)):
        return value
    known = {str(each.value): each.name.lower().replace("_", " ") for each in kind}
    return known.get(value, NOT_KNOWN)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


def _fill(element: ET.Element, value: Any) -> None:
    for described in _fields(value):
        said = getattr(value, described.field)
        if said is None or (said is False and described.is_a(FLAG)):
            continue
        if described.is_a(ATTRIBUTE):
            element.set(described.name, _as_text(said))
        elif described.is_a(BODY):
            element.text = _as_text(said)
        else:
            for one in said if isinstance(said, tuple) else (said,):
                _add(element, described, one)


def _add(parent: ET.Element, described: _Field, said: Any) -> None:
    child = ET.SubElement(parent, described.name)
    if is_dataclass(said):
        _fill(child, said)
    elif not described.is_a(FLAG):
        child.text = _as_text(said)


def _as_text(said: Any) -> str:
    if isinstance(said, bool):
        return "true" if said else "false"
    if isinstance(said, Enum):
        return str(said.value)
    if isinstance(said, datetime):
        return said.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(said, date):
        return said.isoformat()
    if isinstance(said, Decimal):
        return format(said, "f")
    return str(said)


def _check(where: str, value: Any, found: list[Problem]) -> None:
    for described in _fields(value):
        said = getattr(value, described.field)
        # Most of what may be said is not: this alone is half of the time.
        if said is None or said == ():
            continue
        many = said if isinstance(said, tuple) else (said,)
        if described.most is not None and len(many) > described.most:
            why = f"there are {len(many)}, at most {described.most} are taken"
            found.append(Problem(described.place(where), why))
        for one in many:
            if described.is_element:
                _check(described.place(where), one, found)
            elif refused := _refusals(one, described.limits):
                found += (Problem(described.place(where), why) for why in refused)


# What XML 1.0 cannot hold, written or escaped: nothing that can be printed is among it.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _refusals(said: Any, limits: tuple[Text | Number | Matching, ...]) -> list[str]:
    found = []
    if isinstance(said, datetime) and said.tzinfo is None:
        found.append("the time has no zone")
    if isinstance(said, str) and not isinstance(said, Enum):
        if not said.strip():
            found.append("there is no text in it; leave it out")
        if not said.isprintable() and _UNWRITABLE.search(said):
            found.append("it holds characters that no XML document can")
    return found + [why for limit in limits if (why := limit.why_not(said))]
