"""Cryptographic digests of bytes and files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.errors import BadDigest
from safehold.signals.digests import Md5, Sha1, Sha256, digest_bytes, digest_file


def test_digests_equal_the_published_test_vectors_for_abc() -> None:
    assert Md5().of_bytes(b"abc").text == "900150983cd24fb0d6963f7d28e17f72"
    assert Sha1().of_bytes(b"abc").text == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert (
        Sha256().of_bytes(b"abc").text == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000])
def test_a_file_read_in_parts_has_the_digests_of_its_bytes(tmp_path: Path, size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    path = tmp_path / "some.bin"
    path.write_bytes(data[:size])
    assert digest_file(path) == digest_bytes(data[:size])


def test_the_three_digests_come_in_the_order_md5_sha1_sha256() -> None:
    assert [signal.signal_type for signal in digest_bytes(b"")] == ["md5", "sha1", "sha256"]


@given(st.binary(min_size=32, max_size=32))
def test_a_digest_reads_back_from_its_text_in_either_case(value: bytes) -> None:
    assert Sha256().parse(value.hex()) == Sha256().parse(value.hex().upper()) == value


@given(st.text(max_size=70))
def test_text_that_is_not_a_digest_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadDigest) as caught:
        Md5().parse(text + "!")
    assert text + "!" not in str(caught.value)
