"""What is known, without a database: searches equal comparing with every entry, list by list."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.known import KnownLists, SignalTypes
from safehold.model.errors import Damaged
from safehold.model.hash_list import Entry, HashList, Purpose
from safehold.model.ids import EntryId, ListId, new_id
from safehold.model.signal import PDQ, SHA256, Signal, SignalTypeName
from safehold.signals.digests import Md5, Sha1, Sha256
from safehold.signals.pdq import Pdq

KINDS: SignalTypes = {kind.name: kind for kind in (Md5(), Sha1(), Sha256(), Pdq())}
NOW = datetime(2030, 5, 1, tzinfo=UTC)


def a_list(name: str = "northland", *, purpose: Purpose = Purpose.CSAM, reach: int = 31) -> HashList:
    return HashList(
        id=ListId(new_id()),
        name=name,
        purpose=purpose,
        may_hold=purpose is not Purpose.OWN_TERMS,
        max_distance=reach,
        hold_max_distance=min(15, reach),
        created_at=NOW,
    )


def an_entry(of: HashList, value: bytes, signal_type: SignalTypeName = PDQ) -> Entry:
    return Entry(id=EntryId(new_id()), list_id=of.id, signal_type=signal_type, value=value)


def bits(*positions: int) -> bytes:
    """A PDQ digest with these bits set."""
    return sum(1 << position for position in set(positions)).to_bytes(32)


# Digests of few bits lie near one another, so that distances around every edge come up.
near = st.lists(st.integers(0, 255), max_size=24).map(lambda positions: bits(*positions))
purposes = st.sampled_from(list(Purpose))
loaded = st.lists(st.tuples(purposes, st.integers(0, 40), st.lists(near, max_size=12)), max_size=4)


@given(loaded, st.lists(st.tuples(near, st.none() | st.integers(0, 100)), max_size=5), st.booleans())
def test_a_search_finds_exactly_what_comparing_with_every_entry_finds(
    lists: list[tuple[Purpose, int, list[bytes]]], asked: list[tuple[bytes, int | None]], rehearsal: bool
) -> None:
    known = KnownLists(KINDS)
    every: list[tuple[HashList, Entry]] = []
    for number, (purpose, reach, values) in enumerate(lists):
        one = a_list(f"list-{number}", purpose=purpose, reach=reach)
        entries = [an_entry(one, value) for value in dict.fromkeys(values)]
        known.load(one, entries)
        every += [(one, entry) for entry in entries]
    signals = [Signal(PDQ, value, quality, frame) for frame, (value, quality) in enumerate(asked)]

    expected: dict[EntryId, tuple[int, bool]] = {}
    for one, entry in every:
        distances = [
            KINDS[PDQ].distance(signal.value, entry.value)
            for signal in signals
            if signal.quality is None or signal.quality >= 50
        ]
        within = [distance for distance in distances if distance <= one.max_distance]
        if within and (rehearsal or one.purpose is not Purpose.TEST):
            may_hold = one.purpose is not Purpose.OWN_TERMS and min(within) <= one.hold_max_distance
            expected[entry.id] = (min(within), may_hold)

    found = known.look(signals, rehearsal=rehearsal).matches
    assert {match.entry_id: (match.distance, match.may_hold) for match in found} == expected
    assert len(found) == len(expected)
    order = [(not match.may_hold, match.distance, match.list_name) for match in found]
    assert order == sorted(order)


@pytest.mark.parametrize(("distance", "matches"), [(0, True), (31, True), (32, False)])
def test_the_edge_of_the_radius_belongs_to_it(distance: int, matches: bool) -> None:
    one = a_list()
    known = KnownLists.from_entries(KINDS, one, [an_entry(one, bits())])
    assert bool(known.look([Signal(PDQ, bits(*range(distance)))], rehearsal=False).matches) is matches


@pytest.mark.parametrize(("distance", "may_hold"), [(15, True), (16, False)])
def test_the_edge_of_the_hold_radius_belongs_to_it(distance: int, may_hold: bool) -> None:
    one = a_list()
    known = KnownLists.from_entries(KINDS, one, [an_entry(one, bits())])
    (match,) = known.look([Signal(PDQ, bits(*range(distance)))], rehearsal=False).matches
    assert match.may_hold is may_hold


def test_exact_digests_match_at_distance_0_only_whatever_the_list_says() -> None:
    one = a_list()
    known = KnownLists.from_entries(KINDS, one, [an_entry(one, bits(), SHA256)])
    assert known.look([Signal(SHA256, bits())], rehearsal=False).matches[0].distance == 0
    assert known.look([Signal(SHA256, bits(7))], rehearsal=False).matches == []


def test_a_digest_of_quality_49_is_not_compared_and_one_of_50_is() -> None:
    one = a_list()
    known = KnownLists.from_entries(KINDS, one, [an_entry(one, bits())])
    assert known.look([Signal(PDQ, bits(), quality=49)], rehearsal=False).matches == []
    assert len(known.look([Signal(PDQ, bits(), quality=50)], rehearsal=False).matches) == 1


def test_of_the_same_digest_in_many_frames_the_first_with_enough_detail_is_named() -> None:
    one = a_list()
    known = KnownLists.from_entries(KINDS, one, [an_entry(one, bits())])
    qualities = [10, 80, 80]
    frames = [Signal(PDQ, bits(), quality, frame) for frame, quality in enumerate(qualities)]
    (match,) = known.look(frames, rehearsal=False).matches
    assert match.frame == 1


def test_a_match_carries_the_words_of_its_list() -> None:
    one = a_list()
    entry = Entry(
        id=EntryId(new_id()), list_id=one.id, signal_type=PDQ, value=bits(), category="B", labels=("x", "y")
    )
    (match,) = (
        KnownLists.from_entries(KINDS, one, [entry]).look([Signal(PDQ, bits())], rehearsal=False).matches
    )
    assert (match.list_id, match.list_name, match.purpose) == (one.id, one.name, one.purpose)
    assert (match.category, match.labels, match.entry_id) == ("B", ("x", "y"), entry.id)


def test_a_signal_that_comes_twice_in_a_file_counts_once() -> None:
    one = a_list()
    known = KnownLists.from_entries(KINDS, one, [an_entry(one, bits()), an_entry(one, bits())])
    assert len(known.look([Signal(PDQ, bits())], rehearsal=False).matches) == 1
    assert known.lists[0].held == {PDQ: 1}


def test_entries_of_a_type_that_is_not_loaded_are_counted_and_match_nothing() -> None:
    one = a_list()
    foreign = SignalTypeName("someday")
    known = KnownLists.from_entries(KINDS, one, [an_entry(one, b"\x00", foreign)])
    assert known.lists[0].held == {foreign: 1}
    assert known.look([Signal(foreign, b"\x00")], rehearsal=True).matches == []


def test_an_entry_of_the_wrong_length_is_refused_by_its_id_and_no_index_changes() -> None:
    one = a_list()
    good, bad = an_entry(one, bits(), SHA256), an_entry(one, b"\x01\x02")
    known = KnownLists(KINDS)
    with pytest.raises(Damaged, match=str(bad.id)):
        known.load(one, [good, bad])
    assert known.look([Signal(SHA256, bits())], rehearsal=False).matches == []
    assert known.lists[0].held == {}


def test_the_version_tells_lists_and_their_contents_apart() -> None:
    one, other = a_list(), a_list("other")
    versions = {
        KnownLists(KINDS).version(),
        KnownLists.from_entries(KINDS, one, []).version(),
        KnownLists.from_entries(KINDS, one, [an_entry(one, bits())]).version(),
        KnownLists.from_entries(KINDS, other, [an_entry(other, bits())]).version(),
    }
    assert len(versions) == 4
    assert all(len(version) == 16 for version in versions)


def test_a_digest_sent_with_and_without_enough_detail_is_compared() -> None:
    one = a_list()
    known = KnownLists.from_entries(KINDS, one, [an_entry(one, bits())])
    for qualities in ([10, None], [None, 10], [10, 90]):
        asked = [Signal(PDQ, bits(), quality) for quality in qualities]
        assert len(known.look(asked, rehearsal=False).matches) == 1
