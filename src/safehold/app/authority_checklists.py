"""Checklists as people fill them in: the words opened by the reader, for those who may send the report."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from safehold.app import authority_letters
from safehold.app.access.users import names
from safehold.app.operator import Operator
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.opening import OPERATING, open_reader
from safehold.app.settings import Settings
from safehold.authorities import entries, entry_rules
from safehold.authorities.checklist import Checklist, Entered, EnteredValue, Line, ScheduleItem
from safehold.authorities.entries import Filled
from safehold.model.clock import Clock
from safehold.model.errors import BadForm, Conflict, InvalidInput, NotAllowed, ReaderDown
from safehold.model.ids import AuthorityReportId
from safehold.model.permissions import Actor
from safehold.storage import checklist_entries
from safehold.storage.checklist_entries import ChecklistEntry
from safehold.storage.database import Database, Tx
from safehold.vault.keys import SealingKeyFile
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Vault

LARGEST_FILE = 1024 * 1024
"""Bytes of a file with values."""


def opened(
    database: Database, reader: ReaderClient | None, report_id: AuthorityReportId, *, actor: Actor
) -> Entered:
    """Return what people entered for a report; where there is nothing, nobody is asked to open it.

    reader: None where this process has none. Raises ReaderDown then, NotAllowed for what is no person, and
    as `ReaderClient.entries`.
    """
    with database.begin() as tx:
        if not checklist_entries.of_report(tx, report_id):
            return {}
    if actor.user_id is None:
        raise NotAllowed("Only a person reads what was entered.")
    if reader is None:
        raise ReaderDown("No reader is here that could open what was entered.")
    found = reader.entries(report_id, user_id=actor.user_id)
    return {ScheduleItem(item): entries.of_paper(paper) for item, paper in found.items()}


def opener(operator: Operator) -> Callable[[AuthorityReportId, Actor], Entered]:
    """Return what opens for a command: a reader is started, or asked, where there is something to open."""

    def open_entries(report_id: AuthorityReportId, actor: Actor) -> Entered:
        with operator.database.begin() as tx:
            if not checklist_entries.of_report(tx, report_id):
                return {}
        with open_reader(operator.settings, purposes=OPERATING) as reader:
            return opened(operator.database, reader, report_id, actor=actor)

    return open_entries


def looked_at(
    tx: Tx, settings: Settings, report_id: AuthorityReportId, *, actor: Actor, now: datetime
) -> tuple[Checklist, dict[ScheduleItem, ChecklistEntry]]:
    """Return a report's checklist with nothing opened, and what was entered for it.

    Raises as `authority_letters.read` does, and Conflict for a report that has none.
    """
    reading = authority_letters.read(tx, settings, report_id, actor=actor, now=now)
    if reading.checklist is None:
        raise Conflict("This authority asks for no checklist.")
    return reading.checklist, dict(reading.entries)


def with_words(held: Checklist, opened: Entered) -> Checklist:
    """Return a checklist in which what was opened stands in the place of what was sealed."""
    return Checklist(lines=tuple(_with_words(line, opened.get(line.item)) for line in held.lines))


def _with_words(line: Line, words: EnteredValue | None) -> Line:
    if words is None:
        return line
    if line.reason == entries.SEALED:
        return replace(line, reason=words.not_held)
    known = [value for value in line.values if value != entries.SEALED]
    return replace(line, values=tuple(dict.fromkeys((*known, *words.values))))


def people(tx: Tx) -> dict[UUID, str]:
    """Return the names of people by their ids."""
    return names(tx)


def sealing_of(operator: Operator) -> Vault:
    """Return what seals for a command: it opens nothing."""
    return Vault(CiphertextStore(operator.home.vault), SealingKeyFile(operator.home.keys.sealing))


def as_entered(item: ScheduleItem, state: str, text: str, *, clock: Clock) -> EnteredValue | None:
    """Return what a form says of an item, None for nobody having looked. Raises BadForm with the field."""
    if state == "value":
        return entry_rules.entered(item, text, now=clock())
    if state == "not_held":
        return entry_rules.not_held(text)
    if state == "not_yet_looked":
        return None
    raise BadForm("state: choose one.", field="state")


def of_file(path: Path, *, clock: Clock) -> list[Filled]:
    """Return what a JSON file says: by item, a list of values, {"not_held": why}, or null.

    Raises InvalidInput, which names the item and quotes nothing of the file, and OSError.
    """
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    try:
        said = json.loads(data) if len(data) <= LARGEST_FILE else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not said:
        raise InvalidInput(
            "This file holds no checklist.",
            advice='Write JSON, at most a megabyte: {"email": ["…"], "exif": {"not_held": "…"}}.',
        )
    return [_said(name, value, clock) for name, value in said.items()]


def _said(name: str, value: Any, clock: Clock) -> Filled:
    if name not in set(ScheduleItem):
        raise InvalidInput(
            "An item of this file is none of the checklist.",
            advice="`safehold authorities checklist REPORT` prints their names.",
        )
    item = ScheduleItem(name)
    try:
        return Filled(item, _value(item, value, clock))
    except BadForm as wrong:
        raise InvalidInput(f"{item.value}: {wrong.what.partition(': ')[2]}") from None


def _value(item: ScheduleItem, value: Any, clock: Clock) -> EnteredValue | None:
    if value is None:
        return None
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return as_entered(item, "value", "\n".join(value), clock=clock)
    if isinstance(value, dict) and value.keys() == {"not_held"} and isinstance(value["not_held"], str):
        return as_entered(item, "not_held", value["not_held"], clock=clock)
    raise BadForm('value: a list of texts, {"not_held": "why"}, or null.')


def replacing(database: Database, report_id: AuthorityReportId, filled: Sequence[Filled]) -> list[Filled]:
    """Return the same in the place of what stands now: a command has no page that can be stale."""
    with database.begin() as tx:
        stands = entries.of_report(tx, report_id)
    return [
        Filled(each.item, each.value, stands[each.item].paper_id if each.item in stands else None)
        for each in filled
    ]
