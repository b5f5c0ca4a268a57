"""State and judgement: order and repeats change nothing, one cue never asks, a threat with a demand does."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.conversations import judge as judging
from safehold.detect.conversations.behaviour import (
    MANY_ALIKE,
    MANY_CHILDREN,
    MOST_KEPT,
    Habits,
    fingerprint,
    habitual,
    note,
    tag_of,
    went_private_fast,
)
from safehold.detect.conversations.judge import Against, Judgement, judge
from safehold.detect.conversations.stages import (
    MOST_EVIDENCE,
    MOST_OF_A_CUE,
    MOST_SIDES,
    Side,
    State,
    add,
    from_bytes,
    standing,
    to_bytes,
)
from safehold.model.band import Band
from safehold.model.conversation import Cue, Evidence, Role, Years

NOW = 1_795_000_000
HOUR, DAY = 3_600, 86_400
CHILD, GROWN = Years(11, 13), Years(30, 30)
NOTHING = State()
ANN, BO = Side("ann", CHILD), Side("bo", GROWN)
CUES = st.sampled_from(tuple(Cue))
EVIDENCE = st.builds(
    Evidence,
    at=st.integers(NOW - 40 * DAY, NOW),
    message=st.text(min_size=1, max_size=8),
    cue=CUES,
    rule=st.sampled_from(("en.one", "en.two")),
    start=st.integers(0, 5),
    end=st.integers(6, 9),
)
SAID = st.lists(st.tuples(st.sampled_from(("ann", "bo", "cy")), EVIDENCE), max_size=25)


def shown(
    *cues: Cue, by: str = "bo", at: int = NOW, sides: Iterable[Side] = (ANN, BO), state: State = NOTHING
) -> State:
    """Return a state in which a side shows cues, a second after another."""
    for place, cue in enumerate(cues):
        piece = Evidence(at + place, f"{by}-{at}-{place}", cue, f"en.{cue.value}", 0, 3)
        state = add(state, sides=sides, by=by, evidence=[piece])
    return state


def of(state: State, at: int = NOW + 60) -> Judgement:
    """Return the judgement a minute later."""
    return judge(state, at=at)


@given(said=SAID, seed=st.integers())
def test_messages_in_any_order_and_sent_twice_come_to_the_same(
    said: list[tuple[str, Evidence]], seed: int
) -> None:
    """Late, early, again: the state is the same value."""
    again = said + said[: len(said) // 2]
    random.Random(seed).shuffle(again)
    one, other = State(), State()
    for by, each in said:
        one = add(one, sides=(ANN, BO), by=by, evidence=[each])
    for by, each in again:
        other = add(other, sides=(BO, ANN), by=by, evidence=[each])
    assert one.evidence == other.evidence
    assert judge(one, at=NOW) == judge(other, at=NOW)


@given(said=SAID)
def test_a_state_is_the_same_after_it_was_stored(said: list[tuple[str, Evidence]]) -> None:
    """What is written is what is read, sides without evidence included."""
    state = State()
    for by, each in said:
        state = add(state, sides=(ANN, Side("bo", GROWN, Role.STAFF, NOW)), by=by, evidence=[each])
    assert from_bytes(to_bytes(state)) == state


def test_a_state_of_a_version_to_come_is_refused() -> None:
    """It is never half understood."""
    with pytest.raises(ValueError, match="Version 9"):
        from_bytes(b"[9,[],[]]")


@pytest.mark.parametrize("messages", [3_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_however_long_a_conversation_goes_on_its_state_stays_small(messages: int) -> None:
    """However many take part, too."""
    state = State()
    for place in range(messages):
        piece = Evidence(NOW + place, f"m{place}", tuple(Cue)[place % len(Cue)], "en.x", 0, 9)
        state = add(state, sides=(Side(f"p{place % 90}"),), by=f"p{place % 90}", evidence=[piece])
    assert len(state.evidence) <= MOST_EVIDENCE
    assert len(state.sides) <= MOST_SIDES
    assert len(to_bytes(state)) < 8_000
    assert len(shown(*[Cue.GIFT] * 9).evidence) == MOST_OF_A_CUE


@pytest.mark.parametrize("cue", list(Cue), ids=lambda one: one.value)
def test_one_cue_alone_never_asks_anybody(cue: Cue) -> None:
    """However often it is shown, except coercion, which is two by itself."""
    assert not of(shown(cue, cue, cue)).band.asks


def test_two_different_cues_of_one_side_ask_and_of_two_sides_do_not() -> None:
    """Direction matters: who asks whom."""
    asked = of(shown(Cue.ASKS_AGE, Cue.SECRECY))
    assert (asked.band, asked.by) == (Band.MEDIUM, "bo")
    assert asked.cues == (Cue.ASKS_AGE, Cue.SECRECY, Cue.AGE_GAP)
    apart = shown(Cue.SECRECY, by="ann", state=shown(Cue.ASKS_AGE))
    assert not of(apart).band.asks


def test_evidence_is_named_in_the_order_of_time_by_message_span_and_rule() -> None:
    """What an analyst reads first happened first."""
    asked = of(shown(Cue.SECRECY, state=shown(Cue.OTHER_APP, at=NOW + 30)))
    assert [each.cue for each in asked.evidence] == [Cue.SECRECY, Cue.OTHER_APP]
    assert {field.name for field in fields(Evidence)} == {"at", "message", "cue", "rule", "start", "end"}


def test_who_is_at_home_and_being_alone_are_one_cue_twice() -> None:
    """Saying the same in two ways is no second cue."""
    assert not of(shown(Cue.ALONE, Cue.WHO_IS_HOME)).band.asks
    assert of(shown(Cue.ALONE, Cue.WHO_IS_HOME, Cue.GIFT)).band.asks


@pytest.mark.parametrize("other", [Cue.DEMAND, Cue.DEADLINE], ids=lambda one: one.value)
def test_a_threat_with_a_demand_or_a_deadline_asks_at_once(other: Cue) -> None:
    """Between whomever, of whatever age: it needs nothing else."""
    asked = of(shown(Cue.THREAT, other, sides=()))
    assert (asked.band, asked.cues[0], len(asked.evidence)) == (Band.HIGH, Cue.COERCION, 2)
    assert of(shown(other, Cue.THREAT, sides=(Side("ann", CHILD), Side("bo", CHILD)))).band is Band.HIGH


def test_a_threat_and_a_demand_days_apart_are_no_coercion() -> None:
    """They belong together within a day."""
    far = shown(Cue.DEMAND, at=NOW + 2 * DAY, state=shown(Cue.THREAT))
    assert not judge(far, at=NOW + 2 * DAY).band.asks
    near = shown(Cue.DEMAND, at=NOW + HOUR, state=shown(Cue.THREAT))
    assert judge(near, at=NOW + HOUR).band is Band.HIGH


def test_insisting_counts_only_after_somebody_else_refused() -> None:
    """The order of the messages' times counts, not that of their arrival."""
    before = shown(Cue.REFUSES, by="ann", at=NOW + 30, state=shown(Cue.INSISTS, Cue.GIFT))
    after = shown(Cue.REFUSES, by="ann", at=NOW - 30, state=shown(Cue.INSISTS, Cue.GIFT))
    own = shown(Cue.REFUSES, by="bo", at=NOW - 30, state=shown(Cue.INSISTS, Cue.GIFT))
    assert [of(state).band.asks for state in (before, after, own)] == [False, True, False]
    assert Cue.PRESSURE in of(after).cues
    assert next(each.cue for each in of(after).evidence) is Cue.REFUSES


