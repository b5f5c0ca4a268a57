"""How long a failed step pauses, and when a sweep is due."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from safehold.jobs.running import Patience, code_of
from safehold.model.errors import VaultDown


def test_the_pause_doubles_with_each_failed_attempt_up_to_the_longest() -> None:
    patience = Patience(first_pause=2.0, longest_pause=10.0)
    assert [patience.pause(failed) for failed in (1, 2, 3, 4, 5)] == [2.0, 4.0, 8.0, 10.0, 10.0]


@given(st.integers(min_value=1, max_value=1000))
def test_the_pause_never_shrinks_and_never_exceeds_the_longest(failed: int) -> None:
    patience = Patience()
    assert 0 < patience.pause(failed) <= patience.pause(failed + 1) <= patience.longest_pause


def test_an_error_is_known_by_its_code_or_its_class_and_never_by_its_text() -> None:
    assert code_of(VaultDown("the text")) == "vault_down"
    assert code_of(ValueError("the text")) == "ValueError"
