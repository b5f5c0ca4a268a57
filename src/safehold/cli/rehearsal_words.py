"""What a rehearsal prints: what to do, step by step, and afterwards what became of each drill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from safehold.cli.demo_place import typed
from safehold.testing.mishaps import Mishap

if TYPE_CHECKING:
    from safehold.app.drills import Done, Played
    from safehold.cli.rehearsal_platform import Begun

ARRANGED = {
    Mishap.LOST_REPLY: "the answer to the last call is lost: look whether it is filed once, and only once",
    Mishap.EXPIRED_REPORT: "what was half sent expires over there: look how it is begun anew",
    Mishap.DESTINATION_DOWN: "nobody answers for a minute and a half: look when it is tried again, and wait",
    Mishap.REFUSED: "the authority refuses it, and it is stuck: find out why, then let it go on (m)",
}
"""What goes wrong with the first report that is filed, and what to do about it."""


def guide(
    listen: str,
    password: str,
    people: Sequence[str],
    waiting: Sequence[tuple[Begun, Sequence[Played]]],
    *,
    mishap: Mishap | None,
) -> str:
    """Return what is printed once everything waits: where to go, and the steps of each drill."""
    numbers = {begun.kind.value: drills[0].case_number for begun, drills in waiting if drills}
    wrong = f"\nOf the first report that is filed, {ARRANGED[mishap]}.\n" if mishap else ""
    return f"""
   Console   http://{listen}/console
   People    {", ".join(people)}
   Password  {password}   for all of them, new at each start

Give each person a browser of their own: private windows, or profiles. Keys are on each page: ? lists them.

Drill 1, from a match to the receipt: case {numbers.get("report", "?")}
   1  analyst-1   Finds the case (g f, its number, Enter) and takes it (Enter)
   2              Looks: holds r for the blurred picture, Shift R for the clear one
   3              Says what a real case could be: category A (a), an age band (3). Files it (Enter)
   4  analyst-2   Does the same without knowing what the first one found: A takes two people
   5  lead        Finds the case, says what the account is in it (. s), approves the removal (. a)
   6  legal       Authorities (g t, o): reads the letter from top to bottom, then sends it (Enter)
   7              Looks for the reference on the receipt, a moment later (u)

Drill 2, a correction after an appeal: the same case, once its receipt is there
   1  analyst-3   Finds and takes the case, reads what the account says, looks: not illegal (n, Enter)
   2  legal       Authorities (g t, o): the correction names the first report. Reads it, sends it (Enter)

Drill 3, a risk to life: case {numbers.get("emergency", "?")}, by one person, without a mouse, in a minute
   1  analyst-1   Finds the case. ! and Enter declare it; s opens the report, Enter sends it
   2              Once they have it, ! leads back; t stops the clock: to whom, and their reference
{wrong}
What is done appears here. How it went: {typed()} demo --rehearsal --review
Ctrl-C stops everything, and says so too."""


def taken(reports: int) -> str:
    """Say how many reports the authority that was played here took."""
    return f"The authority took {reports} {'report' if reports == 1 else 'reports'} in this run."


def reviewed(
    rounds: Sequence[tuple[Begun, Sequence[Played]]],
    people: Mapping[UUID, str],
    arranged: Sequence[tuple[datetime, Mishap]],
) -> str:
    """Return what became of each drill, oldest first: who did which step when, how long, what went wrong."""
    blocks = [_block(begun, each, people) for begun, drills in rounds for each in drills]
    finished = sum(each.is_finished for _, drills in rounds for each in drills)
    wished = [
        f"Arranged for the first report after {at:%Y-%m-%d %H:%M:%S}: {each.value}." for at, each in arranged
    ]
    return "\n".join([*blocks, *wished, f"{finished} of {len(blocks)} drills finished. Times are in UTC."])


def _block(begun: Begun, drill: Played, people: Mapping[UUID, str]) -> str:
    state = f"finished in {_span(drill.lasted)}" if drill.is_finished else "not finished"
    wrong = "; ".join(drill.wrong) or "nothing"
    return "\n".join(
        [
            f"{drill.drill.value}, round {begun.round}, case {drill.case_number}: {state}",
            *(_line(each, people) for each in drill.done),
            *(f"   still to do: {step.value}" for step in drill.missing),
            f"   what went wrong: {wrong}",
            "",
        ]
    )


def _line(each: Done, people: Mapping[UUID, str]) -> str:
    who = people.get(each.by, "somebody") if each.by is not None else "-"
    more = f", {each.more}" if each.more else ""
    return f"   {each.at:%Y-%m-%d %H:%M:%S}  {who:<10}  {each.step.value}{more}"


def _span(lasted: timedelta) -> str:
    minutes, seconds = divmod(int(lasted.total_seconds()), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
