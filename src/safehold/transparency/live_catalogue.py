"""The measures of the overview, in the order of its sections. A new one is one more entry here."""

from __future__ import annotations

from dataclasses import dataclass

from safehold.transparency.attributes import ATTRIBUTES, Rule
from safehold.transparency.measures import Catalogue, Measure, Window
from safehold.transparency.units import (
    Alarms,
    AuthorityReports,
    Cases,
    Items,
    Lists,
    Notices,
    Pairs,
    Questions,
    Reversals,
    Unit,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSection:
    """A part of the overview. sliced_by: the questions to which its records know the answers.

    One that does not know what is practice is of the whole installation.
    """

    id: str
    title: str
    lead: str
    measures: tuple[Measure, ...]
    sliced_by: tuple[str, ...] = ()


def _work(id: str, unit: type[Unit], title: str, means: str, **more: object) -> Measure:
    """Return a measure of work: it counts each once, and its small numbers tell of no child."""
    return Measure(
        id=id,
        unit=unit,
        title=title,
        means=means,
        counts=Rule.EACH,
        about_children=False,
        **more,  # type: ignore[arg-type]
    )


PRACTICE = "practice"
"""What is practice is in no figure beside real work: every slice is of one of them."""
_ARRIVED = {"stage": ("arrived",)}
_DECIDED = {"stage": ("decided",)}
_DATED = {**_DECIDED, "due": ("in_time", "late")}
_LATE = {"due": ("late",)}
_UNTIL_OUTCOME = "from when it came, or its case was opened, until its first outcome"

LIVE_SECTIONS = (
    LiveSection(
        id="arrivals",
        title="What arrives, and what is decided",
        lead="Items, each counted on the day it came and on the day people first settled it.",
        sliced_by=("purpose", "surface", "source", PRACTICE),
        measures=(
            _work(
                "arrived",
                Items,
                "Arrived",
                "Items that came to be looked at, by queue.",
                where=_ARRIVED,
                by=("purpose",),
            ),
            _work(
                "arrived.by_source",
                Items,
                "Arrived, by what brought it here",
                "The same, by what brought it here.",
                where=_ARRIVED,
                by=("source",),
            ),
            _work(
                "decided",
                Items,
                "Decided",
                "Items that people settled for the first time in their case, whatever they found.",
                where=_DECIDED,
                by=("purpose",),
                timed=_UNTIL_OUTCOME,
            ),
            _work(
                "decided.dated",
                Items,
                "Decided, of what had a date",
                "Of those, the items whose case had a date by which to decide.",
                where=_DATED,
                by=("purpose",),
                of="decided",
            ),
            _work(
                "decided.in_time",
                Items,
                "Decided in time",
                "Of those with a date, what was decided before it.",
                where={**_DECIDED, "due": ("in_time",)},
                by=("purpose",),
                of="decided.dated",
            ),
        ),
    ),
    LiveSection(
        id="found",
        title="What was found",
        lead=(
            "Of what was decided: what people confirmed. Small numbers are withheld, for they could tell of a"
            " child."
        ),
        sliced_by=("purpose", "surface", "source", "category", PRACTICE),
        measures=(
            Measure(
                id="confirmed.by_category",
                unit=Items,
                title="Confirmed, by category",
                means="Items that people first settled in the period, and confirmed.",
                where={**_DECIDED, "category": tuple(ATTRIBUTES["category"].values)},
                by=("category",),
            ),
        ),
    ),
    LiveSection(
        id="waiting",
        title="What waits",
        lead="Open cases as they were when they were last counted, or when the period ended.",
        sliced_by=("purpose", PRACTICE),
        measures=(
            _work(
                "open",
                Cases,
                "Open cases",
                "Cases that were not settled.",
                by=("purpose",),
                window=Window.AT_END,
                timed="since the case was opened",
            ),
            _work(
                "open.late",
                Cases,
                "Open cases past their date",
                "Of those, the cases whose date by which to decide had passed.",
                where=_LATE,
                by=("purpose",),
                of="open",
                window=Window.AT_END,
            ),
        ),
    ),
    LiveSection(
        id="accuracy",
        title="How sure it is",
        lead="Whether people who assess the same apart find the same, and what was reversed.",
        sliced_by=("purpose", "surface", PRACTICE),
        measures=(
            _work(
                "agreement.assessed",
                Pairs,
                "Assessed by several apart",
                "Items that several people assessed without seeing what others found, in whole weeks in which"
                " five people or more took part: fewer would tell of single people.",
            ),
            _work(
                "agreement.agreed",
                Pairs,
                "Of which all found the same",
                "Of those, the items of which all found the same, category included.",
                where={"agreed": ("yes",)},
                of="agreement.assessed",
            ),
            _work(
                "reversed",
                Reversals,
                "Outcomes reversed",
                "Settled outcomes that were reversed in the period, whenever they had been settled.",
                by=("purpose",),
            ),
        ),
    ),
    LiveSection(
        id="removal",
        title="Removal",
        lead=(
            "How long it takes from an outcome until the platform is asked to remove, and what was not asked"
            " for yet."
        ),
        sliced_by=("purpose", "surface", PRACTICE),
        measures=(
            _work(
                "removal.asked",
                Items,
                "Removals asked for",
                "Removals of confirmed items that platforms were asked for.",
                where={"stage": ("removal_asked",)},
                by=("purpose",),
                timed="from the outcome until the removal was approved, and the platform asked",
            ),
            _work(
                "removal.waiting",
                Items,
                "Removals that wait",
                "Planned removals of confirmed items that nobody has approved or declined.",
                where={"stage": ("removal_waiting",)},
                by=("purpose",),
                window=Window.AT_END,
                timed="since the removal was planned",
            ),
            _work(
                "removal.links_up",
                Notices,
                "Links that are still up",
                "Requests to remove of which what they are about was still there.",
                window=Window.AT_END,
            ),
        ),
    ),
    LiveSection(
        id="filings",
        title="Authorities",
        lead="Reports that authorities have, those that are still to be filed, and questions that wait.",
        sliced_by=(PRACTICE,),
        measures=(
            _work(
                "filings.filed",
                AuthorityReports,
                "Filed",
                "Reports that an authority has.",
                where={"stage": ("filed",)},
                by=("authority",),
                timed="from the plan until the authority had it",
            ),
            _work(
                "filings.in_time",
                AuthorityReports,
                "Filed in time",
                "Of those, what was filed before its date.",
                where={"stage": ("filed",), "due": ("in_time",)},
                by=("authority",),
                of="filings.filed",
            ),
            _work(
                "filings.open",
                AuthorityReports,
                "Still to be filed",
                "Reports that were planned, being sent or stuck.",
                where={"stage": ("unfiled",)},
                by=("authority",),
                window=Window.AT_END,
                timed="since the plan",
            ),
            _work(
                "filings.late",
                AuthorityReports,
                "Overdue",
                "Of those, the reports whose date had passed.",
                where={"stage": ("unfiled",), **_LATE},
                by=("authority",),
                of="filings.open",
                window=Window.AT_END,
            ),
            _work(
                "questions.open",
                Questions,
                "Questions that wait",
                "Questions of authorities that had no answer.",
                by=("due",),
                window=Window.AT_END,
            ),
        ),
    ),
    LiveSection(
        id="machine",
        title="Lists and alarms",
        lead="Whether what is compared with is current, and what a person must look at.",
        measures=(
            _work(
                "lists",
                Lists,
                "Lists",
                "Lists in use, by how fresh they were. A stale list makes answers incomplete.",
                by=("freshness",),
                window=Window.AT_END,
            ),
            _work(
                "alarms.standing",
                Alarms,
                "Alarms that stand",
                "Alarms that nobody had cleared.",
                where={"stage": ("standing",)},
                by=("code",),
                window=Window.AT_END,
            ),
            _work(
                "alarms.raised",
                Alarms,
                "Alarms raised",
                "Alarms that were raised in the period.",
                where={"stage": ("raised",)},
                by=("code",),
            ),
        ),
    ),
)
"""The parts of the overview in their order."""

LIVE = Catalogue(measure for section in LIVE_SECTIONS for measure in section.measures)
"""Every measure of the overview."""
