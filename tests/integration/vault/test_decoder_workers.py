"""Claims about the worker processes: one may die at any time, and no picture meets another."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from safehold.model.errors import DecoderDown
from safehold.model.media import DecodeFailure, Examined
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.pool import DecoderPool


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something that is about to happen; the test's time-out is the limit."""
    while not holds():
        time.sleep(0.01)


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


ROOM = 4 << 20


def shared_memories() -> list[bytes]:
    """Everything that now lies in the shared memories of ROOM bytes that this process has."""
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            if "safehold-media" in str(entry.readlink()) and entry.stat().st_size == ROOM:
                found[entry.stat().st_ino] = entry.read_bytes()
        except FileNotFoundError:
            continue  # the descriptor that listed the folder
    return list(found.values())


@pytest.fixture(scope="module")
def slow(landscape, encode) -> bytes:
    """An honest photo of 50 megapixels that takes a second or more."""
    return encode(landscape(8192, 6144), "JPEG", progressive=True)


@pytest.fixture(scope="module")
def quick(landscape, encode) -> bytes:
    return encode(landscape(64, 48), "PNG")


def killed_while_busy(pool: DecoderPool, data: bytes, times: int) -> Examined:
    """Examine `data`, killing the worker `times` times when it has begun to work."""
    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(pool.examine, data)
        killed: set[int] = set()
        while len(killed) < times and not job.done():
            for pid in set(pool.pids) - killed:
                start = cpu_ticks(pid)
                wait_until(lambda pid=pid, start=start: job.done() or cpu_ticks(pid) > start + 5)
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        return job.result()


def test_a_worker_killed_in_mid_job_is_replaced_and_the_job_still_answered(slow, quick) -> None:
    with DecoderPool() as pool:
        before = pool.pids
        assert killed_while_busy(pool, slow, times=1).failure is None
        assert set(pool.pids).isdisjoint(before)
        assert pool.examine(quick).failure is None


def test_media_that_kills_its_worker_twice_is_the_limit_and_the_next_job_works(slow, quick) -> None:
    with DecoderPool() as pool:
        seen = killed_while_busy(pool, slow, times=2)
        assert seen == Examined("image/jpeg", failure=DecodeFailure.LIMIT)
        assert pool.examine(quick).failure is None


def test_a_worker_killed_while_idle_is_not_noticed(quick) -> None:
    with DecoderPool() as pool:
        (pid,) = pool.pids
        os.kill(pid, signal.SIGKILL)
        assert pool.examine(quick).failure is None
        assert pool.pids != (pid,)


def test_media_that_takes_too_long_is_the_limit_and_the_next_job_works(slow, quick) -> None:
    with DecoderPool(limits=DecodeLimits(seconds=0.2)) as pool:
        assert pool.examine(slow) == Examined("image/jpeg", failure=DecodeFailure.LIMIT)
        wait_until(lambda: pool.examine(quick).failure is None)


def test_a_long_file_of_many_pages_gives_what_was_read_in_time(encode) -> None:
    page = Image.new("1", (3000, 2000))
    data = encode(page, "TIFF", save_all=True, append_images=[page] * 199, compression="group4")
    with DecoderPool(limits=DecodeLimits(seconds=1.0)) as pool:
        seen = pool.examine(data)
    assert seen.failure is DecodeFailure.LIMIT
    assert 0 < seen.frames < 200
    assert seen.signals


def test_nothing_of_a_picture_is_left_for_the_next_one(quick, slow) -> None:
    with DecoderPool(2, limits=DecodeLimits(max_bytes=ROOM)) as pool:
        pool.examine(quick, rendition=True)
        memories = shared_memories()
        assert len(memories) == 2
        assert all(memory.count(0) == ROOM for memory in memories)


def test_media_is_in_shared_memory_while_it_is_read_so_the_claim_above_can_fail(slow) -> None:
    with DecoderPool(limits=DecodeLimits(max_bytes=ROOM)) as pool, ThreadPoolExecutor(1) as thread:
        job = thread.submit(pool.examine, slow)
        wait_until(lambda: job.done() or any(memory.startswith(slow[:100]) for memory in shared_memories()))
        assert not job.done()


def test_many_threads_share_few_workers_and_each_gets_its_own_answer(landscape, encode) -> None:
    pictures = [encode(landscape(160, 120, seed), "JPEG") for seed in range(24)]
    with DecoderPool(2) as pool, ThreadPoolExecutor(8) as threads:
        alone = [pool.examine(picture) for picture in pictures]
        together = list(threads.map(pool.examine, pictures * 4))
    assert together == alone * 4
    assert len({seen.signals[0].value for seen in alone}) == 24


def test_stopping_ends_every_worker_and_the_job_under_way(slow, quick) -> None:
    pool = DecoderPool(2, limits=DecodeLimits(max_bytes=ROOM))
    pool.start()
    pids, outcome = pool.pids, []

    def job() -> None:
        try:
            outcome.append(pool.examine(slow))
        except DecoderDown as error:
            outcome.append(error)

    thread = threading.Thread(target=job)
    thread.start()
    wait_until(lambda: any(memory.startswith(slow[:100]) for memory in shared_memories()))
    pool.stop()
    thread.join()
    assert isinstance(outcome[0], DecoderDown)
    assert all(is_gone(pid) for pid in pids)
    pool.stop()
    with pytest.raises(DecoderDown):
        pool.examine(quick)


def test_a_stopped_pool_can_be_started_again(quick) -> None:
    pool = DecoderPool(limits=DecodeLimits(max_bytes=ROOM))
    for _ in range(2):
        with pool:
            assert pool.examine(quick).failure is None
    assert shared_memories() == []


def test_a_pool_whose_workers_cannot_start_says_so(quick) -> None:
    pool = DecoderPool(limits=DecodeLimits(max_pixels=4))  # too little even for a worker's own trial picture
    with pytest.raises(DecoderDown):
        pool.start()
    assert pool.pids == ()
    with pytest.raises(DecoderDown):
        pool.examine(quick)


def test_workers_end_when_their_parent_is_killed() -> None:
    script = (
        "import time; from safehold.vault.decoding.pool import DecoderPool\n"
        "pool = DecoderPool(2); pool.start(); print(*pool.pids, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        parent.kill()
    wait_until(lambda: all(is_gone(pid) or "Z" in Path(f"/proc/{pid}/stat").read_text() for pid in pids))


def test_a_worker_has_nothing_of_its_parent_but_two_descriptors(monkeypatch) -> None:
    monkeypatch.setenv("SAFEHOLD_DATABASE_URL", "a secret")
    # A worker that keeps debuggers off shows this to root alone.
    with DecoderPool(2, without=["no_new_privs"]) as pool:
        for pid in pool.pids:
            assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()
            targets = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
            assert sorted(target.split(":")[0] for target in targets) == ["/dev/null"] * 3 + [
                "/memfd",
                "socket",
            ]


def test_a_worker_is_limited_and_single_threaded(quick, film) -> None:
    with DecoderPool(limits=DecodeLimits(max_bytes=8 << 20, memory_bytes=256 << 20)) as pool:
        assert pool.confinement.whole
        assert pool.examine(film("libx264")).failure is None
        (pid,) = pool.pids
        status = dict(line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert (status["Threads"], status["NoNewPrivs"]) == ("1", "1")
        for name in ("Max core file size", "Max file size"):
            assert f"{name:<26}0 " in limits
        assert f"{'Max open files':<26}0 " in limits
        assert "Max address space         unlimited" not in limits
