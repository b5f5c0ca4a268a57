"""How often a network may send something: counted for an hour, forgotten after it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.errors import TooOften
from safehold.web.addresses import UNKNOWN
from safehold.web.portal.pacing import HOUR, Pace, place_of
from safehold.web.portal.words import TEXT


class Hands:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::5", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("testclient", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_visitor_counts_as_their_network(host: str, network: str) -> None:
    asked = Request({"type": "http", "headers": [], "client": (host, 1)})
    assert place_of(asked, []) == network


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, HOUR / 2)), max_size=60))
def test_within_any_hour_nobody_gets_more_than_their_share(visits: list[tuple[str, float]]) -> None:
    hands, let_in = Hands(), cast("list[tuple[float, str]]", [])
    pace = Pace("too_often", each=3, in_all=7, seconds=hands)
    for network, pause in visits:
        hands.now += pause
        recent = [who for at, who in let_in if at > hands.now - HOUR]
        expected = recent.count(network) < 3 and len(recent) < 7
        try:
            pace.take(network)
        except TooOften:
            assert not expected
        else:
            assert expected
            let_in.append((hands.now, network))


def test_what_is_an_hour_old_is_nowhere_in_memory() -> None:
    hands = Hands()
    pace = Pace("too_often", each=3, in_all=7, seconds=hands)
    pace.take("192.0.2.0/24")
    hands.now = HOUR - 1
    pace.take("198.51.100.0/24")
    assert pace.remembered() == {"192.0.2.0/24", "198.51.100.0/24"}
    hands.now = HOUR
    assert pace.remembered() == {"198.51.100.0/24"}
    assert "192.0.2" not in repr(cast("Any", vars(pace)))


@pytest.mark.parametrize("words", ["too_often", "asked_too_often"])
def test_each_pace_refuses_in_its_own_words_and_says_when_to_come_back(words: str) -> None:
    pace = Pace(words, each=1, in_all=9, seconds=Hands())
    pace.take("192.0.2.0/24")
    with pytest.raises(TooOften) as refused:
        pace.take("192.0.2.0/24")
    said = (refused.value.what, refused.value.kept_now, refused.value.advice_now)
    assert said == (TEXT[words], TEXT[f"{words}_kept"], TEXT[f"{words}_advice"])
    assert (refused.value.code, refused.value.seconds) == ("too_often", int(HOUR))
