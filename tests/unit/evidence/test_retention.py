"""Claims about the retention rule as a pure function of the histories of a media's items."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from safehold.evidence.retention import ALARM_BEFORE, APPEAL_WINDOW, UNDECIDED_FOR, decide
from safehold.model.assessment import Finding
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, new_id
from safehold.storage.evidence import ItemHistory, Rule, SettledOnce

START = datetime(2026, 3, 1, tzinfo=UTC)
CASE, OTHER = CaseId(new_id()), CaseId(new_id())


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def settled(
    finding: Finding,
    on: float,
    *,
    reversed_on: float | None = None,
    case: CaseId = CASE,
    purpose: Purpose = Purpose.CSAM,
) -> SettledOnce:
    return SettledOnce(
        case_id=case,
        purpose=purpose,
        finding=finding,
        settled_at=day(on),
        reversed_at=None if reversed_on is None else day(reversed_on),
    )


def item(*outcomes: SettledOnce, received: float = 0, cases: frozenset[CaseId] | None = None) -> ItemHistory:
    return ItemHistory(
        received_at=day(received),
        cases=frozenset({CASE}) if cases is None else cases,
        outcomes=outcomes,
    )


def test_nothing_is_decided_about_media_without_items() -> None:
    assert decide([]) is None


def test_an_item_without_a_case_is_undecided_for_90_days_with_an_alarm_at_60() -> None:
    kept = decide([item(cases=frozenset())])
    assert kept is not None
    assert (kept.rule, kept.since, kept.destroy_at, kept.alarm_at) == (
        Rule.UNDECIDED,
        day(0),
        day(90),
        day(60),
    )


def drawn(*outcomes: SettledOnce, received: float = 0, until: float = 7) -> ItemHistory:
    return ItemHistory(
        received_at=day(received), unseen_until=day(until), cases=frozenset({CASE}), outcomes=outcomes
    )


def test_what_the_lot_alone_asks_for_is_kept_until_its_own_date_and_alarms_nobody() -> None:
    kept = decide([drawn()])
    assert kept is not None
    assert (kept.rule, kept.destroy_at, kept.alarm_at) == (Rule.UNDECIDED, day(7), None)


def test_what_somebody_else_asks_for_too_is_kept_as_if_the_lot_had_not_fallen() -> None:
    for order in permutations([drawn(received=3, until=10), item(received=1)]):
        kept = decide(order)
        assert kept is not None
        assert (kept.since, kept.destroy_at, kept.alarm_at) == (day(3), day(91), day(61))


def test_a_clearing_outcome_leaves_a_window_of_14_days() -> None:
    kept = decide([item(settled(Finding.NOT_ILLEGAL, 5))])
    assert kept is not None
    assert (kept.rule, kept.destroy_at, kept.alarm_at) == (Rule.NOT_CONFIRMED, day(19), None)


def test_the_window_begins_at_the_newest_outcome() -> None:
    kept = decide([item(settled(Finding.NOT_ILLEGAL, 5)), item(settled(Finding.OUT_OF_REMIT, 8))])
    assert kept is not None
    assert kept.destroy_at == day(22)


def test_one_confirmed_item_keeps_the_bytes_whatever_the_others_are() -> None:
    others = [item(settled(Finding.NOT_ILLEGAL, 2)), item(), item(settled(Finding.ILLEGAL, 3))]
    for order in permutations(others):
        kept = decide(order)
        assert kept is not None
        assert (kept.rule, kept.destroy_at) == (Rule.CONFIRMED, None)


def test_one_undecided_item_keeps_the_bytes_of_a_cleared_one() -> None:
    kept = decide([item(settled(Finding.NOT_ILLEGAL, 2)), item(received=30)])
    assert kept is not None
    assert (kept.rule, kept.destroy_at) == (Rule.UNDECIDED, day(120))


def test_a_late_outcome_of_one_item_outlasts_the_90_days_of_another() -> None:
    kept = decide([item(received=0), item(settled(Finding.NOT_ILLEGAL, 85))])
    assert kept is not None
    assert (kept.rule, kept.destroy_at) == (Rule.UNDECIDED, day(99))


def test_a_reversed_confirmation_is_undecided_again_and_leaves_the_window_to_contest() -> None:
    early = decide([item(settled(Finding.ILLEGAL, 1, reversed_on=3))])
    late = decide([item(settled(Finding.ILLEGAL, 1, reversed_on=200))])
    assert early is not None
    assert late is not None
    assert (early.rule, early.destroy_at) == (Rule.UNDECIDED, day(90))
    assert (late.rule, late.destroy_at) == (Rule.UNDECIDED, day(214))


def test_an_item_is_undecided_while_one_of_its_cases_is() -> None:
    kept = decide([item(settled(Finding.NOT_ILLEGAL, 2), cases=frozenset({CASE, OTHER}))])
    assert kept is not None
    assert kept.rule is Rule.UNDECIDED


days = st.floats(min_value=0, max_value=400, allow_nan=False)


@st.composite
def histories(draw: st.DrawFn) -> list[ItemHistory]:
    return [
        item(
            *(
                settled(
                    draw(st.sampled_from(Finding)),
                    draw(days),
                    case=case,
                    reversed_on=draw(st.none() | st.floats(min_value=400, max_value=500)),
                )
                for case in draw(st.lists(st.sampled_from([CASE, OTHER]), max_size=3))
            ),
            received=draw(days),
            cases=frozenset(draw(st.sets(st.sampled_from([CASE, OTHER])))),
        )
        for _ in range(draw(st.integers(min_value=1, max_value=4)))
    ]


@given(histories(), st.randoms())
def test_the_order_of_items_never_matters(items: list[ItemHistory], random: object) -> None:
    mixed = list(items)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert decide(mixed) == decide(items)


@given(histories(), histories())
def test_sharing_bytes_never_shortens_how_long_they_are_kept(
    some: list[ItemHistory], more: list[ItemHistory]
) -> None:
    alone, together = decide(some), decide(some + more)
    assert alone is not None
    assert together is not None
    if together.destroy_at is not None:
        assert alone.destroy_at is not None
        assert together.destroy_at >= alone.destroy_at


@given(histories())
def test_every_date_is_one_that_the_policy_names(items: list[ItemHistory]) -> None:
    kept = decide(items)
    assert kept is not None
    outcomes = [one for history in items for one in history.outcomes]
    confirmed = any(one.finding.confirms and one.reversed_at is None for one in outcomes)
    assert (kept.rule is Rule.CONFIRMED) == confirmed == (kept.destroy_at is None)
    if kept.rule is Rule.UNDECIDED:
        assert kept.destroy_at is not None
        assert kept.destroy_at >= kept.since + UNDECIDED_FOR
        assert kept.alarm_at == kept.destroy_at - ALARM_BEFORE
    if kept.rule is Rule.NOT_CONFIRMED:
        assert kept.destroy_at == kept.since + APPEAL_WINDOW
        assert kept.destroy_at >= max(one.settled_at for one in outcomes) + APPEAL_WINDOW


def test_a_risk_to_life_only_ever_lengthens_what_outcomes_ask_for() -> None:
    cleared, confirmed = item(settled(Finding.NOT_ILLEGAL, 5)), item(settled(Finding.ILLEGAL, 5))
    for history in (cleared, confirmed, item(cases=frozenset())):
        without, endangered = decide([history]), decide([history], [day(1)])
        assert without is not None
        assert endangered is not None
        if without.destroy_at is None:
            assert endangered == without
        else:
            assert endangered.destroy_at == day(366) > without.destroy_at


def test_bytes_stay_while_an_appeal_waits_and_no_longer() -> None:
    cleared = item(settled(Finding.NOT_ILLEGAL, 5))
    kept = decide([cleared], appealed=[day(18)])
    assert kept is not None
    assert (kept.rule, kept.destroy_at, kept.alarm_at) == (Rule.UNDECIDED, day(108), day(78))
    assert decide([item(settled(Finding.ILLEGAL, 5))], appealed=[day(18)]) == decide(
        [item(settled(Finding.ILLEGAL, 5))]
    )
