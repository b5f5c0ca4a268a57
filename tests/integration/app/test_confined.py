"""Claims about what follows from the walls around the decoders: told at the start, required in production."""

from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from safehold.app.confined import check_walls, in_words, must_be_confined
from safehold.app.settings import Settings
from safehold.app.settings_sections import DecodingSettings
from safehold.model.errors import Unconfined
from safehold.vault.decoding.confinement import LAYERS
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.pool import DecoderPool

LIMITS = DecodeLimits(max_bytes=4 << 20)


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture(params=["landlock", "seccomp"])
def lacking(request: pytest.FixtureRequest) -> Iterator[DecoderPool]:
    with DecoderPool(limits=LIMITS, without=[request.param]) as pool:
        yield pool


def test_in_production_a_missing_layer_is_refused_with_its_name_and_what_to_do(lacking: DecoderPool) -> None:
    with pytest.raises(Unconfined) as refused:
        check_walls(lacking, required=must_be_confined(Settings(production=True)))
    assert lacking.confinement.missing[0] in refused.value.what
    assert "decoding.allow_unconfined" in refused.value.advice_now


def test_a_trial_and_who_allows_it_go_on_and_are_warned(lacking: DecoderPool) -> None:
    allowed = Settings(production=True, decoding=DecodingSettings(allow_unconfined=True))
    for settings in (Settings(), allowed):
        with capture_logs() as lines:
            assert not check_walls(lacking, required=must_be_confined(settings)).whole
        assert [(line["log_level"], line["event"], line["whole"]) for line in lines] == [
            ("warning", "decoders_confined", False)
        ]


def test_whole_walls_are_told_in_one_line_and_let_production_begin() -> None:
    with DecoderPool(limits=LIMITS) as pool, capture_logs() as lines:
        level = check_walls(pool, required=True)
    assert len(lines) == 1
    assert (lines[0]["log_level"], lines[0]["whole"]) == ("info", True)
    assert {lines[0][layer] > 0 for layer in LAYERS} == {True}
    assert in_words(level) == f"Decoding is confined: {level.in_words()}."


def test_the_words_for_missing_walls_say_so(lacking: DecoderPool) -> None:
    words = in_words(lacking.confinement)
    assert "not fully confined" in words
    assert f"{lacking.confinement.missing[0]} off" in words
