"""What translators are given: every text that is marked, in templates and in code, as one catalog."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from jinja2 import Environment
from jinja2.ext import babel_extract

from safehold.model import errors
from safehold.model.wording import VIEWS
from safehold.transparency import overview_texts

MARKED = {"_": (0,), "worded": (0,), "Choice": (1,), "Question": (1, 2), "Place": (2,)}
"""Which arguments of a call are texts, besides N_ and NN_ with all that they hold, ngettext, and errors."""
OPTIONS = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false", "trim_blocks": "true"}
ROOMS = ("app", "evidence", "intake", "model", "review", "transparency", "web")
"""Where texts are written that a page may show."""

Found = tuple[str | tuple[str, str], list[str]]


def catalog_of(source: Path) -> bytes:
    """Return the template of a catalog (.pot) with every marked text of the package in `source`.

    It is the same for the same texts: it names the files that they stand in, and neither lines nor times.
    """
    catalog = Catalog(header_comment="# What Safehold's pages say.", charset="utf-8", fuzzy=False)
    for path in sorted(source.rglob("*")):
        where = path.relative_to(source).as_posix()
        for text, comments in _texts(path, where):
            catalog.add(text, locations=[(where, 0)], auto_comments=comments)
    for each in overview_texts.texts():
        catalog.add(each, locations=[(_OVERVIEW, 0)])
    written = BytesIO()
    write_po(written, catalog, width=100, include_lineno=False, sort_output=True, omit_header=True)
    return _HEADER + written.getvalue()


_OVERVIEW = "transparency/live_catalogue.py"
_HEADER = b"""# What Safehold's pages say: written by `make words`.
msgid ""
msgstr ""
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def _texts(path: Path, where: str) -> Iterator[Found]:
    if path.suffix == ".html":
        yield from _in_template(path)
    elif path.suffix == ".py" and where.split("/")[0] in ROOMS:
        yield from _in_code(ast.parse(path.read_text(encoding="utf-8")))
        if where == "model/errors.py":
            yield from ((text, []) for text in _of_errors())


def _in_template(path: Path) -> Iterator[Found]:
    with path.open("rb") as file:
        for _, name, message, comments in babel_extract(
            file, ("_", "gettext", "ngettext"), ("NOTE:",), OPTIONS
        ):
            texts = [part for part in (message if isinstance(message, tuple) else (message,)) if part]
            yield (texts[0], texts[1]) if name == "ngettext" else texts[0], comments


def _in_code(tree: ast.AST) -> Iterator[Found]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called == "ngettext":
            one, many = (_constant(each) for each in node.args[:2])
            if one:
                yield (one, many), []
        elif called in ("N_", "NN_"):
            texts = list(_values(node.args[0]))
            pairs = zip(texts[::2], texts[1::2], strict=True)
            yield from ((each, []) for each in (texts if called == "N_" else pairs))
        elif called in MARKED:
            yield from _of_arguments([node.args[at] for at in MARKED[called] if at < len(node.args)])
        elif called in _ERRORS:
            named = [each.value for each in node.keywords if each.arg in ("kept", "advice")]
            yield from _of_arguments([*node.args[:1], *named])


def _of_arguments(arguments: list[ast.expr]) -> Iterator[Found]:
    for each in arguments:
        for branch in (each.body, each.orelse) if isinstance(each, ast.IfExp) else (each,):
            text = _constant(branch)
            if text:
                yield _without_field(text), []


def _constant(node: ast.expr) -> str:
    """Return a text that is written out; of one about a field that is named first, what follows its colon."""
    if isinstance(node, ast.JoinedStr) and [type(each) for each in node.values] == _ABOUT_A_FIELD:
        rest = _constant(node.values[1])
        return rest.removeprefix(": ") if rest.startswith(": ") else ""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


_ABOUT_A_FIELD = [ast.FormattedValue, ast.Constant]


def _values(node: ast.expr) -> Iterator[str]:
    """Yield every text in a table: the values of a dict, what a sequence holds, a text alone."""
    if isinstance(node, ast.Dict):
        for value in node.values:
            yield from _values(value)
    elif isinstance(node, ast.Tuple | ast.List):
        for value in node.elts:
            yield from _values(value)
    elif _constant(node):
        yield _constant(node)


def _families(root: type[errors.SafeholdError]) -> Iterator[type[errors.SafeholdError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _families(child)


_ERRORS = frozenset(each.__name__ for each in _families(errors.SafeholdError))


def _of_errors() -> Iterator[str]:
    yield from (text for texts in VIEWS.values() for text in texts)
    for each in _families(errors.SafeholdError):
        yield (each.__doc__ or "").strip().splitlines()[0]
        yield from (each.kept, each.advice)


def _without_field(text: str) -> str:
    """Return a text without the name of the field that it is about, which is no word."""
    name, colon, rest = text.partition(": ")
    return rest if colon and name.replace("_", "").isalpha() and name.islower() else text


def environment() -> Environment:
    """Return an environment that reads templates as the surfaces do, to look at what they are made of."""
    made = Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True, autoescape=True)
    made.policies["ext.i18n.trimmed"] = True
    made.filters |= dict.fromkeys(_FILTERS, str)
    return made


_FILTERS = (
    "instant",
    "hour",
    "clock",
    "day",
    "number",
    "translated",
    "begin",
    "label",
    "span",
    "keys",
    "path",
)
