"""A large batch is shared among the cores; where the system has no thread left, one does it all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from safehold.model.ids import new_id
from safehold.signals.index import SegmentedIndex

NO_ROOM_FOR_A_THREAD = """
import resource, threading
import numpy as np
from safehold.signals import kernels

rows = np.arange(64 * 16, dtype=np.uint16).view(np.uint8).reshape(64, 32)
here = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (here + 2_000_000, -1))
try:
    threading.Thread(target=print).start()
except RuntimeError:
    print(len(kernels.scan_rows(rows, rows, 0, 4)[0]))
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core has none to share with")
def test_a_large_batch_is_shared_among_the_cores(tmp_path: Path) -> None:
    index = SegmentedIndex(tmp_path)
    values = np.random.default_rng(1).integers(0, 256, (3000, 32), dtype=np.uint8)
    index.add([new_id() for _ in values], values)
    here, everywhere = time.thread_time(), time.process_time()
    hits = index.search_many(np.repeat(values, 4, axis=0), 31)
    here, everywhere = time.thread_time() - here, time.process_time() - everywhere
    assert [[hit.distance for hit in each] for each in hits] == [[0]] * len(hits)
    # Shares of work and no durations: alone, this thread would have done all of it.
    assert here < 0.9 * everywhere


def test_where_the_system_has_no_thread_left_the_one_that_asks_does_it_all() -> None:
    alone = {"OPENBLAS_NUM_THREADS": "1", "PATH": os.environ["PATH"]}
    ran = subprocess.run(
        [sys.executable, "-c", NO_ROOM_FOR_A_THREAD], env=alone, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "64\n"), ran.stderr
