"""The files of a bundle, one at a time: what is missing is said, and what must not go on stops everything."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.app.reader.bundling import DESTROYED, NEVER_SEALED, SIGNALS_ONLY, UNREADABLE, Files
from safehold.model.errors import ErasedEvidence, NotAllowed, NotFound, VaultDown, VaultObjectDamaged
from safehold.model.ids import BundleId, ItemId, MediaId, UserId, new_id
from safehold.storage.bundles import BundleRequest

WHY = {NotFound: NEVER_SEALED, ErasedEvidence: DESTROYED, VaultObjectDamaged: UNREADABLE}


def agreed(count: int) -> BundleRequest:
    return BundleRequest(
        id=BundleId(new_id()),
        asked_by=UserId(new_id()),
        asked_at=datetime(2026, 11, 22, tzinfo=UTC),
        items=tuple(ItemId(new_id()) for _ in range(count)),
        recipients=("nobody",),
        recipient_name="",
        purpose="",
    )


@given(st.lists(st.sampled_from([None, "sealed", *WHY]), min_size=1, max_size=12))
def test_each_item_has_its_fate_in_its_place_whatever_became_of_the_others(fates: list[Any]) -> None:
    request = agreed(len(fates))
    media = {
        item: None if fate is None else MediaId(new_id())
        for item, fate in zip(request.items, fates, strict=True)
    }

    def open_(item_id: ItemId) -> tuple[str, bytes]:
        fate = fates[request.items.index(item_id)]
        if fate == "sealed":
            return "image/png", str(item_id).encode()
        raise fate

    files = Files(request, media, open=open_)
    read = dict(files.read())
    assert [each["item"] for each in files.found] == [str(item) for item in request.items]
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
    request = agreed(2)

    def refuses(_: ItemId) -> tuple[str, bytes]:
        raise error

    files = Files(request, {item: MediaId(new_id()) for item in request.items}, open=refuses)
    with pytest.raises(error):
        list(files.read())
    assert files.found == []


def test_a_kind_of_file_that_is_not_known_has_a_plain_name() -> None:
    request = agreed(1)
    files = Files(
        request,
        {request.items[0]: MediaId(new_id())},
        open=lambda _: ("application/x-of-somebody/../else", b"x"),
    )
    [(name, _)] = files.read()
    assert name.endswith(".bin")
    assert name.count("/") == 1
