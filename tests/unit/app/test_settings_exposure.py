"""The settings about exposure: nothing can be set that is laxer than what is known to be borne."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from safehold.app.settings_exposure import ExposureSettings
from safehold.model.exposure import ExposureKind
from safehold.review.budget import ExposureRules


def test_the_defaults_are_those_of_review_itself() -> None:
    assert ExposureSettings().rules() == ExposureRules()


@pytest.mark.parametrize(
    "laxer",
    [
        {"day_minutes": 241},
        {"spell_minutes": 61},
        {"break_minutes": 4},
        {"weights": {"A": 0.9}},
        {"weights": {"A": float("nan")}},
    ],
)
def test_what_is_laxer_is_refused(laxer: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ExposureSettings.model_validate(laxer)


def test_a_kind_that_is_not_named_keeps_its_weight() -> None:
    rules = ExposureSettings.model_validate({"weights": {"C": 1.2}}).rules()
    kinds = (ExposureKind.A, ExposureKind.B, ExposureKind.C, ExposureKind.UNKNOWN)
    assert [rules.weight_of(kind) for kind in kinds] == [200, 150, 120, 100]
