"""The reader's own count of showings, which nobody resets by writing to the records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.app.reader.setup import Setup
from safehold.app.reader.throttle import Throttle
from safehold.model.errors import TooManyViews
from safehold.model.ids import new_id
from safehold.review.viewing import ViewLimits
from safehold.vault.decoding.limits import DecodeLimits

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@given(st.lists(st.integers(0, 4_000), min_size=1, max_size=60))
def test_never_more_in_any_minute_hour_or_day_than_allowed(pauses: list[int]) -> None:
    throttle, ann, now, shown = Throttle(ViewLimits(3, 7, 12)), new_id(), NOON, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        try:
            throttle.count(ann, now=now)
        except TooManyViews:
            continue
        shown.append(now)
    for span, most in ViewLimits(3, 7, 12).windows():
        assert all(sum(at - span < other <= at for other in shown) <= most for at in shown)
    assert shown


def test_one_persons_showings_are_not_anothers() -> None:
    throttle = Throttle(ViewLimits(per_minute=1))
    throttle.count(ann := new_id(), now=NOON)
    throttle.count(new_id(), now=NOON)
    with pytest.raises(TooManyViews):
        throttle.count(ann, now=NOON)
    throttle.count(ann, now=NOON + timedelta(minutes=1))


def test_a_setup_arrives_as_it_was_written_and_shows_no_address() -> None:
    setup = Setup(
        database="postgresql+psycopg://reader:secret@127.0.0.1/x",
        vault="/v",
        key_path=None,
        key_variable=None,
        key_command=("print", "key"),
        sealing_key="/k/pub",
        other_keys="/k/others",
        session_idle_seconds=1800.0,
        limits=DecodeLimits(max_bytes=5),
        must_be_confined=True,
        views=ViewLimits(1, 2, 3),
        own_purposes=("show", "status"),
        client_uids=(7, 8),
    )
    assert Setup.from_line(setup.to_line()) == setup
    assert "secret" not in repr(setup)
