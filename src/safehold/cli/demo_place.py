"""Where a demonstration is: its folder, which it has for itself, its addresses, and the photos it uploads."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Annotated

import typer

from safehold.model.errors import Conflict, NotFound

Listen = Annotated[str, typer.Option("--listen", help="Address and port; pictures take the port after it.")]
Examples = Annotated[Path, typer.Option("--examples", help="The folder with demo-list.jsonl.")]


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep a second demonstration out of this folder: it would replace the first one's key and password."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"A demonstration is running in {folder} already.",
                advice="Stop it first, or name another folder: --folder FOLDER.",
            ) from None
        yield


def copies_of(examples: Path) -> Path:
    """Return the folder with the altered copies of the examples. Raises NotFound with what to do."""
    if not (examples / "demo-list.jsonl").is_file():
        raise NotFound(
            f"There is no demo-list.jsonl in {str(examples)!r}.",
            advice="Run this in a checkout of Safehold, or name its examples: --examples FOLDER.",
        )
    photos = examples.resolve().parent / "build" / "examples"
    if not all((photos / name).is_dir() for name in ("listed", "unlisted")):
        raise NotFound(
            "The altered copies of the photos are not there.",
            advice="Write them with `make examples`, or run `make demo`.",
        )
    return photos


def after(listen: str) -> str:
    """Return the address for pictures: the next port."""
    from safehold.app.listening import address

    host, port = listen.rpartition(":")[0], address(listen)[1]
    return f"{host}:{port + 1 if 0 < port < 65535 else 0}"


def typed() -> str:
    """Return what to type for this program: `make demo` starts one that is not on the PATH."""
    started = sys.argv[0]
    return started if Path(started).name == "safehold" and which("safehold") != started else "safehold"
