"""Claims about the key files: made once, private, and refused when others could read them."""

import stat
from pathlib import Path

import pytest

from safehold.model.errors import BadSettings, NameTaken
from safehold.model.ids import ObjectId, new_id
from safehold.vault.keys import generate_keys, load_opening_key, load_sealing_key
from safehold.vault.sealing import open_, seal


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_generated_pair_seals_and_opens(tmp_path: Path) -> None:
    files = generate_keys(tmp_path / "keys")
    object_id = ObjectId(new_id())
    sealed = seal(b"a landscape", load_sealing_key(files.sealing), object_id=object_id)
    opening = load_opening_key(files.opening)
    assert open_(sealed.ciphertext, sealed.wrapped_key, opening, object_id=object_id) == b"a landscape"


def test_only_the_owner_may_touch_the_private_key_and_its_folder(tmp_path: Path) -> None:
    files = generate_keys(tmp_path / "keys")
    assert (mode(files.opening), mode(files.sealing), mode(tmp_path / "keys")) == (0o600, 0o644, 0o700)
    assert sorted(p.name for p in (tmp_path / "keys").iterdir()) == [files.opening.name, files.sealing.name]


def test_an_existing_pair_is_never_replaced(tmp_path: Path) -> None:
    files = generate_keys(tmp_path)
    before = files.opening.read_bytes(), files.sealing.read_bytes()
    with pytest.raises(NameTaken):
        generate_keys(tmp_path)
    assert (files.opening.read_bytes(), files.sealing.read_bytes()) == before


def test_a_generation_that_was_cut_short_is_finished_with_the_same_private_key(tmp_path: Path) -> None:
    files = generate_keys(tmp_path)
    private, public = files.opening.read_bytes(), files.sealing.read_bytes()
    files.sealing.unlink()
    generate_keys(tmp_path)
    assert (files.opening.read_bytes(), files.sealing.read_bytes()) == (private, public)


@pytest.mark.parametrize("others", [0o640, 0o604, 0o620, 0o602, 0o660])
def test_a_private_key_that_others_may_use_is_refused(tmp_path: Path, others: int) -> None:
    files = generate_keys(tmp_path)
    files.opening.chmod(others)
    with pytest.raises(BadSettings, match="others"):
        load_opening_key(files.opening)


def test_a_missing_or_foreign_key_file_is_refused_without_quoting_it(tmp_path: Path) -> None:
    strange = tmp_path / "strange.pem"
    strange.write_text("not a key")
    strange.chmod(0o600)
    for load in (load_opening_key, load_sealing_key):
        with pytest.raises(BadSettings, match="holds no X25519"):
            load(strange)
        with pytest.raises(BadSettings, match="cannot be read"):
            load(tmp_path / "absent.pem")


def test_one_half_is_not_taken_for_the_other(tmp_path: Path) -> None:
    files = generate_keys(tmp_path)
    with pytest.raises(BadSettings):
        load_sealing_key(files.opening)
    files.sealing.chmod(0o600)
    with pytest.raises(BadSettings):
        load_opening_key(files.sealing)
