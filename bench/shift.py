"""How long people look at pictures for each confirmed item, beside a console that shows everything.

    python bench/shift.py [--pictures 30]

A whole program on an embedded database: painted pictures are scanned or flagged, cases opened, offered,
assessed and settled by the rules of the product, every look recorded and timed by it. Simulated is the person
alone: how many seconds they look, and that they find what is true. README.md names what is assumed.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import Path

from safehold.app import wiring
from safehold.app.access.users import add_user
from safehold.app.program import Program, open_program
from safehold.app.review_policy import queue_rules, review_policy
from safehold.app.settings import Settings
from safehold.lists.file_import import FileImport
from safehold.lists.ledger import NewList, add_list
from safehold.model.assessment import AgeBand, Category, Finding, ImageryForm, Tier
from safehold.model.errors import BreakDue, DayIsFull, SeenBefore, TooManyViews
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId, new_id
from safehold.model.item import Context
from safehold.model.permissions import Role, system_actor
from safehold.review import assess, same, viewing, wellbeing
from safehold.review.budget import WEIGHTS
from safehold.review.facts import CaseView, ItemView, facts
from safehold.storage.databases import create_database
from safehold.storage.embedded import EmbeddedServer
from safehold.storage.migrate import upgrade
from safehold.testing.asked_for import ask_for_a_look
from safehold.testing.jobs import run_all_steps
from safehold.testing.pictures import landscape

CONFIRMED = 0.702
"""Of what a hotline assesses: 275,652 of 392,665 reports in 2023, by the IWF's annual report."""
CATEGORIES = {Category.A: 0.227, Category.B: 0.209, Category.C: 0.564}
"""Of what is confirmed. A: 62,652 of 275,652 addresses; the rest as 23 to 62 of one study of theirs."""
LISTED = (0.0, 0.5, 0.9)
"""How much of what is confirmed a vetted list knows: nobody publishes that, so it is varied."""
COPIES = (1, 1, 2, 4)
"""How often one picture appears: two times on average. Every second further time as other bytes. Assumed."""
BLURRED, CLEAR = timedelta(seconds=3), timedelta(seconds=8)
"""How long somebody looks. Assumed, and the same for both consoles."""
TOLD_BLURRED = 0.5
"""How much of what is harmless can be told from the blurred view. Assumed."""
DECIDING = timedelta(seconds=25)
"""Reading and filling in, with no picture on the screen."""
PEOPLE = 4
EMPTY = "empty"
BENCH = system_actor("bench")
FIRST_MORNING = datetime(2030, 5, 20, 8, tzinfo=UTC)


class Console(Enum):
    """Which console the people sit at."""

    OURS = "facts first"
    ALL = "everything shown"


@dataclass(frozen=True, slots=True)
class Truth:
    """What a picture is, whether a list knows it, and whether a blurred view would do to let it go."""

    category: Category | None
    listed: bool
    told_blurred: bool

    @property
    def form(self) -> ImageryForm:
        """What somebody files who sees it rightly."""
        if self.category is None:
            return ImageryForm(finding=Finding.NOT_ILLEGAL)
        return ImageryForm(finding=Finding.ILLEGAL, category=self.category, age_band=AgeBand.FROM_7_TO_10)


@dataclass(slots=True)
class Shift:
    """One shift of everybody: who works, what is true of what came, and what was looked at.

    seconds, weighted: with a picture on the screen. until_filed: weighted, were each left there while its
    form is filled in. again: shown to somebody who had seen the same or nearly the same as another item.
    """

    program: Program
    console: Console
    people: list[AnalystId]
    now: datetime = FIRST_MORNING
    truths: dict[ItemId, Truth] = field(default_factory=dict)
    seconds: float = 0.0
    weighted: float = 0.0
    until_filed: float = 0.0
    again: int = 0

    def clock(self) -> datetime:
        """The time of the shift."""
        return self.now


@contextmanager
def opened(folder: Path, url: str, console: Console) -> Iterator[Shift]:
    """Open the program with a team of four, in which category A takes two."""
    settings = Settings.model_validate(
        {
            "data_folder": folder,
            "database": {"url": url},
            "surfaces": {"public_uploads": {}},
            "team": {"size_policy": "full"},
            "review": {"second_for": ["category_a"]},
        }
    )
    shift: list[Shift] = []
    surfaces = frozenset({"api", "worker"})
    with open_program(
        settings, surfaces=surfaces, clock=lambda: shift[0].now if shift else FIRST_MORNING
    ) as program:
        with program.database.begin() as tx:
            people = [
                add_user(
                    tx,
                    name=f"person-{number}",
                    password=str(new_id()),
                    roles=frozenset({Role.ANALYST}),
                    actor=BENCH,
                    now=FIRST_MORNING,
                )
                for number in range(PEOPLE)
            ]
        shift.append(Shift(program, console, [AnalystId(each) for each in people]))
        yield shift[0]


