"""A doubtful file changes nothing until a person accepts it, and that they did is on record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from safehold.jobs.record import Recorder
from safehold.lists.doubts import Doubt
from safehold.lists.file_import import FileImport
from safehold.lists.withdrawal import Withdrawal
from safehold.model.errors import DoubtfulImport
from safehold.model.hash_list import HashList
from safehold.model.permissions import Actor

GROWTH, PLAIN = frozenset({Doubt.GROWTH}), frozenset({Doubt.PLAIN})
Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def loading(loading: FileImport) -> FileImport:
    """An import in batches as large as the lists here: nothing depends on where one ends."""
    return replace(loading, batch_entries=1000)


def test_a_sudden_growth_is_refused_until_it_is_accepted(
    northland: HashList, loading: FileImport, list_file: Callable[..., Path], rows: Rows
) -> None:
    loading.run("northland", list_file(range(1, 2001)))
    rows_before = rows("select count(*) from entry")
    # The first import was long ago.
    rows("update entry set added_at = added_at - interval '2 days' returning 1")
    grown = list_file(range(1, 4001))
    with pytest.raises(DoubtfulImport):
        loading.run("northland", grown)
    with pytest.raises(DoubtfulImport):
        loading.run("northland", grown, accepted=PLAIN)
    assert rows("select count(*) from entry") == rows_before
    assert loading.run("northland", grown, accepted=GROWTH).added == 2000
    accepted = rows("select detail->'accepted' from audit_record where verb = 'list.import' order by at, id")
    assert accepted[-1] == (["growth"],)


def test_a_few_entries_on_the_first_day_do_not_open_the_list_for_thousands(
    northland: HashList, loading: FileImport, list_file: Callable[..., Path], rows: Rows
) -> None:
    loading.run("northland", list_file(range(1, 11)))
    later = replace(loading, clock=lambda: loading.clock() + timedelta(hours=1))
    with pytest.raises(DoubtfulImport):
        later.run("northland", list_file(range(1, 3011)))
    assert rows("select count(*) from entry") == [(10,)]
    assert later.run("northland", list_file(range(1, 1011))).added == 1000
    with pytest.raises(DoubtfulImport):
        replace(loading, clock=lambda: loading.clock() + timedelta(hours=2)).run(
            "northland", list_file(range(1, 1012))
        )
    assert later.run("northland", list_file(range(1, 3011)), accepted=GROWTH).added == 2000


def test_on_the_first_day_a_list_is_compared_with_what_its_first_import_brought(
    northland: HashList, loading: FileImport, list_file: Callable[..., Path]
) -> None:
    loading.run("northland", list_file(range(1, 3001)))
    later = replace(loading, clock=lambda: loading.clock() + timedelta(hours=1))
    assert later.run("northland", list_file(range(1, 4501))).added == 1500
    with pytest.raises(DoubtfulImport):
        later.run("northland", list_file(range(1, 4502)))


def test_loading_again_what_is_on_the_list_is_no_growth(
    northland: HashList, loading: FileImport, list_file: Callable[..., Path], rows: Rows
) -> None:
    loading.run("northland", list_file(range(1, 2001)))
    rows("update entry set added_at = added_at - interval '2 days' returning 1")
    assert loading.run("northland", list_file(range(1, 2101))).added == 100


def test_what_was_accepted_is_loaded_again_within_the_day_without_being_asked_about(
    northland: HashList, loading: FileImport, list_file: Callable[..., Path], rows: Rows
) -> None:
    loading.run("northland", list_file(range(1, 11)))
    later = replace(loading, clock=lambda: loading.clock() + timedelta(hours=1))
    grown = list_file(range(1, 3011))
    assert later.run("northland", grown, accepted=GROWTH).added == 3000
    assert later.run("northland", grown).added == 0
    with pytest.raises(DoubtfulImport):
        later.run("northland", list_file(range(1, 3012)))


def test_what_was_withdrawn_here_and_stays_off_is_no_growth_unless_it_is_brought_back(
    northland: HashList,
    loading: FileImport,
    list_file: Callable[..., Path],
    actor: Actor,
    recorder: Recorder,
    rows: Rows,
) -> None:
    whole = list_file(range(1, 4001))
    loading.run("northland", whole)
    rows("update entry set added_at = added_at - interval '2 days' returning 1")
    withdrawal = Withdrawal(reason="wrong", actor=actor, record=recorder.record, clock=loading.clock)
    withdrawal.file(loading.database, loading.kinds, "northland", list_file(range(1, 2001)))
    assert loading.run("northland", whole).withdrawn == 2000
    with pytest.raises(DoubtfulImport):
        loading.run("northland", whole, bring_back=True)
    assert loading.run("northland", whole, bring_back=True, accepted=GROWTH).added == 2000


def test_a_digest_that_means_nothing_is_refused_until_it_is_accepted(
    northland: HashList, loading: FileImport, tmp_path: Path, rows: Rows
) -> None:
    path = tmp_path / "poisoned"
    path.write_text("f" * 64 + "\n")
    with pytest.raises(DoubtfulImport):
        loading.run("northland", path)
    assert rows("select count(*) from entry") == [(0,)]
    assert loading.run("northland", path, accepted=PLAIN).added == 1
