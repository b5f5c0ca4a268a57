"""Claims about sealing: only the right key, id, ciphertext and wrapped key together open an object."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.errors import TooLarge, VaultObjectDamaged
from safehold.model.ids import ObjectId, new_id
from safehold.vault.sealing import MAX_BYTES, OpeningKey, Sealed, open_, seal

KEY = OpeningKey.generate()
ID = ObjectId(new_id())


def flip(data: bytes, position: int, bit: int) -> bytes:
    """Return `data` with one bit turned."""
    changed = bytearray(data)
    changed[position % len(data)] ^= 1 << bit
    return bytes(changed)


@given(data=st.binary(max_size=4096))
def test_what_was_sealed_opens_again(data: bytes) -> None:
    sealed = seal(data, KEY.sealing_key, object_id=ID)
    assert open_(sealed.ciphertext, sealed.wrapped_key, KEY, object_id=ID) == data


@given(data=st.binary(max_size=200), position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_flipped_bit_of_the_ciphertext_is_noticed(data: bytes, position: int, bit: int) -> None:
    sealed = seal(data, KEY.sealing_key, object_id=ID)
    with pytest.raises(VaultObjectDamaged):
        open_(flip(sealed.ciphertext, position, bit), sealed.wrapped_key, KEY, object_id=ID)


def test_any_flipped_byte_of_the_wrapped_key_is_noticed() -> None:
    sealed = seal(b"a landscape", KEY.sealing_key, object_id=ID)
    for position in range(len(sealed.wrapped_key)):
        with pytest.raises(VaultObjectDamaged):
            open_(sealed.ciphertext, flip(sealed.wrapped_key, position, 3), KEY, object_id=ID)


@given(cut=st.integers(0, 10_000))
def test_any_cut_ciphertext_or_key_is_noticed(cut: int) -> None:
    sealed = seal(b"a landscape", KEY.sealing_key, object_id=ID)
    with pytest.raises(VaultObjectDamaged):
        open_(sealed.ciphertext[: cut % len(sealed.ciphertext)], sealed.wrapped_key, KEY, object_id=ID)
    with pytest.raises(VaultObjectDamaged):
        open_(sealed.ciphertext, sealed.wrapped_key[: cut % len(sealed.wrapped_key)], KEY, object_id=ID)


def test_an_object_does_not_open_under_another_id() -> None:
    sealed = seal(b"a landscape", KEY.sealing_key, object_id=ID)
    with pytest.raises(VaultObjectDamaged):
        open_(sealed.ciphertext, sealed.wrapped_key, KEY, object_id=ObjectId(new_id()))


def test_the_keys_of_two_objects_cannot_be_exchanged() -> None:
    first, second = (seal(b"a landscape", KEY.sealing_key, object_id=ID) for _ in range(2))
    with pytest.raises(VaultObjectDamaged):
        open_(first.ciphertext, second.wrapped_key, KEY, object_id=ID)


def test_another_key_pair_does_not_open_it_and_is_told_so() -> None:
    sealed = seal(b"a landscape", KEY.sealing_key, object_id=ID)
    with pytest.raises(VaultObjectDamaged, match="another key pair"):
        open_(sealed.ciphertext, sealed.wrapped_key, OpeningKey.generate(), object_id=ID)


def test_the_same_bytes_sealed_twice_have_nothing_in_common() -> None:
    first, second = (seal(bytes(4096), KEY.sealing_key, object_id=ID) for _ in range(2))
    equal = sum(a == b for a, b in zip(first.ciphertext, second.ciphertext, strict=True))
    assert equal < 100  # one byte in 256 is equal by chance: 16
    assert first.wrapped_key != second.wrapped_key


def test_more_than_the_limit_is_refused_before_anything_is_encrypted() -> None:
    with pytest.raises(TooLarge):
        seal(memoryview(bytes(MAX_BYTES + 1)), KEY.sealing_key, object_id=ID)


def test_no_key_and_no_plaintext_shows_in_a_repr() -> None:
    sealed = seal(b"a landscape", KEY.sealing_key, object_id=ID)
    assert repr(sealed) == "Sealed()"
    assert isinstance(sealed, Sealed)
    assert repr(KEY) == f"OpeningKey(fingerprint={KEY.fingerprint!r})"
