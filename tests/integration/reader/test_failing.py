"""What cannot be opened was not seen, and leaves a record of failing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from safehold.model.assessment import Tier
from safehold.model.errors import ErasedEvidence, NotFound, NotShowable, VaultObjectDamaged
from safehold.review import viewing


def seen(room: Any) -> Tier:
    with room.safehold.program.database.begin() as tx:
        item_id = room.safehold.sql("select id from item order by received_at")[0].id
        return viewing.clearest_seen(tx, item_id, by=room.analyst.analyst())


@pytest.mark.parametrize("tier", [Tier.BLURRED, Tier.CLEAR])
def test_a_picture_whose_ciphertext_is_gone_never_counts_as_seen(
    room: Any, tmp_path: Path, tier: Tier
) -> None:
    objects = Path(room.safehold.program.home.vault) / "objects"
    shutil.move(objects, tmp_path / "elsewhere")
    try:
        with pytest.raises(VaultObjectDamaged):
            room.reader.show(room.asks(tier).secret)
    finally:
        shutil.rmtree(objects, ignore_errors=True)
        shutil.move(tmp_path / "elsewhere", objects)
    assert seen(room) is Tier.NONE
    assert room.audited(f"item:{room.item_id}") == [
        ("evidence.open", ""),
        ("evidence.open_failed", "vault_object_damaged"),
    ]
    # Back again, it is asked for anew, shown, and counts.
    assert room.reader.show(room.asks(tier).secret)
    assert seen(room) is tier


def test_what_was_destroyed_is_told_as_such(room: Any) -> None:
    ticket = room.asks()
    room.safehold.sql("delete from wrapped_key")
    room.safehold.sql("update sealed_object set destroyed_at = now()")
    with pytest.raises(ErasedEvidence):
        room.reader.show(ticket.secret)
    assert room.audited(f"item:{room.item_id}") == [("evidence.open_failed", "erased")]
    assert seen(room) is Tier.NONE
    with pytest.raises(NotFound):
        room.reader.show(ticket.secret)


@pytest.mark.parametrize("tier", [Tier.BLURRED, Tier.CLEAR])
def test_what_cannot_be_decoded_is_told_as_such_and_not_handed_out_either(room: Any, tier: Tier) -> None:
    words = b"neutral words, listed by their digest " * 30
    room.safehold.add_list("exact", seeds=(), exact=[words])
    item_id = room.uploads(words, account="account-9")
    with pytest.raises(NotShowable):
        room.reader.show(room.asks(tier, item_id=item_id).secret)
    assert room.audited(f"item:{item_id}")[-1] == ("evidence.open_failed", "not_showable")
