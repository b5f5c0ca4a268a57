"""A parcel that cannot be opened says whether the key is wrong or open to others, or it was changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from safehold.app.reader.orders import open_parcel
from safehold.model.errors import BadSettings, VaultObjectDamaged
from safehold.vault.keys import KeyFiles, generate_keys, load_sealing_key
from safehold.vault.parcels import pack


@pytest.fixture
def theirs(tmp_path: Path) -> KeyFiles:
    return generate_keys(tmp_path / "theirs")


@pytest.fixture
def parcel(tmp_path: Path, theirs: KeyFiles) -> Path:
    path = tmp_path / "item.shp"
    path.write_bytes(pack(b"a hill and a lake", load_sealing_key(theirs.sealing), about={"item": "7"}))
    return path


def test_the_key_of_somebody_else_is_named_as_the_wrong_one_and_nothing_is_called_damaged(
    parcel: Path, tmp_path: Path
) -> None:
    other = generate_keys(tmp_path / "other")
    with pytest.raises(VaultObjectDamaged, match="exported to another key") as refused:
        open_parcel(parcel, key=other.opening, out=tmp_path / "out")
    assert "`evidence export --to`" in refused.value.advice_now
    assert not (tmp_path / "out").exists()


def test_a_changed_parcel_is_damaged(parcel: Path, theirs: KeyFiles, tmp_path: Path) -> None:
    parcel.write_bytes(parcel.read_bytes()[:-1] + b"x")
    with pytest.raises(VaultObjectDamaged, match="not what was sealed"):
        open_parcel(parcel, key=theirs.opening, out=tmp_path / "out")


def test_a_key_that_others_may_read_is_called_the_recipients_and_not_the_vaults(
    parcel: Path, theirs: KeyFiles, tmp_path: Path
) -> None:
    theirs.opening.chmod(0o644)
    with pytest.raises(
        BadSettings, match="The recipient's private key file may be used by others"
    ) as refused:
        open_parcel(parcel, key=theirs.opening, out=tmp_path / "out")
    assert "chmod 600" in refused.value.advice_now
    for absent in (tmp_path / "nowhere", theirs.sealing):
        with pytest.raises(BadSettings, match="The recipient's private key"):
            open_parcel(parcel, key=absent, out=tmp_path / "out")
