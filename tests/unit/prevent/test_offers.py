"""Who may be shown words that help when a conversation asks for a look, and at which moment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.child_account import Moment
from safehold.model.conversation import UNKNOWN_AGE, Cue, Participant, Role, Years
from safehold.prevent.offers import Offer, offer_for

CHILD, GROWN = Years(11, 13), Years(18, 120)
BO = Participant(id="bo", years=GROWN)
ANN = Participant(id="ann", years=CHILD)
PEOPLE = st.lists(
    st.builds(
        Participant,
        id=st.sampled_from("abcdef"),
        years=st.sampled_from((CHILD, GROWN, UNKNOWN_AGE, Years(16, 17))),
        role=st.sampled_from(Role),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)


@pytest.mark.parametrize(
    ("cues", "moment"),
    [
        ((Cue.COERCION,), Moment.PRESSURE),
        ((Cue.COERCION, Cue.AGE_GAP, Cue.NEW_ACCOUNT), Moment.PRESSURE),
        ((Cue.THREAT, Cue.SECRECY), Moment.PRESSURE),
        ((Cue.GIFT, Cue.PRESSURE), Moment.PRESSURE),
        ((Cue.ASKS_AGE, Cue.SECRECY), Moment.ASKED_TO_MOVE),
        ((Cue.OTHER_APP, Cue.GIFT), Moment.ASKED_TO_MOVE),
    ],
)
def test_the_most_pressing_cue_says_which_words_are_right(cues: tuple[Cue, ...], moment: Moment) -> None:
    assert offer_for(cues, by="bo", taking_part=[ANN, BO]) == Offer(account_id="ann", moment=moment)


def test_cues_for_which_nobody_wrote_words_offer_none() -> None:
    without = set(Cue) - {Cue.COERCION, Cue.THREAT, Cue.PRESSURE, Cue.SECRECY, Cue.OTHER_APP}
    assert offer_for(without, by="bo", taking_part=[ANN, BO]) is None


def test_an_account_of_unknown_age_may_be_a_childs() -> None:
    unknown = Participant(id="ann")
    assert offer_for({Cue.COERCION}, by="bo", taking_part=[unknown, BO]) is not None


def test_where_two_may_be_the_child_nobody_is_shown_anything() -> None:
    """A second account of whoever threatens could be one of them."""
    cy = Participant(id="cy", years=CHILD)
    assert offer_for({Cue.COERCION}, by="bo", taking_part=[ANN, BO, cy]) is None


@given(cues=st.sets(st.sampled_from(Cue)), by=st.sampled_from("abcdef"), people=PEOPLE)
def test_words_reach_neither_the_other_side_nor_a_guardian_nor_staff_nor_a_grown_up(
    cues: set[Cue], by: str, people: list[Participant]
) -> None:
    offer = offer_for(cues, by=by, taking_part=people)
    if offer is not None:
        [shown] = [one for one in people if one.id == offer.account_id]
        assert shown.id != by
        assert shown.role is Role.USER
        assert not shown.years.is_grown
        assert offer == offer_for(cues, by=by, taking_part=reversed(people))
