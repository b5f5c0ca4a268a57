"""Claims about files made to break decoders: each is read or explained, and hurts nobody but its worker.

What must hold of every one is checked by the fixture `checked`: an answer that is never silent, memory within
bounds, and the same healthy picture read the same way afterwards. That a worker reaches no file and no
network is the kernel's doing, and checked when the pool starts.
"""

import random
from pathlib import Path

import bombs
import polyglots
import pytest

from safehold.model.media import DecodeFailure, MediaKind

SEED = 20261122
FLIPS, CUTS = 40, 12


def test_a_picture_larger_than_memory_is_never_taken_for_whole(checked) -> None:
    for name, data in bombs.pixel_bombs():
        reasons = {DecodeFailure.LIMIT, DecodeFailure.TRUNCATED, DecodeFailure.UNSUPPORTED}
        assert checked(data).failure in reasons, name


def test_frames_beyond_the_limit_are_said_and_those_before_it_kept(checked, pool) -> None:
    for name, data in bombs.frame_bombs():
        seen = checked(data)
        assert seen.frames <= pool.limits.max_frames, name
        if "tiny frames" in name:
            assert (seen.failure, seen.frames) == (DecodeFailure.LIMIT, pool.limits.max_frames), name


@pytest.mark.slow
def test_frames_that_would_take_minutes_end_at_the_limit_of_time_or_number(checked) -> None:
    for name, data in bombs.slow_bombs():
        seen = checked(data)
        assert seen.failure is DecodeFailure.LIMIT, name
        assert seen.frames > 0, name


TOO_MUCH = {
    "png text that unpacks",
    "png text in many parts",
    "png international text",
    "png profile that unpacks",
    "jpeg of notes",
    "jpeg of profiles",
    "tiff whose entries share their bytes",
}
"""Notes of which a decoder would have to hold more than it may; all others are passed over."""


def test_notes_that_unpack_to_much_are_the_limit_and_harmless_ones_are_read(checked) -> None:
    unread = set(TOO_MUCH)
    for name, data in bombs.note_bombs():
        seen = checked(data)
        expected = DecodeFailure.LIMIT if name in TOO_MUCH else None
        assert seen.failure is expected, name
        unread.discard(name)
    assert unread == set()


def test_boxes_in_boxes_and_counts_without_end_get_a_reason(checked) -> None:
    for name, data in bombs.nested_bombs():
        assert checked(data).failure is not None, name


@pytest.mark.parametrize("name", polyglots.readable())
def test_a_picture_that_is_something_else_besides_is_read_as_the_picture(checked, pool, name: str) -> None:
    both, plain = polyglots.readable()[name]
    seen, alone = checked(both), pool.examine(plain)
    assert seen.failure is None
    assert seen.signals == alone.signals


@pytest.mark.parametrize("name", polyglots.unreadable())
def test_a_picture_hidden_behind_another_head_is_never_taken_for_clear(checked, name: str) -> None:
    seen = checked(polyglots.unreadable()[name])
    assert seen.failure is not None


def damaged(samples: dict[str, bytes], flips: int, cuts: int) -> list[bytes]:
    """Cut and flipped copies of every sample, the same ones at every run."""
    chance = random.Random(SEED)
    files = []
    for data in samples.values():
        files += [data[: len(data) * number // cuts] for number in range(1, cuts)]
        for _ in range(flips):
            flipped = bytearray(data)
            for _ in range(chance.choice((1, 3, 12))):
                place = chance.randrange(min(len(flipped), chance.choice((48, 400, len(flipped)))))
                flipped[place] ^= 1 << chance.randrange(8)
            files.append(bytes(flipped))
    return files


def test_cut_and_flipped_files_of_every_format_are_read_or_explained(checked, samples) -> None:
    for data in damaged(samples, flips=6, cuts=4):
        checked(data)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_more_cut_and_flipped_files_are_read_or_explained(checked, samples) -> None:
    files = damaged(samples, FLIPS, CUTS)
    assert len(files) > 850
    for data in files:
        checked(data)


def test_a_selection_of_the_libraries_own_broken_files_is_read_or_explained(checked, broken_files) -> None:
    for path in broken_files[::8]:
        checked(path.read_bytes())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_one_of_the_libraries_own_test_files_is_read_or_explained(checked, broken_files) -> None:
    kinds = [checked(path.read_bytes()).kind for path in broken_files]
    # As many as this are pictures that a codec sees; the others are fonts, tables and formats we do not read.
    assert sum(kind is not MediaKind.UNKNOWN for kind in kinds) > 600


@pytest.mark.slow
def test_the_suite_holds_more_than_a_thousand_hostile_files(broken_files: list[Path], samples) -> None:
    assert len(damaged(samples, FLIPS, CUTS)) + len(broken_files) > 2_000