@cache
def jpeg(seed: int, quality: int) -> bytes:
    """Return a landscape as a JPEG; another quality is another file of the same picture."""
    out = io.BytesIO()
    landscape(seed, (320, 240)).save(out, "JPEG", quality=quality)
    return out.getvalue()


def arrives(shift: Shift, pictures: int, listed: float) -> None:
    """Let everything of a shift come in, the same for the same seed, each appearance of another account."""
    chance = random.Random(pictures)  # noqa: S311 - a mix, no secret
    drawn = {seed: _drawn(chance, listed) for seed in range(1000, 1000 + pictures)}
    _list_what_is_known(shift, drawn)
    appearances = [(seed, copy) for seed in drawn for copy in range(chance.choice(COPIES))]
    chance.shuffle(appearances)
    for place, (seed, copy) in enumerate(appearances):
        data = jpeg(seed, 70 if copy % 2 == 0 else 60 + copy)
        item_id = _sent(shift, data, f"account-{place}", drawn[seed])
        shift.truths[item_id] = drawn[seed]
    follow(shift)


def _drawn(chance: random.Random, listed: float) -> Truth:
    confirmed, known, told = chance.random() < CONFIRMED, chance.random() < listed, chance.random()
    [category] = chance.choices(list(CATEGORIES), list(CATEGORIES.values()))
    return Truth(category if confirmed else None, confirmed and known, told < TOLD_BLURRED)


def _list_what_is_known(shift: Shift, drawn: dict[int, Truth]) -> None:
    program, file = shift.program, shift.program.settings.data_folder / "known.jsonl"
    lines = []
    for seed, truth in drawn.items():
        if truth.listed and truth.category:
            for signal in program.scanner.decoders.examine(jpeg(seed, 95)).signals:
                line = {"signal_type": signal.signal_type, "value": signal.value.hex()}
                lines.append({**line, "category": truth.category.value})
    if not lines:
        return
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    wanted = NewList(
        name="known", purpose=Purpose.CSAM, may_hold=True, vetted=True, provenance="Painted for a bench."
    )
    with program.database.begin() as tx:
        add_list(tx, wanted, actor=BENCH, now=shift.now)
    FileImport(
        database=program.database,
        kinds=program.kinds,
        actor=BENCH,
        record=program.recorder.record,
        clock=shift.clock,
    ).run("known", file)


def _sent(shift: Shift, data: bytes, account: str, truth: Truth) -> ItemId:
    program = shift.program
    if not truth.listed:
        return ask_for_a_look(program, data, account=account, rehearsal=False, purpose=Purpose.CSAM)
    context = Context(surface="public_uploads", account_id=account)
    answer = program.scanner.scan_bytes(data, context, actor=BENCH)
    assert answer.item_id is not None
    return answer.item_id


def follow(shift: Shift) -> None:
    """Run every step that waits."""
    program = shift.program
    run_all_steps(program.database, program.recorder, wiring.handlers(program))


def works(shift: Shift) -> None:
    """Let everybody take the next case by turns until nobody finds any more."""
    idle = 0
    while idle < len(shift.people):
        who = shift.people[0]
        shift.people.append(shift.people.pop(0))
        case_id = _next(shift, who)
        idle = 0 if case_id else idle + 1
        if case_id:
            _decides(shift, who, case_id)
            follow(shift)


def _next(shift: Shift, who: AnalystId) -> CaseId | None:
    settings = shift.program.settings
    with shift.program.database.begin() as tx:
        found = wellbeing.next_case(
            tx,
            who,
            shift.now,
            rules=settings.exposure.rules(),
            golden_percent=0,
            queues=queue_rules(settings),
            purposes=tuple(Purpose),
        )
    return found.id if found else None


def _decides(shift: Shift, who: AnalystId, case_id: CaseId) -> None:
    with shift.program.database.begin() as tx:
        view = facts(tx, case_id, viewer=who)
    item = next(one for one in view.items if one.turn.may_file)
    shift.now += DECIDING
    if shift.console is Console.OURS:
        if _repeated(shift, who, view, item):
            return
        if not (item.matches and item.matches[0].vouched):
            _looks_as_needed(shift, who, view, item)
    else:
        _looks(shift, who, view, item, Tier.CLEAR)
    with shift.program.database.begin() as tx:
        assess.file_assessment(
            tx,
            case_id,
            item.item.id,
            shift.truths[item.item.id].form,
            by=who,
            policy_version="bench",
            case_revision=view.case.revision,
            record=shift.program.recorder.record,
            now=shift.now,
        )


