"""How far long work has come: a bar on a terminal, plain lines elsewhere, always on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")
LINE_SECONDS = 10.0


def tracked(things: Iterable[T], *, total: int, noun: str, bar: bool = True) -> Generator[T, None, None]:
    """Yield the things and say how far it has come; short work says nothing.

    bar: False where something else is written to the same terminal, which a bar would garble.
    """
    if not sys.stderr.isatty():
        yield from _lines(things, total, noun)
    elif bar:
        yield from _bar(things, total, noun)
    else:
        yield from things


def _bar(things: Iterable[T], total: int, noun: str) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(things, description=noun, total=total, console=console, transient=True)


def _lines(things: Iterable[T], total: int, noun: str) -> Iterator[T]:
    said = time.monotonic()
    for number, thing in enumerate(things, start=1):
        yield thing
        if time.monotonic() - said >= LINE_SECONDS:
            said = time.monotonic()
            sys.stderr.write(f"{number} of {total} {noun}\n")


class Meter:
    """Shows how much of a known amount is done, for work that reports its own progress.

    One bar on a terminal, which goes when all is done; several meters take turns.
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._said = time.monotonic()
        self._drawn: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn is not None:
            self._drawn.stop()

    def update(self, done: int, total: int) -> None:
        """Say how far it has come: often on a terminal, every ten seconds elsewhere."""
        if sys.stderr.isatty():
            self._draw(done, total)
        elif time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            sys.stderr.write(f"{done} of {total} {self._noun}\n")

    def _draw(self, done: int, total: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        if self._drawn is None:
            self._drawn = Progress(console=Console(stderr=True), transient=True)
            self._drawn.add_task(self._noun, total=total)
            self._drawn.start()
        self._drawn.update(self._drawn.task_ids[0], completed=done, total=total)
        if done >= total:
            self._drawn.stop()
