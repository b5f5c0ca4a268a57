"""The fence between rooms holds on the real tree, and catches what would break it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "safehold"

# Without `site`, so that the editable install does not lead the linter from a copy back to this tree.
LINT = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from importlinter.cli import lint_imports
sys.exit(lint_imports(config_filename=sys.argv[3], no_cache=True))
"""

# What is planted: the module, its text, and the import that the linter must name.
PLANTED: dict[str, tuple[str, str, str]] = {
    "a stage imports another": (
        "detect/planted_stage.py",
        "from safehold.act import holds\n",
        "safehold.detect.planted_stage -> safehold.act.holds",
    ),
    "a classifier reaches for a hold": (
        "detect/classifiers/planted_acting.py",
        "from safehold.act.holds import place\n",
        "safehold.detect.classifiers.planted_acting -> safehold.act.holds",
    ),
    "a classifier opens a connection of its own": (
        "detect/classifiers/planted_client.py",
        "import httpcore\n",
        "safehold.detect.classifiers.planted_client -> httpcore",
    ),
    "a stage imports another inside a function": (
        "review/planted_inside.py",
        "def late() -> object:\n    from safehold.evidence import sweep\n\n    return sweep\n",
        "safehold.review.planted_inside -> safehold.evidence.sweep",
    ),
    "a SQL driver is used in review": (
        "review/planted_sql.py",
        "import psycopg\n",
        "safehold.review.planted_sql -> psycopg",
    ),
    "SQL is written in the web": (
        "web/planted_sql.py",
        "import sqlalchemy\n",
        "safehold.web.planted_sql -> sqlalchemy",
    ),
    "an HTTP client is used in detect": (
        "detect/planted_http.py",
        "import httpx\n",
        "safehold.detect.planted_http -> httpx",
    ),
    "a socket is opened in act": (
        "act/planted_socket.py",
        "import socket\n",
        "safehold.act.planted_socket -> socket",
    ),
    "the model imports upward": (
        "model/planted_upward.py",
        "from safehold.storage import database\n",
        "safehold.model.planted_upward -> safehold.storage.database",
    ),
    "the model imports upward for types only": (
        "model/planted_types.py",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from safehold.signals import pdq\n",
        "safehold.model.planted_types -> safehold.signals.pdq",
    ),
    "the web reaches into storage": (
        "web/planted_storage.py",
        "from safehold.storage import cases\n",
        "safehold.web.planted_storage -> safehold.storage.cases",
    ),
    "a command reaches into the vault": (
        "cli/planted_vault.py",
        "from safehold.vault import vault\n",
        "safehold.cli.planted_vault -> safehold.vault.vault",
    ),
    "the job queue is used outside jobs": (
        "evidence/planted_queue.py",
        "import procrastinate\n",
        "safehold.evidence.planted_queue -> procrastinate",
    ),
    "the web framework is used outside web": (
        "app/planted_web.py",
        "import fastapi\n",
        "safehold.app.planted_web -> fastapi",
    ),
    "the product imports what is there for tests": (
        "app/planted_testing.py",
        "from safehold.testing import pictures\n",
        "safehold.app.planted_testing -> safehold.testing.pictures",
    ),
    "storage knows a stage": (
        "storage/planted_stage.py",
        "from safehold.lists import ledger\n",
        "safehold.storage.planted_stage -> safehold.lists.ledger",
    ),
    "a figure asks a stage": (
        "transparency/planted_stage.py",
        "from safehold.review import quality\n",
        "safehold.transparency.planted_stage -> safehold.review.quality",
    ),
    "one door knows another": (
        "vault/planted_door.py",
        "from safehold.jobs import queue\n",
        "safehold.vault.planted_door -> safehold.jobs.queue",
    ),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of pyproject.toml on the package `safehold` that lies in this folder."""
    return subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            LINT,
            str(folder),
            sysconfig.get_path("purelib"),
            str(ROOT / "pyproject.toml"),
        ],
        cwd=folder,
        env={**os.environ, "COLUMNS": "400", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def copy_of_the_tree(folder: Path) -> Path:
    """Copy the package's Python files into this folder and return the package."""
    package = folder / "safehold"
    shutil.copytree(
        SOURCE, package, ignore=shutil.ignore_patterns("__pycache__", "static", "templates", "*.so")
    )
    return package


@pytest.fixture(scope="module")
def verdict_on_planted(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """Plant every violation, each in a module of its own, and return what the linter says."""
    folder = tmp_path_factory.mktemp("planted")
    package = copy_of_the_tree(folder)
    for path, text, _ in PLANTED.values():
        (package / path).write_text(f'"""Planted."""\n\n{text}')
    return lint(folder)


def test_the_fence_holds_on_the_real_tree() -> None:
    verdict = lint(ROOT / "src")
    assert verdict.returncode == 0, verdict.stdout
    assert "0 broken" in verdict.stdout


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_violation_is_caught(
    verdict_on_planted: subprocess.CompletedProcess[str], what: str
) -> None:
    assert verdict_on_planted.returncode == 1
    assert PLANTED[what][2] in verdict_on_planted.stdout


def test_a_new_room_that_no_layer_names_is_caught(tmp_path: Path) -> None:
    package = copy_of_the_tree(tmp_path)
    (package / "utils").mkdir()
    (package / "utils" / "__init__.py").write_text('"""Planted."""\n')
    verdict = lint(tmp_path)
    assert verdict.returncode != 0
    assert "utils" in verdict.stdout


def ruff(text: str, path: str) -> str:
    """Return what ruff says about a text as if it lay at this path of the repository."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"]
    done = subprocess.run(
        [*command, "--stdin-filename", str(ROOT / path), "-"],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize(
    "planted",
    [
        "from safehold._native import pdq_rgb\n",
        "import safehold._native\n",
        "import importlib\n\nimportlib.import_module('safehold.act')\n",
        "from urllib.request import urlopen\n",
        "import pickle\n",
    ],
)
def test_what_hides_from_the_import_graph_is_caught_by_the_linter(planted: str) -> None:
    assert "TID251" in ruff(f'"""Planted."""\n\n{planted}', "src/safehold/detect/planted.py")


def test_the_native_core_and_dynamic_imports_are_let_in_where_they_belong() -> None:
    native = '"""Planted."""\n\nfrom safehold._native import pdq_rgb\n\n__all__ = ["pdq_rgb"]\n'
    assert "TID251" not in ruff(native, "src/safehold/signals/kernels.py")


def test_nobody_silences_the_ban() -> None:
    silenced = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted(SOURCE.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "noqa" in line and "TID251" in line
    ]
    assert silenced == []
