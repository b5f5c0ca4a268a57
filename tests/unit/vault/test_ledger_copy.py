"""Claims about the ledger of destructions that lies beside the ciphertext."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.errors import Damaged, VaultDown
from safehold.model.ids import ObjectId, new_id
from safehold.vault.ledger import Closed, LedgerCopy
from safehold.vault.store import CiphertextStore

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def standing(copy: LedgerCopy) -> set[ObjectId]:
    return {one for batch in copy.objects() for one in batch}


def test_a_line_is_read_back_and_never_replaced(tmp_path: Path) -> None:
    copy, object_id = LedgerCopy(CiphertextStore(tmp_path)), ObjectId(new_id())
    line = Closed(object_id, AT, "undecided")
    assert copy.read(object_id) is None
    copy.write(line)
    copy.write(Closed(object_id, AT.replace(year=2027), "not_confirmed"))
    assert copy.read(object_id) == line
    assert standing(copy) == {object_id}


@given(st.lists(st.booleans(), max_size=8))
def test_the_newest_of_lines_and_those_taken_back_stands(acts: list[bool]) -> None:
    copy, object_id = LedgerCopy(CiphertextStore("memory://")), ObjectId(new_id())
    written = stands = False
    for write in acts:
        if write:
            copy.write(Closed(object_id, AT, "undecided"))
            written = stands = True
        elif written:
            copy.take_back(object_id, at=AT)
            copy.take_back(object_id, at=AT)
            stands = False
        assert (object_id in standing(copy)) == stands


def test_a_line_holds_the_id_the_instant_and_the_reason_alone(tmp_path: Path) -> None:
    copy, object_id = LedgerCopy(CiphertextStore(tmp_path)), ObjectId(new_id())
    copy.write(Closed(object_id, AT, "undecided"))
    [path] = (tmp_path / "ledger").iterdir()
    assert path.name == str(object_id)
    assert path.read_text() == (
        f'{{"object": "{object_id}", "closed_at": "2026-03-01T09:00:00+00:00", "reason": "undecided"}}'
    )


def test_a_ledger_has_one_origin_for_ever_and_another_store_another_one(tmp_path: Path) -> None:
    first, second = (LedgerCopy(CiphertextStore(tmp_path / name)) for name in ("a", "b"))
    assert first.origin() is None
    assert first.begin() == first.begin() == LedgerCopy(CiphertextStore(tmp_path / "a")).origin()
    assert second.begin() != first.begin()


def test_a_line_that_was_altered_is_not_believed(tmp_path: Path) -> None:
    copy, object_id = LedgerCopy(CiphertextStore(tmp_path)), ObjectId(new_id())
    copy.write(Closed(object_id, AT, "undecided"))
    (tmp_path / "ledger" / str(object_id)).write_text("{}")
    with pytest.raises(Damaged):
        copy.read(object_id)


def test_a_store_that_has_gone_is_no_empty_ledger(tmp_path: Path) -> None:
    copy = LedgerCopy(CiphertextStore(tmp_path / "store"))
    copy.begin()
    (tmp_path / "store").rename(tmp_path / "away")
    with pytest.raises(VaultDown):
        copy.origin()
