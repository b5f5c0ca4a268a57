"""Claims about private files: there is a whole one, or none."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

import pytest

from safehold.model.errors import NameTaken
from safehold.vault.files import new_file, write_new


def test_a_new_file_has_its_name_only_when_it_is_whole_and_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with new_file(path) as file:
        file.write(b"first ")
        assert not path.exists()
        file.write(b"second")
    assert path.read_bytes() == b"first second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), new_file(tmp_path / "key.pem") as file:
        file.write(b"half" * (1 // 0))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_as_it_is_also_when_it_came_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with pytest.raises(NameTaken), new_file(path):
        path.write_bytes(b"theirs")
    with pytest.raises(NameTaken):
        write_new(path, b"ours")
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]
