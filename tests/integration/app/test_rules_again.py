"""What waits for another person does not wait for ever when the operator's settings ask for fewer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from safehold.app.rules_again import RulesAgain
from safehold.model.assessment import Finding
from safehold.model.item import Context
from safehold.model.permissions import system_actor
from safehold.storage.database import Database
from safehold.testing import running
from safehold.testing.running import altered_copy

TEAM = {"team": {"size_policy": "full"}, "review": {"second_for": ["all"]}}


def test_what_waits_for_a_second_person_is_settled_once_one_is_enough(
    database_url: str, tmp_path: Path
) -> None:
    settings = running.settings_of(tmp_path / "data", database_url, **TEAM)
    with running.installation(settings) as safehold:
        safehold.add_list()
        context = Context(surface="rehearsal", account_id="a-1")
        scanned = safehold.program.scanner.scan_bytes(altered_copy(1), context, actor=system_actor("tests"))
        safehold.run_steps()
        safehold.assess(str(scanned.item_id), Finding.ILLEGAL, by=safehold.analyst())
        safehold.run_steps()
        waiting = "select waits_for from case_item where waits_for is not null"
        assert [row.waits_for for row in safehold.sql(waiting)] == ["second"]
        assert RulesAgain(safehold.program).turn() == 1
        assert [row.waits_for for row in safehold.sql(waiting)] == ["second"]

        alone = running.settings_of(tmp_path / "data", database_url)
        apart = f"{database_url}{'&' if '?' in database_url else '?'}options=-crole%3Dsafehold_worker"
        worker = Database(apart)
        again = RulesAgain(replace(safehold.program, settings=alone, database=worker))
        assert again.turn() == 1
        assert safehold.sql(waiting) == []
        assert again.turn() == 0
        worker.close()
        [outcome] = safehold.sql("select finding, people_asked from outcome")
        assert (outcome.finding, outcome.people_asked) == ("illegal", 1)
