"""The bench of films: what is read is the whole film, and the goals are there whether or not peers are."""

from __future__ import annotations

import pytest

from safehold.testing.bench import films, peers


@pytest.fixture(scope="module")
def film() -> bytes:
    return films.painted(128, 96, 8)


def test_a_painted_film_has_as_many_frames_as_it_says_and_is_read_without_fault(film: bytes) -> None:
    assert films.decode(film) == 8
    assert 2 <= films.read(film) <= 8


def test_every_size_has_its_two_goals_and_an_absent_peer_is_said_to_be_absent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(films, "SIZES", {"small": (128, 96, 4.5)})
    rows = {row.name: row for row in films.films(4)}
    assert rows["small: a scan's reading, to one decoding alone"].goal == 1.1
    beside = rows["small: vpdq takes, to one reading"]
    assert beside.goal == 4.5
    assert (beside.value is None) is (not peers.is_here(peers.VPDQ))
    assert "vpdq" in beside.why
