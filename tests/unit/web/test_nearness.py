"""How near an item is to an entry, in the console's words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId, MatchId, new_id
from safehold.model.signal import PDQ, SHA256, Turn
from safehold.storage.case_facts import MatchFacts
from safehold.web.console import words

MATCH = MatchFacts(
    id=MatchId(new_id()),
    item_id=ItemId(new_id()),
    list_name="northland",
    purpose=Purpose.CSAM,
    vetted=True,
    signal_type=PDQ,
    distance=4,
    max_distance=31,
    hold_max_distance=15,
    may_hold=True,
    category="A",
    labels=(),
    frame=0,
    matched_at=datetime(2026, 3, 1, tzinfo=UTC),
)


def test_equal_digests_are_identical_and_a_perceptual_distance_is_counted_in_bits() -> None:
    assert words.nearness(replace(MATCH, signal_type=SHA256, distance=0)) == "identical"
    assert [words.nearness(replace(MATCH, distance=bits)) for bits in (0, 1, 2)] == [
        "0 bits",
        "1 bit",
        "2 bits",
    ]


@pytest.mark.parametrize("turn", [turn for turn in Turn if turn is not Turn.NONE])
def test_how_the_item_has_to_be_turned_to_match_is_said(turn: Turn) -> None:
    assert words.nearness(replace(MATCH, turn=turn)).startswith("4 bits, once ")


def test_every_way_to_turn_a_picture_has_words_of_its_own() -> None:
    assert len({words.nearness(replace(MATCH, turn=turn)) for turn in Turn}) == 8
