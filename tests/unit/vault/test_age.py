"""Encrypting to others: whatever goes in comes out for the recipient alone, and failures keep their names."""

from __future__ import annotations

import io
import tarfile

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.errors import InvalidInput, Unavailable, VaultObjectDamaged
from safehold.vault import age, tar

OURS = pyrage.x25519.Identity.generate()
OTHERS = pyrage.x25519.Identity.generate()
THEM = [str(OURS.to_public())]


def encrypted(pieces: list[bytes]) -> bytes:
    taken: list[bytes] = []
    age.encrypt(pieces, THEM, to=taken.append)
    assert all(len(piece) < age.PIECE_BYTES + 100_000 for piece in taken)
    return b"".join(taken)


@given(st.lists(st.binary(max_size=200_000), max_size=6))
def test_what_goes_in_by_pieces_comes_out_whole_for_the_recipient_alone(pieces: list[bytes]) -> None:
    ciphertext = encrypted(pieces)
    assert pyrage.decrypt(ciphertext, [OURS]) == b"".join(pieces)
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(ciphertext, [OTHERS])


def test_half_of_it_is_no_age_file() -> None:
    whole = encrypted([bytes(3 << 20)])
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(whole[: len(whole) // 2], [OURS])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "age1",
        "age1qqqqqqqqqqqqqq",
        "ssh-ed25519 AAAA",
        str(OURS),
        "age1yubikey1qwerty",
        THEM[0] + "\n" + THEM[0],
        "ssh-rsa " + "A" * 5000,
    ],
    ids=["empty", "word", "mark", "short", "broken-ssh", "private", "plug-in", "two", "endless"],
)
def test_what_is_no_public_key_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        age.recipient(text)
    assert not text or text not in str(refused.value)


def test_what_fails_on_the_way_in_or_out_is_raised_as_what_it_was() -> None:
    def broken() -> object:
        yield b"one"
        raise VaultObjectDamaged

    def full(_: bytes) -> None:
        raise Unavailable

    with pytest.raises(VaultObjectDamaged):
        age.encrypt(broken(), THEM, to=lambda _: None)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        age.encrypt([bytes(2 << 20)], THEM, to=full)
    with pytest.raises(Unavailable):
        age.encrypt([b"little"], THEM, to=full)


@given(st.dictionaries(st.from_regex(r"[a-z0-9-]{1,40}\.[a-z]{3}", fullmatch=True), st.binary(max_size=2000)))
def test_a_tar_is_the_same_for_the_same_files_and_gives_them_back(files: dict[str, bytes]) -> None:
    def packed() -> bytes:
        members = (
            piece for name, data in files.items() for piece in tar.member(name, data, at=1_700_000_000)
        )
        return b"".join(members) + tar.end()

    assert packed() == packed()
    with tarfile.open(fileobj=io.BytesIO(packed())) as opened:
        found = {each.name: each for each in opened.getmembers()}
        assert list(found) == list(files)
        for name, data in files.items():
            member = opened.extractfile(found[name])
            assert member is not None
            assert member.read() == data
            assert (found[name].mode, found[name].uid, found[name].uname) == (0o600, 0, "")
