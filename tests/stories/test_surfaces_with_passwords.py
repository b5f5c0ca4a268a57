"""Surfaces on a server that asks for passwords: each process has one address, its own, and works with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from safehold.storage import roles
from safehold.storage.databases import create_database
from safehold.storage.embedded import EmbeddedServer
from safehold.testing import running
from safehold.testing.commands import run_apart
from safehold.testing.processes import SafeholdProcess, environment_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DATABASE = "apart"
SERVED = ("api", "console", "portal")
ASKS = "local all postgres trust\nlocal all all scram-sha-256\n"


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL that lets each role in by its own password."""

    server: EmbeddedServer
    folder: Path

    def password(self, role: str) -> str:
        """Return the password of a role: one for each."""
        return f"word-of-{role}"

    def url(self, role: str, password: str | None = None) -> str:
        """Return the address of a role, with a password."""
        where = self.server.url(DATABASE, user=role)
        return where.replace(f"{role}@", f"{role}:{password or self.password(role)}@", 1)

    def sections(self, surface: str) -> dict[str, Any]:
        """Return all the settings that the process of one surface gets."""
        return {
            "data_folder": str(self.folder / surface),
            "surfaces": running.SURFACES,
            "database": {"surface_urls": {surface: self.url(roles.OF_SURFACE[surface])}},
            "vault": {"sealing_key": str(self.folder / "owner" / "keys" / "vault-sealing.pub.pem")},
        }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield the server, set up by its owner alone; from then on nobody knows the owner's address."""
    folder = tmp_path_factory.mktemp("passwords")
    with EmbeddedServer(folder / "postgres", durable=False) as embedded:
        create_database(embedded, DATABASE)
        known = Server(embedded, folder)
        owner = {"data_folder": str(folder / "owner"), "database": {"url": embedded.url(DATABASE)}}
        done = run_apart("db", "init", env=environment_of(owner))
        assert done.code == 0, done.err
        with psycopg.connect(embedded.conninfo(DATABASE), autocommit=True) as connection:
            for role in roles.ROLES:
                connection.execute(f"alter role {role} password '{known.password(role)}'")  # type: ignore[call-overload]
            (embedded.folder / "cluster" / "pg_hba.conf").write_text(ASKS)
            connection.execute("select pg_reload_conf()")
        yield known


@pytest.fixture(scope="module")
def served(server: Server) -> Iterator[dict[str, SafeholdProcess]]:
    """Yield a process for each surface that answers, and one for the worker."""
    with ExitStack() as stack:
        found = {}
        for surface in (*SERVED, "worker"):
            command = ("worker",) if surface == "worker" else ("serve", "--surfaces", surface)
            process = SafeholdProcess(
                *command,
                environment=environment_of(server.sections(surface)),
                log=server.folder / f"{surface}.log",
                listen=surface != "worker",
            )
            found[surface] = stack.enter_context(process)
        yield found


def connected(server: Server) -> set[str]:
    with psycopg.connect(server.server.conninfo(DATABASE)) as connection:
        statement = "select distinct usename::text from pg_stat_activity where datname = current_database()"
        return {row[0] for row in connection.execute(statement)}


def test_each_process_works_with_its_own_address_and_nobody_uses_the_owners(
    server: Server, served: dict[str, SafeholdProcess]
) -> None:
    report = {"address": "https://example.org/page", "seen": "other"}
    taken = httpx.post(f"{served['portal'].base_url}/report", data=report, trust_env=False)
    assert taken.status_code == 201, served["portal"].written()
    ready = httpx.get(f"{served['api'].base_url}/v1/health/ready", trust_env=False)
    assert ready.status_code == 200, served["api"].written()
    page = httpx.get(f"{served['console'].base_url}/console/sign-in", trust_env=False)
    assert page.status_code == 200, served["console"].written()
    ours = {f"safehold_{surface}" for surface in (*SERVED, "worker")}
    until = time.monotonic() + 60
    while not connected(server) >= ours and time.monotonic() < until:
        time.sleep(0.1)
    assert connected(server) - {"postgres", "safehold_reader"} == ours, served["worker"].written()


def passwords_given_to(server: Server, pid: int) -> set[str]:
    """Return whose passwords stand in what this process was started with."""
    given = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
    return {role for role in (*roles.ROLES, "postgres") if server.password(role).encode() in given}


def test_no_process_is_given_the_password_of_another_and_none_hands_its_own_on(
    server: Server, served: dict[str, SafeholdProcess]
) -> None:
    for surface, process in served.items():
        assert passwords_given_to(server, process.pid) == {roles.OF_SURFACE[surface]}
    decoders = children_of(served["api"].pid)
    assert decoders
    for process in served.values():
        for child in children_of(process.pid):
            assert passwords_given_to(server, child) == set()


def children_of(pid: int) -> list[int]:
    """Return the ids of the processes that this one started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_role_is_let_in_with_its_own_password_and_with_no_others(server: Server, role: str) -> None:
    def enter(url: str) -> None:
        psycopg.connect(url.replace("+psycopg", ""), connect_timeout=10).close()

    enter(server.url(role))
    for other in (*roles.ROLES, "postgres"):
        if other != role:
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                enter(server.url(role, server.password(other)))


def test_a_process_without_the_owners_address_cannot_set_the_records_up(server: Server) -> None:
    for surface in SERVED:
        done = run_apart("db", "upgrade", env=environment_of(server.sections(surface)))
        assert done.code == 78, done.err
        assert "database.url" in done.err


def test_a_surface_whose_address_is_not_named_does_not_start_as_another(server: Server) -> None:
    environment = environment_of(server.sections("portal"))
    done = run_apart("serve", "--surfaces", "console", env=environment)
    assert done.code == 78
    assert "database.surface_urls.console" in done.err


def test_a_password_that_is_wrong_is_never_written_anywhere(server: Server) -> None:
    sections = server.sections("portal")
    sections["database"] = {"surface_urls": {"portal": server.url("safehold_portal", "a-secret-typo")}}
    done = run_apart("serve", "--surfaces", "portal", env=environment_of(sections))
    assert done.code == 75, done.err
    assert "a-secret-typo" not in done.out + done.err


def test_a_feed_is_said_not_to_exist_yet(server: Server) -> None:
    done = run_apart("serve", "--surfaces", "feed", env=environment_of(server.sections("api")))
    assert done.code == 64
    assert "does not exist yet" in " ".join((done.out + done.err).replace("│", " ").split())
