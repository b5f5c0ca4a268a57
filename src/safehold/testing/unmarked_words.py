"""Words in a template that nobody marked: between tags, in attributes, in what an expression shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import nodes

from safehold.testing.marked_words import environment

SHOWN = frozenset(
    {"title", "aria-label", "placeholder", "alt", "aria-description", "aria-valuetext", "label"}
)
"""Attributes that people read or hear."""
TAKEN_UP = frozenset({"data-does", "data-is"})
"""Attributes of ours from which scripts and styles take what they show; all that begin with data-says too."""
UNREAD = frozenset({"style", "script", "kbd", "code"})
"""What stands in them is no word: a key is called what is printed on it, a command is typed as it is."""
NAMES = frozenset({"Safehold"})
NO_WORDS = re.compile(r'[a-z-]+="[^"]*"?|\bwrong-|\b(autofocus|required)\b|\bUTC\b|\b[a-z]+:(\w+|$)')
"""What a macro writes into a tag, and what is the same in each language: "language:sv" is written so."""
SHAPE = "shape"
"""The block that holds the class of a page."""

LONGEST_KEY = len("Shift R")
"""What is shorter and handed to a macro names a key."""

_MARKS = ("_", "gettext", "ngettext")
_WORD = re.compile(r"[A-Za-z]{2,}|\b[AaI]\b")
_EXPRESSION = "\x00"


def unmarked_in(path: Path) -> list[str]:
    """Return the words of a template that are shown without being marked, in their order."""
    stream = _Shown()
    tree = environment().parse(path.read_text(encoding="utf-8"))
    for part in _shown(tree):
        stream.feed(part)
    stream.close()
    return [*stream.found, *_handed_over(tree)]


class _Shown(HTMLParser):
    """Collects what people read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNREAD:
            self._inside.append(tag)
        for name, value in attrs:
            if is_shown(name):
                self._look_at(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            self._inside.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self._look_at(data)

    def _look_at(self, text: str) -> None:
        for part in NO_WORDS.sub("", text).split(_EXPRESSION):
            if has_words(part):
                self.found.append(" ".join(part.split()))


def is_shown(attribute: str) -> bool:
    """Say whether people read what an attribute holds."""
    return attribute in SHOWN or attribute in TAKEN_UP or attribute.startswith("data-says")


def has_words(text: str) -> bool:
    """Say whether there are words in a text that another language would say otherwise."""
    return bool(set(_WORD.findall(NO_WORDS.sub("", text))) - NAMES)


def _shown(node: nodes.Node) -> Iterator[str]:
    """Yield what a template writes, in its order, an expression as a sign that is no word."""
    if isinstance(node, nodes.TemplateData):
        yield node.data
    elif isinstance(node, nodes.Output):
        for each in node.nodes:
            yield from (
                [each.data] if isinstance(each, nodes.TemplateData) else [*_constants(each), _EXPRESSION]
            )
    elif not isinstance(node, nodes.Expr) and not (isinstance(node, nodes.Block) and node.name == SHAPE):
        for child in node.iter_child_nodes():
            yield from _shown(child)


def _constants(node: nodes.Node) -> Iterator[str]:
    """Yield the texts that an expression itself may come to; what a call makes is its own."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
        yield _EXPRESSION
    for part in _results(node):
        yield from _constants(part)


def _results(node: nodes.Node) -> list[nodes.Node]:
    """Return the parts of an expression that it may come to, or that it is put together from."""
    if isinstance(node, nodes.CondExpr):
        return [node.expr1, *([node.expr2] if node.expr2 is not None else [])]
    if isinstance(node, nodes.Or | nodes.And | nodes.Add):
        return [node.left, node.right]
    if isinstance(node, nodes.Concat):
        return list(node.nodes)
    return [node.node] if isinstance(node, nodes.Filter) and node.node is not None else []


def _handed_over(tree: nodes.Template) -> Iterator[str]:
    """Yield words that are given to a macro as an attribute or as an argument, or kept under a name."""
    for call in tree.find_all(nodes.Call):
        if not (isinstance(call.node, nodes.Name) and call.node.name in _MARKS):
            yield from _of_call(call)
    for kept in tree.find_all(nodes.Assign):
        yield from (each for each in _constants(kept.node) if _is_sentence(each))


def _of_call(call: nodes.Call) -> Iterator[str]:
    for argument in call.args:
        yield from (each for each in _constants(argument) if _is_sentence(each) and len(each) > LONGEST_KEY)
    pairs = [(each.key, each.value) for each in call.kwargs]
    if isinstance(call.dyn_kwargs, nodes.Dict):
        pairs += [(getattr(each.key, "value", ""), each.value) for each in call.dyn_kwargs.items]
    for name, value in pairs:
        yield from _of_pair(name, value)


def _of_pair(name: str, value: nodes.Expr) -> Iterator[str]:
    if is_shown(name):
        yield from (each for each in _constants(value) if has_words(each))


def _is_sentence(text: object) -> bool:
    """Say whether a text is for people and no name or address: it has a blank in it, or a capital."""
    plain = isinstance(text, str) and "/" not in text and has_words(text)
    return plain and (" " in str(text).strip() or str(text)[:1].isupper())
