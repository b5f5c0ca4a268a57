"""`safehold --help` answers at once, and the default install is free of what would make it heavy."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HEAVY = {
    "PIL",
    "alembic",
    "argon2",
    "av",
    "cryptography",
    "fastapi",
    "httpx",
    "jinja2",
    "numpy",
    "obstore",
    "procrastinate",
    "prometheus_client",
    "psycopg",
    "pyarrow",
    "pydantic",
    "pydantic_settings",
    "simplejpeg",
    "sqlalchemy",
    "standardwebhooks",
    "starlette",
    "structlog",
    "uvicorn",
}
RUN = """
import json, sys
from safehold.cli.main import main
code = main(json.loads(sys.argv[1]))
modules = sorted({name.partition(".")[0] for name in sys.modules})
sys.stderr.write(json.dumps({"code": code, "modules": modules}))
"""
NEVER_BY_DEFAULT = ("numba", "llvmlite", "faiss", "opencv", "torch", "tensorflow", "scipy", "pandas")


def loaded_by(*arguments: str) -> tuple[int, set[str]]:
    """Run a command in a process of its own; return its exit code and the packages it imported."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(arguments)], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stderr.splitlines()[-1])
    return said["code"], set(said["modules"])


OF_TYPER = {"pydantic"}
"""Typer itself imports it to read the values of a command."""


def test_help_imports_nothing_heavy() -> None:
    code, modules = loaded_by("--help")
    assert code == 0
    assert "safehold" in modules
    assert modules & HEAVY == set()


@pytest.mark.parametrize("command", ["scan", "lists", "serve", "demo"])
def test_the_help_of_a_command_imports_nothing_heavy_of_ours(command: str) -> None:
    code, modules = loaded_by(command, "--help")
    assert code == 0
    assert modules & HEAVY <= OF_TYPER


def test_the_guard_sees_what_a_command_that_works_imports(tmp_path: Path) -> None:
    settings = tmp_path / "safehold.toml"
    settings.write_text(f'data_folder = "{tmp_path / "data"}"\n')
    code, modules = loaded_by("--config", str(settings), "config", "show")
    assert code == 0
    assert {"pydantic_settings", "structlog"} <= modules


def test_every_heavy_package_is_one_that_we_use() -> None:
    """A name that is spelt wrongly would never be found."""
    assert {name for name in HEAVY if find_spec(name) is None} == set()


def test_the_default_install_asks_for_nothing_heavy() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert [line for line in declared if line.lower().startswith(NEVER_BY_DEFAULT)] == []
    assert any(line.startswith("numpy") for line in declared)
