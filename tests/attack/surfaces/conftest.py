"""The API and the console of one assembled program over real HTTP, and somebody with every role."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safehold.app.access import users
from safehold.app.program import SURFACES as ALL
from safehold.model.permissions import Role
from safehold.testing import running
from safehold.testing.running import Installation
from safehold.web.server import served

# Beside this file, and in no package: pytest imports tests by path.
_spec = importlib.util.spec_from_file_location("form_visitor", Path(__file__).with_name("form_visitor.py"))
assert _spec is not None
assert _spec.loader is not None
form_visitor = importlib.util.module_from_spec(_spec)
sys.modules["form_visitor"] = form_visitor
_spec.loader.exec_module(form_visitor)

NAME, PASSWORD = "everybody", "a password that is long enough"
TOLD = {"country": "GB", "destinations": {"agency": {"kind": "uk_nca", "enabled": True}}}
SURFACES = frozenset({"api", "console", "portal"}) & ALL


@pytest.fixture(scope="package")
def running_program(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Yield the program without a list, a key or a person: rows do not outlive a test."""
    folder = tmp_path_factory.mktemp("attacked") / "data"
    settings = running.settings_of(
        folder,
        database_url,
        limits={"fetch_seconds": 5},
        authorities=TOLD,
        classifiers={"first_look": {}},
    )
    with running.installation(settings, serve=served, surfaces=SURFACES) as opened:
        yield opened


@pytest.fixture
def safehold(running_program: Installation, database_url: str) -> Iterator[Installation]:
    """Yield the program with a list that holds and a person of every role."""
    running_program.add_list()
    with running_program.program.database.begin() as tx:
        users.add_user(
            tx,
            name=NAME,
            password=PASSWORD,
            roles=frozenset(Role),
            actor=running.TESTER,
            now=running_program.program.clock(),
        )
    yield running_program
    running_program.program.scanner.counters.flush()


@pytest.fixture
def visitor(safehold: Installation) -> Iterator[Any]:
    """Yield somebody at a browser, not signed in."""
    with form_visitor.Visitor(safehold.base_url) as opened:
        yield opened
