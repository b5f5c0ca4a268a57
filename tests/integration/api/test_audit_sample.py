"""The audit sample: what every check passed and the lot fell on waits for a person, within its terms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from safehold.app import wiring
from safehold.detect import sampling
from safehold.model.assessment import Finding
from safehold.model.ids import ItemId, OutcomeId, UserId
from safehold.model.permissions import Permission, Role
from safehold.review import settle
from safehold.review.reopening import ReversalReason
from safehold.testing import running
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, MovableClock, altered_copy
from safehold.web.server import served

TERMS = {"basis": "the law of looking", "share": 0.01, "a_day": 2}
UNSEEN, LISTED = altered_copy(100), altered_copy(1)


@pytest.fixture(scope="module")
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="module")
def opened(
    database_url: str, tmp_path_factory: pytest.TempPathFactory, clock: MovableClock
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("sample") / "data"
    surfaces: dict[str, Any] = {"drawn": {"rehearsal": True, "audit_sample": TERMS}}
    settings = running.settings_of(folder, database_url, surfaces=running.SURFACES | surfaces)
    with running.installation(settings, serve=served, clock=clock) as found:
        yield found


@pytest.fixture
def house(
    opened: Installation, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    opened.add_list()
    monkeypatch.setattr(sampling, "chance", lambda: 0.0)
    yield opened
    clock.ahead = timedelta()
    opened.program.scanner.counters.flush()


@pytest.fixture
def platform(house: Installation) -> Platform:
    return house.platform(Permission.SCAN, Permission.SCAN_DETAIL)


def upload(platform: Platform, data: bytes, surface: str = "drawn") -> Any:
    return platform.upload(
        data, {"surface": surface, "account_id": "account-1"}, media_type="image/jpeg"
    ).body


def test_what_is_drawn_is_sealed_and_waits_for_a_person_where_it_is(
    house: Installation, platform: Platform
) -> None:
    answer = upload(platform, UNSEEN)
    assert (answer["result"], answer["advice"], answer["matches"]) == ("review", "publish", [])
    [flag] = answer["flags"]
    assert (flag["source"], flag["reason"], flag["score"]) == ("audit_sample", "drawn", 0.0)
    assert house.open_sealed(answer["item_id"]) == UNSEEN
    house.run_steps()
    assert house.case_of(answer["item_id"])
    assert house.sql("select * from hold") == []
    [kept] = house.sql("select destroy_at - since as left, alarm_at from retention")
    assert (round(kept.left / timedelta(days=1), 3), kept.alarm_at) == (7.0, None)


def test_where_the_lot_does_not_fall_nothing_is_left(
    house: Installation, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "chance", lambda: 0.01)
    before = house.counts()
    assert upload(platform, UNSEEN)["result"] == "clear"
    house.program.scanner.counters.flush()
    assert house.counts() == before | {"scan_counter": before.get("scan_counter", 0) + 1}


def test_where_none_is_declared_or_a_list_knows_it_nothing_is_drawn(
    house: Installation, platform: Platform
) -> None:
    assert upload(platform, UNSEEN, "rehearsal")["result"] == "clear"
    found = upload(platform, LISTED)
    assert (found["result"], found["flags"]) == ("hold", [])
    assert upload(platform, b"no picture")["result"] == "incomplete"
    assert house.sql("select * from audit_draw") == []


def test_a_full_day_keeps_no_more_and_counts_that_the_lot_fell(
    house: Installation, platform: Platform
) -> None:
    results = [upload(platform, altered_copy(seed))["result"] for seed in (100, 101, 102, 103)]
    assert results == ["review", "review", "clear", "clear"]
    [day] = house.sql("select chosen, taken from audit_sample_day")
    assert (day.chosen, day.taken) == (4, 2)
    assert len(house.sql("select * from audit_draw")) == 2


def test_what_nobody_looked_at_is_destroyed_and_its_case_ends_without_an_outcome(
    house: Installation, platform: Platform, clock: MovableClock
) -> None:
    item = upload(platform, UNSEEN)["item_id"]
    house.run_steps()
    clock.ahead = timedelta(days=6, hours=23)
    wiring.sweep_retention(house.program)
    wiring.close_unanswered(house.program)
    assert house.open_sealed(item) == UNSEEN
    clock.ahead = timedelta(days=7, minutes=1)
    wiring.sweep_retention(house.program)
    wiring.close_unanswered(house.program)
    assert [row.rule for row in house.sql("select rule from destruction where role = 'original'")] == [
        "undecided"
    ]
    [case] = house.sql("select state from review_case")
    assert case.state == "settled"
    assert house.sql("select * from outcome") == []
    before = house.counts()
    wiring.close_unanswered(house.program)
    assert house.counts() == before


def test_what_somebody_decided_is_kept_as_every_outcome_is(
    house: Installation, platform: Platform, clock: MovableClock
) -> None:
    item = upload(platform, UNSEEN)["item_id"]
    house.run_steps()
    house.assess(ItemId(UUID(item)), Finding.NOT_ILLEGAL, by=house.analyst())
    house.run_steps()
    clock.ahead = timedelta(days=8)
    wiring.sweep_retention(house.program)
    wiring.close_unanswered(house.program)
    assert house.open_sealed(item) == UNSEEN
    [outcome] = house.sql("select finding from outcome")
    assert outcome.finding == "not_illegal"


def test_an_outcome_that_is_reversed_leaves_it_waiting_for_a_person_and_is_not_closed_unseen(
    house: Installation, platform: Platform, clock: MovableClock
) -> None:
    item = upload(platform, UNSEEN)["item_id"]
    house.run_steps()
    house.assess(ItemId(UUID(item)), Finding.NOT_ILLEGAL, by=house.analyst())
    house.run_steps()
    [outcome] = house.sql("select id from outcome")
    program, lead = house.program, house.analyst("lead", Role.LEAD)
    with program.database.begin() as tx:
        settle.reverse(
            tx,
            OutcomeId(outcome.id),
            by=UserId(lead.user_id),
            reason_code=ReversalReason.MISTAKE,
            record=program.recorder.record,
            now=program.clock(),
        )
    house.run_steps()
    clock.ahead = timedelta(days=8)
    wiring.sweep_retention(program)
    wiring.close_unanswered(program)
    assert house.open_sealed(item) == UNSEEN
    assert [row.state for row in house.sql("select state from review_case")] == ["open"]