def test_what_speaks_against_asks_for_one_cue_more_and_is_named() -> None:
    """A guardian brought in, two of an age, a role that the platform knows: each makes it one harder."""
    peers = (Side("ann", CHILD), Side("bo", CHILD))
    staff = (ANN, Side("bo", GROWN, Role.STAFF))
    for state, named in (
        (shown(Cue.ASKS_AGE, Cue.MEETING, Cue.GUARDIAN), Against.GUARDIAN),
        (shown(Cue.ASKS_AGE, Cue.MEETING, sides=peers), Against.PEERS),
        (shown(Cue.ASKS_AGE, Cue.MEETING, sides=staff), Against.KNOWN_ROLE),
    ):
        assert of(state).against == (named,)
        assert not of(state).band.asks
        assert of(shown(Cue.GIFT, at=NOW + 9, sides=(), state=state)).band.asks


def test_nothing_that_speaks_against_outweighs_a_threat_with_a_demand() -> None:
    """Whoever writes `ask your parents` between the lines is looked at all the same."""
    state = shown(Cue.GUARDIAN, Cue.THREAT, Cue.DEMAND, sides=(ANN, Side("bo", CHILD, Role.GUARDIAN)))
    assert of(state).band is Band.HIGH
    assert Against.GUARDIAN in of(state).against


def test_among_grown_ups_nothing_is_judged_and_unknown_ages_count_as_children() -> None:
    """There is no child to look after, as far as everybody's age is known."""
    cues = (Cue.THREAT, Cue.DEMAND, Cue.SECRECY, Cue.GIFT)
    assert of(shown(*cues, sides=(Side("ann", GROWN), BO))) == Judgement()
    assert of(shown(*cues, sides=(Side("ann"), BO))).band.asks


def test_age_gap_and_a_new_account_raise_the_band_and_never_ask_by_themselves() -> None:
    """They say whom to look at first."""
    new = Side("bo", GROWN, since=NOW - HOUR)
    assert not of(shown(Cue.GIFT, sides=(ANN, new))).band.asks
    three = (Cue.GIFT, Cue.SECRECY, Cue.OTHER_APP)
    assert of(shown(*three, sides=(ANN, new))).band is Band.HIGH
    assert of(shown(*three, sides=(ANN, Side("bo")))).band is Band.MEDIUM
    assert Cue.NEW_ACCOUNT in of(shown(*three, sides=(ANN, new))).cues


