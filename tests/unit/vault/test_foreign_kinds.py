"""Foreign signal types in the decoder: of bytes they come whatever the bytes are, of frames exactly."""

from __future__ import annotations

from typing import ClassVar

import pytest
from PIL import Image

from safehold.model.errors import BadSettings
from safehold.model.media import DecodeFailure, Examined, HashMode
from safehold.model.signal import PDQ, Signal, SignalTypeName
from safehold.signals.digests import Sha256
from safehold.signals.pdq import Pdq
from safehold.testing.alterations import to_jpeg
from safehold.vault.decoding.examine import examine
from safehold.vault.decoding.kinds import Kinds, kinds_of
from safehold.vault.decoding.limits import DecodeLimits


class Backwards(Sha256):
    """A fingerprint of bytes read from their end."""

    name: ClassVar[SignalTypeName] = SignalTypeName("backwards")

    def of_bytes(self, data: bytes) -> Signal:
        digest = Sha256().of_bytes(data[::-1]).value
        return Signal(self.name, digest)


class Failing(Backwards):
    def of_bytes(self, data: bytes) -> Signal:
        raise RuntimeError


class NoPdq:
    """Makes of frames what ours makes, without being ours."""

    name = SignalTypeName("other")
    min_quality = 0

    def of_frame(self, pixels, frame=0):  # type: ignore[no-untyped-def]
        return Signal(self.name, Pdq().of_frame(pixels, frame).value, 90, frame)


JPEG = to_jpeg(Image.linear_gradient("L").resize((64, 64)))


def read(data: bytes, kinds: Kinds) -> Examined:
    return examine(
        data,
        claimed_type=None,
        rendition=False,
        kinds=kinds,
        limits=DecodeLimits(),
        mode=HashMode.FAST,
    )


def types(seen: Examined) -> list[str]:
    return [signal.signal_type for signal in seen.signals]


def test_a_foreign_type_of_bytes_is_made_of_what_can_be_decoded_and_of_what_cannot() -> None:
    kinds = Kinds({PDQ: Pdq()}, (Backwards(),))
    assert kinds.names == ("pdq", "backwards")
    seen = read(JPEG, kinds)
    assert (types(seen), seen.failure, seen.mode) == (["pdq", "backwards"], None, HashMode.FAST)
    assert types(read(JPEG[:200], kinds)) == ["backwards"]
    unknown = read(b"a letter", kinds)
    assert (types(unknown), unknown.failure) == (["backwards"], DecodeFailure.UNSUPPORTED)


def test_a_foreign_type_that_fails_is_no_silent_gap() -> None:
    seen = read(JPEG, Kinds({PDQ: Pdq()}, (Failing(),)))
    assert (types(seen), seen.failure) == (["pdq"], DecodeFailure.UNSUPPORTED)


def test_with_a_foreign_type_of_frames_pictures_are_read_exactly() -> None:
    seen = read(JPEG, Kinds({PDQ: Pdq(), NoPdq.name: NoPdq()}))  # type: ignore[dict-item]
    assert (types(seen), seen.mode) == (["pdq", "other"], HashMode.EXACT)


def test_without_plug_ins_there_is_pdq_and_one_that_is_not_installed_is_said() -> None:
    assert kinds_of(()).names == ("pdq",)
    with pytest.raises(BadSettings, match="absent is not installed"):
        kinds_of(("absent",))
