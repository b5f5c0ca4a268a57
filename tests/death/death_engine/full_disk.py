"""A story in a mount namespace of its own, where one folder is a small disk: FOLDER, vault or postgres.

The disk goes with the process, however it ends. What is wrong is raised; the parent looks at the exit code.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from death_engine.campaign import Campaign, campaign
from death_engine.lives import eventually

SIZES = {"vault": "3m", "postgres": "160m"}
"""The vault's is full after some ten uploads; the other has room for a cluster and its log."""


def fill(folder: Path) -> Path:
    """Leave no room, and return the file that takes it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return filler


def answered(haunted: Campaign) -> int:
    """Return how many requests had any answer at all."""
    return len(haunted.answers.scans) + sum(haunted.answers.refused.values())


def go_on(haunted: Campaign, requests: int) -> None:
    """Let platforms and the analyst work until so many more requests were answered, in whatever way."""
    wanted = answered(haunted) + requests
    with haunted.busy():
        eventually(lambda: answered(haunted) >= wanted, or_say=haunted.server.said)


def main(folder: Path, which: str) -> None:
    """Fill the disk while everything runs, look at the answers, make room, and check all that must be so."""
    place = folder / "data" / which
    place.mkdir(parents=True, mode=0o700)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZES[which]},mode=0700", "none", place], check=True
    )
    with campaign(folder, f"full {which}") as haunted, haunted.lives():
        haunted.wait_until_ready()
        go_on(haunted, 10)
        filler = fill(place)
        go_on(haunted, 30)
        if which == "vault":
            # A hold waits for nothing: it is answered and placed, and a person hears that nothing was sealed.
            haunted.check(haunted.inspector.after_a_death())
            unsealed = haunted.inspector.rows("select 1 from alarm where code = 'custody_failed'")
            assert unsealed, "everything was sealed: the disk was not full"
        else:
            assert haunted.answers.refused.get(503), "nothing was refused: the disk was not full"
        assert not haunted.answers.wrong, haunted.answers.wrong
        filler.unlink()
        haunted.wait_until_ready()
        haunted.check(haunted.inspector.after_a_death())
        go_on(haunted, 15)
        haunted.settle()
        haunted.sweep_everything()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
