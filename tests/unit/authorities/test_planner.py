"""Where an item is told, and why: properties of the choice over every situation, and the cases law names."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from safehold.authorities.planner import TOLD_ABOUT, Situation, Taker, choose
from safehold.model.assessment import Finding
from safehold.model.authority_report import DestinationKind, PlanReason
from safehold.model.hash_list import Purpose

NCMEC = Taker(name="ncmec", kind=DestinationKind.NCMEC_CYBERTIPLINE, enabled=True)
NCA = Taker(name="nca", kind=DestinationKind.UK_NCA, enabled=True, no_duplicates=True)
HOTLINE = Taker(name="hotline", kind=DestinationKind.GENERIC, enabled=True, countries=frozenset({"DE"}))
US = Situation(purpose=Purpose.CSAM, finding=Finding.ILLEGAL, operator_country="US")
UK = replace(US, operator_country="GB")
GERMANY = replace(US, operator_country="DE")

countries = st.sampled_from(["US", "GB", "DE", "FR"])
takers = st.lists(
    st.builds(
        Taker,
        name=st.sampled_from(["a", "b", "c", "d"]),
        kind=st.sampled_from(DestinationKind),
        enabled=st.booleans(),
        countries=st.frozensets(countries),
        voluntary=st.booleans(),
        no_duplicates=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda taker: taker.name,
)
situations = st.builds(
    Situation,
    purpose=st.sampled_from(Purpose),
    finding=st.none() | st.sampled_from(Finding),
    operator_country=st.none() | countries,
    linked_countries=st.frozensets(countries),
    told=st.frozensets(st.sampled_from(["a", "b", "c", "d"])),
    foreign_told=st.booleans(),
)


@given(situations, takers)
def test_nothing_is_told_but_what_is_illegal_or_a_risk_to_life_and_never_twice_to_one(
    situation: Situation, declared: list[Taker]
) -> None:
    choice = choose(situation, declared)
    assert choice.reasons
    if choice.taker is not None:
        assert choice.taker in declared
        assert choice.taker.enabled
        assert choice.taker.name not in situation.told
        assert situation.finding in (None, Finding.ILLEGAL)
        assert situation.purpose in TOLD_ABOUT
        assert not (choice.taker.no_duplicates and situation.foreign_told)


@given(situations, takers)
def test_where_nothing_is_told_the_last_reason_says_why(situation: Situation, declared: list[Taker]) -> None:
    choice = choose(situation, declared)
    why_not = {
        PlanReason.OUTSIDE_PURPOSE,
        PlanReason.NOT_ILLEGAL,
        PlanReason.ALREADY_REPORTED,
        PlanReason.DUPLICATE_FORBIDDEN,
        PlanReason.NO_DESTINATION,
    }
    assert (choice.taker is None) == (choice.reasons[-1] in why_not)


def test_an_operator_in_the_us_tells_the_cybertipline_also_of_an_account_in_the_uk() -> None:
    linked = replace(US, linked_countries=frozenset({"GB"}))
    choice = choose(linked, [NCA, NCMEC])
    assert choice.taker == NCMEC
    assert choice.reasons == (PlanReason.OPERATOR_IN_US,)


def test_an_operator_in_the_uk_tells_the_nca() -> None:
    assert choose(UK, [NCMEC, NCA]).taker == NCA


def test_an_operator_elsewhere_tells_the_nca_of_an_account_in_the_uk() -> None:
    choice = choose(replace(GERMANY, linked_countries=frozenset({"GB"})), [HOTLINE, NCA])
    assert (choice.taker, choice.reasons) == (NCA, (PlanReason.LINKED_TO_UK,))


def test_what_the_cybertipline_has_is_not_told_to_the_nca_again() -> None:
    choice = choose(replace(UK, told=frozenset({"ncmec"}), foreign_told=True), [NCMEC, NCA])
    assert (choice.taker, choice.reasons[-1]) == (None, PlanReason.DUPLICATE_FORBIDDEN)


def test_a_hotline_of_the_country_comes_before_a_voluntary_report() -> None:
    voluntary = replace(NCMEC, voluntary=True)
    assert choose(GERMANY, [voluntary, HOTLINE]).taker == HOTLINE
    assert choose(replace(GERMANY, operator_country="FR"), [voluntary, HOTLINE]).taker == voluntary


def test_one_that_is_off_is_passed_over_and_that_is_said() -> None:
    choice = choose(UK, [replace(NCA, enabled=False), replace(NCMEC, voluntary=True)])
    assert choice.taker is not None
    assert choice.reasons == (PlanReason.DESTINATION_OFF, PlanReason.VOLUNTARY)
    alone = choose(UK, [replace(NCA, enabled=False)])
    assert alone.reasons == (PlanReason.DESTINATION_OFF, PlanReason.NO_DESTINATION)
