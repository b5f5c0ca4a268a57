"""What a plug-in's own source may import and start: read before any of it runs.

This is a check for honest mistakes, and makes a clumsy attack visible. It is no sandbox: a plug-in runs in
the process that loads it, and what is hidden well enough from a reader is found by nobody here.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

ROOMS = frozenset({"safehold.model", "safehold.signals"})
"""The rooms of ours that a plug-in may use. All others reach records, media, network or people."""
CLASSIFIER_ROOMS = frozenset({"safehold.model", "safehold.detect.classifiers.base"})
"""The same, of one that classifies."""

REFUSED = frozenset(
    {
        "_ctypes",
        "_posixsubprocess",
        "_socket",
        "_ssl",
        "aiohttp",
        "asyncio",
        "asyncpg",
        "cffi",
        "ctypes",
        "ftplib",
        "gc",
        "http",
        "httpcore",
        "httpx",
        "imaplib",
        "importlib",
        "multiprocessing",
        "obstore",
        "pkgutil",
        "poplib",
        "posix",
        "procrastinate",
        "psycopg",
        "pty",
        "requests",
        "runpy",
        "smtplib",
        "socket",
        "socketserver",
        "sqlalchemy",
        "ssl",
        "subprocess",
        "urllib",
        "urllib3",
        "webbrowser",
        "xmlrpc",
    }
)
"""Modules that no fingerprint needs: the network, the records, other processes, other modules by name."""

_BY_NAME = frozenset({"__import__", "eval", "exec"})
_STARTS = ("os.system", "os.popen", "os.exec", "os.fork", "os.spawn", "os.posix_spawn")
"""How the names begin of what makes another process, or becomes one."""


def offences(module: str, rooms: Collection[str] = ROOMS) -> list[str]:
    """Return what the package of a module reaches for and may not, as "file: name"; run none of it.

    module: as an entry point names it. rooms: those of ours that it may use. Only Python source is read; what
    is compiled is passed over. Empty for a package that is not there: loading it says so.
    """
    top = module.partition(".")[0]
    spec = find_spec(top)
    if spec is None:
        return []
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    if not folders and spec.origin is not None:
        files = [Path(spec.origin)]
    return [f"{path.name}: {name}" for path in files for name in _refused_in(path, top, rooms)]


def _refused_in(path: Path, own: str, rooms: Collection[str]) -> list[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return ["what cannot be read"]
    return sorted({name for name in _reached(tree) if _is_refused(name, own, rooms)})


def _is_refused(name: str, own: str, rooms: Collection[str]) -> bool:
    top = name.partition(".")[0]
    if top == own:
        return False
    if top == "safehold":
        return not any(name == room or name.startswith(f"{room}.") for room in rooms)
    return top in REFUSED or name in _BY_NAME or name.startswith(_STARTS)


def _reached(tree: ast.Module) -> Iterator[str]:
    """Yield the full name of what is imported or taken from a module, and of what imports by name."""
    modules = _modules(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{modules.get(node.value.id, '')}.{node.attr}"
        elif isinstance(node, ast.Name) and node.id in _BY_NAME:
            yield node.id


def _modules(tree: ast.Module) -> Mapping[str, str]:
    """Return which names stand for which modules, as far as `import` says."""
    imported = [alias for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    tops = {name: name for name in (alias.name.partition(".")[0] for alias in imported)}
    return tops | {alias.asname: alias.name for alias in imported if alias.asname}
