"""The platform of a rehearsal: it uploads what drills begin with, contests once, tells what is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from safehold.app.drills import Drill, Played, Step, played
from safehold.cli.beside import BesideServer, answers
from safehold.cli.opening import say
from safehold.model.errors import Unavailable
from safehold.model.ids import ItemId
from safehold.testing.mishaps import Mishap
from safehold.testing.platform import Platform

if TYPE_CHECKING:
    from safehold.app.program import Program

SHOWN_EVERY, PATIENCE = 1.0, 20.0
"""Seconds between two looks at the records, and for which a new case is waited for."""
ALTERED = ("half-size", "jpeg-60", "brighter-20-percent", "darker-20-percent", "cropped-2-percent")
"""The copies that are uploaded, in this order: each photo once before any comes again, altered otherwise."""
WORDS = "This is a photo of mine, and there is nothing wrong with it."


class Begins(StrEnum):
    """The kinds of case that drills begin with."""

    REPORT = "report"
    EMERGENCY = "emergency"


DRILLS = {Begins.REPORT: (Drill.RECEIPT, Drill.CORRECTION), Begins.EMERGENCY: (Drill.EMERGENCY,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An item with which drills began. round: from 1, among those of its kind."""

    kind: Begins
    round: int
    item_id: ItemId
    account: str


class Book:
    """What a folder's drills began with, and what was to go wrong: a line of JSON each, without content."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "drills.jsonl"

    @property
    def begun(self) -> list[Begun]:
        """Everything that began here, oldest first."""
        return [
            Begun(
                kind=Begins(line["kind"]),
                round=line["round"],
                item_id=ItemId(UUID(line["item"])),
                account=line["account"],
            )
            for line in self._lines()
            if "item" in line
        ]

    @property
    def arranged(self) -> list[tuple[datetime, Mishap]]:
        """What was to go wrong with the first report that was filed from a time on, oldest first."""
        lines = [line for line in self._lines() if "mishap" in line]
        return [(datetime.fromisoformat(line["at"]), Mishap(line["mishap"])) for line in lines]

    def add(self, begun: Begun) -> None:
        """Write down what began."""
        self._write(
            {
                "kind": begun.kind.value,
                "round": begun.round,
                "item": str(begun.item_id),
                "account": begun.account,
            }
        )

    def arrange(self, mishap: Mishap, *, at: datetime) -> None:
        """Write down what is to go wrong from now on."""
        self._write({"mishap": mishap.value, "at": at.isoformat()})

    def _lines(self) -> list[dict[str, Any]]:
        return (
            [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.is_file() else []
        )

    def _write(self, line: dict[str, Any]) -> None:
        with self._file.open("a") as file:
            file.write(json.dumps(line) + "\n")


Waiting = list[tuple[Begun, list[Played]]]


class RehearsalPlatform(BesideServer):
    """Plays the platform while staff practise. told: called with what waits, once all of it is there."""

    def __init__(
        self,
        base_url: str,
        book: Book,
        photos: Path,
        *,
        program: Program,
        surface: str,
        told: Callable[[Waiting], None],
    ) -> None:
        super().__init__(base_url, name="platform")
        self._book = book
        self._photos = photos
        self._program = program
        self._surface = surface
        self._told = told
        self._announced: set[tuple[ItemId, Step]] = set()

    def work(self, platform: Platform) -> None:
        """Upload what is missing, then follow the drills until the server ends."""
        for kind in Begins:
            self._begin_one(platform, kind)
        waiting = self._once_open()
        everything = [(begun, self._look(begun)) for begun in self._book.begun]
        self._announced = {(begun.item_id, step) for begun, step, _ in _steps(everything)}
        self._told(waiting)
        while not self._stopping.wait(SHOWN_EVERY):
            with suppress(Unavailable):
                self._follow(platform)
            if not answers(platform):
                return

    def _begin_one(self, platform: Platform, kind: Begins) -> None:
        """Upload for this kind, unless the first of its drills goes on. A correction may come later."""
        before = [begun for begun in self._book.begun if begun.kind is kind]
        if before and not any(each.is_finished for each in self._look(before[-1])[:1]):
            return
        number = len(before) + 1
        account = f"{kind.value}-drill-{number}"
        path = self._next_photo()
        context = {
            "surface": self._surface,
            "account_id": account,
            "content_id": f"{account}-photo",
            "original_name": path.name,
            "uploaded_at": datetime.now(UTC).isoformat(),
            # An address of those that are kept for examples.
            "ip": "192.0.2.7",
            "port": 40_000 + number,
        }
        answer = platform.upload(path.read_bytes(), context)
        item_id = ItemId(UUID(answer.body["item_id"]))
        self._book.add(Begun(kind=kind, round=number, item_id=item_id, account=account))

    def _next_photo(self) -> Path:
        paths = sorted((self._photos / "listed").iterdir())
        ordered = [path for altered in ALTERED for path in paths if path.stem.endswith(altered)]
        return ordered[len(self._book.begun) % len(ordered)]

    def _once_open(self) -> Waiting:
        """Return what the newest of each kind leads through, once a worker has opened the cases."""
        for _ in range(int(PATIENCE / SHOWN_EVERY * 4)):
            newest = {begun.kind: begun for begun in self._book.begun}.values()
            waiting = [(begun, self._look(begun)) for begun in newest]
            if all(found for _, found in waiting) or self._stopping.wait(SHOWN_EVERY / 4):
                return waiting
        return waiting

    def _follow(self, platform: Platform) -> None:
        found = [(begun, self._look(begun)) for begun in self._book.begun]
        for begun, step, line in _steps(found):
            if (begun.item_id, step) not in self._announced:
                self._announced.add((begun.item_id, step))
                say(f"   {line}")
        for begun, drills in found:
            self._contest_if_filed(platform, begun, drills)

    def _contest_if_filed(self, platform: Platform, begun: Begun, drills: list[Played]) -> None:
        steps = {each.step for drill in drills for each in drill.done}
        if begun.kind is Begins.REPORT and Step.FILED in steps and Step.CONTESTED not in steps:
            value = {"item_id": str(begun.item_id), "statement": WORDS, "by": begun.account}
            platform.ask("POST", "/v1/appeals", value)

    def _look(self, begun: Begun) -> list[Played]:
        with self._program.database.begin() as tx:
            return as_played(tx, begun)


def as_played(tx: Any, begun: Begun) -> list[Played]:
    """Return how far the drills are that began with an item."""
    return played(tx, begun.item_id, DRILLS[begun.kind])


def _steps(waiting: Iterable[tuple[Begun, list[Played]]]) -> Iterable[tuple[Begun, Step, str]]:
    for begun, drills in waiting:
        for drill in drills:
            for each in drill.done:
                more = f", {each.more}" if each.more else ""
                yield (
                    begun,
                    each.step,
                    f"{each.at:%H:%M:%S}  case {drill.case_number}: {each.step.value}{more}",
                )
