"""Checking a folder that may hold anything: it answers, or says that there is no bundle."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from safehold.app.bundles import signing
from safehold.app.bundles.verifying import verify
from safehold.model.errors import InvalidInput

KEY = Ed25519PrivateKey.generate()
NAMES = st.sampled_from(
    ["file", "name", "sha256", "bytes", "custody", "hash", "previous", "record", "seq", "x"]
)
ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["held", "not_held", "00" * 32]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


def folder_with(folder: Path, inventory: bytes, *, sums: bytes | None = None) -> Path:
    listed = signing.sums({}) if sums is None else sums
    (folder / signing.INVENTORY).write_bytes(inventory)
    (folder / signing.SUMS).write_bytes(listed)
    (folder / signing.SIGNATURE).write_bytes(KEY.sign(listed))
    (folder / signing.KEY).write_bytes(signing.public_pem(KEY.public_key()))
    return folder


@given(entries=ANYTHING, custody=ANYTHING)
def test_an_inventory_may_say_anything_and_is_answered(entries: Any, custody: Any) -> None:
    content = {"format": "safehold-bundle", "version": 1, "entries": entries, "custody": custody}
    with TemporaryDirectory() as folder:
        found = verify(folder_with(Path(folder), json.dumps(content).encode()))
    assert any("not listed" in problem for problem in found.problems)


@pytest.mark.parametrize(
    "inventory",
    [b"", b"{", b"[]", b"{}", b'{"format": "safehold-bundle", "version": 2}', b"[" * 100_000, b"\xff"],
    ids=["empty", "half", "list", "bare", "newer", "deep", "bytes"],
)
def test_what_is_no_inventory_is_said_to_be_none(tmp_path: Path, inventory: bytes) -> None:
    with pytest.raises(InvalidInput):
        verify(folder_with(tmp_path, inventory))


@pytest.mark.parametrize(
    "sums",
    [b"x", b"00  x\n", b"0" * 64 + b"  ../outside\n", b"0" * 64 + b" *x\n", b"\xff\n"],
    ids=["word", "short", "outside", "binary", "bytes"],
)
def test_sums_that_name_what_they_must_not_are_refused(tmp_path: Path, sums: bytes) -> None:
    with pytest.raises(InvalidInput):
        verify(folder_with(tmp_path, b"{}", sums=sums))
