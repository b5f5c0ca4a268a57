"""Claims about the memory between parent and worker: sealed in size, wiped to the last byte."""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehold.vault.decoding.memory import KEPT_BYTES, SharedMemory

SIZE = 1 << 20


@pytest.fixture
def memory() -> Iterator[SharedMemory]:
    shared = SharedMemory(SIZE)
    yield shared
    shared.close()


def test_wiping_zeroes_every_byte_whoever_wrote_it(memory: SharedMemory) -> None:
    memory.put(b"a landscape" * 1000)
    with mmap.mmap(memory.fd, SIZE) as workers_view:
        workers_view[SIZE - 5 :] = b"stash"
        memory.wipe()
        assert workers_view[:] == bytes(SIZE)
    assert memory.take(0, SIZE) == bytes(SIZE)


@settings(max_examples=50)
@given(writes=st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(1, 3 * mmap.PAGESIZE)), max_size=4))
def test_wherever_a_worker_wrote_it_is_zero_afterwards_and_little_stays_in_memory(
    writes: list[tuple[int, int]],
) -> None:
    memory = SharedMemory(SIZE)
    try:
        memory.put(b"a landscape")
        with mmap.mmap(memory.fd, SIZE) as workers_view:
            for start, length in writes:
                workers_view[start : start + length] = b"x" * (min(start + length, SIZE) - start)
            memory.wipe()
            assert workers_view[:] == bytes(SIZE)
        memory.wipe()
        assert os.fstat(memory.fd).st_blocks * 512 <= KEPT_BYTES
    finally:
        memory.close()


def test_a_worker_cannot_shrink_or_grow_it(memory: SharedMemory) -> None:
    for size in (0, SIZE - 4096, SIZE + 4096):
        with pytest.raises(PermissionError):
            os.ftruncate(memory.fd, size)


def test_a_file_is_read_straight_into_it(memory: SharedMemory, tmp_path: Path) -> None:
    content = os.urandom(300_000)
    (tmp_path / "photo").write_bytes(content)
    with (tmp_path / "photo").open("rb") as file:
        assert memory.fill_from(file.fileno()) == len(content)
    assert memory.take(0, len(content)) == content


def test_what_is_longer_than_the_memory_is_cut_and_not_overrun(memory: SharedMemory, tmp_path: Path) -> None:
    content = os.urandom(SIZE + 1)
    (tmp_path / "photo").write_bytes(content)
    with (tmp_path / "photo").open("rb") as file:
        assert memory.fill_from(file.fileno()) == SIZE
    assert memory.put(content) == SIZE
