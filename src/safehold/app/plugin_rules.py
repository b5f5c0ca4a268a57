"""What a plug-in's own source may import: read before any of it runs.

This keeps honest authors to the fence and makes a clumsy attack visible. It is no sandbox: a plug-in runs in
the process that loads it, and what is hidden well enough from a reader is found by nobody here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

ROOMS = frozenset({"safehold.model", "safehold.signals"})
"""The rooms of ours that a plug-in may use. All others reach records, media, network or people."""

REFUSED = frozenset(
    {
        "asyncpg",
        "cffi",
        "ctypes",
        "gc",
        "httpx",
        "importlib",
        "multiprocessing",
        "obstore",
        "procrastinate",
        "psycopg",
        "requests",
        "socket",
        "sqlalchemy",
        "subprocess",
        "urllib",
    }
)
"""Modules that no fingerprint needs: the network, the records, other processes, other modules by name."""

_BY_NAME = frozenset({"__import__", "eval", "exec"})


def offences(module: str) -> list[str]:
    """Return what the package of a module imports and may not, as "file: import", without running any of it.

    module: as an entry point names it. Only Python source is read; what is compiled is passed over. Empty
    for a package that is not there: loading it says so.
    """
    top = module.partition(".")[0]
    spec = find_spec(top)
    if spec is None:
        return []
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    if not folders and spec.origin is not None:
        files = [Path(spec.origin)]
    return [f"{path.name}: {name}" for path in files for name in _refused_in(path, top)]


def _refused_in(path: Path, own: str) -> list[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return ["what cannot be read"]
    return sorted({name for name in _reached(tree) if _is_refused(name, own)})


def _is_refused(name: str, own: str) -> bool:
    top = name.partition(".")[0]
    if top == own:
        return False
    if top == "safehold":
        return not any(name == room or name.startswith(f"{room}.") for room in ROOMS)
    return top in REFUSED or name in _BY_NAME


def _reached(tree: ast.Module) -> Iterator[str]:
    """Yield the full name of everything that is imported, and of what imports by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Name) and node.id in _BY_NAME:
            yield node.id
