"""Claims about how long a worker lives: what met something broken never meets the next media."""

import contextlib
import gc
import io
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import pytest

from safehold.model.errors import DecoderDown
from safehold.model.media import DecodeFailure
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.pool import DecoderPool

ROOM = 4 << 20


def descendants() -> set[int]:
    """The processes that this one started, and those that they did."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        waiting = [int(pid) for pid in (task / "children").read_text().split()]
        while waiting:
            pid = waiting.pop()
            found.add(pid)
            try:
                waiting += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            except FileNotFoundError:
                continue
    return found


def wait_until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.01)


def has_ended(pid: int) -> bool:
    """Whether nothing of a process runs any more; its parent may not have collected it yet."""
    try:
        return "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture
def quick(landscape, encode) -> bytes:
    return encode(landscape(64, 48), "JPEG")


def test_a_worker_that_met_a_damaged_file_is_gone_before_the_next_one(quick) -> None:
    with DecoderPool(limits=DecodeLimits(max_bytes=ROOM)) as pool:
        for damaged in (quick[:-30], quick[:200], b"\x89PNG\r\n\x1a\n" + bytes(40), b"GIF89a"):
            assert pool.examine(quick).failure is None
            (before,) = pool.pids
            assert pool.examine(damaged).failure is DecodeFailure.TRUNCATED
            assert has_ended(before)
            assert pool.examine(quick).failure is None
            assert before not in pool.pids


def test_a_worker_that_met_a_limit_is_gone_too(quick, landscape, encode) -> None:
    with DecoderPool(limits=DecodeLimits(max_bytes=ROOM, max_pixels=60_000)) as pool:
        before = pool.pids
        assert pool.examine(encode(landscape(400, 300), "PNG")).failure is DecodeFailure.LIMIT
        assert pool.examine(quick).failure is None
        assert set(pool.pids).isdisjoint(before)


def test_whole_media_and_bytes_that_no_codec_sees_leave_the_worker_in_place(quick) -> None:
    with DecoderPool(limits=DecodeLimits(max_bytes=ROOM)) as pool:
        before = pool.pids
        for data in (quick, b"A quiet lake.", b"%PDF-1.7", b"", quick):
            pool.examine(data, claimed_type="image/png")
        assert pool.pids == before


def test_a_worker_is_replaced_after_its_share_of_media(quick) -> None:
    with DecoderPool(limits=DecodeLimits(max_bytes=ROOM, media_per_worker=3)) as pool:
        seen = []
        for _ in range(7):
            pool.examine(quick)
            seen.append(pool.pids)
    assert seen[0] == seen[1]
    assert [bool(pids) for pids in seen] == [True, True, False, True, True, False, True]
    assert seen[0] != seen[3] != seen[6]


def test_where_each_media_has_a_process_of_its_own_nothing_is_left_of_it(quick, landscape, encode) -> None:
    other = encode(landscape(64, 48, 5), "PNG")
    with DecoderPool(limits=DecodeLimits(max_bytes=ROOM, media_per_worker=1)) as pool:
        expected = [pool.examine(data) for data in (quick, other)]
        assert pool.pids == ()
        assert [pool.examine(data) for data in (quick, other)] == expected
        assert pool.able
        assert pool.confinement.whole


def test_after_a_crash_the_next_worker_is_laid_out_anew(quick, landscape, encode) -> None:
    large = encode(landscape(6000, 4000), "JPEG", quality=95)
    others = descendants()
    with DecoderPool() as pool, ThreadPoolExecutor(1) as thread:
        (worker,) = pool.pids
        before = descendants() - others
        job = thread.submit(pool.examine, large)
        busy = Path(f"/proc/{worker}/stat")
        start = sum(map(int, busy.read_text().rpartition(")")[2].split()[11:13]))
        wait_until(lambda: sum(map(int, busy.read_text().rpartition(")")[2].split()[11:13])) > start + 3)
        os.kill(worker, signal.SIGSEGV)
        assert job.result().failure is None
        assert pool.examine(quick).failure is None
        # The template too is another process: where things lie in memory is drawn when a program starts.
        wait_until(lambda: before.isdisjoint(descendants()))


def test_stopping_leaves_no_process_behind(quick) -> None:
    before = descendants()
    with DecoderPool(2, limits=DecodeLimits(max_bytes=ROOM)) as pool:
        pool.examine(quick[:50])
        assert descendants() - before
    assert descendants() == before


def test_a_template_that_was_killed_is_replaced(quick) -> None:
    others = descendants()
    with DecoderPool(limits=DecodeLimits(max_bytes=ROOM)) as pool:
        templates = descendants() - others - set(pool.pids)
        for pid in templates:
            os.kill(pid, signal.SIGKILL)
        pool.examine(quick[:50])
        assert pool.examine(quick).failure is None
        assert pool.able


def long_film() -> bytes:
    """Half a minute of grey that grows lighter, in a form that says nothing more once it is cut."""
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(150):
            pixels = np.full((120, 160, 3), number, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return out.getvalue()


def test_a_worker_that_showed_a_film_which_broke_off_midway_is_gone_before_the_next_one(quick) -> None:
    film = long_film()
    with DecoderPool(limits=DecodeLimits(max_bytes=ROOM)) as pool:
        before = pool.pids
        assert pool.view(film, stamp=("a",)).failure is None
        assert pool.pids == before
        cut = pool.view(film[: len(film) // 2], stamp=("a",))
        assert cut.rendition is not None
        assert cut.failure is DecodeFailure.TRUNCATED
        assert set(pool.pids).isdisjoint(before)
        assert pool.examine(quick).failure is None


@contextlib.contextmanager
def room_for_descriptors(number: int) -> Iterator[None]:
    """Let this process open so many more and no others: numbers that are free below are taken first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, open_descriptors()))
    taken = [os.dup(2)]
    while taken[-1] <= highest:
        taken.append(os.dup(2))
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[-1] + 1 + number, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for each in taken:
            os.close(each)


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir() if path.exists()}


def test_whatever_a_start_fails_at_it_leaves_no_descriptor_open() -> None:
    before = open_descriptors()
    failed = 0
    for room in range(25):
        pool = DecoderPool(2, limits=DecodeLimits(max_bytes=ROOM))
        try:
            with room_for_descriptors(room):
                pool.start()
        except DecoderDown:
            failed += 1
        pool.stop()
        gc.collect()
        assert open_descriptors() <= before, room
    assert 4 < failed < 24, "each step failed once, and none of them in the end"


def test_a_worker_whose_memory_cannot_be_wiped_is_given_up_with_all_that_it_had(quick) -> None:
    with DecoderPool(limits=DecodeLimits(max_bytes=ROOM)) as pool:
        (pid,) = pool.pids
        before = len(open_descriptors())
        [process] = pool._running
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), process.memory.fd)
        assert pool.examine(quick).failure is None
        wait_until(lambda: has_ended(pid))
        assert pool.pids == ()
        assert pool.examine(quick).failure is None
        assert len(open_descriptors()) == before
