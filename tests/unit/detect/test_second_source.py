"""A list that asks for a second source holds what another source knows as well, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.known import KnownLists, SignalTypes
from safehold.detect.second_source import confirmed
from safehold.model.hash_list import HOLDING_PURPOSES, Entry, HashList, Purpose
from safehold.model.ids import EntryId, ListId, MatchId, new_id
from safehold.model.match import Match
from safehold.model.signal import PDQ, SHA256, Signal, SignalTypeName
from safehold.signals.digests import Sha256
from safehold.signals.pdq import Pdq

KINDS: SignalTypes = {kind.name: kind for kind in (Sha256(), Pdq())}
NOW = datetime(2030, 5, 1, tzinfo=UTC)


def a_list(source: str, *, asks: bool = True, **changed: object) -> HashList:
    made = HashList(
        id=ListId(new_id()),
        name=f"{source}-{new_id()}",
        purpose=Purpose.CSAM,
        may_hold=True,
        vetted=True,
        source=source,
        needs_second_source=asks,
        created_at=NOW,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def a_match(of: HashList, distance: int = 0) -> Match:
    return Match(
        id=MatchId(new_id()),
        list_id=of.id,
        list_name=of.name,
        purpose=of.purpose,
        entry_id=EntryId(new_id()),
        signal_type=PDQ,
        distance=distance,
        may_hold=of.may_hold_at(distance),
    )


def bits(count: int) -> bytes:
    """A PDQ digest with this many bits set: its distance from the one with none."""
    return ((1 << count) - 1).to_bytes(32)


def loaded(*lists: tuple[HashList, SignalTypeName, bytes]) -> KnownLists:
    known = KnownLists(KINDS)
    for one, kind, value in lists:
        known.load(one, [Entry(id=EntryId(new_id()), list_id=one.id, signal_type=kind, value=value)])
    return known


def holding(known: KnownLists, *signals: Signal) -> set[ListId]:
    return {match.list_id for match in known.look(signals, rehearsal=False).matches if match.may_hold}


lists = st.lists(
    st.builds(
        a_list,
        st.sampled_from(["", "north", "NORTH ", "south", "east"]),
        asks=st.booleans(),
        purpose=st.sampled_from(list(Purpose)),
        vetted=st.booleans(),
        may_hold=st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@given(lists, st.lists(st.integers(0, 31), min_size=5, max_size=5))
def test_nothing_holds_that_would_not_hold_otherwise_and_nothing_is_lost(
    known: list[HashList], distances: list[int]
) -> None:
    before = [a_match(one, bits) for one, bits in zip(known, distances, strict=False)]
    after = confirmed(before, {one.id: one for one in known})
    assert [replace(one, may_hold=False) for one in after] == [replace(one, may_hold=False) for one in before]
    assert all(new.may_hold <= old.may_hold for old, new in zip(before, after, strict=True))


@given(lists, st.lists(st.integers(0, 31), min_size=5, max_size=5))
def test_a_list_that_asks_holds_exactly_where_another_named_and_vetted_source_is_within_its_own_radius(
    known: list[HashList], distances: list[int]
) -> None:
    before = [a_match(one, bits) for one, bits in zip(known, distances, strict=False)]
    for one, old, new in zip(
        known, before, confirmed(before, {each.id: each for each in known}), strict=False
    ):
        witnesses = {
            other.source.strip().lower()
            for other, match in zip(known, before, strict=False)
            if match.distance <= other.hold_max_distance
            and other.purpose is one.purpose
            and other.purpose in HOLDING_PURPOSES
            and (other.vetted or other.purpose is Purpose.TEST)
        }
        own = one.source.strip().lower()
        second = own != "" and bool(witnesses - {own, ""})
        assert new.may_hold is (old.may_hold and (second or not one.needs_second_source))


def test_a_poisoned_source_alone_holds_nothing_and_its_match_still_asks_for_review() -> None:
    poisoned = a_list("coerced")
    known = loaded((poisoned, PDQ, bits(0)))
    (match,) = known.look([Signal(PDQ, bits(0), 100)], rehearsal=False).matches
    assert not match.may_hold


def test_the_same_signal_from_a_second_source_lets_both_hold() -> None:
    one, other = a_list("north"), a_list("south")
    known = loaded((one, PDQ, bits(0)), (other, PDQ, bits(0)))
    assert holding(known, Signal(PDQ, bits(0), 100)) == {one.id, other.id}


@pytest.mark.parametrize(("distance", "holds"), [(15, True), (16, False)])
def test_a_second_source_confirms_up_to_its_own_holding_distance(distance: int, holds: bool) -> None:
    one, other = a_list("north"), a_list("south", asks=False)
    known = loaded((one, PDQ, bits(0)), (other, PDQ, bits(distance)))
    assert (one.id in holding(known, Signal(PDQ, bits(0), 100))) is holds


def test_two_lists_of_one_source_do_not_confirm_each_other() -> None:
    one, other = a_list("north"), a_list("North ")
    known = loaded((one, PDQ, bits(0)), (other, PDQ, bits(0)))
    assert holding(known, Signal(PDQ, bits(0), 100)) == set()


def test_a_digest_of_the_whole_and_a_picture_confirm_each_other() -> None:
    one, other = a_list("north"), a_list("south")
    known = loaded((one, PDQ, bits(0)), (other, SHA256, bytes(32)))
    signals = Signal(PDQ, bits(0), 100), Signal(SHA256, bytes(32))
    assert holding(known, *signals) == {one.id, other.id}


def test_two_frames_of_one_film_do_not_confirm_each_other() -> None:
    one, other = a_list("north"), a_list("south")
    far = bytes(31) + b"\x01", b"\xff" * 32
    known = loaded((one, PDQ, far[0]), (other, PDQ, far[1]))
    frames = [Signal(PDQ, value, 100, frame) for frame, value in enumerate(far)]
    assert holding(known, *frames) == set()


def test_where_one_frame_is_nearest_and_another_is_confirmed_the_confirmed_one_counts() -> None:
    one, other = a_list("north"), a_list("south", asks=False)
    known = loaded((one, PDQ, bits(0)), (other, PDQ, bits(20)))
    frames = Signal(PDQ, bits(0), 100, 0), Signal(PDQ, bits(10), 100, 1)
    assert holding(known, *frames) == {one.id, other.id}


@pytest.mark.parametrize(("distance", "near"), [(31, False), (32, True), (39, True), (40, False)])
def test_a_near_miss_lies_beyond_the_edge_and_within_the_margin(distance: int, near: bool) -> None:
    known = loaded((a_list("north", asks=False), PDQ, bits(0)))
    looked = known.look([Signal(PDQ, bits(distance), 100)], rehearsal=False, margin=8)
    assert looked.near_miss is near
    assert bool(looked.matches) is (distance <= 31)


def test_what_a_list_that_may_not_hold_misses_by_little_is_no_near_miss() -> None:
    known = loaded((a_list("north", asks=False, may_hold=False), PDQ, bits(0)))
    assert not known.look([Signal(PDQ, bits(33), 100)], rehearsal=False, margin=8).near_miss


def test_digests_that_are_compared_by_equality_have_no_near_misses() -> None:
    known = loaded((a_list("north", asks=False), SHA256, bytes(32)))
    assert not known.look([Signal(SHA256, bits(1))], rehearsal=False, margin=8).near_miss


@pytest.mark.parametrize(
    ("kind", "distance", "holds"), [(PDQ, 15, True), (PDQ, 16, False), ("steps", 0, True)]
)
@pytest.mark.parametrize("witness_holds", [True, False])
def test_the_distance_of_a_witness_counts_for_pdq_alone(
    kind: str, distance: int, holds: bool, witness_holds: bool
) -> None:
    asking, witness = a_list("north"), a_list("south", asks=False)
    seen = replace(a_match(witness, distance), signal_type=SignalTypeName(kind), may_hold=witness_holds)
    found = confirmed([a_match(asking), seen], {one.id: one for one in (asking, witness)})
    assert found[0].may_hold is holds


@pytest.mark.parametrize("may_hold", [True, False])
def test_a_near_witness_of_another_type_confirms_where_it_may_hold_itself(may_hold: bool) -> None:
    asking, witness = a_list("north"), a_list("south", asks=False)
    seen = replace(a_match(witness, 9), signal_type=SignalTypeName("steps"), may_hold=may_hold)
    found = confirmed([a_match(asking), seen], {one.id: one for one in (asking, witness)})
    assert found[0].may_hold is may_hold
