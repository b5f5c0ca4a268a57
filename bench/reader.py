"""How long the reader takes for a question, for opening 5 MB, and for a showing.

Run it with `.venv/bin/python bench/reader.py`. It starts an embedded database and a reader of its own in a
temporary folder; nothing of an installation is touched.
"""

from __future__ import annotations

import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image

from safehold.app import logs
from safehold.app.home import open_home
from safehold.app.operator import set_up
from safehold.app.reader.opening import OPERATING, SHOWING, reading
from safehold.app.records import running as records_running
from safehold.evidence import reading as evidence_reading
from safehold.model.assessment import Tier
from safehold.model.ids import ItemId
from safehold.model.item import Context
from safehold.model.permissions import system_actor
from safehold.review.viewing import ViewLimits
from safehold.storage import evidence as evidence_rows
from safehold.storage.evidence import ObjectRole
from safehold.testing import running
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Reader

SIZE = 5_000_000
ROUNDS = 60
UNLIMITED = ViewLimits(per_minute=10**6, per_hour=10**6, per_day=10**6)


def timed(what: str, ask: Callable[[], object]) -> None:
    """Print the median and the slowest of ROUNDS calls, in milliseconds."""
    ask()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    print(f"{what:58} median {statistics.median(taken):6.1f} ms   slowest {max(taken):6.1f} ms")  # noqa: T201


def photo_of(size: int) -> bytes:
    """Return a JPEG of about that many bytes: noise, which no codec makes small."""
    chance = np.random.default_rng(1)
    pixels = chance.integers(0, 255, (2000, 3000, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=68)
    data = file.getvalue()
    return data + b"\0" * max(0, size - len(data))


def measure(folder: Path) -> None:
    """Seal a photo of 5 MB, and open it in every way there is."""
    settings = running.settings_of(folder / "data", None, viewing=asdict(UNLIMITED))
    set_up(settings)
    with running.installation(settings, surfaces=frozenset({"api", "console"})) as safehold:
        program, data = safehold.program, photo_of(SIZE)
        safehold.add_list("exact", seeds=(), exact=[data])
        answer = program.scanner.scan_bytes(
            data, Context(surface="rehearsal", account_id="account-1"), actor=system_actor("bench")
        )
        safehold.run_steps()
        item_id = ItemId(answer.item_id) if answer.item_id is not None else None
        assert item_id is not None
        analyst = safehold.analyst()
        session = safehold.session(analyst)
        home = open_home(settings)
        _in_process(safehold, item_id)
        with (
            records_running(settings, home) as addresses,
            reading(settings, home, addresses, purposes=(*SHOWING, *OPERATING)) as reader,
        ):
            timed("a question without opening anything", reader.status)
            shows = [
                safehold.ticket(
                    str(item_id), Tier.CLEAR, by=analyst, session_id=session, limits=UNLIMITED
                ).secret
                for _ in range(ROUNDS + 1)
            ]
            timed("the same photo, of 6 MP, shown: decoded and marked", lambda: reader.show(shows.pop()))
            print(_memory(reader.status()["pid"]))  # noqa: T201


def _in_process(safehold: running.Installation, item_id: ItemId) -> None:
    program = safehold.program
    opener = Reader(CiphertextStore(program.home.vault), program.home.opening_keys())
    with program.database.begin() as tx:
        media_id = evidence_rows.media_of_item(tx, item_id)
        assert media_id is not None
        found = evidence_reading.find(tx, media_id, ObjectRole.ORIGINAL)
    timed("opening alone, in this process", lambda: opener.open(found.object.id, found.wrapped_key))


def _memory(pid: int) -> str:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    pss = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return f"the reader's proportional memory: {pss / 1024:.0f} MB (its decoder not counted)"


if __name__ == "__main__":
    logs.configure(json=False, quiet=True)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        measure(Path(folder))
