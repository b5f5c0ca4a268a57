"""What may happen to a child's account: one answer from one table, the strictest where much is unknown."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.child_account import CHILDREN, AccountAge, Decision, Feature, Moment, PlaceKind
from safehold.model.errors import BadForm
from safehold.prevent import policy_table
from safehold.prevent.child_policy import PLACES, Question, Ruling

TABLE = policy_table.default()
SOURCE = resources.files("safehold.prevent").joinpath("child_policy.toml").read_text("utf-8")
FRESH = policy_table.parse(SOURCE)
YOUNG, OLD = AccountAge.FROM_7_TO_10, AccountAge.FROM_16_TO_17

questions = st.builds(
    Question,
    feature=st.sampled_from(Feature),
    age=st.sampled_from(AccountAge),
    jurisdiction=st.sampled_from([None, "GB", "gb", "BR", ""]),
    place=st.sampled_from(PlaceKind),
    connected=st.sampled_from([None, True, False]),
    default_off=st.booleans(),
)


def ask(feature: Feature, age: AccountAge = OLD, place: PlaceKind = PlaceKind.OPEN, **more: object) -> Ruling:
    asked = {"jurisdiction": "GB", "connected": False, **more}
    return TABLE.decide(Question(feature=feature, age=age, place=place, **asked))  # type: ignore[arg-type]


@pytest.mark.parametrize("age", CHILDREN)
@pytest.mark.parametrize(
    "feature",
    [
        Feature.SUGGESTED_TO_OTHERS,
        Feature.SUGGESTIONS_SHOWN,
        Feature.LISTED_AS_CONNECTION,
        Feature.OWN_CONNECTIONS_SHOWN,
        Feature.LOCATION,
    ],
)
def test_the_defaults_of_the_code_are_off_for_every_child(feature: Feature, age: AccountAge) -> None:
    ruling = ask(feature, age)
    assert (ruling.decision, ruling.measure, ruling.assumed) == (Decision.DENY, "ICU F1", ())


@pytest.mark.parametrize(
    ("place", "decision"),
    [
        (PlaceKind.CONNECTIONS, Decision.DENY),
        (PlaceKind.OPEN, Decision.CONFIRM),
        (PlaceKind.GAME, Decision.NOTICE),
        (PlaceKind.UNKNOWN, Decision.DENY),
    ],
)
def test_a_strangers_message_is_kept_back_as_the_place_allows(place: PlaceKind, decision: Decision) -> None:
    ruling = ask(Feature.MESSAGE, place=place)
    assert (ruling.decision, ruling.measure, ruling.moment) == (decision, "ICU F1.4", Moment.FIRST_MESSAGE)


def test_a_message_from_a_connected_account_arrives() -> None:
    assert ask(Feature.MESSAGE, connected=True).decision is Decision.ALLOW


def test_a_younger_child_is_asked_where_an_older_one_is_only_told() -> None:
    assert ask(Feature.MESSAGE, YOUNG, PlaceKind.GAME).decision is Decision.CONFIRM


def test_an_older_child_may_turn_a_default_off_and_a_younger_one_may_not() -> None:
    assert ask(Feature.LOCATION, OLD, default_off=True).decision is Decision.ALLOW
    assert ask(Feature.LOCATION, YOUNG, default_off=True).decision is Decision.DENY


def test_a_strangers_message_waits_for_the_child_even_where_the_default_is_off() -> None:
    ruling = ask(Feature.MESSAGE, OLD, PlaceKind.CONNECTIONS, default_off=True)
    assert ruling.decision is Decision.CONFIRM


@given(questions)
def test_what_is_not_known_is_never_milder_than_anything_it_could_be(asked: Question) -> None:
    ruling = TABLE.decide(asked)
    if asked.age is AccountAge.ADULT:
        assert (ruling.decision, ruling.measure) == (Decision.ALLOW, None)
        return
    ages = CHILDREN if asked.age is AccountAge.UNKNOWN else (asked.age,)
    places = PLACES if asked.place is PlaceKind.UNKNOWN else (asked.place,)
    connections = (True, False) if asked.connected is None else (asked.connected,)
    could_be = [
        TABLE.decide(
            Question(
                feature=asked.feature,
                age=age,
                jurisdiction=jurisdiction,
                place=place,
                connected=connected,
                default_off=asked.default_off,
            )
        )
        for age, jurisdiction, place, connected in product(ages, TABLE.jurisdictions, places, connections)
    ]
    assert ruling.decision.strictness == max(each.decision.strictness for each in could_be)
    assert all(not each.assumed for each in could_be)


@given(questions)
def test_the_answer_depends_on_the_question_alone(asked: Question) -> None:
    assert TABLE.decide(asked) == FRESH.decide(asked)


@given(questions)
def test_every_measure_that_is_named_is_explained(asked: Question) -> None:
    measure = TABLE.decide(asked).measure
    assert measure is None or measure in TABLE.measures


def test_what_was_not_known_is_named() -> None:
    nothing = TABLE.decide(Question(feature=Feature.MESSAGE, jurisdiction="BR"))
    assert nothing.assumed == ("age", "jurisdiction", "surface", "connected")


@pytest.mark.parametrize("place", ["DE", "FR", "EU", "US", "US-CA", "AU", "NZ", "zz", " GB", "GB ", "\u0130"])
@given(asked=questions)
def test_a_jurisdiction_of_which_nothing_is_known_gets_the_strictest_and_the_answer_says_so(
    place: str, asked: Question
) -> None:
    there = TABLE.decide(replace(asked, jurisdiction=place))
    known = [TABLE.decide(replace(asked, jurisdiction=each)) for each in TABLE.jurisdictions]
    assert there.decision.strictness >= max(each.decision.strictness for each in known)
    assert asked.age is AccountAge.ADULT or "jurisdiction" in there.assumed


@given(questions)
def test_an_unknown_age_is_protected_like_the_youngest_or_more(asked: Question) -> None:
    unknown = TABLE.decide(replace(asked, age=AccountAge.UNKNOWN))
    for age in CHILDREN:
        child = TABLE.decide(replace(asked, age=age))
        assert unknown.decision.strictness >= child.decision.strictness
    youngest = TABLE.decide(replace(asked, age=CHILDREN[0]))
    assert youngest.changeable or not unknown.changeable or unknown.decision is not youngest.decision


def test_every_measure_says_where_it_stands_and_when_that_was_read() -> None:
    assert {rule.ruling.measure for rule in TABLE.rules} == set(TABLE.measures)
    for each in TABLE.measures.values():
        assert each.says
        assert "Ofcom" in each.source
        assert each.checked_on <= TABLE.date


ANOTHER = """
[[rule]]
feature = "message"
jurisdictions = ["XX"]
decision = "allow"
reason = "none"
measure = "ICU F1"
"""


def test_a_milder_jurisdiction_never_softens_what_is_unknown() -> None:
    rest = "".join(
        f'[[rule]]\nfeature = "{each.value}"\njurisdictions = ["XX"]\ndecision = "allow"\nreason = "none"\n'
        'measure = "ICU F1"\n'
        for each in Feature
    )
    both = policy_table.parse(SOURCE + rest)
    stranger = Question(feature=Feature.MESSAGE, age=OLD, place=PlaceKind.OPEN, connected=False)
    assert both.decide(stranger).decision is Decision.CONFIRM
    there = Question(
        feature=Feature.MESSAGE, age=OLD, jurisdiction="xx", place=PlaceKind.OPEN, connected=False
    )
    assert both.decide(there).decision is Decision.ALLOW


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("version = ", "not TOML"),
        ("version = '1'", "wrong at: date"),
        (SOURCE.replace('decision = "confirm"', 'decision = "perhaps"', 1), "decision"),
        (SOURCE.replace('measure = "ICU F2"', 'measure = "ICU X9"', 1), "does not explain"),
        (SOURCE.replace('ages = ["14-15", "16-17"]', 'ages = ["18+"]', 1), "no child's"),
        (SOURCE.replace('places = ["game"]', 'places = ["unknown"]', 1), "unknown place"),
        (SOURCE.replace("connected = true", 'connected = "yes"', 1), "connected"),
        (SOURCE.replace("source =", "hearsay =", 1), "wrong at: measures.ICU F1"),
        (SOURCE.replace("checked_on = 2026-11-21", 'checked_on = "soon"', 1), "checked_on"),
        (SOURCE + ANOTHER, "No rule of the policy is about suggested_to_others: age 0-2, XX"),
        (SOURCE + ANOTHER.replace("XX", "GB"), "never reached"),
        (SOURCE + "\nunheard_of = 1\n", "unheard_of"),
        ("#" * 200_001, "200000 characters"),
    ],
)
def test_what_is_no_whole_policy_is_refused_with_the_place(source: str, said: str) -> None:
    with pytest.raises(BadForm, match=said.replace("+", r"\+")):
        policy_table.parse(source)
