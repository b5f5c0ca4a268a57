"""Nothing goes out by default: the product names no host, and no switch opens inner networks for all."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "safehold"

# host: why it may stand in the source although it is nobody we may call.
NAMES_THAT_ARE_NOT_DESTINATIONS = {
    "127.0.0.1": "this machine",
    "localhost": "this machine",
    "[::1]": "this machine",
    "www.w3.org": "XML and SVG namespaces: names, never fetched",
}
RESERVED_FOR_EXAMPLES = re.compile(r"(^|\.)(example|test|invalid|localhost|example\.(com|net|org))$")
URL = re.compile(r"\b(?:https?|wss?|ftp)://([^\s/?#\"'<>{}`\\)]+)", re.IGNORECASE)
BARE_HOST = re.compile(
    r"^(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|mil|int|io|uk|us|eu|de|fr|nl|ca|au|jp|info|cloud|dev)\.?(?::\d+)?$",
    re.IGNORECASE,
)
TEXT_FILES = {
    ".html",
    ".js",
    ".mjs",
    ".css",
    ".svg",
    ".toml",
    ".json",
    ".sql",
    ".txt",
    ".yaml",
    ".yml",
    ".xml",
    ".md",
}


def hosts(text: str) -> Iterator[str]:
    """Yield each host that a text writes, as a URL or bare."""
    for found in URL.finditer(text):
        yield re.sub(r":\d*$", "", found.group(1).rpartition("@")[2]).rstrip(".").lower()
    if BARE_HOST.match(text.strip()):
        yield re.sub(r":\d*$", "", text.strip()).rstrip(".").lower()


def outbound(text: str) -> list[str]:
    """Return the hosts in a text that are neither ours, nor names, nor examples."""
    return [
        host
        for host in hosts(text)
        if host not in NAMES_THAT_ARE_NOT_DESTINATIONS and not RESERVED_FOR_EXAMPLES.search(host)
    ]


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every string in a module with its line; the fixed parts of an f-string count one by one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            yield node.lineno, text


@cache
def modules() -> list[tuple[Path, ast.Module]]:
    """Return every module with what is written in it, read once."""
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(SOURCE.rglob("*.py"))]


def test_no_outbound_host_is_written_in_any_module() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {host}"
        for path, tree in modules()
        for line, text in strings(tree)
        for host in outbound(text)
    ]
    assert found == []


def test_no_outbound_host_is_written_in_any_template_script_or_data_file() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{number}: {host}"
        for path in sorted(SOURCE.rglob("*"))
        if path.suffix in TEXT_FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for host in outbound(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "planted",
    [
        "https://api.somewhere.io/v1",
        "see http://somewhere.co.uk",
        "HTTPS://SOMEWHERE.COM.",
        "http://8.8.8.8/",
        "https://name@somewhere.org:8443",
        "http://localhost.somewhere.net/",
        "http://notexample.com/",
        "hooks.somewhere.com",
        "hooks.somewhere.com:443",
        "wss://feed.somewhere.dev",
    ],
)
def test_a_planted_host_is_found(planted: str) -> None:
    assert len(outbound(planted)) >= 1


@pytest.mark.parametrize(
    "harmless",
    [
        "http://127.0.0.1:8400/console",
        "https://example.org/a",
        "http://{host}:{port}/",
        "safehold.model.ids",
        "a.b",
    ],
)
def test_this_machine_examples_and_dotted_names_are_not_taken_for_destinations(harmless: str) -> None:
    assert outbound(harmless) == []


def widenings(tree: ast.Module) -> Iterator[int]:
    """Yield the lines where something but a caller's own argument decides what content may reach.

    Passing a parameter of that very name on is allowed, and its default may only be NONE.
    """
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _defaults_other_than_none(function)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.keyword)
            and node.arg == "content_permitted"
            and not _is(node.value, node.arg)
        ):
            yield node.value.lineno
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "content_permitted" for target in targets):
                yield node.lineno


def _is(value: ast.expr, name: str) -> bool:
    return isinstance(value, ast.Name) and value.id == name


def _defaults_other_than_none(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[int]:
    positional = [*function.args.posonlyargs, *function.args.args]
    given = list(zip(positional[::-1], function.args.defaults[::-1], strict=False))
    for argument, default in given + list(
        zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    ):
        named = argument.arg in ("content_permitted", "permitted")
        if named and default is not None and not _is(default, "NONE"):
            yield default.lineno


def test_no_module_decides_for_everybody_what_content_may_reach() -> None:
    """No setting, constant or environment variable: a test hands the value in when it builds the product."""
    found = [f"{path.relative_to(SOURCE)}:{line}" for path, tree in modules() for line in widenings(tree)]
    assert found == []


@pytest.mark.parametrize(
    "planted",
    [
        "Egress(user_agent='x', content_permitted=settings.networks)",
        "Egress(user_agent='x', content_permitted=PermittedNetworks.of('10.0.0.0/8'))",
        "content_permitted = settings.networks",
        "class Settings:\n    content_permitted: list[str] = []",
        "def wire(*, content_permitted=EVERYTHING): ...",
        "def fetch(url, permitted=EVERYTHING): ...",
    ],
)
def test_a_planted_switch_is_found(planted: str) -> None:
    assert list(widenings(ast.parse(planted))) != []


def test_a_caller_may_hand_its_own_argument_on() -> None:
    wiring = "def wire(*, content_permitted=NONE): return Egress(content_permitted=content_permitted)"
    assert list(widenings(ast.parse(wiring))) == []


def test_egress_reads_neither_the_environment_nor_settings() -> None:
    found = [
        f"{path.name}: {name}"
        for path, tree in modules()
        if path.is_relative_to(SOURCE / "egress")
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
        if name.split(".")[0] in ("os", "pydantic_settings", "sys") or name.startswith("safehold.app")
    ]
    assert found == []


def test_the_empty_value_is_the_only_permission_that_egress_keeps() -> None:
    """No module of egress keeps a permitted network in a variable: NONE is the only such value."""
    values = [
        (path.name, target.id)
        for path, tree in modules()
        if path.is_relative_to(SOURCE / "egress")
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name) and ast.unparse(node.value.func).startswith("PermittedNetworks")
    ]
    assert values == [("addresses.py", "NONE")]
