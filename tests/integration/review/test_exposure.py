"""The exposure budget over a real database: stops that act by themselves, whatever somebody tries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.model.assessment import Tier
from safehold.model.errors import (
    BadForm,
    BreakDue,
    Conflict,
    DayIsFull,
    NotAllowed,
    NotFound,
    SafeholdError,
)
from safehold.model.exposure import ExposureChoices, ExposureKind
from safehold.model.ids import AnalystId, CaseId, ItemId, UserId
from safehold.model.permissions import Actor, Permission, system_actor
from safehold.review import exposure_figures
from safehold.review.budget import ExposureRules, beginning_of_day
from safehold.review.cases import PassReason, pass_on, take
from safehold.review.viewing import (
    Reveal,
    ViewLimits,
    close_abandoned,
    close_reveal,
    mark_fetched,
    open_reveal,
)
from safehold.review.wellbeing import choose, next_case, standing

OFTEN = ViewLimits(per_minute=10_000, per_hour=10_000, per_day=10_000)
SMALL = ExposureRules(day_seconds=120, spell_seconds=600, break_seconds=300)
"""Two minutes a day, a break of five after ten."""


class Looker:
    """An analyst with a case of a given kind, who looks."""

    def __init__(self, room: Any, *, category: str | None = None, rules: ExposureRules = SMALL) -> None:
        self.room, self.rules, self.who = room, rules, room.new_analyst()
        self.item_id: ItemId = room.arrives()
        room.match(self.item_id, category=category)
        self.case_id: CaseId = room.opened(self.item_id)

    def asks(self, at: datetime) -> Reveal:
        with self.room.begin() as tx:
            take(tx, self.case_id, self.who, at)
            return open_reveal(
                tx,
                self.case_id,
                self.item_id,
                Tier.CLEAR,
                by=self.who,
                now=at,
                limits=OFTEN,
                exposure=self.rules,
            )

    def looks(self, at: datetime, seconds: float) -> float:
        """Ask, fetch at once, and let go after so many seconds; return how long it counts."""
        asked = self.asks(at)
        with self.room.begin() as tx:
            mark_fetched(tx, asked.id, by=self.who, now=at)
        with self.room.begin() as tx:
            return close_reveal(tx, asked.id, by=self.who, now=at + timedelta(seconds=seconds))

    def weighed(self, begins: int = 0) -> list[float]:
        """Return the weighted seconds of each day, from the rows; begins: in minutes after midnight."""
        days: dict[datetime, float] = {}
        for row in self.room.sql(
            "select fetched_at, coalesce(closed_at, ends_by) as ended, weight from reveal"
            " where user_id = :who and fetched_at is not null",
            who=self.who,
        ):
            began = row.fetched_at
            while began < row.ended:
                day = beginning_of_day(began, begins)
                until = min(row.ended, day + timedelta(days=1))
                days[day] = days.get(day, 0) + (until - began).total_seconds() * row.weight / 100
                began = until
        return list(days.values())

    @property
    def actor(self) -> Actor:
        return Actor(permissions=frozenset({Permission.SIGNED_IN}), user_id=UserId(self.who))

    def chooses(self, **chosen: Any) -> None:
        with self.room.begin() as tx:
            choose(tx, ExposureChoices(**chosen), actor=self.actor, rules=self.rules, now=self.room.now)


@pytest.fixture
def looker(room: Any) -> Looker:
    return Looker(room)


def test_the_hard_stop_refuses_with_a_sentence_that_says_when_it_ends(room: Any, looker: Looker) -> None:
    for number in range(2):
        looker.looks(room.later(minutes=number), 60)
    with pytest.raises(DayIsFull) as stopped:
        looker.asks(room.later(minutes=3))
    assert stopped.value.ends_at == datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
    assert "It goes on at 00:00 UTC on 02 March." in stopped.value.what
    assert looker.looks(datetime(2026, 3, 2, 0, 0, tzinfo=UTC), 5) == 5


def test_a_running_showing_ends_with_what_is_left_of_the_day(room: Any, looker: Looker) -> None:
    looker.looks(room.now, 60)
    looker.looks(room.later(minutes=1), 45)
    asked = looker.asks(room.later(minutes=2))
    assert asked.ends_by == room.later(minutes=2, seconds=15)
    with room.begin() as tx:
        mark_fetched(tx, asked.id, by=looker.who, now=room.later(minutes=2))
    # Its browser holds on; nothing counts beyond, and the sweep ends it.
    with room.begin() as tx:
        assert close_abandoned(tx, room.later(minutes=3)) == 1
    assert looker.weighed() == [120]


def test_a_second_of_what_is_severe_counts_for_more(room: Any) -> None:
    looker = Looker(room, category="A")
    asked = looker.asks(room.now)
    assert (asked.kind, asked.weight) == (ExposureKind.A, 200)
    with room.begin() as tx:
        mark_fetched(tx, asked.id, by=looker.who, now=room.now)
        close_reveal(tx, asked.id, by=looker.who, now=room.later(seconds=60))
        assert standing(tx, UserId(looker.who), rules=SMALL, now=room.later(seconds=60)).used == 120
    with pytest.raises(DayIsFull):
        looker.asks(room.later(minutes=1))


def test_a_break_is_due_after_a_spell_and_nothing_is_shown_in_it(room: Any, looker: Looker) -> None:
    for number in range(10):
        looker.looks(room.later(minutes=number), 2)
    last = looker.looks(room.later(minutes=9, seconds=50), 60)
    assert last == 10
    with pytest.raises(BreakDue) as stopped:
        looker.asks(room.later(minutes=10))
    assert stopped.value.ends_at == room.later(minutes=15)
    with pytest.raises(BreakDue):
        looker.asks(room.later(minutes=14, seconds=59))
    assert looker.looks(room.later(minutes=15), 1) == 1


def test_two_showings_at_once_cannot_both_have_what_is_left(room: Any, looker: Looker) -> None:
    looker.looks(room.now, 60)
    at = room.later(minutes=1)

    def ask(_: int) -> Reveal | SafeholdError:
        try:
            return looker.asks(at)
        except SafeholdError as error:
            return error

    with ThreadPoolExecutor(4) as threads:
        asked = list(threads.map(ask, range(4)))
    given_ = [one for one in asked if isinstance(one, Reveal)]
    assert sum((one.ends_by - at).total_seconds() for one in given_) <= 60
    assert len(given_) == 1
    assert all(isinstance(one, Conflict) for one in asked if not isinstance(one, Reveal))


def test_a_clock_that_goes_back_during_a_showing_counts_it_in_full(room: Any, looker: Looker) -> None:
    asked = looker.asks(room.now)
    with room.begin() as tx:
        mark_fetched(tx, asked.id, by=looker.who, now=room.now)
    with room.begin() as tx:
        assert close_reveal(tx, asked.id, by=looker.who, now=room.later(hours=-1)) == 60


STEPS = st.lists(
    st.tuples(
        # How far the clock moves before each: mostly on, sometimes back. How long it is held, if let go.
        st.integers(-7200, 7200) | st.integers(1, 90),
        st.none() | st.integers(0, 90),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, day_begins=st.integers(0, 1439), start=st.integers(0, 23))
def test_no_day_in_utc_and_none_of_their_own_holds_more_than_the_limit_however_the_clock_jumps(
    room: Any, steps: list[tuple[int, int | None]], day_begins: int, start: int
) -> None:
    looker = Looker(room, category="B")
    looker.chooses(day_begins=day_begins)
    now = room.now.replace(hour=start)
    for moved, held in steps:
        now += timedelta(seconds=moved)
        try:
            asked = looker.asks(now)
        except (DayIsFull, BreakDue, Conflict):
            continue
        with room.begin() as tx:
            mark_fetched(tx, asked.id, by=looker.who, now=now)
        if held is not None:
            with room.begin() as tx:
                close_reveal(tx, asked.id, by=looker.who, now=now + timedelta(seconds=held))
    assert max(looker.weighed(), default=0) <= SMALL.day_seconds + 1e-6
    assert max(looker.weighed(day_begins), default=0) <= SMALL.day_seconds + 1e-6


def test_the_stops_do_not_depend_on_who_else_works_here_or_who_asks(room: Any, looker: Looker) -> None:
    for number in range(2):
        looker.looks(room.later(minutes=number), 60)
    for _ in range(5):
        room.new_analyst()
    with pytest.raises(DayIsFull):
        looker.asks(room.later(minutes=3))
    other = Looker(room)
    assert other.looks(room.later(minutes=3), 5) == 5


@pytest.mark.parametrize(
    "chosen",
    [
        {"day_minutes": 3},
        {"spell_minutes": 11},
        {"break_minutes": 4},
        {"day_begins": 1440},
        {"day_minutes": 0},
    ],
)
def test_nobody_chooses_for_themselves_what_is_laxer_than_the_organisation_has_it(
    looker: Looker, chosen: dict[str, int]
) -> None:
    with pytest.raises(BadForm):
        looker.chooses(**chosen)
    assert looker.room.sql("select 1 from exposure_choice") == []


def test_a_stricter_choice_counts_and_one_that_has_become_laxer_does_not(room: Any, looker: Looker) -> None:
    looker.chooses(day_minutes=1)
    looker.looks(room.now, 60)
    with pytest.raises(DayIsFull):
        looker.asks(room.later(minutes=1))
    looker.chooses(day_minutes=2)
    looker.rules = ExposureRules(day_seconds=60)
    with pytest.raises(DayIsFull):
        looker.asks(room.later(minutes=1))


def test_only_a_person_chooses_and_only_for_themselves(room: Any, looker: Looker) -> None:
    with pytest.raises(NotAllowed), room.begin() as tx:
        choose(tx, ExposureChoices(), actor=system_actor("tests"), rules=SMALL, now=room.now)
    with pytest.raises(BadForm):
        looker.chooses(contact=UserId(looker.who))
    looker.chooses(contact=UserId(room.ben), opted_out=frozenset({ExposureKind.A}))
    assert [row.user_id for row in room.sql("select user_id from exposure_choice")] == [looker.who]


def test_what_somebody_chose_is_in_no_record_but_that_they_chose(room: Any, looker: Looker) -> None:
    looker.chooses(opted_out=frozenset({ExposureKind.A}), day_minutes=1)
    [record] = room.sql("select * from audit_record where verb = 'exposure.choose'")
    assert record.detail == {}


def _offered(room: Any, who: AnalystId, rules: ExposureRules = SMALL, *, now: datetime | None = None) -> Any:
    with room.begin() as tx:
        case = next_case(tx, who, now or room.now, rules=rules)
        if case is not None:
            pass_on(tx, case.id, who, PassReason.NOT_NOW, now or room.now)
    return case


def _cases(room: Any, *categories: str | None) -> list[CaseId]:
    made = []
    for category in categories:
        item_id = room.arrives()
        room.match(item_id, category=category)
        made.append(room.opened(item_id))
    return made


def test_a_kind_that_somebody_opted_out_of_is_not_offered_to_them_and_is_to_others(room: Any) -> None:
    looker = Looker(room, category="C")
    severe, _ = _cases(room, "A", "B")
    looker.chooses(opted_out=frozenset({ExposureKind.A, ExposureKind.C}))
    assert _offered(room, looker.who).exposure_kinds == {ExposureKind.B}
    assert _offered(room, looker.who) is None
    assert _offered(room, room.ben).id == severe


def test_a_case_with_any_item_of_such_a_kind_counts_as_one(room: Any) -> None:
    looker = Looker(room)
    for category in ("C", "A"):
        item_id = room.arrives(account="e-1")
        room.match(item_id, category=category)
        case_id = room.opened(item_id)
    assert room.case(case_id).exposure_kinds == {ExposureKind.A, ExposureKind.C}
    looker.chooses(opted_out=frozenset({ExposureKind.A}))
    assert _offered(room, looker.who).id == looker.case_id
    assert _offered(room, looker.who) is None


def test_after_so_many_severe_cases_another_kind_is_offered_where_one_waits(room: Any) -> None:
    who = room.new_analyst()
    rules = ExposureRules(interleave_after=2)
    _cases(room, *("A" for _ in range(6)), "C", "C")
    kinds = [next(iter(_offered(room, who, rules).exposure_kinds)).value for _ in range(8)]
    assert kinds == ["A", "A", "C", "A", "A", "C", "A", "A"]


def test_to_be_offered_the_case_that_one_holds_is_no_further_one(room: Any) -> None:
    who = room.new_analyst()
    rules = ExposureRules(interleave_after=2)
    _cases(room, "A", "A", "C")
    with room.begin() as tx:
        first = next_case(tx, who, room.now, rules=rules)
        for _ in range(5):
            assert next_case(tx, who, room.now, rules=rules).id == first.id
        pass_on(tx, first.id, who, PassReason.NOT_NOW, room.now)
    assert _offered(room, who, rules).exposure_kinds == {ExposureKind.A}


def test_from_the_soft_stop_on_what_is_severe_comes_last(room: Any) -> None:
    looker = Looker(room, category="C", rules=SMALL)
    _cases(room, "A")
    for number in range(2):
        looker.looks(room.later(minutes=number), 45)
    with room.begin() as tx:
        assert standing(tx, UserId(looker.who), rules=SMALL, now=room.later(minutes=2)).soft
        pass_on(tx, looker.case_id, looker.who, PassReason.NOT_NOW, room.later(minutes=2))
    [neutral] = _cases(room, "C")
    assert _offered(room, looker.who, now=room.later(minutes=3)).id == neutral
    assert _offered(room, looker.who, now=room.later(minutes=3)).exposure_kinds == {ExposureKind.A}


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("update reveal set ends_by = opened_at + interval '61 seconds'", "ck_reveal_a_minute_at_most"),
        ("update reveal set weight = 99", "ck_reveal_never_counts_for_less"),
        ("update reveal set closed_at = ends_by + interval '1 second'", "ck_reveal_within_what_is_left"),
    ],
)
def test_the_database_refuses_a_showing_that_would_count_for_less_or_last_longer(
    room: Any, looker: Looker, statement: str, rule: str
) -> None:
    looker.asks(room.now)
    with pytest.raises(Exception, match=rule):
        room.sql(statement)


def _figures(room: Any, of: AnalystId, by: AnalystId, *permissions: Permission, team: bool = False) -> Any:
    actor = Actor(permissions=frozenset(permissions), user_id=UserId(by))
    with room.begin() as tx:
        if team:
            return exposure_figures.of_team(tx, actor=actor, now=room.now)
        return exposure_figures.of_person(tx, UserId(of), actor=actor, now=room.now)


def test_ones_own_figures_are_by_day_and_kind(room: Any) -> None:
    looker = Looker(room, category="A")
    looker.looks(room.later(minutes=-2), 10)
    looker.looks(room.later(days=-1), 20)
    figures = _figures(room, looker.who, looker.who)
    assert [(one.kind.value, one.showings, one.seconds, one.weighted) for one in figures] == [
        ("A", 1, 10, 20),
        ("A", 1, 20, 40),
    ]


def test_only_whom_somebody_chose_sees_their_figures_and_that_is_on_record(room: Any, looker: Looker) -> None:
    looker.looks(room.later(minutes=-2), 10)
    everything = tuple(Permission)
    with pytest.raises(NotFound):
        _figures(room, looker.who, room.ben, *everything)
    looker.chooses(contact=UserId(room.ben))
    assert len(_figures(room, looker.who, room.ben)) == 1
    assert "exposure.read" in room.audited(f"user:{looker.who}")
    looker.chooses()
    with pytest.raises(NotFound):
        _figures(room, looker.who, room.ben, *everything)


def test_leads_see_whole_weeks_and_only_what_five_people_looked_at(room: Any) -> None:
    # The room's day is a Sunday: the Monday before it begins a week that still runs.
    last_week = room.later(days=-8)
    four = [Looker(room, category="A") for _ in range(4)]
    for looker in four:
        looker.looks(last_week, 10)
        looker.looks(room.later(minutes=-5), 10)
    lead = (Permission.EXPOSURE_READ,)
    assert _figures(room, room.ada, room.ada, *lead, team=True) == []
    Looker(room, category="C").looks(last_week, 10)
    assert _figures(room, room.ada, room.ada, *lead, team=True) == []
    Looker(room, category="A").looks(last_week, 30)
    [week] = _figures(room, room.ada, room.ada, *lead, team=True)
    assert (week.kind.value, week.people, week.seconds) == ("A", 5, 70)
    with pytest.raises(NotAllowed):
        _figures(room, room.ada, room.ada, team=True)


def test_what_somebody_opted_out_of_or_passed_on_changes_no_figure(room: Any, looker: Looker) -> None:
    looker.looks(room.later(minutes=-2), 10)
    before = _figures(room, looker.who, looker.who)
    looker.chooses(opted_out=frozenset(ExposureKind))
    with room.begin() as tx:
        pass_on(tx, looker.case_id, looker.who, PassReason.NOT_NOW, room.now)
    assert _figures(room, looker.who, looker.who) == before
