"""Entries are withdrawn by command: what was confirmed unseen on their word waits for a person again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safehold.model.assessment import Finding
from safehold.testing import running
from safehold.testing.commands import run_apart
from safehold.testing.processes import environment_of


def withdrawn(story: Any, *named: object) -> None:
    """Run `safehold lists withdraw` in a process of its own, on this story's records, then what follows."""
    program = story.safehold.program
    sections = {
        "data_folder": str(program.settings.data_folder),
        "database": {"url": program.settings.database.url},
        "surfaces": running.SURFACES,
    }
    done = run_apart(
        "lists",
        "withdraw",
        running.LIST,
        *named,
        "--reason",
        "source_error",
        env=environment_of(sections),
        cwd=Path(program.settings.data_folder),
    )
    assert done.code == 0, done.err
    story.goes_on()


def test_what_was_confirmed_unseen_is_undone_restored_and_in_the_queue_again(story: Any) -> None:
    item_id = story.uploads()
    story.assesses(item_id, Finding.ILLEGAL)
    assert story.told() == [("proposal_approved", "remove")]
    withdrawn(story, story.one("select entry_id from match").entry_id)
    assert story.told()[1:] == [("outcome_reversed", "restore")]
    outcome = story.one("select reversed_at, reversed_by from outcome")
    assert (outcome.reversed_at is None, outcome.reversed_by) == (False, None)
    assert story.one("select state from review_case").state == "open"
    assert story.one("select waits_for from case_item").waits_for == "assessment"
    assert story.one("select count(*) as n from hold where released_at is null").n == 0
    assert story.safehold.sql("select 1 from step where state = 'stuck'") == []


def test_what_nobody_had_decided_stays_held_and_its_case_says_why(story: Any) -> None:
    story.uploads()
    withdrawn(story, "--whole", "--yes")
    assert story.told() == []
    assert story.one("select count(*) as n from hold where released_at is null").n == 1
    parts = story.one("select priority_parts from review_case").priority_parts
    assert [part["seen"] for part in parts].count("The list has withdrawn what matched") == 1
    [said] = story.safehold.sql("select object from audit_record where verb = 'match.withdrawn'")
    assert said.object.startswith("item:")
