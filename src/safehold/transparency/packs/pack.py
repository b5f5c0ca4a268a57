"""A pack before it is written down: its parts with their tables and ledgers, all of a period that is over.

It is made from what was recorded of the period and from nothing else: the same period gives the same pack.
When it was made, what the check of the audit log found, and how things are set now, stands apart (`Made`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from safehold.model.authority_report import DestinationKind
from safehold.model.figure_errors import PeriodNotOver
from safehold.storage.database import Tx
from safehold.storage.yearly import Span
from safehold.transparency import ledgers
from safehold.transparency.counting import Year, count
from safehold.transparency.exports import When, as_object
from safehold.transparency.ledgers import Ledger
from safehold.transparency.packs import dsa
from safehold.transparency.packs.declared import Declared, PackName, declared
from safehold.transparency.practice import PRACTICE, facts
from safehold.transparency.shares import whole_of
from safehold.transparency.tables import Table

FORMAT, VERSION = "safehold-pack", 1

LEDGERS: Mapping[str, Callable[[Tx, Span], Ledger]] = {
    "lists": ledgers.lists,
    "list-changes": ledgers.list_changes,
    "precision": ledgers.precision,
    "policies": ledgers.policies,
    "questions": ledgers.questions,
    "filings-uk-nca": ledgers.filings(DestinationKind.UK_NCA.value, "Reports to the National Crime Agency"),
    "filings-ncmec-cybertipline": ledgers.filings(
        DestinationKind.NCMEC_CYBERTIPLINE.value, "Reports to the CyberTipline"
    ),
    "filings-generic": ledgers.filings(DestinationKind.GENERIC.value, "Reports a person took to others"),
    "filings-parcel": ledgers.filings(DestinationKind.PARCEL.value, "Reports sent to others in parcels"),
    "statements": dsa.statements,
}
"""Ledgers by their ids. Two more are made otherwise: of the template, and of declared defaults."""
TEMPLATE, CHILD_DEFAULTS = "template", "child-defaults"


@dataclass(frozen=True, slots=True)
class Period:
    """A period by its first and last day, where a time zone is used."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def span(self) -> Span:
        """The same as instants."""
        begins, ends = (
            datetime(day.year, day.month, day.day, tzinfo=self.zone)
            for day in (self.first, self.last + timedelta(days=1))
        )
        return Span(begins, ends)

    @property
    def named(self) -> When:
        """The same as files name it."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}

    def check_over(self, now: datetime) -> None:
        """Raise PeriodNotOver where it ends before it begins, or has not ended: its figures would change."""
        if self.last < self.first:
            raise PeriodNotOver("The period ends before it begins.")
        if now < self.span.ends:
            raise PeriodNotOver(f"{self.last.isoformat()} is not over yet.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What depends on when a pack was made. audit: sentences about the check; whole: whether nothing failed.

    settings: how things are set now, by key.
    """

    at: datetime
    version: str
    audit: tuple[str, ...]
    whole: bool
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """All of a pack that its period determines. ledgers: by id, those alone that its parts name."""

    name: PackName
    told: Declared
    period: Period
    publisher: str
    tables: Mapping[str, Table]
    ledgers: Mapping[str, Ledger]

    def as_object(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "pack": self.name.value,
            "pack_version": self.told.version,
            "title": self.told.title,
            **self.period.named,
            "time_zone": self.period.zone.key,
            "publisher": self.publisher,
            "parts": [
                {
                    **each.model_dump(mode="json", exclude={"measures", "ledgers"}),
                    "measures": [self.table_as_object(name) for name in each.measures],
                    "ledgers": [
                        self.ledgers[name].as_object() for name in each.ledgers if name in self.ledgers
                    ],
                    "missing_ledgers": [name for name in each.ledgers if name not in self.ledgers],
                }
                for each in self.told.parts
            ],
        }

    def table_as_object(self, name: str) -> dict[str, Any]:
        """Return one table for JSON."""
        table = self.tables[name]
        return as_object(table, self.period.named, whole=whole_of(table, self.tables))


def gather(
    tx: Tx,
    name: PackName,
    period: Period,
    *,
    publisher: str = "",
    service: str = "",
    also: Mapping[str, Ledger] | None = None,
) -> Pack:
    """Return a pack from what is recorded. also: ledgers that are not recorded here, by id."""
    told, span = declared(name), period.span
    wanted = dict.fromkeys(each for part in told.parts for each in part.ledgers)
    counted = count(PRACTICE, Year(number=period.last.year, facts=facts(tx, span, period.zone.key)))
    found = {each: LEDGERS[each](tx, span) for each in wanted if each in LEDGERS}
    if TEMPLATE in wanted:
        found[TEMPLATE] = dsa.template(counted, service=service)
    found |= {each: ledger for each, ledger in (also or {}).items() if each in wanted}
    tables = {each: counted[each] for part in told.parts for each in part.measures}
    return Pack(name=name, told=told, period=period, publisher=publisher, tables=tables, ledgers=found)
