"""Several inputs in one search come to what each would come to alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from safehold.detect.checks import Circumstances
from safehold.detect.known import KnownLists, SignalTypes
from safehold.detect.media_scan import Compared, compare_each, compare_signals
from safehold.model.hash_list import Entry, HashList, Purpose
from safehold.model.ids import EntryId, ListId, MatchId, new_id
from safehold.model.signal import PDQ, SHA256, Signal, Turn
from safehold.model.surface import Surface
from safehold.signals.digests import Md5, Sha1, Sha256
from safehold.signals.pdq import Pdq

KINDS: SignalTypes = {kind.name: kind for kind in (Md5(), Sha1(), Sha256(), Pdq())}
NOW = datetime(2030, 5, 1, tzinfo=UTC)
NO_MATCH = MatchId(new_id())


def bits(count: int) -> bytes:
    """A value with its first bits set."""
    return (((1 << count) - 1) << (256 - count)).to_bytes(32)


def lists() -> KnownLists:
    known = KnownLists(KINDS)
    for name, purpose, holds in (
        ("northland", Purpose.CSAM, True),
        ("southland", Purpose.CSAM, False),
        ("rehearsed", Purpose.TEST, True),
    ):
        one = HashList(
            id=ListId(new_id()),
            name=name,
            purpose=purpose,
            may_hold=holds,
            match_turned=name == "southland",
            created_at=NOW,
        )
        start = {"northland": 0, "southland": 100, "rehearsed": 200}[name]
        entries = [
            Entry(id=EntryId(new_id()), list_id=one.id, signal_type=kind, value=bits(start + more))
            for kind in (PDQ, SHA256)
            for more in (0, 20)
        ]
        known.load(one, entries)
    return known


KNOWN = lists()
SIGNALS = st.builds(
    Signal,
    st.sampled_from([PDQ, SHA256]),
    st.integers(0, 256).map(bits),
    st.sampled_from([None, None, 10, 49, 50, 100]),
    st.integers(0, 2),
    st.sampled_from([Turn.NONE, Turn.NONE, Turn.MIRRORED]),
)


def told(compared: Compared) -> Compared:
    """What it comes to, but for the ids that matches are given anew each time."""
    verdict = compared.verdict
    matches = tuple(replace(match, id=NO_MATCH) for match in verdict.matches)
    return replace(compared, verdict=replace(verdict, matches=matches))


@example(inputs=[[Signal(PDQ, bits(55), 100)], [Signal(PDQ, bits(190), 100)]], rehearsal=False, margin=8)
@given(
    inputs=st.lists(st.lists(SIGNALS, min_size=1, max_size=4), max_size=12),
    rehearsal=st.booleans(),
    margin=st.integers(0, 12),
)
def test_each_of_several_inputs_comes_to_what_it_would_come_to_alone(
    inputs: list[list[Signal]], rehearsal: bool, margin: int
) -> None:
    at = Circumstances(
        known=KNOWN, surface=Surface(name="uploads", rehearsal=rehearsal), now=NOW, margin=margin
    )
    together = [told(one) for one in compare_each(inputs, at)]
    assert together == [told(compare_signals(signals, at)) for signals in inputs]