def _repeated(shift: Shift, who: AnalystId, view: CaseView, item: ItemView) -> bool:
    """Decide as before where the same bytes were decided and the console offers it."""
    policy = review_policy(shift.program.settings)
    with shift.program.database.begin() as tx:
        earlier = same.offered(tx, view.case, item.item, by=who, policy=policy)
        if earlier is None:
            return False
        same.decide_as_before(
            tx,
            view.case.id,
            item.item.id,
            earlier.id,
            by=who,
            policy_version="bench",
            case_revision=view.case.revision,
            policy=policy,
            record=shift.program.recorder.record,
            now=shift.now,
        )
    return True


def _looks_as_needed(shift: Shift, who: AnalystId, view: CaseView, item: ItemView) -> None:
    """Look blurred first; clearly where the rules ask for it or a blurred view does not tell."""
    truth = shift.truths[item.item.id]
    _looks(shift, who, view, item, Tier.BLURRED)
    if truth.category is not None or not truth.told_blurred:
        _looks(shift, who, view, item, Tier.CLEAR)


def _looks(shift: Shift, who: AnalystId, view: CaseView, item: ItemView, tier: Tier) -> None:
    """Look once, as the product records it, resting for as long as it says where it refuses."""
    own_request = False
    while True:
        try:
            with shift.program.database.begin() as tx:
                opened = viewing.open_reveal(
                    tx,
                    view.case.id,
                    item.item.id,
                    tier,
                    by=who,
                    now=shift.now,
                    limits=viewing.ViewLimits(),
                    exposure=shift.program.settings.exposure.rules(),
                    own_request=own_request,
                )
                viewing.mark_fetched(tx, opened.id, by=who, now=shift.now)
            break
        except SeenBefore:
            own_request = True
        except (BreakDue, DayIsFull, TooManyViews):
            shift.now += timedelta(minutes=10)
    shift.again += opened.again is not None and tier is not Tier.BLURRED
    shift.now += BLURRED if tier is Tier.BLURRED else CLEAR
    with shift.program.database.begin() as tx:
        seconds = viewing.close_reveal(tx, opened.id, by=who, now=shift.now)
    shift.seconds += seconds
    weight = _weight(shift.truths[item.item.id])
    shift.weighted += seconds * weight
    shift.until_filed += (seconds + DECIDING.total_seconds()) * weight


def _weight(truth: Truth) -> float:
    """What a second counts by what it truly was, though nobody knew: the same for both consoles."""
    return WEIGHTS.get(ExposureKind(truth.category.value), 1.0) if truth.category else 1.0


def outcomes(shift: Shift) -> tuple[int, int]:
    """Return how many items were confirmed, and how many of those that nobody had looked at."""
    with shift.program.database.begin() as tx:
        row = tx.driver.execute(
            "select count(*), count(*) filter (where not exists (select 1 from reveal r where"
            " r.item_id = o.item_id)) from outcome o where o.finding = 'illegal' and o.reversed_at is null"
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def measured(server: EmbeddedServer, folder: Path, pictures: int, listed: float, console: Console) -> Shift:
    """Let one shift be worked off on a database of its own, and print its line."""
    name = f"shift_{new_id().hex}"
    create_database(server, name, EMPTY)
    with opened(folder / name, server.url(name), console) as shift:
        arrives(shift, pictures, listed)
        works(shift)
        confirmed, unseen = outcomes(shift)
        truly = sum(truth.category is not None for truth in shift.truths.values())
        assert confirmed == truly, f"{confirmed} of {truly} were confirmed"
        say(
            f"| {listed:.0%} | {console.value} | {len(shift.truths)} | {confirmed} | {unseen} |"
            f" {shift.seconds / confirmed:.1f} | {shift.weighted / confirmed:.1f} | {shift.again} |"
        )
    return shift


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Work off each mix at both consoles, and say how many times as long people look at the other one."""
    options = argparse.ArgumentParser()
    options.add_argument("--pictures", type=int, default=30)
    pictures = options.parse_args().pictures
    with tempfile.TemporaryDirectory() as name, EmbeddedServer(Path(name) / "pg", durable=False) as server:
        create_database(server, EMPTY)
        upgrade(server.url(EMPTY))
        say("| Listed | Console | Items | Confirmed | Of them unseen | Seconds | Weighted | Shown again |")
        say("|---|---|---|---|---|---|---|---|")
        for listed in LISTED:
            ours, shown = (measured(server, Path(name), pictures, listed, console) for console in Console)
            each, left = shown.weighted / ours.weighted, shown.until_filed / ours.weighted
            say(
                f"Everything shown: {each:.1f} times the weighted time; {left:.1f} if left until it is filed."
            )


if __name__ == "__main__":
    main()
