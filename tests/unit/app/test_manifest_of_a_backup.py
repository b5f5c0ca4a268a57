"""A manifest is taken from nobody but who has the key of the backups, and a part only as it was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.app.keeping.manifest import FORMAT, MANIFEST, RECORDS, part_of, read_backup, vouched_for
from safehold.model.errors import BadSettings, Refused

KEY = bytes(range(32))
CONTENT: dict[str, Any] = {
    "format": FORMAT,
    "made_at": "2026-11-22T06:11:36+00:00",
    "revision": "0008",
    "ledger": "00000000-0000-4000-8000-000000000000",
    "chain": {"links": 14, "head": "ab" * 32},
    "counts": {"item": 2},
    "parts": {RECORDS: {"sha256": "cd" * 32, "bytes": 4}},
    "keys_file": "safehold-20261122T061136Z.keys.dump",
    "small_keys": {},
}
REST = sorted(CONTENT.keys() - {"format"})


def written(folder: Path, content: bytes) -> Path:
    (folder / MANIFEST).write_bytes(content)
    return folder


def test_what_was_written_with_the_key_is_taken_however_its_json_is_laid_out(tmp_path: Path) -> None:
    plain = vouched_for(CONTENT, KEY)
    assert read_backup(written(tmp_path, plain), KEY).verified
    assert read_backup(
        written(tmp_path, json.dumps(json.loads(plain), sort_keys=True).encode()), KEY
    ).verified


@given(name=st.sampled_from(REST), value=st.recursive(st.integers() | st.text(), st.lists, max_leaves=3))
def test_any_value_that_was_changed_is_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: Any
) -> None:
    changed = {**json.loads(vouched_for(CONTENT, KEY)), name: value}
    folder = written(tmp_path_factory.mktemp("backup"), json.dumps(changed).encode())
    with pytest.raises(Refused, match="was changed since"):
        read_backup(folder, KEY)
    assert not read_backup(folder, KEY, unverified=True).verified


def test_a_value_that_was_added_is_refused(tmp_path: Path) -> None:
    changed = {**json.loads(vouched_for(CONTENT, KEY)), "another": 1}
    with pytest.raises(Refused, match="was changed since"):
        read_backup(written(tmp_path, json.dumps(changed).encode()), KEY)


@pytest.mark.parametrize("mac", ["", "00" * 32, None, 7, ["\ud800"], "\ud800"])
def test_a_mac_that_is_missing_or_is_another_is_refused(tmp_path: Path, mac: Any) -> None:
    without = json.dumps({**CONTENT, "mac": mac} if mac != "" else CONTENT).encode()
    with pytest.raises(Refused, match="was changed since"):
        read_backup(written(tmp_path, without), KEY)


def test_with_another_key_or_none_nothing_vouches_for_it_and_the_way_past_is_told_plainly(
    tmp_path: Path,
) -> None:
    folder = written(tmp_path, vouched_for(CONTENT, KEY))
    with pytest.raises(Refused, match="made beside another"):
        read_backup(folder, bytes(32))
    with pytest.raises(Refused, match="nothing vouches") as refused:
        read_backup(folder, None)
    assert (
        "whoever changed it then runs whatever they like, as the database's owner" in refused.value.advice_now
    )


def test_who_is_let_in_without_a_fitting_mac_still_has_to_bring_a_backup(tmp_path: Path) -> None:
    for content in (b"[]", b"{}", b"7", b'"text"', b"[" * 100_000, b"\xff"):
        with pytest.raises(BadSettings, match="no backup"):
            read_backup(written(tmp_path, content), None, unverified=True)
    with pytest.raises(BadSettings, match="newer"):
        read_backup(written(tmp_path, json.dumps({**CONTENT, "format": FORMAT + 1}).encode()), KEY)


def test_a_part_that_changes_after_it_was_checked_is_loaded_as_it_was_checked(tmp_path: Path) -> None:
    records = tmp_path / RECORDS
    records.write_bytes(b"rows")
    backup = read_backup(
        written(tmp_path, vouched_for({**CONTENT, "parts": {RECORDS: part_of(records)}}, KEY)), KEY
    )
    with backup.checked(RECORDS, records, within=tmp_path) as copy:
        records.write_bytes(b"code")
        assert copy.read() == b"rows"
    with (
        pytest.raises(BadSettings, match="not what was written"),
        backup.checked(RECORDS, records, within=tmp_path),
    ):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {RECORDS, MANIFEST}
