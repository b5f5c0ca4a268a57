"""The files of a bundle, one at a time: what is missing is said, and what must not go on stops everything."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.app.reader.bundling import DESTROYED, NEVER_SEALED, SIGNALS_ONLY, UNREADABLE, Files
from safehold.model.errors import ErasedEvidence, NotAllowed, NotFound, VaultDown, VaultObjectDamaged
from safehold.model.ids import ItemId, MediaId, new_id

WHY = {NotFound: NEVER_SEALED, ErasedEvidence: DESTROYED, VaultObjectDamaged: UNREADABLE}


def some_items(count: int) -> tuple[ItemId, ...]:
    return tuple(ItemId(new_id()) for _ in range(count))


@given(st.lists(st.sampled_from([None, "sealed", *WHY]), min_size=1, max_size=12))
def test_each_item_has_its_fate_in_its_place_whatever_became_of_the_others(fates: list[Any]) -> None:
    items = some_items(len(fates))
    media = {
        item: None if fate is None else MediaId(new_id()) for item, fate in zip(items, fates, strict=True)
    }

    def open_(item_id: ItemId) -> tuple[str, bytes]:
        fate = fates[items.index(item_id)]
        if fate == "sealed":
            return "image/png", str(item_id).encode()
        raise fate

    files = Files(items, media, open=open_)
    read = dict(files.read())
    assert [each["item"] for each in files.found] == [str(item) for item in items]
    for fate, each in zip(fates, files.found, strict=True):
        if fate == "sealed":
            data = read.pop(each["name"])
            assert data == each["item"].encode()
            assert each["name"].endswith(".png")
            assert (each["size_bytes"], each["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        else:
            assert each == {"item": each["item"], "not_held": SIGNALS_ONLY if fate is None else WHY[fate]}
    assert read == {}


@pytest.mark.parametrize("error", [NotAllowed, VaultDown])
def test_a_refusal_and_a_store_that_is_down_are_no_missing_file(error: type[Exception]) -> None:
    items = some_items(2)

    def refuses(_: ItemId) -> tuple[str, bytes]:
        raise error

    files = Files(items, {item: MediaId(new_id()) for item in items}, open=refuses)
    with pytest.raises(error):
        list(files.read())
    assert files.found == []


def test_a_kind_of_file_that_is_not_known_has_a_plain_name() -> None:
    items = some_items(1)
    files = Files(
        items,
        {items[0]: MediaId(new_id())},
        open=lambda _: ("application/x-of-somebody/../else", b"x"),
    )
    [(name, _)] = files.read()
    assert name.endswith(".bin")
    assert name.count("/") == 1
