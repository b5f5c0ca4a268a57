"""The drill of a restore: what came for practice is destroyed at once, and nothing else is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from safehold.app import destruction_guard, wiring
from safehold.app.settings import Settings
from safehold.model.assessment import Finding
from safehold.model.errors import ErasedEvidence, Refused
from safehold.model.hash_list import Purpose
from safehold.model.ids import new_id
from safehold.testing import running
from safehold.testing.commands import COMMAND
from safehold.testing.processes import environment_of
from safehold.testing.running import TESTER, Installation, altered_copy, settings_of
from safehold.web.server import served

SEEDS = (1, 2, 3, 4, 5, 6)


@pytest.fixture
def settings(fresh_database_url: str, tmp_path: Path) -> Settings:
    return settings_of(tmp_path / "data", fresh_database_url)


@pytest.fixture
def safehold(settings: Settings) -> Iterator[Installation]:
    with running.installation(settings, serve=served) as opened:
        opened.add_list(seeds=SEEDS)
        yield opened


def uploads(opened: Installation, seed: int, *, surface: str = "rehearsal") -> str:
    answer = opened.platform().upload(altered_copy(seed), {"surface": surface}, media_type="image/jpeg")
    assert answer.body["result"] == "hold"
    opened.run_steps()
    return str(answer.body["item_id"])


def sweeps(opened: Installation) -> int:
    """Sweep for a drill and return how many objects were destroyed."""
    done, _ = wiring.sweep_now(opened.program, acknowledged_by=None, rehearsals_by=TESTER)
    return len(done.destroyed)


def test_only_what_came_for_practice_alone_is_destroyed_before_its_date_and_somebody_had_it_done(
    safehold: Installation,
) -> None:
    practice, both_lists, in_earnest, flagged, confirmed, elsewhere = SEEDS
    with_both = uploads(safehold, in_earnest)
    safehold.add_list(
        "north", (), purpose=Purpose.CSAM, exact=[altered_copy(both_lists), altered_copy(in_earnest)]
    )
    item_id = uploads(safehold, practice)
    kept = {
        uploads(safehold, both_lists): both_lists,
        uploads(safehold, in_earnest, surface="public"): in_earnest,
        with_both: in_earnest,
        uploads(safehold, flagged): flagged,
        uploads(safehold, confirmed): confirmed,
        uploads(safehold, elsewhere): elsewhere,
    }
    by_seed = {seed: one for one, seed in kept.items()}
    safehold.sql(
        "insert into flag (id, item_id, source, score, reason, flagged_at)"
        " values (%(id)s, %(item)s, 'nudge', 1, 'looks_like', now())",
        id=new_id(),
        item=by_seed[flagged],
    )
    safehold.sql("update item set rehearsal = false where id = %(item)s", item=by_seed[elsewhere])
    safehold.assess(by_seed[confirmed], Finding.ILLEGAL, by=safehold.analyst())
    safehold.run_steps()
    ordinary, _ = wiring.sweep_now(safehold.program, acknowledged_by=None)
    assert ordinary.destroyed == []

    assert [sweeps(safehold), sweeps(safehold)] == [2, 0]
    with pytest.raises(ErasedEvidence):
        safehold.open_sealed(item_id)
    assert {one: safehold.open_sealed(one) for one in kept} == {
        one: altered_copy(seed) for one, seed in kept.items()
    }
    records = safehold.sql("select actor from audit_record where verb = 'evidence.destroy'")
    assert [row.actor for row in records] == [TESTER.label] * 2
    assert safehold.sql("select 1 from item_context where item_id = %(item)s", item=item_id) == []


def test_a_drill_waits_for_a_word_too_where_destruction_is_held_back(safehold: Installation) -> None:
    item_id = uploads(safehold, 1)
    with safehold.program.database.begin() as tx:
        destruction_guard.hold_back(tx, now=safehold.program.clock())
    with pytest.raises(Refused, match="destruction_waits"):
        sweeps(safehold)
    assert safehold.open_sealed(item_id) == altered_copy(1)


def test_the_drill_of_the_guide_shows_that_what_was_destroyed_stays_destroyed(
    settings: Settings, tmp_path: Path
) -> None:
    with running.installation(settings, serve=served) as opened:
        opened.add_list()
        item_id = uploads(opened, 1)
    backups = tmp_path / "backups"
    environment = environment_of(
        {"data_folder": str(settings.data_folder), "database": {"url": settings.database.url}}
    )

    def run(*arguments: object) -> str:
        command = [*COMMAND, *(str(one) for one in arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert "The keys of 2 sealed objects" in run("db", "backup", "--to", backups)
    assert run("evidence", "sweep", "--rehearsal").startswith("2 objects destroyed, ")
    [made] = backups.glob("safehold-*")
    said = run("db", "restore", "--replace", "--from", made)
    assert "2 objects were destroyed since, and are destroyed again.\n" in said
    with running.installation(settings, serve=served) as opened, pytest.raises(ErasedEvidence):
        opened.open_sealed(item_id)
