"""Everybody can see which lists are used, by whose word, how they changed; values and test lists never."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from safehold.app import publishing
from safehold.app.settings import Settings
from safehold.cli.opening import SHELL
from safehold.lists import ledger
from safehold.lists.withdrawal import Withdrawal
from safehold.model.errors import Conflict, NotFound
from safehold.model.figure_errors import PeriodNotOver
from safehold.model.hash_list import Purpose
from safehold.storage import audit
from safehold.storage.hash_lists import changes
from safehold.testing.running import TESTER
from safehold.transparency.packs.pack import Period

CHANGES = ("list added", "entries loaded", "entries taken off")


@pytest.fixture
def lists(portal: Any) -> Any:
    """Return the portal beside two lists in earnest and one for rehearsal."""
    behind = portal.behind
    with behind.program.database.begin() as tx:
        wanted = [
            ledger.NewList(
                name="northland",
                purpose=Purpose.CSAM,
                may_hold=True,
                vetted=True,
                provenance="A contract that is not public",
                source="The Northland hotline",
                needs_second_source=True,
            ),
            ledger.NewList(name="house-rules", purpose=Purpose.OWN_TERMS),
            ledger.NewList(name="painted", purpose=Purpose.TEST),
        ]
        for one in wanted:
            ledger.add_list(tx, one, actor=TESTER, now=portal.clock())
    for name, numbers in (("northland", range(1, 4)), ("painted", range(1, 3))):
        behind.load(name, [{"signal_type": "sha256", "value": f"{number:064x}"} for number in numbers])
    return portal


def test_the_history_names_purpose_source_and_counts_of_each_list(lists: Any) -> None:
    told = lists.show("/transparency/lists.json").json()
    northland = [one for one in told["changes"] if one["list"] == "northland"]
    assert [(one["change"], one["added"], one["removed"]) for one in northland] == [
        ("imported", 3, 0),
        ("declared", 0, 0),
    ]
    assert {key: northland[0][key] for key in ("purpose", "source", "may_hold", "needs_second_source")} == {
        "purpose": "csam",
        "source": "The Northland hotline",
        "may_hold": True,
        "needs_second_source": True,
    }
    assert told["purposes"] == ["csam", "intimate_images", "own_terms"]


def withdrawal(lists: Any) -> Withdrawal:
    record = lists.behind.program.recorder.record
    return Withdrawal(reason="wrong", actor=TESTER, record=record, clock=lists.clock)


def test_what_is_taken_off_a_list_shows_as_well(lists: Any) -> None:
    behind = lists.behind
    with behind.program.database.begin() as tx:
        known = ledger.named(tx, "northland")
        gone = [change.entry_id for change in changes(tx, known.id, after_seq=0)][:2]
        withdrawal(lists).entries(tx, "northland", gone)
    newest = lists.show("/transparency/lists.json").json()["changes"][0]
    assert (newest["change"], newest["removed"]) == ("withdrawn", 2)
    shown = lists.show("/transparency").text
    assert [words for words in CHANGES if words not in shown] == []


def test_a_list_that_was_withdrawn_is_in_the_history_alone(lists: Any) -> None:
    with lists.behind.program.database.begin() as tx:
        withdrawal(lists).whole_list(tx, "northland")
    newest = lists.show("/transparency/lists.json").json()["changes"][0]
    assert (newest["list"], newest["change"], newest["removed"]) == ("northland", "list_withdrawn", 3)
    in_use, _, history = lists.show("/transparency").text.partition('id="changes"')
    assert "house-rules" in in_use
    assert "northland" not in in_use
    assert "list withdrawn" in history


def test_a_source_that_is_said_later_shows_and_so_does_that_it_was(lists: Any) -> None:
    with lists.behind.program.database.begin() as tx:
        wanted = ledger.ListProperties(source="The house")
        ledger.change_list(tx, "house-rules", wanted, actor=TESTER, now=lists.clock())
    newest = lists.show("/transparency/lists.json").json()["changes"][0]
    assert (newest["list"], newest["change"], newest["source"]) == ("house-rules", "changed", "The house")
    assert "source or second source changed" in lists.show("/transparency").text


def test_the_page_says_who_can_hold_and_names_no_value_no_provenance_and_no_test_list(lists: Any) -> None:
    shown = lists.show("/transparency")
    assert shown.status_code == 200
    assert "only what a second, independent source knows as well" in shown.text
    told = shown.text + json.dumps(lists.show("/transparency/lists.json").json())
    values = [row.value for row in lists.sql("select encode(value, 'hex') as value from entry")]
    assert values
    assert not [value for value in values if value in told]
    assert "A contract that is not public" not in told
    assert "painted" not in told


def test_the_portals_role_reaches_the_history_and_neither_lists_nor_entries(lists: Any) -> None:
    for table in ("hash_list", "entry", "list_change"):
        with (
            pytest.raises(sa.exc.ProgrammingError, match="permission denied"),
            lists.program.database.begin() as tx,
        ):
            tx.run(sa.text(f"select 1 from {table}"))


def test_no_history_at_all_is_a_page_too(portal: Any) -> None:
    assert "No list is in use." in portal.show("/transparency").text


MARCH = Period(date(2026, 3, 1), date(2026, 3, 31), ZoneInfo("UTC"))
NOW = datetime(2026, 5, 1, tzinfo=UTC)
RUNNING = Settings.model_validate(
    {
        "surfaces": {
            "wall": {"regions": ["GB"], "classifiers": ["estimate"], "lookback": {"basis": "a law"}},
            "letters": {
                "visibility": "private",
                "legal_bases": [{"region": "GB", "name": "Act 7 <b>"}],
            },
            "practice": {"rehearsal": True},
        },
        "classifiers": {"estimate": {"shadow": True}},
    }
)


def publish(portal: Any, period: Period | None = MARCH) -> None:
    with portal.behind.program.database.begin() as tx:
        publishing.publish(tx, RUNNING, period, actor=SHELL, now=NOW)


def reversed_outcomes(portal: Any, many: int) -> None:
    """Let the audit log have this many reversals in March."""
    with portal.behind.program.database.begin() as tx:
        for _ in range(many):
            at, of = datetime(2026, 3, 7, tzinfo=UTC), "case:01990000-0000-7000-8000-000000000000"
            audit.append(
                tx, at=at, actor="system:t", verb="outcome.reverse", object=of, detail={"reason": "mistake"}
            )


def test_nothing_of_technology_and_figures_shows_before_an_operator_publishes_it(lists: Any) -> None:
    shown = lists.show("/transparency").text
    assert "What runs where" not in shown
    assert "How often it was right" not in shown
    assert lists.show("/transparency/technology.json").status_code == 404
    assert lists.show("/transparency/figures.json").json() == {"periods": []}


def test_technology_says_what_runs_on_each_surface_and_what_it_can_do(lists: Any) -> None:
    publish(lists, None)
    told = lists.show("/transparency/technology.json").json()
    wall, letters = sorted(told["surfaces"], key=lambda each: each["name"], reverse=True)
    assert [(each["kind"], each["can"]) for each in wall["technologies"]] == [
        ("lists", "hold"),
        ("classifier", "nothing"),
        ("kept_signals", "ask"),
    ]
    assert (letters["visibility"], letters["legal_bases"][0]["name"]) == ("private", "Act 7 <b>")
    shown = lists.show("/transparency").text
    assert "hold an upload back until people have decided" in shown
    assert "Act 7 &lt;b&gt;" in shown
    assert "practice" not in shown + json.dumps(told)


def test_published_figures_withhold_what_is_small_before_they_reach_the_portal(lists: Any) -> None:
    reversed_outcomes(lists, 3)
    publish(lists)
    (period,) = lists.show("/transparency/figures.json").json()["periods"]
    assert (period["from"], period["to"]) == ("2026-03-01", "2026-03-31")
    (reversals,) = [each for each in period["measures"] if each["measure"] == "public.reversals"]
    assert [(cell["state"], cell["number"]) for cell in reversals["cells"]] == [("withheld", None)]
    assert "Each is counted once." in reversals["definition"]
    (kept,) = lists.sql("select figures::text as text from publication")
    assert '"number": 3' not in kept.text
    assert "2026-03-01 – 2026-03-31" in lists.show("/transparency").text


def test_what_is_for_programs_may_be_kept_by_others_and_sets_no_cookie(lists: Any) -> None:
    publish(lists)
    for name in ("lists", "technology", "figures"):
        answer = lists.show(f"/transparency/{name}.json")
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert "set-cookie" not in answer.headers


def test_no_day_is_published_twice_and_none_that_is_not_over(lists: Any) -> None:
    publish(lists)
    half = Period(date(2026, 3, 15), date(2026, 4, 15), ZoneInfo("UTC"))
    with pytest.raises(Conflict):
        publish(lists, half)
    with pytest.raises(PeriodNotOver):
        publish(lists, Period(date(2026, 4, 1), date(2026, 5, 1), ZoneInfo("UTC")))
    publish(lists, Period(date(2026, 4, 1), date(2026, 4, 30), ZoneInfo("UTC")))
    values = "(gen_random_uuid(), now(), '2026-03-15', '2026-04-15', '{}', '[]')"
    with (
        pytest.raises(sa.exc.IntegrityError, match="ex_publication_days"),
        lists.behind.program.database.begin() as tx,
    ):
        tx.run(sa.text(f"insert into publication values {values}"))


def test_what_was_published_can_be_taken_back_and_both_are_on_record(lists: Any) -> None:
    publish(lists)
    with lists.behind.program.database.begin() as tx:
        publishing.withdraw(tx, MARCH, actor=SHELL, now=NOW)
    assert lists.show("/transparency/figures.json").json() == {"periods": []}
    with pytest.raises(NotFound), lists.behind.program.database.begin() as tx:
        publishing.withdraw(tx, MARCH, actor=SHELL, now=NOW)
    told = lists.sql("select verb from audit_record where verb like 'transparency.%' order by at, id")
    assert [row.verb for row in told] == ["transparency.publish", "transparency.withdraw"]


def test_the_portals_role_asks_for_what_is_published_and_can_publish_nothing(lists: Any) -> None:
    publish(lists)
    with (
        pytest.raises(sa.exc.ProgrammingError, match="permission denied"),
        lists.program.database.begin() as tx,
    ):
        tx.run(sa.text("select 1 from publication"))
    with (
        pytest.raises(sa.exc.ProgrammingError, match="permission denied"),
        lists.program.database.begin() as tx,
    ):
        tx.run(sa.text("delete from publication"))
