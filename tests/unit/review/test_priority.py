"""The parts of a priority: explained, bounded, and never led by a machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.hash_list import Purpose
from safehold.model.ids import FlagId, ItemId, MatchId, new_id
from safehold.model.match import Flag
from safehold.model.signal import PDQ
from safehold.review.priority import Clock, Weighed, added_up, weigh
from safehold.storage.case_facts import MatchFacts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ["child at risk now", "likelihood", "severity", "reach", "repeats", "legal clock"]
NEAR = MatchFacts(
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
MATCHES = st.builds(
    lambda distance, vetted, category: replace(NEAR, distance=distance, vetted=vetted, category=category),
    st.integers(0, 31),
    st.booleans(),
    st.sampled_from(["A", "B", "C", "prohibited", "something of their own", None]),
)
FLAGS = st.builds(
    Flag, id=st.just(FlagId(new_id())), source=st.just("nudge"), score=st.floats(0, 1), reason=st.just("r")
)
WEIGHED = st.builds(
    Weighed,
    matches=st.lists(MATCHES, max_size=4),
    flags=st.lists(FLAGS, max_size=4),
    items=st.integers(1, 500),
    not_held=st.integers(0, 500),
)


def total(weighed: Weighed) -> int:
    return added_up(weigh(weighed))


def only(*matches: MatchFacts, flags: tuple[Flag, ...] = ()) -> Weighed:
    return Weighed(matches=matches, flags=flags, items=1, not_held=0)


@given(weighed=WEIGHED, hours_left=st.integers(-9, 48), at_risk=st.booleans())
def test_every_priority_is_the_sum_of_six_named_parts_and_at_most_100(
    weighed: Weighed, hours_left: int, at_risk: bool
) -> None:
    clock = Clock(NOON, NOON + timedelta(hours=48), NOON + timedelta(hours=48 - hours_left))
    parts = weigh(replace(weighed, at_risk=at_risk), clock)
    assert [part.name for part in parts] == NAMES
    assert all(part.seen and 0 <= part.weight <= 100 for part in parts)
    assert added_up(parts) == min(100, sum(part.weight for part in parts))
    assert not at_risk or added_up(parts) == 100


@given(weighed=WEIGHED, match=MATCHES)
def test_one_more_match_never_makes_a_case_less_urgent_than_its_own_likelihood(
    weighed: Weighed, match: MatchFacts
) -> None:
    more = replace(weighed, matches=[*weighed.matches, match])
    if weighed.matches:
        assert weigh(more)[1].weight >= weigh(weighed)[1].weight


@given(flag=FLAGS, match=MATCHES)
def test_no_flag_outweighs_any_match(flag: Flag, match: MatchFacts) -> None:
    assert weigh(only(flags=(flag,)))[1].weight < weigh(only(match))[1].weight
    assert total(only(match, flags=(flag,))) == total(only(match))


@pytest.mark.parametrize(
    ("lesser", "greater"),
    [
        (only(replace(NEAR, distance=16)), only(replace(NEAR, distance=15))),
        (only(replace(NEAR, vetted=False)), only(NEAR)),
        (only(replace(NEAR, category="C")), only(replace(NEAR, category="B"))),
        (only(replace(NEAR, category="B")), only(NEAR)),
        (only(NEAR), replace(only(NEAR), not_held=1)),
        (only(NEAR), replace(only(NEAR), items=2)),
    ],
    ids=["farther", "not vetted", "C before B", "B before A", "held", "alone"],
)
def test_what_weighs_more_comes_first(lesser: Weighed, greater: Weighed) -> None:
    assert total(lesser) < total(greater)


def test_a_part_says_in_words_what_was_seen() -> None:
    weighed = replace(only(NEAR), items=3, not_held=3)
    due = NOON + timedelta(hours=48)
    said = [part.seen for part in weigh(weighed, Clock(NOON, due, NOON))]
    assert said == [
        "Nobody has said so",
        "Match on a vetted list, distance 4",
        "Category A on the list",
        "Not held: others may still see it",
        "3 items in this case",
        "To be decided by 2026-03-03 12:00 UTC",
    ]
    assert weigh(weighed, Clock(NOON, due, due))[-1].seen == "Was due 2026-03-03 12:00 UTC"
    assert weigh(weighed)[-1].seen == "No date is set"


@given(hours=st.integers(1, 1000), past=st.lists(st.integers(0, 1200), min_size=2, max_size=9))
def test_a_date_weighs_more_the_nearer_it_is_and_never_changes_before_it_says_so(
    hours: int, past: list[int]
) -> None:
    due, weights = NOON + timedelta(hours=hours), []
    for each in sorted(past):
        clock = Clock(NOON, due, NOON + timedelta(hours=each))
        weights.append(clock.weight)
        if (changes := clock.weighs_more_at) is not None:
            before = replace(clock, now=max(clock.now, changes - timedelta(seconds=1)))
            assert before.weight == clock.weight < replace(clock, now=changes).weight
        else:
            assert clock.now >= due
    assert weights == sorted(weights)


@given(weighed=WEIGHED)
def test_being_held_on_nothing_is_as_urgent_as_not_being_held(weighed: Weighed) -> None:
    held = replace(weighed, not_held=0)
    assert weigh(replace(held, held_on_nothing=1))[3].weight == weigh(replace(held, not_held=1))[3].weight
    assert weigh(replace(held, held_on_nothing=1))[3].weight > weigh(held)[3].weight


def test_a_case_whose_only_match_was_withdrawn_says_so() -> None:
    _, likelihood, *_ = weigh(Weighed(matches=(), flags=(), items=1, not_held=0, withdrawn=True))
    assert (likelihood.seen, likelihood.weight) == ("The list has withdrawn what matched", 0)
