"""Look-back is off unless a law is named and a term is within bounds; what is wrong is said plainly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from safehold.app.settings import Settings
from safehold.app.settings_errors import in_words
from safehold.model.surface import LegalBasis, LookBack, Surface, Visibility

NOON = datetime(2030, 5, 20, 12, tzinfo=UTC)
BASIS = "the data protection act, section 12"


def declared(name: str = "uploads", **values: Any) -> Surface:
    found = Settings.model_validate({"surfaces": {name: values}}).surface(name)
    assert found is not None
    return found


def refused(name: str = "uploads", **values: Any) -> str:
    with pytest.raises(ValidationError) as raised:
        Settings.model_validate({"surfaces": {name: values}})
    return in_words(raised.value, Settings)


def test_it_is_off_unless_it_is_declared() -> None:
    assert declared().lookback is None
    assert declared().lookback_term(NOON) is None
    assert not Settings.model_validate({"surfaces": {"uploads": {}}}).looks_back


def test_with_a_basis_the_term_is_a_week_or_what_was_chosen() -> None:
    assert declared(lookback={"basis": BASIS}).lookback_term(NOON) == 7
    assert declared(lookback={"basis": BASIS, "days": 30}).lookback_term(NOON) == 30


@pytest.mark.parametrize(
    ("lookback", "said"),
    [
        ({}, "surfaces.uploads.lookback.basis: Field required"),
        ({"days": 7}, "surfaces.uploads.lookback.basis: Field required"),
        ({"basis": ""}, "surfaces.uploads.lookback.basis: String should have at least 1 character"),
        ({"basis": "  "}, "without one nothing may be kept"),
        (
            {"basis": BASIS, "days": 0},
            "surfaces.uploads.lookback.days: Input should be greater than or equal to 1",
        ),
        (
            {"basis": BASIS, "days": 31},
            "surfaces.uploads.lookback.days: Input should be less than or equal to 30",
        ),
        ({"basis": BASIS, "days": 7.5}, "surfaces.uploads.lookback.days: Input should be a valid integer"),
        ({"basis": BASIS, "days": True}, "surfaces.uploads.lookback.days: Input should be a valid integer"),
        ({"basis": BASIS, "dayz": 7}, "there is no such setting; surfaces.uploads.lookback.days is one"),
        ({"basis": BASIS, "expires_at": "2030-01-01T00:00:00"}, "expires_at needs a time zone"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(lookback: dict[str, Any], said: str) -> None:
    assert said in refused(lookback=lookback)


def test_a_private_surface_that_may_not_be_scanned_cannot_look_back() -> None:
    assert "declare legal_bases" in refused(
        visibility="private", regions=["north"], lookback={"basis": BASIS}
    )


@pytest.mark.parametrize("name", ["a b", "..", "a/b", "ü", "", ".hidden", "a" * 65])
def test_a_surface_whose_name_cannot_be_a_folder_cannot_look_back(name: str) -> None:
    assert "a folder takes its name" in refused(name, lookback={"basis": BASIS})
    assert declared(name).lookback is None, "without it any name will do"


def test_a_basis_ends_at_its_instant() -> None:
    surface = declared(lookback={"basis": BASIS, "expires_at": NOON.isoformat()})
    assert surface.lookback_term(NOON - timedelta(microseconds=1)) == 7
    assert surface.lookback_term(NOON) is None


@given(north=st.integers(-2, 2), south=st.integers(-2, 2) | st.none(), own=st.integers(-2, 2) | st.none())
def test_a_private_surface_keeps_while_its_own_basis_and_one_of_every_region_stand(
    north: int, south: int | None, own: int | None
) -> None:
    def at(days: int | None) -> datetime | None:
        return None if days is None else NOON + timedelta(days=days)

    surface = Surface(
        name="letters",
        visibility=Visibility.PRIVATE,
        regions=("north", "south"),
        legal_bases=(
            LegalBasis(region="north", name="one", expires_at=at(north)),
            LegalBasis(region="south", name="two", expires_at=at(south)),
        ),
        lookback=LookBack(basis=BASIS, days=7, expires_at=at(own)),
    )
    stand = all(each is None or each > 0 for each in (north, south, own))
    assert surface.lookback_term(NOON) == (7 if stand else None)
