"""`safehold cases list`: open cases, all or those of a filter, as the console would find them."""

from __future__ import annotations

from pathlib import Path

import pytest

from safehold.model.ids import CaseId
from safehold.storage.database import Database
from safehold.testing.commands import Run

FILL = """
insert into review_case (id, purpose, gathered_by, rehearsal, state, priority, priority_parts, opened_at)
  select md5('case' || n)::uuid, (array['csam', 'own_terms'])[1 + n % 2], 'item:' || n, false, 'open', n * 10,
    case when n = 3 then '[{"name": "reach", "seen": "Held", "weight": 20}]' else '[]' end::jsonb,
    now() - n * interval '10 hours'
  from generate_series(1, 5) n;
update review_case set for_lead = true where priority = 50;
insert into app_user (id, name, password_hash, roles, queues, skills, created_at)
  values (md5('ada')::uuid, 'ada', '-', '{analyst}', '{own_terms}', '{}', now());
update review_case set locked_by = md5('ada')::uuid, locked_until = now() + interval '1 hour'
  where priority = 10
"""


@pytest.fixture
def filled(tmp_path: Path, fresh_database_url: str) -> dict[int, CaseId]:
    """Return five cases by their priority, 10 to 50, in the place that commands read."""
    (tmp_path / "safehold.toml").write_text(
        f'data_folder = "data"\n[database]\nurl = "{fresh_database_url}"\n[surfaces.uploads]\n'
    )
    database = Database(fresh_database_url, pool_size=1)
    with database.begin() as tx:
        for statement in FILL.split(";"):
            tx.driver.execute(statement.encode())
        rows = tx.driver.execute("select priority, id from review_case").fetchall()
    database.close()
    return {priority: CaseId(case_id) for priority, case_id in rows}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), {10, 20, 30, 40, 50}),
        (("--queue", "csam"), {20, 40}),
        (("--queue", "csam", "--queue", "own_terms", "--need", "30"), {30, 40, 50}),
        (("--open", "35"), {40, 50}),
        (("--why", "reach"), {30}),
        (("--lead",), {50}),
        (("--no-lead", "--free", "--real", "--stage", "nobody"), {20, 30, 40}),
        (("--held",), {10}),
        (("--surface", "uploads"), set()),
        (("--due", "0"), set()),
    ],
    ids=lambda value: " ".join(value) or "all" if isinstance(value, tuple) else "",
)
def test_it_prints_the_open_cases_that_are_as_is_asked(
    run: Run, filled: dict[int, CaseId], options: tuple[str, ...], found: set[int]
) -> None:
    ended = run("cases", "list", *options)
    assert ended.code == 0
    assert {line.rpartition("  ")[2] for line in ended.out.splitlines()} == {
        str(filled[each]) for each in found
    }
    if options:
        assert ended.err == (f"{len(found)} of {len(found)}.\n" if found else "No open case is so.\n")
    else:
        assert ended.err == ""


def test_it_says_how_many_there_are_beyond_those_that_it_prints(run: Run, filled: dict[int, CaseId]) -> None:
    ended = run("cases", "list", "--need", "20", "--limit", "2")
    assert len(ended.out.splitlines()) == 2
    assert ended.err == "2 of 4.\n"


@pytest.mark.parametrize(
    "wrong",
    [("--surface", "nowhere"), ("--signal", "smell"), ("--list", "nobodys"), ("--skill", "ä b")],
    ids=" ".join,
)
def test_what_cannot_be_chosen_in_the_console_is_refused(
    run: Run, filled: dict[int, CaseId], wrong: tuple[str, str]
) -> None:
    ended = run("cases", "list", *wrong)
    assert ended.code not in (0, 1, 2, 3)
    assert ended.out == ""
