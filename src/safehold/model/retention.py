"""Retention clocks: for how long, and on which basis, something is kept; and what ends it at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from safehold.model.hash_list import Purpose
from safehold.model.ids import ClockId, ItemId, MediaId

OPERATOR_TERM = timedelta(days=90)
"""The operator's own term, where the settings say nothing else."""
FILING_TAKES = timedelta(days=30)
"""A clock of an earlier report that ends sooner than so long after a confirmation leaves that one waiting."""


class Basis(StrEnum):
    """Why something is kept, or has to go."""

    US_PRESERVATION = "us_preservation"
    """A finished report to NCMEC is a request to preserve its contents: one year (18 USC 2258A(h))."""
    UK_CONTENT = "uk_content"
    """Content, what was sent, what the judgement relied on: one year from sending (SI 2026/268, 8(1)(b))."""
    UK_REFERENCE = "uk_reference"
    """The reference that the NCA gave: five years from its issue (SI 2026/268, 8(1)(a))."""
    OPERATOR_TERM = "operator_term"
    """The operator's own term, for what no legal clock covers."""
    LEGAL_HOLD = "legal_hold"
    """Somebody entitled asked for it to be kept: without an end, until it is lifted."""
    DESTROY_ORDER = "destroy_order"
    """An authority asked for it to be destroyed (18 USC 2258B(c)): at once, unless a hold stands."""

    @property
    def years(self) -> int | None:
        """After how many calendar years a legal clock ends; None of what is no legal clock."""
        return _YEARS.get(self)

    @property
    def keeps_media(self) -> bool:
        """Whether it is a term, with an end, under which bytes are kept."""
        return self in (Basis.US_PRESERVATION, Basis.UK_CONTENT, Basis.OPERATOR_TERM)

    @property
    def keeps_papers(self) -> bool:
        """Whether it keeps something of an authority report itself: its papers, or its reference."""
        return self in _YEARS


_YEARS = {Basis.US_PRESERVATION: 1, Basis.UK_CONTENT: 1, Basis.UK_REFERENCE: 5}

OPERATORS_OWN = frozenset({Purpose.INTIMATE_IMAGES, Purpose.OWN_TERMS})
"""Purposes for which no law says how long: what is confirmed for them is kept for the operator's term."""


def end_of(basis: Basis, since: datetime, *, operator_term: timedelta = OPERATOR_TERM) -> datetime | None:
    """Return when a clock of this basis ends that began at `since`; None of a hold and of an order.

    Years are those of the calendar: one that began on 29 February ends on 1 March, never a day early.
    """
    if basis is Basis.OPERATOR_TERM:
        return since + operator_term
    if basis.years is None:
        return None
    try:
        return since.replace(year=since.year + basis.years)
    except ValueError:
        return since.replace(year=since.year + basis.years, month=3, day=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What something is about, by id: media, and the records of items that came without bytes.

    A record is where the item appeared, the texts of its conversation, and the papers of each report that
    tells of it.
    """

    media: tuple[MediaId, ...] = ()
    records: tuple[ItemId, ...] = ()


class LineState(StrEnum):
    """Where a line of the ledger stands."""

    KEPT = "kept"
    """It asks for something to be kept, now."""
    OVER = "over"
    """It has ended. Another may keep the same."""
    DESTROYED = "destroyed"
    """What it was about is destroyed."""


def named(media_id: UUID | None, item_id: UUID | None, about: UUID | None) -> str:
    """Return what a clock is about, with its kind. about: the report; it counts where nothing else does."""
    if media_id is not None:
        return f"media:{media_id}"
    return f"item:{item_id}" if item_id is not None else f"authority_report:{about}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionClock:
    """One reason why something is kept, with its dates as they were recorded.

    media_id: the media; None of every other. item_id: of a hold alone, the item without bytes whose record it
    keeps. Where there is neither, it is about the papers or the reference of an authority report. about: the
    report, case, hold or order that it goes back to. until: None of a hold and an order: they have no date.
    set_by, confirmed_by, ended_by: labels of actors. confirmed_at: of an order alone, when a second person
    confirmed it, or the only one a day later (alone). ended_at: when it was lifted, withdrawn or carried out,
    or what it rested on was reversed; the law's own clocks run to their end.
    """

    id: ClockId
    media_id: MediaId | None
    about: UUID
    basis: Basis
    since: datetime
    until: datetime | None
    set_by: str
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None
    alone: bool = False
    ended_at: datetime | None = None
    ended_by: str | None = None
    item_id: ItemId | None = None

    @property
    def of_report(self) -> bool:
        """Whether it is about an authority report itself, and no evidence."""
        return self.media_id is None and self.item_id is None

    @property
    def what(self) -> str:
        """What it is about, as the audit log and the ledger write it."""
        return named(self.media_id, self.item_id, self.about)

    @property
    def is_open(self) -> bool:
        """Whether nobody and nothing ended it. Whether its time is over is another question."""
        return self.ended_at is None

    @property
    def end(self) -> datetime | None:
        """When it ends or ended, whichever came first; None while it has no end."""
        ends = [each for each in (self.until, self.ended_at) if each is not None]
        return min(ends) if ends else None

    @property
    def is_due_order(self) -> bool:
        """Whether it is an order to destroy that was confirmed and not carried out yet."""
        return self.basis is Basis.DESTROY_ORDER and self.is_open and self.confirmed_at is not None

    @property
    def holds(self) -> bool:
        """Whether it is a legal hold that stands."""
        return self.basis is Basis.LEGAL_HOLD and self.is_open

    def covers(self, purpose: Purpose, settled_at: datetime) -> bool:
        """Say whether a confirmation at this instant, for this purpose, waits for no filing because of it.

        A legal clock does that began after it, or before and runs long enough for another filing; the
        operator's term does for the purposes that it is for. What was ended covers nothing.
        """
        if not self.is_open or self.until is None or not self.basis.keeps_media:
            return False
        if self.basis is Basis.OPERATOR_TERM:
            return purpose in OPERATORS_OWN and self.until > settled_at
        return self.until >= settled_at + FILING_TAKES
