"""Somebody searches: a warning and help where the operator's list knows a word, and no trace of the query."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from safehold.cli.opening import SHELL
from safehold.model.permissions import Permission
from safehold.prevent import help_files, help_texts, keyword_lists, keywords
from safehold.testing.platform import Platform
from safehold.testing.running import Installation

QUERY = "where is the quillwort meadow"
ASKED = {"query": QUERY, "language": "en", "jurisdiction": "GB"}


@pytest.fixture
def asking(bare: Installation, monkeypatch: pytest.MonkeyPatch) -> Platform:
    # Lists of another test are remembered for five seconds.
    monkeypatch.setattr("safehold.app.search_policy.CATCH_UP", timedelta())
    with bare.program.database.begin() as tx:
        help_texts.load(tx, help_files.shipped(), actor=SHELL, now=bare.program.clock())
    return bare.platform(Permission.SEARCH_POLICY)


def load(bare: Installation, text: str = "quillwort\n", *, secret: bytes | None = None) -> None:
    with bare.program.database.begin() as tx:
        keyword_lists.load(
            tx,
            "plants",
            keywords.read(text),
            source="written for this test",
            secret=secret or bare.program.request_secret,
            actor=SHELL,
            now=bare.program.clock(),
        )


def ask(platform: Platform, **change: Any) -> Any:
    return platform.ask("POST", "/v1/search-policy/decide", ASKED | change)


def test_a_query_with_a_word_of_the_list_gets_a_warning_and_help(
    bare: Installation, asking: Platform
) -> None:
    load(bare)
    answer = ask(asking).body
    assert (answer["decision"], answer["warning"]["draft"]) == ("warn", True)
    assert {line["number"] for line in answer["help_lines"]} == {"999", "0800 1111", None}
    assert ask(asking, query="where is the meadow").body == {
        "decision": "allow",
        "warning": None,
        "help_lines": [],
    }


def test_without_a_list_nothing_is_said_to_be_harmless(bare: Installation, asking: Platform) -> None:
    assert ask(asking).body["decision"] == "not_checked"
    load(bare, secret=bytes(32))
    assert ask(asking).body["decision"] == "not_checked"


def test_a_list_that_is_replaced_or_removed_counts_at_once_after_that(
    bare: Installation, asking: Platform
) -> None:
    load(bare)
    assert ask(asking).body["decision"] == "warn"
    load(bare, "sedge\n")
    assert ask(asking).body["decision"] == "allow"
    with bare.program.database.begin() as tx:
        keyword_lists.remove(tx, "plants", actor=SHELL, now=bare.program.clock())
    assert ask(asking).body["decision"] == "not_checked"


def test_the_query_is_in_no_log_no_answer_and_no_row(
    bare: Installation, asking: Platform, capfd: pytest.CaptureFixture[str]
) -> None:
    load(bare)
    for change in ({}, {"language": "!"}, {"query": [QUERY]}, {"more": QUERY}, {"query": QUERY * 100}):
        assert "quillwort" not in repr(ask(asking, **change).body)
    assert "quillwort" not in "".join(capfd.readouterr())
    tables = bare.sql(
        "select table_name as name from information_schema.tables where table_schema = 'public'"
    )
    for table in tables:
        rows = bare.sql("select t::text as row from " + table.name + " t")
        assert all("quillwort" not in each.row for each in rows), table.name


def test_only_that_somebody_was_warned_is_counted(bare: Installation, asking: Platform) -> None:
    load(bare)
    ask(asking)
    ask(asking, query="meadow")
    [row] = bare.sql("select name, language, choice, times from help_count")
    assert (row.name, row.language, row.choice, row.times) == ("search_warning", "en", "shown", 1)


def test_a_warning_without_words_is_a_warning_still(bare: Installation, asking: Platform) -> None:
    load(bare)
    answer = ask(asking, language="fr").body
    assert (answer["decision"], answer["warning"], answer["help_lines"]) == ("warn", None, [])


def test_a_key_without_the_scope_is_refused(bare: Installation) -> None:
    assert ask(bare.platform(Permission.SCAN)).status == 403
