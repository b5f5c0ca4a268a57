"""What is read fast is confirmed exactly before it is answered; lists may ask for exact, and for turned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from safehold.detect.checks import Circumstances
from safehold.detect.known import Asked, KnownLists, SignalTypes
from safehold.detect.media_scan import Reading, compare_signals, read_and_compare
from safehold.model.hash_list import Entry, HashList, Purpose
from safehold.model.ids import EntryId, ListId, new_id
from safehold.model.media import DecodeFailure, Examined, HashMode, MediaKind
from safehold.model.scan import ScanResult
from safehold.model.signal import MD5, PDQ, SHA256, Signal, SignalTypeName, Turn
from safehold.model.surface import Surface
from safehold.signals.digests import Md5, Sha1, Sha256, digest_bytes
from safehold.signals.pdq import Pdq

KINDS: SignalTypes = {kind.name: kind for kind in (Md5(), Sha1(), Sha256(), Pdq())}
NOW = datetime(2030, 5, 1, tzinfo=UTC)
SURFACE = Surface(name="public_uploads")
BYTES = b"a harmless picture"
LISTED = bytes(range(32))


def at_distance(bits: int) -> bytes:
    """A digest that differs from the listed one in so many bits."""
    return (int.from_bytes(LISTED) ^ ((1 << bits) - 1)).to_bytes(32)


def a_list(
    name: str = "northland", value: bytes = LISTED, kind: SignalTypeName = PDQ, **changed: object
) -> tuple[HashList, list[Entry]]:
    one = HashList(id=ListId(new_id()), name=name, purpose=Purpose.CSAM, may_hold=True, created_at=NOW)
    one = replace(one, **changed)  # type: ignore[arg-type]
    return one, [Entry(id=EntryId(new_id()), list_id=one.id, signal_type=kind, value=value)]


def circumstances(*lists: tuple[HashList, list[Entry]], margin: int = 0) -> Circumstances:
    known = KnownLists(KINDS)
    for hash_list, entries in lists:
        known.load(hash_list, entries)
    return Circumstances(known=known, surface=SURFACE, now=NOW, margin=margin)


class Decoder:
    """Answers a reading as it is told to, and remembers what it was asked."""

    def __init__(self, *, fast: int, exact: int, quality: int = 90) -> None:
        self.asked: list[Reading] = []
        self._distance = {HashMode.FAST: fast, HashMode.EXACT: exact}
        self._quality = quality

    def __call__(self, reading: Reading) -> Examined | None:
        self.asked.append(reading)
        signal = Signal(PDQ, at_distance(self._distance[reading.mode]), self._quality)
        return Examined("image/jpeg", MediaKind.IMAGE, 8, 8, 1, (signal,), mode=reading.mode)


def result(read: Callable[[Reading], Examined | None], at: Circumstances) -> tuple[ScanResult, list[int]]:
    compared, _ = read_and_compare(digest_bytes(BYTES), read, at, mode=HashMode.FAST)
    return compared.verdict.result, [match.distance for match in compared.verdict.matches]


@pytest.mark.parametrize("fast", [0, 14, 20, 31])
@pytest.mark.parametrize(
    ("exact", "expected"), [(15, ScanResult.HOLD), (16, ScanResult.REVIEW), (31, ScanResult.REVIEW)]
)
def test_of_a_fast_match_the_exact_distance_is_what_counts(
    fast: int, exact: int, expected: ScanResult
) -> None:
    read = Decoder(fast=fast, exact=exact)
    assert result(read, circumstances(a_list())) == (expected, [exact])
    assert read.asked == [Reading(HashMode.FAST), Reading(HashMode.EXACT, rendition=True)]


@pytest.mark.parametrize("fast", [20, 25, 31])
def test_a_fast_match_that_is_none_exactly_is_not_answered(fast: int) -> None:
    assert result(Decoder(fast=fast, exact=32), circumstances(a_list())) == (ScanResult.CLEAR, [])


def test_a_near_miss_is_read_once_so_that_its_time_does_not_tell() -> None:
    for fast in (32, 40, 120):
        read = Decoder(fast=fast, exact=31)
        assert result(read, circumstances(a_list(), margin=8)) == (ScanResult.CLEAR, [])
        assert read.asked == [Reading(HashMode.FAST)]


@pytest.mark.parametrize(("quality", "readings"), [(44, 1), (45, 2), (49, 2), (50, 1)])
def test_what_seems_just_too_plain_is_read_again(quality: int, readings: int) -> None:
    read = Decoder(fast=60, exact=60, quality=quality)
    result(read, circumstances(a_list()))
    assert len(read.asked) == readings


def test_a_match_by_exact_digest_is_read_again_too_for_what_is_kept_is_exact() -> None:
    read = Decoder(fast=100, exact=101)
    at = circumstances(a_list(value=digest_bytes(BYTES)[2].value, kind=SHA256))
    compared, examined = read_and_compare(digest_bytes(BYTES), read, at, mode=HashMode.FAST)
    assert [match.distance for match in compared.verdict.matches] == [0]
    assert compared.mode is HashMode.EXACT
    assert examined is not None
    assert compared.signals[-1].value == at_distance(101)


@pytest.mark.parametrize("trouble", [None, Examined("image/jpeg", failure=DecodeFailure.LIMIT)])
def test_where_reading_again_gives_nothing_the_fast_match_stands(trouble: Examined | None) -> None:
    fast = Decoder(fast=20, exact=20)

    def read(reading: Reading) -> Examined | None:
        return fast(reading) if reading.mode is HashMode.FAST else trouble

    assert result(read, circumstances(a_list())) == (ScanResult.REVIEW, [20])


def test_a_list_that_asks_for_exact_has_everything_read_exactly_at_once() -> None:
    read = Decoder(fast=31, exact=32)
    at = circumstances(a_list(), a_list("careful", value=bytes(32), needs_exact=True))
    assert result(read, at) == (ScanResult.CLEAR, [])
    assert read.asked == [Reading(HashMode.EXACT)]


def test_a_list_asks_for_nothing_where_it_does_not_count_or_holds_only_exact_digests() -> None:
    asking = {"needs_exact": True, "match_turned": True}
    at = circumstances(
        a_list(value=bytes(16), kind=MD5, **asking), a_list("test", purpose=Purpose.TEST, **asking)
    )
    assert at.known.asked(rehearsal=False) == Asked()
    assert at.known.asked(rehearsal=True) == Asked(exact=True, turned=True)


MIRRORED = Signal(PDQ, LISTED, 90, 0, Turn.MIRRORED)


def turned_picture(reading: Reading) -> Examined:
    """A picture whose mirror image is the listed one."""
    upright = Signal(PDQ, at_distance(120), 90)
    turned = (MIRRORED,) if reading.turned else ()
    return Examined("image/jpeg", MediaKind.IMAGE, 8, 8, 1, (upright,), turned=turned, mode=reading.mode)


def test_a_turned_picture_matches_a_list_that_asks_for_it_and_the_match_says_how() -> None:
    at = circumstances(a_list(match_turned=True))
    compared, _ = read_and_compare(digest_bytes(BYTES), turned_picture, at, mode=HashMode.FAST)
    [match] = compared.verdict.matches
    assert (match.turn, match.distance, match.may_hold) == (Turn.MIRRORED, 0, True)
    assert MIRRORED not in compared.signals


def test_a_turned_picture_matches_no_other_list_though_one_asks() -> None:
    at = circumstances(a_list(), a_list("turning", value=bytes(32), match_turned=True))
    assert result(turned_picture, at) == (ScanResult.CLEAR, [])
    assert result(turned_picture, circumstances(a_list())) == (ScanResult.CLEAR, [])


def test_of_two_turns_at_one_distance_the_upright_one_is_named() -> None:
    at = circumstances(a_list(match_turned=True))
    verdict = compare_signals([replace(MIRRORED, turn=Turn.NONE), MIRRORED], at).verdict
    assert [match.turn for match in verdict.matches] == [Turn.NONE]


class Steps(Pdq):
    """A foreign type with a radius of its own."""

    name: ClassVar[SignalTypeName] = SignalTypeName("steps")
    default_max_distance: ClassVar[int] = 10


@pytest.mark.parametrize(
    ("distance", "may_hold"), [(0, [True]), (5, [True]), (6, [False]), (10, [False]), (11, [])]
)
def test_a_foreign_type_matches_within_its_own_radius_and_holds_within_half_of_it(
    distance: int, may_hold: list[bool]
) -> None:
    known = KnownLists({**KINDS, Steps.name: Steps()})
    known.load(*a_list(kind=Steps.name))
    at = Circumstances(known=known, surface=SURFACE, now=NOW)
    found = compare_signals([Signal(Steps.name, at_distance(distance), 90)], at).verdict
    assert [match.may_hold for match in found.matches] == may_hold
