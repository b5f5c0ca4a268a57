"""The facts of a year from an installation's own records, and what these cannot say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from safehold.storage import exposure_figures, yearly
from safehold.storage.database import Tx
from safehold.storage.yearly import Span
from safehold.transparency.attributes import UNTOLD
from safehold.transparency.counting import Fact, Year
from safehold.transparency.rules import Shown, of_whole, sex_of
from safehold.transparency.units import (
    Appeals,
    AuthorityReports,
    Conversations,
    Entries,
    Items,
    Media,
    Pages,
    Reports,
    Reversals,
    Showings,
    Unit,
)

FEWEST_PEOPLE = 5
"""What fewer people looked at in a week is in no figure: it would tell of one of them."""

_UNITS: dict[str, type[Unit]] = {
    "page": Pages,
    "media": Items,
    "signals": Items,
    "messages": Conversations,
}
_ANSWERS = ("age_band", "sex", "self_generated", "circumstances", "company", "made_by", "children", "conduct")
_NEVER_RECORDED: dict[str | tuple[str, str], str] = {
    ("page", "country"): "Where the server of a page stands is not recorded yet.",
    ("page", "payment"): "Whether a host is free to use is not recorded yet.",
    "notice": "Notices to hosts are not sent from here, and not recorded.",
    "member": "Members are not recorded yet.",
}


@dataclass(frozen=True, slots=True)
class Counted:
    """The facts of a year. over: whether the year has ended, so that nothing in it changes any more."""

    year: Year
    over: bool


def span_of(year: int, zone: ZoneInfo) -> Span:
    """Return when a year begins and ends where a time zone is used: not always 8,760 hours apart."""
    begins, ends = (datetime(each, 1, 1, tzinfo=zone).astimezone(UTC) for each in (year, year + 1))
    return Span(begins, ends)


def counted(tx: Tx, year: int, *, zone: ZoneInfo, now: datetime) -> Counted:
    """Return what is recorded of a year, up to now where it has not ended."""
    span = span_of(year, zone)
    over = now >= span.ends
    facts = list(_facts(tx, span))
    missing = dict(_NEVER_RECORDED)
    if not over:
        missing |= dict.fromkeys(("pages.restated", "items.restated"), "The year is not over.")
    if not any(fact.says.get("gone", UNTOLD) != UNTOLD for fact in facts):
        missing["removal.time"] = "No platform told by the end of the period that anything was gone."
    if not any(fact.unit is Showings for fact in facts):
        missing["showing"] = "In no week of the year did five people look at anything of one kind."
    return Counted(Year(number=year, facts=facts, missing=missing), over)


def _facts(tx: Tx, span: Span) -> Iterator[Fact]:
    yearly.gather(tx, span)
    for row in yearly.items(tx):
        yield _item(row)
    for row in yearly.media(tx):
        yield _media(row)
    for row in yearly.reports(tx, span):
        said = {"stage": row.stage, "actioned": row.actioned, "kind": "webpage"}
        yield Fact(Reports, row.many, said)
    yield from _work(tx, span)
    yield from _showings(tx, span)


def _work(tx: Tx, span: Span) -> Iterator[Fact]:
    """Yield what was done with lists, authorities, platforms and appeals, and how far people agreed."""
    for row in yearly.entries(tx, span):
        said = {"stage": row.stage, "purpose": row.purpose, "signal_type": row.signal_type}
        yield Fact(Entries, row.many, said)
    for row in yearly.filed(tx, span):
        yield Fact(AuthorityReports, row.many, {"authority": row.authority})
    yield Fact(Reversals, yearly.reversals(tx, span), {})
    for row in yearly.appeals(tx, span):
        yield Fact(Appeals, row.many, {"upheld": row.upheld})
    for row in yearly.together(tx, span):
        yield Fact(Items, row.many, {"stage": "assessed_by_two", "agreed": row.agreed})
    for row in yearly.removals(tx, span):
        said = {"stage": "removal_asked", "purpose": row.purpose, "gone": row.gone}
        yield Fact(Items, row.many, said)


def _item(row: Any) -> Fact:
    said = {name: getattr(row, name) for name in (*_ANSWERS, "site_type")}
    settled = {"actioned": "yes", "purpose": row.purpose, "category": row.category, "restated": row.restated}
    return Fact(_UNITS[row.kind], row.many, {**said, **settled})


def _media(row: Any) -> Fact:
    shown = [Shown(age_band=age) for age in row.ages] + [Shown(category=one) for one in row.categories]
    names = ("self_generated", "circumstances", "company", "made_by", "children")
    said = {name: getattr(row, name) for name in names}
    found = {**of_whole(shown), "sex": sex_of(row.sexes)}
    return Fact(Media, row.many, {**said, **found, "actioned": "yes", "purpose": "csam"})


def _showings(tx: Tx, span: Span) -> Iterator[Fact]:
    kinds: Counter[str] = Counter()
    for week in exposure_figures.of_everybody(tx, since=span.begins, until=span.ends, fewest=FEWEST_PEOPLE):
        kinds[week.kind.value] += week.showings
    for kind, many in kinds.items():
        yield Fact(Showings, many, {"shown": kind})
