"""The parts of a priority: explained, bounded, and never led by a machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.hash_list import Purpose
from safehold.model.ids import FlagId, ItemId, MatchId, new_id
from safehold.model.match import Flag
from safehold.model.signal import PDQ
from safehold.review.priority import Weighed, added_up, weigh
from safehold.storage.case_facts import MatchFacts

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


@given(weighed=WEIGHED)
def test_every_priority_is_the_sum_of_four_named_parts_between_0_and_100(weighed: Weighed) -> None:
    parts = weigh(weighed)
    assert [part.name for part in parts] == ["likelihood", "severity", "reach", "repeats"]
    assert all(part.seen and 0 <= part.weight <= 100 for part in parts)
    assert added_up(parts) == sum(part.weight for part in parts) <= 100


@given(weighed=WEIGHED, match=MATCHES)
def test_one_more_match_never_makes_a_case_less_urgent_than_its_own_likelihood(
    weighed: Weighed, match: MatchFacts
) -> None:
    more = replace(weighed, matches=[*weighed.matches, match])
    if weighed.matches:
        assert weigh(more)[0].weight >= weigh(weighed)[0].weight


@given(flag=FLAGS, match=MATCHES)
def test_no_flag_outweighs_any_match(flag: Flag, match: MatchFacts) -> None:
    assert weigh(only(flags=(flag,)))[0].weight < weigh(only(match))[0].weight
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
    said = [part.seen for part in weigh(replace(only(NEAR), items=3, not_held=3))]
    assert said == [
        "Match on a vetted list, distance 4",
        "Category A on the list",
        "Not held: others may still see it",
        "3 items in this case",
    ]


@given(weighed=WEIGHED)
def test_being_held_on_nothing_is_as_urgent_as_not_being_held(weighed: Weighed) -> None:
    held = replace(weighed, not_held=0)
    assert weigh(replace(held, held_on_nothing=1))[2].weight == weigh(replace(held, not_held=1))[2].weight
    assert weigh(replace(held, held_on_nothing=1))[2].weight > weigh(held)[2].weight


def test_a_case_whose_only_match_was_withdrawn_says_so() -> None:
    [likelihood, *_] = weigh(Weighed(matches=(), flags=(), items=1, not_held=0, withdrawn=True))
    assert (likelihood.seen, likelihood.weight) == ("The list has withdrawn what matched", 0)
