"""A published table, line by line, and what becomes of each line when the year is counted anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from safehold.transparency.rounding import change, exact, in_words, percent, press
from safehold.transparency.tables import Known, Place, Table
from safehold.transparency.units import Unit

NOT_AVAILABLE = "not available"


class Tag(StrEnum):
    """Where a figure comes from."""

    R = "R"
    """Read where it was published."""
    M = "M"
    """Reckoned from what was read."""
    K = "K"
    """Known, and not read anywhere that can be named."""
    I = "I"  # noqa: E741 - the mark as the source uses it
    """Inferred."""


class Standing(StrEnum):
    """How far a figure can be relied on."""

    PUBLISHED = "published"
    DERIVED = "derived"
    UNVERIFIED = "unverified"
    NOT_AVAILABLE = NOT_AVAILABLE


STANDINGS = {
    Tag.R: Standing.PUBLISHED,
    Tag.M: Standing.DERIVED,
    Tag.K: Standing.UNVERIFIED,
    Tag.I: Standing.UNVERIFIED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure as it was published.

    number: as published, None where only a share, or nothing, was. before: the same a year earlier. share,
    share_tag: as printed, in whole per cent, of `whole`, a measure or a number. grown: the change as
    printed. cell: where the count of the synthetic year has it. printed: as the press printed the number.
    said: what is published in words alone.
    """

    id: str
    what: str
    unit: type[Unit]
    tag: Tag | None
    number: int | None = None
    before: int | None = None
    before_tag: Tag = Tag.R
    share: str | None = None
    share_tag: Tag = Tag.R
    whole: tuple[str, Place] | int | None = None
    grown: str | None = None
    grown_tag: Tag = Tag.R
    cell: tuple[str, Place] | None = None
    printed: int | None = None
    said: str = ""
    note: str = ""

    @property
    def named(self) -> str:
        """What it is called below its own table, which says the rest."""
        return self.what.removeprefix("of which ").removeprefix("Hosted: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """A sum or ratio between published numbers. holds: whether it comes out."""

    what: str
    said: str
    tag: Tag
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A line with what was counted. differs: what is asserted and does not hold, empty where all does."""

    line: Line
    standing: Standing
    exact: str
    press: str
    share: str
    words: str
    before: str
    change: str
    as_published: str
    differs: tuple[str, ...]
    verdict: str
    note: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What was counted for a line: the number, that of its whole, and that of the year before."""

    counted: int | None
    whole: int | None
    earlier: int | None
    number: int | None
    previous: int | None

    @property
    def share(self) -> str | None:
        """The share in whole per cent."""
        return percent(self.number, self.whole, places=0) if self.number is not None and self.whole else None

    @property
    def change(self) -> str | None:
        """The change in whole per cent."""
        both = self.number is not None and self.previous
        return change(self.number or 0, self.previous or 1, places=0) if both else None


def check(line: Line, now: Mapping[str, Table], before: Mapping[str, Table]) -> Checked:
    """Return one line beside what was counted. Only what was read where it was published is asserted."""
    found = _found(line, now, before)
    differs = tuple(_differences(line, found))
    number, whole, previous = found.number, found.whole, found.previous
    return Checked(
        line=line,
        standing=STANDINGS[line.tag] if line.tag is not None else Standing.NOT_AVAILABLE,
        exact=exact(line.number) if line.number is not None else NOT_AVAILABLE,
        press=_press(line, number),
        share=percent(number, whole) if number is not None and whole else "",
        words=in_words(number, whole) or "" if number is not None and whole else "",
        before=exact(previous) if previous is not None else NOT_AVAILABLE,
        change=change(number, previous) if number is not None and previous else NOT_AVAILABLE,
        as_published=_as_published(line),
        differs=differs,
        verdict=_verdict(line, differs),
        note=_note(line),
    )


def _found(line: Line, now: Mapping[str, Table], before: Mapping[str, Table]) -> _Found:
    counted, earlier = _number(line.cell, now), _number(line.cell, before)
    return _Found(
        counted=counted,
        whole=line.whole if isinstance(line.whole, int) else _number(line.whole, now),
        earlier=earlier,
        number=line.number if counted is None else counted,
        previous=line.before if earlier is None else earlier,
    )


def _number(at: tuple[str, Place] | None, tables: Mapping[str, Table]) -> int | None:
    if at is None or at[0] not in tables:
        return None
    cell = tables[at[0]].cells.get(at[1])
    return cell.amount.number if isinstance(cell, Known) else None


def _differences(line: Line, found: _Found) -> list[str]:
    asserted = line.number if line.tag is Tag.R and line.cell is not None else None
    earlier = line.before if line.before_tag is Tag.R and found.earlier is not None else None
    pairs = (
        ("a count", asserted, found.counted),
        ("for the year before", earlier, found.earlier),
        ("a share", line.share, found.share),
        ("a change", line.grown, found.change if line.before is not None else line.grown),
    )
    return [
        f"{what}: {ours}, published {theirs}" for what, theirs, ours in pairs if theirs not in (None, ours)
    ]


def _press(line: Line, number: int | None) -> str:
    if number is None:
        return NOT_AVAILABLE
    return press(number) if line.number is not None else f"about {press(number)}"


def _as_published(line: Line) -> str:
    parts = [
        f"{exact(line.number)} [{line.tag}]" if line.number is not None else "",
        f"{line.said} [{line.tag}]" if line.said else "",
        f"{line.share} [{line.share_tag}]" if line.share is not None else "",
        f"{line.grown} [{line.grown_tag}]" if line.grown is not None else "",
        f"year before {exact(line.before)} [{line.before_tag}]" if line.before is not None else "",
    ]
    return ", ".join(part for part in parts if part) or NOT_AVAILABLE


def _note(line: Line) -> str:
    if line.printed is None or line.number is None or press(line.number) == exact(line.printed):
        return line.note
    told = f"The press printed {exact(line.printed)}, which is no rounding of it."
    return f"{line.note} {told}".strip()


def _verdict(line: Line, differs: tuple[str, ...]) -> str:
    if differs:
        return "differs: " + "; ".join(differs)
    if line.tag is None:
        return NOT_AVAILABLE
    if line.tag is Tag.R:
        return "as published" if line.cell is not None else "printed, not counted"
    return "arithmetic fits" if line.share or line.grown else "not asserted"
