"""Exported evidence: for one recipient, whole or not at all, and silent about what is in it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.errors import InvalidInput, VaultObjectDamaged
from safehold.vault.parcels import pack, recipient_key, unpack
from safehold.vault.sealing import OpeningKey

OURS, OTHERS = OpeningKey.generate(), OpeningKey.generate()


def pem(key: OpeningKey) -> bytes:
    return key.sealing_key.public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@given(data=st.binary(max_size=500), about=st.dictionaries(st.text(max_size=9), st.text(max_size=20)))
def test_what_was_packed_comes_out_for_its_recipient(data: bytes, about: dict[str, str]) -> None:
    opened = unpack(pack(data, recipient_key(pem(OURS)), about=about), OURS)
    assert (opened.data, opened.about) == (data, about)


def test_nobody_else_opens_it_and_nothing_of_it_shows() -> None:
    parcel = pack(b"neutral text " * 20, OURS.sealing_key, about={"media_type": "image/jpeg"})
    assert b"neutral" not in parcel
    assert b"image/jpeg" not in parcel
    with pytest.raises(VaultObjectDamaged):
        unpack(parcel, OTHERS)


@given(st.data())
def test_a_parcel_that_was_changed_anywhere_does_not_open(chosen: st.DataObject) -> None:
    parcel = bytearray(pack(b"a grey square", OURS.sealing_key, about={"item": "1"}))
    place = chosen.draw(st.integers(0, len(parcel) - 1))
    parcel[place] ^= chosen.draw(st.integers(1, 255))
    with pytest.raises((VaultObjectDamaged, InvalidInput)):
        unpack(bytes(parcel), OURS)


@given(st.binary(max_size=300))
def test_what_is_no_parcel_is_refused(raw: bytes) -> None:
    for begun in (raw, b"SHP1" + raw):
        with pytest.raises((VaultObjectDamaged, InvalidInput)):
            unpack(begun, OURS)


def test_a_key_of_another_kind_is_no_recipient() -> None:
    other = (
        Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    for wrong in (other, b"", b"-----BEGIN PUBLIC KEY-----"):
        with pytest.raises(InvalidInput, match="recipient"):
            recipient_key(wrong)
