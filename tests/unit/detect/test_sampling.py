"""The lot: it falls as often as is declared, on public surfaces alone, and only while its basis stands."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from safehold.app.settings import Settings
from safehold.detect import sampling
from safehold.model.surface import LARGEST_SHARE, LONGEST_UNSEEN, AuditSample, Surface, Visibility

NOON = datetime(2030, 5, 20, 12, tzinfo=UTC)
TERMS: dict[str, Any] = {"basis": "the law of looking", "share": 0.01}


def refused(**values: Any) -> str:
    with pytest.raises(ValidationError) as raised:
        Settings.model_validate({"surfaces": {"uploads": values}})
    return str(raised.value)


def test_nothing_is_drawn_unless_it_is_declared() -> None:
    assert Surface(name="uploads").sampled(NOON) is None
    assert not sampling.falls_on(Surface(name="uploads"), NOON, lambda: 0.0)


@pytest.mark.parametrize(
    "change",
    [
        {"basis": " "},
        {"share": 0},
        {"share": LARGEST_SHARE * 1.01},
        {"share": float("nan")},
        {"days": 0},
        {"days": LONGEST_UNSEEN + 1},
        {"a_day": 0},
        {"a_day": True},
        {"expires_at": "2030-01-01T00:00:00"},
        {"other": 1},
    ],
)
def test_terms_that_cannot_be_are_refused(change: dict[str, Any]) -> None:
    assert "audit_sample" in refused(audit_sample={**TERMS, **change})


@pytest.mark.parametrize("left_out", ["basis", "share"])
def test_without_a_basis_or_a_share_nothing_is_declared(left_out: str) -> None:
    terms = {name: value for name, value in TERMS.items() if name != left_out}
    assert f"audit_sample.{left_out}" in refused(audit_sample=terms)


def test_nothing_can_be_drawn_from_a_private_surface() -> None:
    said = refused(
        visibility="private",
        regions=["north"],
        legal_bases=[{"region": "north", "name": "a law"}],
        audit_sample=TERMS,
    )
    assert "nothing is drawn from a private surface" in said


@given(
    share=st.floats(1e-9, LARGEST_SHARE),
    lot=st.floats(0, 1, exclude_max=True),
    visibility=st.sampled_from(Visibility),
    ends=st.integers(-2, 2) | st.none(),
)
def test_the_lot_falls_below_the_share_on_a_public_surface_while_its_basis_stands(
    share: float, lot: float, visibility: Visibility, ends: int | None
) -> None:
    until = None if ends is None else NOON + timedelta(days=ends)
    terms = AuditSample(basis="a law", share=share, a_day=1, days=1, expires_at=until)
    surface = Surface(name="uploads", visibility=visibility, audit_sample=terms)
    stands = visibility is Visibility.PUBLIC and (ends is None or ends > 0)
    assert sampling.falls_on(surface, NOON, lambda: lot) == (stands and lot < share)


def test_of_many_uploads_it_falls_on_about_the_declared_share() -> None:
    surface = Surface(name="uploads", audit_sample=AuditSample(basis="a law", share=0.01, a_day=1, days=1))
    lot = random.Random(7).random
    fell = sum(sampling.falls_on(surface, NOON, lot) for _ in range(50_000))
    assert 400 < fell < 600
