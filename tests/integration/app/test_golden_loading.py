"""Loading golden items: harmless, new and on no list; kept until their day, told to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from safehold.app import golden_loading, wiring
from safehold.model.assessment import Finding
from safehold.model.errors import ErasedEvidence, NotFound, Refused
from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId, new_id
from safehold.model.item import Context
from safehold.review import golden
from safehold.testing import running
from safehold.testing.running import TESTER, Installation, MovableClock, altered_copy, picture

UNLISTED = 9


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def safehold(tmp_path: Path, database_url: str, clock: MovableClock) -> Iterator[Installation]:
    """Yield a program with a list of four pictures."""
    settings = running.settings_of(tmp_path / "data", database_url)
    surfaces = frozenset({"api", "console", "worker"})
    with running.installation(settings, clock=clock, surfaces=surfaces) as opened:
        opened.add_list()
        yield opened


def load(safehold: Installation, data: bytes) -> ItemId:
    return golden_loading.load(
        safehold.program,
        data,
        surface="public",
        purpose=Purpose.CSAM,
        expected=Finding.NOT_ILLEGAL,
        actor=TESTER,
    )


def test_a_golden_item_is_sealed_and_kept_without_a_case_a_hold_or_an_event(safehold: Installation) -> None:
    data = picture(UNLISTED)
    before = safehold.counts()
    item_id = load(safehold, data)
    assert safehold.open_sealed(str(item_id)) == data
    after = safehold.counts()
    new = {name for name, rows in after.items() if rows > before.get(name, 0)}
    assert not new & {"event", "review_case", "case_item", "hold", "delivery", "step", "match"}
    assert {"item", "media", "golden_item", "flag", "sealed_object"} <= new


def test_its_bytes_are_kept_for_a_year_without_an_alarm_and_go_once_it_is_retired(
    safehold: Installation, clock: MovableClock
) -> None:
    item_id = load(safehold, picture(UNLISTED))
    clock.ahead = timedelta(days=360)
    assert wiring.sweep_retention(safehold.program).alarms == []
    assert safehold.open_sealed(str(item_id))
    program = safehold.program
    golden_loading.retire(program.database, item_id, actor=TESTER, now=program.clock())
    wiring.sweep_retention(program)
    with pytest.raises(ErasedEvidence):
        safehold.open_sealed(str(item_id))


def test_the_same_bytes_that_somebody_uploads_are_an_item_like_any_other(safehold: Installation) -> None:
    load(safehold, picture(UNLISTED))
    context = Context(surface="public", content_id="post-1")
    safehold.program.scanner.scan_bytes(picture(UNLISTED), context, actor=TESTER)
    assert safehold.sql("select 1 from golden_case") == []


@pytest.mark.parametrize("data", [picture(1), altered_copy(1)], ids=["listed", "copy"])
def test_what_a_list_knows_is_no_golden_item(safehold: Installation, data: bytes) -> None:
    with pytest.raises(Refused, match="no harmless picture"):
        load(safehold, data)
    assert safehold.sql("select 1 from item") == []


def test_what_was_seen_here_before_or_cannot_be_shown_is_none_either(safehold: Installation) -> None:
    load(safehold, picture(UNLISTED))
    with pytest.raises(Refused, match="known here"):
        load(safehold, picture(UNLISTED))
    with pytest.raises(Refused, match="cannot be read"):
        load(safehold, b"these are words, and no picture")


def test_without_lists_that_could_be_asked_none_is_loaded(tmp_path: Path, database_url: str) -> None:
    settings = running.settings_of(tmp_path / "data", database_url)
    surfaces = frozenset({"api", "worker"})
    with running.installation(settings, surfaces=surfaces) as empty, pytest.raises(Refused, match="compared"):
        load(empty, picture(UNLISTED))


def test_only_a_golden_item_can_be_retired(safehold: Installation) -> None:
    program = safehold.program
    with pytest.raises(NotFound):
        golden_loading.retire(program.database, ItemId(new_id()), actor=TESTER, now=program.clock())
    item_id = load(safehold, picture(UNLISTED))
    with program.database.begin() as tx:
        [one] = golden.listed(tx)
    assert (one.item_id, one.met, one.answered) == (item_id, 0, 0)
