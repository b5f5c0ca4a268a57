"""Who is offered which cases: need to know, skills and leads, and never nobody."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from safehold.model.band import Band
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import UserId, new_id
from safehold.model.queue import EVERY_QUEUE, Lane, Reviewer, Stage
from safehold.review.lanes import by_budget, known_to, offered_to

SKILLS = ("language:sv", "conversations")
PLAIN = Lane(
    purpose=Purpose.CSAM, stage=Stage.ANYBODY, for_lead=False, other_purposes=(), kinds=(), skills=()
)
LANES = st.builds(
    Lane,
    purpose=st.sampled_from(Purpose),
    stage=st.sampled_from([Stage.ANYBODY, Stage.ANOTHER]),
    for_lead=st.booleans(),
    other_purposes=st.lists(st.sampled_from(Purpose), max_size=2).map(tuple),
    kinds=st.just((ExposureKind.UNKNOWN,)),
    skills=st.lists(st.sampled_from(SKILLS), unique=True).map(tuple),
)
PEOPLE = st.builds(
    Reviewer,
    id=st.builds(lambda: UserId(new_id())),
    is_lead=st.booleans(),
    queues=st.frozensets(st.sampled_from(Purpose)),
    skills=st.frozensets(st.sampled_from(SKILLS)),
)


def somebody(*, is_lead: bool = False, skills: tuple[str, ...] = ()) -> Reviewer:
    return Reviewer(id=UserId(new_id()), is_lead=is_lead, queues=EVERY_QUEUE, skills=frozenset(skills))


def offered(lane: Lane, *people: Reviewer) -> list[bool]:
    return [bool(offered_to([lane], each, people, purposes=tuple(Purpose), opted_out=())) for each in people]


@given(lane=LANES, people=st.lists(PEOPLE, max_size=5))
def test_whoever_may_know_of_a_case_there_is_one_of_them_to_whom_it_is_offered(
    lane: Lane, people: list[Reviewer]
) -> None:
    insiders = [each for each in people if lane.need_to_know <= each.queues]
    assert any(offered(lane, *people)) is bool(insiders)


@given(lane=LANES, people=st.lists(PEOPLE, max_size=5))
def test_a_case_is_never_offered_to_somebody_who_does_not_work_in_all_of_its_queues(
    lane: Lane, people: list[Reviewer]
) -> None:
    for each, is_offered in zip(people, offered(lane, *people), strict=True):
        assert not is_offered or lane.need_to_know <= each.queues
        assert bool(known_to([lane], each.queues)) is (lane.need_to_know <= each.queues)


def test_a_skill_that_somebody_has_is_asked_for_and_one_that_nobody_has_makes_it_a_leads_matter() -> None:
    lane = replace(PLAIN, skills=("language:sv",))
    assert offered(lane, somebody(skills=("language:sv",)), somebody(), somebody(is_lead=True)) == [
        True,
        False,
        False,
    ]
    assert offered(lane, somebody(), somebody(is_lead=True)) == [False, True]
    assert offered(lane, somebody()) == [True]


def test_what_others_passed_on_is_a_leads_matter_where_there_is_one() -> None:
    lane = replace(PLAIN, for_lead=True)
    assert offered(lane, somebody(), somebody(is_lead=True)) == [False, True]
    assert offered(lane, somebody(), somebody()) == [True, True]


def test_what_a_lead_decides_is_offered_to_leads_alone_and_what_is_being_settled_to_nobody() -> None:
    people = (somebody(), somebody(is_lead=True))
    assert offered(replace(PLAIN, stage=Stage.LEAD), *people) == [False, True]
    assert offered(replace(PLAIN, stage=Stage.NOBODY), *people) == [False, False]


def test_a_kind_that_somebody_opted_out_of_is_not_offered_to_them() -> None:
    lane, one = replace(PLAIN, kinds=(ExposureKind.A, ExposureKind.B)), somebody()
    assert offered_to([lane], one, [one], purposes=tuple(Purpose), opted_out={ExposureKind.B}) == []


BANDED = st.lists(
    st.builds(lambda band: replace(PLAIN, band=band), st.none() | st.sampled_from(Band)), unique=True
)


@given(lanes=BANDED, limited=st.booleans(), spent=st.booleans())
def test_what_machines_alone_do_not_ask_for_is_offered_first_whatever_the_budget(
    lanes: list[Lane], limited: bool, spent: bool
) -> None:
    others = [lane for lane in lanes if lane.band is None]
    for offered in by_budget(lanes, limited=limited, spent=spent):
        assert [lane for lane in offered if lane.band is None] == others


@given(lanes=BANDED)
def test_the_strongest_band_is_offered_first_and_every_band_in_its_turn(lanes: list[Lane]) -> None:
    rungs = by_budget(lanes, limited=True, spent=False)
    ranks = sorted({lane.band.rank for lane in lanes if lane.band is not None}, reverse=True)
    weakest = [
        min((lane.band.rank for lane in rung if lane.band is not None), default=None) for rung in rungs
    ]
    assert weakest == (ranks or [None])
    assert set(rungs[-1]) == set(lanes)


@given(lanes=BANDED)
def test_a_spent_budget_offers_no_band_and_no_budget_offers_all_together(lanes: list[Lane]) -> None:
    assert by_budget(lanes, limited=True, spent=True) == [[lane for lane in lanes if lane.band is None]]
    assert by_budget(lanes, limited=False, spent=False) == [lanes]
