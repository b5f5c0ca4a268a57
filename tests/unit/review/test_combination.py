"""Combination: explained, in one order, and more of what speaks for looking never makes less of it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from safehold.model.band import Band
from safehold.model.review_band import NEAR_BITS, Reason, ReviewBand, Spoken, readable_reasons
from safehold.review.combination import FROM_RULES, SPEAKS_AGAINST, WEIGHTS, Facts, banded, combine

AMOUNTS = st.dictionaries(st.sampled_from(Reason), st.integers(0, 20))
FOR = tuple(reason for reason in Reason if reason not in SPEAKS_AGAINST)
BANDS = st.sampled_from(Band)
FACTS = st.builds(
    Facts,
    opinions=st.dictionaries(st.sampled_from(["one", "two", "three"]), BANDS),
    conversation=st.sampled_from([Band.NONE, Band.LOW, Band.MEDIUM, Band.HIGH]),
    spoken_against=st.frozensets(st.sampled_from(sorted(FROM_RULES))),
    asked=st.booleans(),
    reports=st.integers(0, 5),
    bits_beyond=st.none() | st.integers(0, NEAR_BITS),
    account_age=st.none() | st.timedeltas(timedelta(0), timedelta(days=4000)),
    is_child=st.booleans(),
    confirmed=st.integers(0, 4),
    nothing=st.integers(0, 4),
)
NOTHING_KNOWN = Facts(opinions={})


@given(amounts=AMOUNTS, reason=st.sampled_from(FOR), more=st.integers(1, 20))
def test_more_of_what_speaks_for_looking_never_lowers_the_band(
    amounts: dict[Reason, int], reason: Reason, more: int
) -> None:
    raised = amounts | {reason: amounts.get(reason, 0) + more}
    assert banded(raised).band.rank >= banded(amounts).band.rank


@given(amounts=AMOUNTS, reason=st.sampled_from(sorted(SPEAKS_AGAINST)), more=st.integers(1, 20))
def test_more_of_what_speaks_against_never_raises_the_band(
    amounts: dict[Reason, int], reason: Reason, more: int
) -> None:
    raised = amounts | {reason: amounts.get(reason, 0) + more}
    assert banded(raised).band.rank <= banded(amounts).band.rank


@given(facts=FACTS, band=BANDS)
def test_a_further_classifier_that_asks_never_lowers_it_and_one_that_sees_nothing_never_raises_it(
    facts: Facts, band: Band
) -> None:
    with_one = combine(replace(facts, opinions=dict(facts.opinions) | {"another": band})).band.rank
    without = combine(facts).band.rank
    assert with_one <= without if band is Band.NONE else with_one >= without


@given(facts=FACTS, name=st.sampled_from(["one", "two", "three"]))
def test_a_classifier_that_says_more_never_lowers_it(facts: Facts, name: str) -> None:
    ranks = [combine(replace(facts, opinions=dict(facts.opinions) | {name: band})).band.rank for band in Band]
    assert ranks == sorted(ranks)


@given(facts=FACTS, nearer=st.integers(0, NEAR_BITS))
def test_what_lies_nearer_to_a_list_is_never_asked_for_less(facts: Facts, nearer: int) -> None:
    if facts.bits_beyond is None or nearer <= facts.bits_beyond:
        near = combine(replace(facts, bits_beyond=nearer)).band.rank
        assert near >= combine(facts).band.rank


@given(facts=FACTS)
def test_the_order_in_which_facts_come_changes_nothing(facts: Facts) -> None:
    turned = replace(facts, opinions=dict(reversed(facts.opinions.items())))
    assert combine(turned) == combine(facts)


@given(facts=FACTS)
def test_classifiers_by_themselves_never_reach_the_highest_band(facts: Facts) -> None:
    assert combine(Facts(opinions=facts.opinions)).band is not Band.VERY_HIGH


@given(facts=FACTS)
def test_the_band_is_explained_by_its_reasons_and_the_weightiest_come_first(facts: Facts) -> None:
    found = combine(facts)
    again = banded({each.reason: each.amount for each in (*found.speak_for, *found.against)})
    assert again == found
    assert all(each.weight > 0 for each in found.speak_for)
    assert all(each.weight <= 0 for each in found.against)
    for side in (found.speak_for, found.against):
        weights = [abs(each.weight) for each in side]
        assert weights == sorted(weights, reverse=True)


def test_every_reason_has_a_row_that_only_ever_goes_one_way() -> None:
    assert set(WEIGHTS) == set(Reason)
    for reason, steps in WEIGHTS.items():
        amounts, weights = [amount for amount, _ in steps], [abs(weight) for _, weight in steps]
        assert amounts == sorted(amounts), reason
        assert weights == sorted(weights), reason


def test_nothing_known_is_no_band_and_no_reason() -> None:
    assert combine(NOTHING_KNOWN) == ReviewBand(band=Band.NONE, speak_for=(), against=())


def test_what_comes_out_is_a_band_and_reasons_and_no_word_for_an_action() -> None:
    assert [field.name for field in fields(ReviewBand)] == ["band", "speak_for", "against"]
    assert [field.name for field in fields(Spoken)] == ["reason", "amount", "weight"]


def test_a_strong_band_with_an_agreeing_second_and_a_near_list_is_the_highest() -> None:
    facts = Facts(opinions={"one": Band.HIGH, "two": Band.MEDIUM}, bits_beyond=3)
    found = combine(facts)
    assert found.band is Band.VERY_HIGH
    assert [each.reason for each in found.speak_for] == [
        Reason.CLASSIFIER,
        Reason.NEAR_LISTED,
        Reason.MORE_CLASSIFIERS,
    ]


def test_an_old_account_about_which_nothing_was_ever_found_comes_later() -> None:
    plain = Facts(opinions={"one": Band.MEDIUM})
    known = replace(plain, account_age=timedelta(days=900), nothing=2)
    assert (combine(plain).band, combine(known).band) == (Band.MEDIUM, Band.NONE)
    assert [each.reason for each in combine(known).against] == [Reason.NOTHING_BEFORE, Reason.OLD_ACCOUNT]


def test_reasons_of_another_version_are_left_out_and_break_nothing() -> None:
    stored = [{"reason": "tomorrow", "amount": 1, "weight": 1}, {"reason": "reported"}, 3, None]
    known = {"reason": "reported", "amount": 2, "weight": 3}
    assert readable_reasons([*stored, known]) == (Spoken(Reason.REPORTED, 2, 3),)
    assert readable_reasons("text") == ()
