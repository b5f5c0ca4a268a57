"""Words that help under the database roles: the API shows, the console approves, the worker forgets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from safehold.cli.opening import SHELL
from safehold.model.child_account import AccountAge, Moment
from safehold.model.clock import utc_now
from safehold.prevent import help_files, help_texts, keyword_lists, keywords, support
from safehold.prevent.help_texts import Rules
from safehold.prevent.support import Asked
from safehold.storage.database import Database, Tx

RULES = Rules(drafts=True, lasts=timedelta(days=730))
NOW = utc_now()
CHILD = Asked(mark=bytes(32), age=AccountAge.UNKNOWN, language="en", jurisdiction="GB")


@pytest.fixture
def tx(database_url: str) -> Iterator[Tx]:
    """Yield a transaction in which texts and a list are loaded."""
    database = Database(database_url, pool_size=1)
    try:
        with database.begin() as opened:
            help_texts.load(opened, help_files.shipped(), actor=SHELL, now=NOW)
            words = keywords.read("quillwort")
            keyword_lists.load(opened, "a", words, source="ours", secret=bytes(32), actor=SHELL, now=NOW)
            yield opened
    finally:
        database.close()


def become(tx: Tx, role: str) -> None:
    tx.run(sa.text("set local role safehold_" + role))


def test_the_api_shows_counts_and_switches_off_and_approves_nothing(tx: Tx) -> None:
    become(tx, "api")
    text, _ = support.offer(tx, Moment.PRESSURE, CHILD, rules=RULES, per_week=3, now=NOW)
    assert text is not None
    for choice in ("stop", "again", "talk"):
        support.choose(tx, Moment.PRESSURE, choice, language="en", mark=CHILD.mark, now=NOW)
    support.count_warning(tx, language="en", now=NOW)
    assert set(keyword_lists.sealed(tx)) == {"a"}
    with pytest.raises(sa.exc.ProgrammingError), tx.part():
        help_texts.withdraw(tx, text.id, actor=SHELL, now=NOW)
    with pytest.raises(sa.exc.ProgrammingError), tx.part():
        keyword_lists.show(tx)


def test_the_console_approves_and_withdraws_and_never_sees_to_whom_something_was_shown(tx: Tx) -> None:
    become(tx, "console")
    text = help_texts.everything(tx)[0]
    help_texts.approve(tx, text.id, role="a reviewer", checked_on=NOW.date(), actor=SHELL, now=NOW)
    help_texts.withdraw(tx, text.id, actor=SHELL, now=NOW)
    for table in ("help_shown", "help_off", "keyword_list"):
        with pytest.raises(sa.exc.ProgrammingError), tx.part():
            tx.run(sa.text("select 1 from " + table))


def test_the_worker_forgets_after_a_week_and_reads_no_mark(tx: Tx) -> None:
    support.offer(tx, Moment.PRESSURE, CHILD, rules=RULES, per_week=3, now=NOW)
    become(tx, "worker")
    assert support.forget(tx, now=NOW + timedelta(days=6)) == 0
    assert support.forget(tx, now=NOW + timedelta(days=8)) == 1
    with pytest.raises(sa.exc.ProgrammingError), tx.part():
        tx.run(sa.text("select account_mark from help_shown"))
