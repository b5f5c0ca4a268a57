"""Are the decoding processes walled in? Told at every start, and required where real material comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from safehold.model.errors import Unconfined
from safehold.vault.decoding.confinement import Confinement
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.pool import DecoderPool

if TYPE_CHECKING:  # the reader loads this, and nothing that reads settings
    from safehold.app.settings import Settings

_log = structlog.get_logger()


def must_be_confined(settings: Settings) -> bool:
    """Say whether no file may be opened here where a layer is missing."""
    return settings.production and not settings.decoding.allow_unconfined


def check_walls(decoders: DecoderPool, *, required: bool) -> Confinement:
    """Log how far the running decoders are confined, and return it.

    Raises Unconfined where a layer is missing and they are required.
    """
    level = decoders.confinement
    log = _log.info if level.whole else _log.warning
    log("decoders_confined", whole=level.whole, **level.fields())
    if level.missing and required:
        raise Unconfined(
            "Files may not be opened here: `production` is on, and around the decoding processes these walls"
            f" do not hold: {', '.join(level.missing)}."
        )
    return level


def limits_of(settings: Settings) -> DecodeLimits:
    """Return what one decoding may cost in this installation."""
    declared = settings.decoding
    return DecodeLimits(
        max_bytes=settings.limits.upload_bytes,
        max_pixels=declared.max_pixels,
        seconds=declared.seconds,
        media_per_worker=declared.media_per_worker,
    )


def in_words(level: Confinement) -> str:
    """Return the line that `serve` and `scan` show."""
    if level.whole:
        return f"Decoding is confined: {level.in_words()}."
    return f"Decoding is not fully confined: {level.in_words()}. Do not open what strangers send."
