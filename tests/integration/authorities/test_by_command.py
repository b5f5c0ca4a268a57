"""`safehold authorities`, as people type it: planned, packed, sent, referenced; production switched on."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from safehold.cli.main import main
from safehold.model.assessment import Finding
from safehold.testing.commands import Ended
from safehold.testing.handing_over import Person, person
from safehold.testing.processes import environment_of

OPERATOR = {
    "company": "Example",
    "reporting_person": {"first_name": "A", "last_name": "Person", "email": "reports@example.org"},
}
AGENCY = {"country": "GB", "destinations": {"agency": {"kind": "uk_nca", "enabled": True}}}

Shell = Callable[..., Ended]


@pytest.fixture
def shell(
    office: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Callable[[dict[str, Any]], Shell]]:
    """Return what makes a shell with these settings about authorities, a password on standard input.

    Commands run in this process: two dozen of their own would take most of a minute.
    """
    handlers, level = logging.root.handlers[:], logging.root.level

    def with_settings(authorities: dict[str, Any]) -> Shell:
        program = office.safehold.program
        plain = program.settings.model_dump(mode="json", include={"data_folder", "database", "surfaces"})
        sections = plain | {"authorities": OPERATOR | authorities, "team": {"size_policy": "small"}}
        for name, value in environment_of(sections).items():
            monkeypatch.setenv(name, value)

        def run(*arguments: object, by: Person | None = None) -> Ended:
            monkeypatch.setattr("sys.stdin", io.StringIO(f"{by.password}\n" if by is not None else ""))
            named = () if by is None else ("--as", by.name)
            capfd.readouterr()
            code = main(["authorities", *map(str, arguments), *named])
            return Ended(code, *capfd.readouterr())

        return run

    yield with_settings
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def confirmed(office: Any) -> str:
    item_id = str(office.items[0])
    office.safehold.assess(item_id, Finding.ILLEGAL, by=office.safehold.analyst())
    office.safehold.run_steps()
    return str(office.safehold.case_of(item_id))


def test_what_was_confirmed_before_a_destination_was_declared_is_planned_packed_sent_and_referenced(
    office: Any, shell: Callable[[dict[str, Any]], Shell], tmp_path: Path
) -> None:
    case_id, counsel, run = confirmed(office), person(office.safehold), shell(AGENCY)
    assert run("status").out == ""
    planned = run("plan", case_id)
    assert (planned.code, planned.out.count("\n")) == (0, 1)
    assert run("plan", case_id).out == planned.out
    report = planned.out.split()[-1]
    assert "agency  planned  priority 3" in planned.out

    folder = tmp_path / "to take there"
    assert run("pack", report, "--to", folder, by=counsel).code == 0
    content = json.loads((folder / "pack.json").read_text())
    assert (content["rehearsal"], content["reporter"]["email"]) == (True, "reports@example.org")
    assert "reports@example.org" in (folder / "pack.html").read_text()
    assert (folder / "pack.json").stat().st_mode & 0o777 == 0o600
    assert run("pack", report, "--to", folder, by=counsel).code == 73

    impostor = Person(counsel.name, "not the password", counsel.actor)
    assert run("file", report, by=impostor).code == 77
    assert run("reference", report, "AB-1", by=counsel).code != 0
    assert "Take it there" in run("file", report, by=counsel).out
    assert run("reference", report, "AB-1", by=counsel).code == 0
    assert "filed" in run("status", case_id).out
    assert "reference AB-1" in run("status", case_id).out
    assert run("status").out == ""


def test_production_takes_two_people_who_prove_who_they_are_and_one_ends_it(
    office: Any, shell: Callable[[dict[str, Any]], Shell]
) -> None:
    tipline = {
        "kind": "ncmec_cybertipline",
        "enabled": True,
        "url": office.server.base,
        "username": "tests",
        "password": "for tests alone",
    }
    run = shell({"country": "US", "destinations": {"tipline": tipline}})
    one, other = person(office.safehold), person(office.safehold)
    unknown = run("production", "ask", "elsewhere", by=one)
    assert (unknown.code, "filed by machine" in unknown.err) == (72, True)
    assert run("production", "ask", "tipline", by=one).code == 0
    assert run("production", "approve", "tipline", by=one).code == 77
    assert run("production", "approve", "tipline", by=Person(other.name, "wrong", other.actor)).code == 77
    assert run("production", "approve", "tipline", by=other).code == 0
    assert run("production", "approve", "tipline", by=other).code != 0
    assert run("production", "end", "tipline", by=other).code == 0
    assert run("production", "end", "tipline", by=other).code == 72
    verbs = office.safehold.sql(
        "select verb from audit_record where object = 'destination:tipline' order by at, id"
    )
    assert [each.verb for each in verbs] == [
        "authority.ask_production",
        "authority.approve_production",
        "authority.end_production",
    ]
