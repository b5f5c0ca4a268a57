"""What a poisoned or coerced source would send is refused until a person has looked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.lists.doubts import Counted, Doubt, count, grows_too_fast, refusal
from safehold.lists.formats.base import EntryDraft
from safehold.model.hash_list import Purpose
from safehold.model.signal import PDQ, SHA256, SignalTypeName
from safehold.signals.digests import digest_bytes
from safehold.signals.pdq import Pdq
from safehold.signals.pixels import shown_pixels
from safehold.testing.pictures import checkerboard, landscape


def draft(value: bytes, kind: SignalTypeName = PDQ) -> EntryDraft:
    return EntryDraft(signal_type=kind, value=value, category=None, labels=(), source_id=None)


def test_there_are_four_purposes_and_no_more() -> None:
    assert [purpose.value for purpose in Purpose] == ["csam", "intimate_images", "own_terms", "test"]


@pytest.mark.parametrize(
    "value", [bytes(32), b"\xff" * 32, Pdq().of_frame(shown_pixels(checkerboard((512, 512), 64))).value]
)
def test_a_digest_without_meaning_and_one_of_a_plain_pattern_are_counted(value: bytes) -> None:
    assert count([draft(value), draft(Pdq().of_frame(shown_pixels(landscape(1))).value)]).plain == 1


def test_the_digest_of_the_empty_file_is_counted() -> None:
    empty = digest_bytes(b"")[2]
    assert count([draft(empty.value, SHA256)]).plain == 1


def test_neither_landscapes_nor_random_digests_are_taken_for_plain() -> None:
    random = np.random.default_rng(5)
    landscapes = [draft(Pdq().of_frame(shown_pixels(landscape(seed))).value) for seed in range(20)]
    others = [draft(random.bytes(32)) for _ in range(10_001)]
    assert count(landscapes + others).plain == 0
    assert count(landscapes + others).entries == 10_021


@given(st.integers(0, 10**6), st.integers(0, 10**5), st.integers(0, 10**6))
def test_growth_is_doubted_beyond_half_and_a_thousand_of_what_was_there_before(
    before: int, lately: int, coming: int
) -> None:
    doubted = grows_too_fast(before=before, lately=lately, coming=coming)
    assert doubted is (lately + coming > 1000 and (lately + coming) > before / 2)


def test_a_large_growth_in_slices_is_one_large_growth() -> None:
    assert not grows_too_fast(before=10_000, lately=0, coming=4_000)
    assert grows_too_fast(before=10_000, lately=4_000, coming=4_000)


def test_the_refusal_says_how_to_go_on() -> None:
    refused = refusal(frozenset({Doubt.GROWTH, Doubt.PLAIN}), Counted(entries=9, plain=3))
    assert "3 of 9." in refused.what
    assert "more than 50 %" in refused.what
    assert "--accept-growth" in refused.advice_now
    assert "--accept-plain" in refused.advice_now
