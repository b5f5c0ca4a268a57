"""Where scanning is allowed, and what to advise when it was incomplete."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from safehold.model.surface import Advice, LegalBasis, Surface, Visibility

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def private(*bases: LegalBasis, regions: tuple[str, ...] = ("GB", "IE")) -> Surface:
    return Surface(name="direct", visibility=Visibility.PRIVATE, regions=regions, legal_bases=bases)


def basis(region: str, *, expires_at: datetime | None = None) -> LegalBasis:
    return LegalBasis(region=region, name="consent", expires_at=expires_at)


def test_a_public_surface_may_always_be_scanned() -> None:
    assert Surface(name="feed").may_scan(None, NOON)


def test_a_private_surface_without_a_basis_may_not_be_scanned() -> None:
    assert not private().may_scan("GB", NOON)


def test_a_private_surface_is_scanned_only_in_regions_whose_basis_stands() -> None:
    surface = private(basis("GB"))

    assert surface.may_scan("GB", NOON)
    assert not surface.may_scan("IE", NOON)


@pytest.mark.parametrize("region", [None, "FR"])
def test_an_unknown_region_counts_as_the_strictest(region: str | None) -> None:
    assert not private(basis("GB")).may_scan(region, NOON)
    assert private(basis("GB"), basis("IE")).may_scan(region, NOON)


def test_a_region_is_the_same_in_capitals_and_in_small_letters() -> None:
    assert private(basis("GB")).may_scan("gb", NOON)


def test_a_private_surface_that_declares_no_region_is_never_scanned() -> None:
    assert not private(basis("GB"), regions=()).may_scan(None, NOON)


def test_a_basis_ends_at_the_instant_it_names() -> None:
    surface = private(basis("GB", expires_at=NOON), regions=("GB",))

    assert surface.may_scan("GB", NOON - timedelta(microseconds=1))
    assert not surface.may_scan("GB", NOON)


def test_what_a_surface_does_not_mention_is_held() -> None:
    assert Surface(name="feed").advice_when_incomplete(("list_stale:northland",)) is Advice.HOLD


def test_the_nearest_name_of_a_code_decides() -> None:
    surface = Surface(
        name="feed",
        on_incomplete={
            "*": Advice.RETRY,
            "list_stale": Advice.PUBLISH,
            "list_stale:northland": Advice.HOLD,
        },
    )

    assert surface.advice_when_incomplete(("list_stale:northland",)) is Advice.HOLD
    assert surface.advice_when_incomplete(("list_stale:southland",)) is Advice.PUBLISH
    assert surface.advice_when_incomplete(("matcher_down",)) is Advice.RETRY


def test_of_several_codes_the_most_careful_advice_counts() -> None:
    surface = Surface(name="feed", on_incomplete={"a": Advice.PUBLISH, "b": Advice.RETRY, "c": Advice.HOLD})

    assert surface.advice_when_incomplete(("a", "b")) is Advice.RETRY
    assert surface.advice_when_incomplete(("a", "c", "b")) is Advice.HOLD
