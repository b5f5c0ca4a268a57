"""While one batch is written, the next one is read: one, no more, and nothing is left running."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from safehold.lists.file_import import one_ahead


def test_all_things_come_in_their_order() -> None:
    assert list(one_ahead(iter(range(1, 100)))) == list(range(1, 100))
    assert list(one_ahead(iter(()))) == []


def test_no_more_than_one_thing_is_made_before_it_is_wanted() -> None:
    made: list[int] = []

    def making() -> Iterator[int]:
        for number in range(1, 100):
            made.append(number)
            yield number

    before = threading.active_count()
    with closing(one_ahead(making())) as ahead:
        assert next(ahead) == 1
        assert next(ahead) == 2
    assert made in ([1, 2], [1, 2, 3])
    assert threading.active_count() == before


def test_what_goes_wrong_while_reading_is_raised_where_the_batch_is_wanted() -> None:
    def breaking() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    ahead = one_ahead(breaking())
    assert next(ahead) == 1
    with pytest.raises(OSError, match="gone"):
        next(ahead)
