"""Memory that one worker and its parent share, and nobody else: media go in, results come back."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os

_KEEP_SIZE, _PUNCH_HOLE = 0x01, 0x02
_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL

KEPT_BYTES = 512 * 1024
"""So much at the start stays in memory between media: taking pages back takes longer than clearing them."""
_ZEROS = bytes(KEPT_BYTES)


class SharedMemory:
    """An anonymous file of fixed size, mapped. Pages take memory only once they are written to.

    Its size is sealed: a worker that was taken over cannot shrink it under its parent's feet.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.fd = os.memfd_create("safehold-media", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(self.fd, size)
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, _SEALS)
            self._map = mmap.mmap(self.fd, size)
        except OSError:
            os.close(self.fd)
            raise

    def put(self, data: bytes | memoryview) -> int:
        """Copy `data` to the start and return its length; longer data is cut at the end of the memory."""
        raw = memoryview(data).cast("B")[: self.size]
        self._map[: len(raw)] = raw
        return len(raw)

    def fill_from(self, fd: int) -> int:
        """Read a file from its start straight into the memory, and return how many bytes there were."""
        with memoryview(self._map) as room:
            filled = 0
            while filled < self.size and (count := os.preadv(fd, [room[filled:]], filled)):
                filled += count
        return filled

    def take(self, start: int, end: int) -> bytes:
        """Copy bytes out, so that what is checked afterwards cannot change any more."""
        return self._map[start:end]

    def wipe(self) -> None:
        """Let the memory read as zeros, wherever anybody wrote; give all pages back but the first few."""
        kept = min(KEPT_BYTES, self.size)
        if not self._has_pages_from(kept):
            self._map[:kept] = _ZEROS[:kept]
        # Not by madvise, which refuses where a process has locked its memory.
        elif _libc.fallocate(self.fd, _PUNCH_HOLE | _KEEP_SIZE, 0, self.size):
            raise OSError(ctypes.get_errno(), "the shared memory cannot be wiped")

    def _has_pages_from(self, start: int) -> bool:
        """Say whether anybody, the worker too, has written beyond: else the kernel has no page there."""
        try:
            return start < self.size and os.lseek(self.fd, start, os.SEEK_DATA) < self.size
        except OSError as error:
            if error.errno == errno.ENXIO:
                return False
            raise

    def close(self) -> None:
        """Unmap and close; the kernel frees the pages when the worker is gone too."""
        self._map.close()
        os.close(self.fd)
