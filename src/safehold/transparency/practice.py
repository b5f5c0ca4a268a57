"""What was done in a period: the measures that packs for regulators are made of, and their facts.

They are not for the public: small numbers are not withheld. None is about what anything showed, or whom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from safehold.storage import practice, practice_ledgers, yearly
from safehold.storage.database import Tx
from safehold.storage.yearly import Span
from safehold.transparency.attributes import Rule
from safehold.transparency.counting import Fact
from safehold.transparency.measures import Catalogue, Measure, Window
from safehold.transparency.units import (
    Acts,
    Appeals,
    Assessments,
    AuthorityReports,
    Cases,
    Entries,
    Holds,
    Items,
    Matches,
    Outcomes,
    Reports,
    Reversals,
    Scans,
    Showings,
    Texts,
    Unit,
)


def _measure(
    name: str, unit: type[Unit], title: str, means: str, *by: str, stage: str = "", **more: Any
) -> Measure:
    where = {"stage": (stage,)} if stage else {}
    given = {"window": Window.DURING, "counts": Rule.EACH, "about_children": False, **more}
    return Measure(id=f"practice.{name}", unit=unit, title=title, means=means, by=by, where=where, **given)


_SCANNED = "How often something was compared with lists"
_SETTLED = "Answers that people or the rules for them settled"
_MATCHED = "Items that matched a list in the period, once for each list, by"
_APPEALED = "Times that somebody contested an outcome"

PRACTICE = Catalogue(
    (
        _measure("scans", Scans, "Scans", f"{_SCANNED}.", "surface", "result"),
        _measure("cases.opened", Cases, "Cases opened", "Cases opened.", "week", stage="opened"),
        _measure("cases.settled", Cases, "Cases settled", "Cases settled.", "week", stage="settled"),
        _measure("cases.by_purpose", Cases, "Cases, by purpose", "Cases opened.", "purpose", stage="opened"),
        _measure(
            "outcomes", Outcomes, "Outcomes", f"{_SETTLED}, by finding and purpose.", "finding", "purpose"
        ),
        _measure(
            "outcomes.by_time",
            Outcomes,
            "Time to a decision",
            f"{_SETTLED}, by the time since the item came in.",
            "took",
        ),
        _measure(
            "outcomes.by_people",
            Outcomes,
            "People asked",
            f"{_SETTLED}, by how many people were asked.",
            "people",
        ),
        _measure(
            "outcomes.by_agreement",
            Outcomes,
            "Agreement",
            f"{_SETTLED}, by whether everybody who was asked found the same.",
            "agreed",
        ),
        _measure(
            "told.by_time",
            Items,
            "Time until a platform was told",
            "Confirmed items, by the time until a platform had taken the request to act.",
            "took",
            stage="told",
        ),
        _measure(
            "assessed_by_two",
            Items,
            "Items found by several people apart",
            "Items that several people assessed unseen by each other, by whether all found the same.",
            "agreed",
            stage="assessed_by_two",
        ),
        _measure(
            "assessments.by_policy",
            Assessments,
            "Assessments, by policy text",
            "Assessments filed, by the version of the policy text that stood beside the form.",
            "policy",
        ),
        _measure(
            "assessments.by_form_seen",
            Assessments,
            "Assessments, by what was seen",
            "Assessments filed, by the clearest form in which the person had seen the item.",
            "tier",
        ),
        _measure("reversals", Reversals, "Outcomes reversed", "Outcomes reversed, by reason.", "reason"),
        _measure("appeals.received", Appeals, "Appeals received", f"{_APPEALED}.", stage="received"),
        _measure(
            "appeals.decided",
            Appeals,
            "Appeals decided",
            f"{_APPEALED} and had an answer.",
            "upheld",
            stage="decided",
        ),
        _measure(
            "appeals.by_time",
            Appeals,
            "Time to answer an appeal",
            f"{_APPEALED} and had an answer, by the time since it came in.",
            "took",
            stage="decided",
        ),
        _measure(
            "appeals.not_taken",
            Appeals,
            "Appeals that could not be taken",
            "Appeals left by reference that could not be taken, by the reason.",
            "reason",
            stage="not_taken",
        ),
        _measure(
            "reports.received", Reports, "Reports received", "What people told us about.", stage="received"
        ),
        _measure(
            "reports.by_time",
            Outcomes,
            "Time to assess a reported page",
            "Outcomes of pages that people had reported, by the time since the report.",
            "took",
            stage="page",
        ),
        _measure("holds.placed", Holds, "Holds placed", "Items held on a list's match.", stage="placed"),
        _measure(
            "holds.released", Holds, "Holds released", "Holds released, by why.", "reason", stage="released"
        ),
        _measure("matches", Matches, "Matches", f"{_MATCHED} what became of them.", "list", "became"),
        _measure(
            "matches.by_distance",
            Matches,
            "Matches, how near",
            f"{_MATCHED} how near they were.",
            "list",
            "nearness",
        ),
        _measure(
            "matches.seen",
            Matches,
            "Matches seen by a person",
            f"{_MATCHED} whether a person saw the item.",
            "list",
            "seen",
        ),
        _measure(
            "lists.entries",
            Entries,
            "Entries of lists",
            "Entries that were on a list.",
            "list",
            "signal_type",
            window=Window.AT_END,
        ),
        _measure(
            "help.shown",
            Texts,
            "Words that help",
            "Times that words which help were shown.",
            "moment",
            "choice",
        ),
        _measure(
            "showings", Showings, "Showings", "Times that a person opened an item to look at it.", "tier"
        ),
        _measure(
            "access",
            Acts,
            "Who came near to evidence",
            "Acts by which somebody came near to what is kept.",
            "act",
            stage="access",
        ),
        _measure(
            "emergencies",
            Acts,
            "Risks to life",
            "Times that a person declared a risk to life.",
            stage="emergency",
        ),
        _measure(
            "authorities.filed",
            AuthorityReports,
            "Reports to authorities",
            "Reports that an authority has from us, by whether it had them when they were due.",
            "authority",
            "in_time",
            stage="filed",
        ),
    )
)
"""Every measure of what was done in a period."""


def facts(tx: Tx, span: Span, zone: str) -> Iterator[Fact]:
    """Yield the facts of a period that is over; zone: in which its weeks and days are told."""
    for row in practice.done(tx, span, zone):
        if (made := _DONE.get(row.verb)) is not None:
            yield from made(row)
    for ask, made in _COUNTED:
        for row in ask(tx, span):
            yield from made(row)
    for row in practice.helped(tx, span, zone):
        yield Fact(Texts, int(row.many), {"moment": row.moment, "choice": row.choice})
    yield from _filed(tx, span)


def _filed(tx: Tx, span: Span) -> Iterator[Fact]:
    for row in practice_ledgers.filings(tx, span):
        if row.filed_at is not None and row.filed_at >= span.begins:
            in_time = "yes" if row.in_time else "no"
            yield Fact(AuthorityReports, 1, {"stage": "filed", "authority": row.kind, "in_time": in_time})


def _settled(row: Any) -> Iterator[Fact]:
    said = {"finding": row.finding, "took": row.took, "people": row.people, "agreed": row.agreed}
    stage = "page" if row.kind == "page" else "item"
    yield Fact(Outcomes, row.many, {**said, "purpose": row.purpose, "stage": stage})


def _of(unit: type[Unit], stage: str = "", *said: str) -> Callable[[Any], Iterator[Fact]]:
    """Return how a row is told: as so many of a unit, at one stage, with some of what it says."""

    def made(row: Any) -> Iterator[Fact]:
        yield Fact(
            unit, int(row.many), {"stage": stage or None, **{name: getattr(row, name) for name in said}}
        )

    return made


def _decided(row: Any) -> Iterator[Fact]:
    upheld = "yes" if row.state == "upheld" else "no"
    yield Fact(Appeals, row.many, {"stage": "decided", "upheld": upheld, "took": row.took})


_DONE: dict[str, Callable[[Any], Iterator[Fact]]] = {
    "item.settle": _settled,
    "item.assess": _of(Assessments, "", "policy", "tier"),
    "item.reveal": _of(Showings, "", "tier"),
    "inbound_report.receive": _of(Reports, "received"),
    "appeal.receive": _of(Appeals, "received"),
    "appeal.decide": _decided,
    "hold.place": _of(Holds, "placed"),
    "hold.release": _of(Holds, "released", "reason"),
    "case.open": _of(Cases, "opened", "week", "purpose"),
    "case.settle": _of(Cases, "settled", "week", "purpose"),
    "outcome.reverse": _of(Reversals, "", "reason"),
    "emergency.declare": _of(Acts, "emergency"),
}

_COUNTED: tuple[tuple[Callable[[Tx, Span], Iterator[Any]], Callable[[Any], Iterator[Fact]]], ...] = (
    (practice.scans, _of(Scans, "", "surface", "result")),
    (practice.matched, _of(Matches, "", "list", "became", "nearness", "seen")),
    (practice.told, _of(Items, "told", "took")),
    (yearly.together, _of(Items, "assessed_by_two", "agreed")),
    (practice.entries, _of(Entries, "", "list", "signal_type")),
    (practice.access, _of(Acts, "access", "act")),
    (practice.not_taken, _of(Appeals, "not_taken", "reason")),
)