def test_evidence_fades_and_what_was_said_three_times_fades_later() -> None:
    """A cue counts for two weeks, one that came back for more than three."""
    once = shown(Cue.GIFT).of_side("bo")
    often = shown(Cue.GIFT, Cue.GIFT, Cue.GIFT).of_side("bo")
    assert standing(once, at=NOW + 13 * DAY)
    assert not standing(once, at=NOW + 15 * DAY)
    assert standing(often, at=NOW + 23 * DAY)
    assert not standing(often, at=NOW + 30 * DAY)


@given(said=SAID)
def test_whatever_was_said_a_judgement_holds_together(said: list[tuple[str, Evidence]]) -> None:
    """Asking has evidence and somebody it is about; what is named was said by somebody."""
    state = State()
    for by, each in said:
        state = add(state, sides=(ANN, BO, Side("cy")), by=by, evidence=[each])
    found = judge(state, at=NOW)
    assert set(found.evidence) <= {each for _, each in state.evidence}
    assert list(found.evidence) == sorted(
        found.evidence, key=lambda each: (each.at, each.message, each.start, each.rule)
    )
    if found.band.asks:
        assert found.evidence
        assert found.by is not None


def test_a_judgement_has_no_word_for_anything_but_asking() -> None:
    """The type itself: a band, who, what, where, and what speaks against."""
    assert {field.name for field in fields(Judgement)} == {"band", "by", "cues", "evidence", "against"}
    assert {band.value for band in Band} == {"none", "low", "medium", "high", "very_high"}
    assert judging.NEEDED == 2


def test_ten_children_in_a_day_are_fan_out_and_nine_or_two_days_are_not() -> None:
    """Counted by first contact, each child once, whatever the order."""

    def wrote(children: int, step: int) -> list[Cue]:
        habits = Habits()
        for place in reversed(range(children)):
            for _ in range(2):
                habits = note(
                    habits, at=NOW + place * step, children=[tag_of(f"c{place}")], others=(), mark=None
                )
        return habitual(habits, at=NOW + (children - 1) * step, mark=None)

    assert wrote(MANY_CHILDREN, 60) == [Cue.FAN_OUT]
    assert wrote(MANY_CHILDREN - 1, 60) == []
    assert wrote(MANY_CHILDREN, 3 * HOUR) == []


def test_nearly_the_same_to_five_people_is_one_script_and_other_words_are_not() -> None:
    """Another name or a word more changes little; another text changes half of the bits."""
    script = "Hello {}, we walk along the coast with a map, a lamp and some bread every Sunday morning."
    others = [
        f"Number {at}: {' '.join(chr(97 + (at * 7 + k) % 26) * 4 for k in range(12))}" for at in range(8)
    ]

    def sent(texts: list[str]) -> list[Cue]:
        habits, mark = Habits(), None
        for place, text in enumerate(texts):
            mark = fingerprint(text)
            habits = note(habits, at=NOW + place, children=(), others=[tag_of(f"p{place}")], mark=mark)
        return habitual(habits, at=NOW + len(texts), mark=mark)

    assert sent([script.format(name) for name in ("Ann", "Bo", "Cy", "Di", "Ed")]) == [Cue.SAME_SCRIPT]
    assert sent([script.format(name) for name in ("Ann", "Bo", "Cy", "Di")]) == []
    assert sent(others) == []
    assert MANY_ALIKE == 5
    assert fingerprint("a walk by the sea") is None


@given(st.lists(st.tuples(st.integers(0, DAY), st.integers(0, 99)), max_size=40), st.integers())
def test_habits_are_the_same_in_any_order_and_small(said: list[tuple[int, int]], seed: int) -> None:
    """And the same after they were stored."""
    mixed = said + said[::3]
    random.Random(seed).shuffle(mixed)
    one, other = Habits(), Habits()
    for at, child in said:
        one = note(one, at=NOW + at, children=[tag_of(str(child))], others=(), mark=child)
    for at, child in mixed:
        other = note(other, at=NOW + at, children=[tag_of(str(child))], others=(), mark=child)
    assert one == other
    assert len(one.contacts) <= MOST_KEPT
    assert Habits.from_bytes(one.to_bytes()) == one


def test_a_private_channel_within_half_an_hour_of_the_first_contact_is_fast() -> None:
    """A public one never is, and neither is one of two who have known each other for long."""
    assert went_private_fast(at=NOW, first_contact_at=NOW - 60, private=True)
    assert not went_private_fast(at=NOW, first_contact_at=NOW - 60, private=False)
    assert not went_private_fast(at=NOW, first_contact_at=NOW - HOUR, private=True)
    assert not went_private_fast(at=NOW, first_contact_at=None, private=True)
    assert not went_private_fast(at=NOW, first_contact_at=NOW + 60, private=True)


@pytest.mark.parametrize(
    ("age", "band", "years"),
    [
        (9, None, Years(9, 9)),
        (None, "11-13", Years(11, 13)),
        (None, "adult", Years(18, 120)),
        (None, "unknown", Years()),
        (None, None, Years()),
    ],
)
def test_an_age_counts_before_a_band_and_neither_leaves_everything_open(
    age: int | None, band: str | None, years: Years
) -> None:
    """Ages that nobody knows are from nothing to the oldest."""
    assert Years.of(age=age, band=band) == years
