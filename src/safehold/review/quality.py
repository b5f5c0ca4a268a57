"""Quality: how far people agree who assessed the same thing by themselves, and how often lists are wrong.

Figures are for whoever they are about. Nobody is ranked, and nothing here knows how fast anybody is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from safehold.model.answers import FORMS
from safehold.model.assessment import Finding
from safehold.model.figures import Figure, share
from safehold.model.ids import AnalystId
from safehold.review.asked import applies
from safehold.review.reliability import cohens_kappa, krippendorffs_alpha
from safehold.storage import quality as rows
from safehold.storage.database import Tx
from safehold.storage.quality import BlindAnswer

__all__ = ["Agreement", "Figure", "Overturned", "agreement", "overturned"]

LOOKED_BACK = timedelta(days=90)
MOST_ITEMS = 1000
"""More than these, the newest, are not counted: the interval is narrow by then."""

_COMPARED_OTHERWISE = ("finding", "category")
_IN_OWN_WORDS = ("by", "towards", "relied_on")
"""What people write down about a conversation: two who write the same thing otherwise do not disagree."""
_OF_EVERYTHING = ("finding", "child_at_risk_now")
"""What is asked whatever is found."""
_ONLY_SOMETIMES = ("development", "severity_tier", "site_type")
"""What is None where it was not asked for. In the others None is an answer: nobody can tell."""
_TAKEN_FOR_WRONG = (Finding.NOT_ILLEGAL, Finding.OUT_OF_REMIT)
_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far people agree about one field. items: those that several people answered it for.

    own: Cohen's kappa between one person and whoever assessed the same items first, None where nobody was
    named. everybody: kappa where all of it is by the same two people, else Krippendorff's alpha.
    """

    field: str
    own: Figure | None
    everybody: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Overturned:
    """How often people found that something is nothing which a list knew closely enough to hold."""

    list_name: str
    rate: Figure


def agreement(
    tx: Tx, *, now: datetime, analyst: AnalystId | None = None, form: str = "imagery"
) -> tuple[Agreement, ...]:
    """Return how far people agreed in the last 90 days, per field: finding first, then category.

    form: imagery, or conduct, which has no category and of which only chosen answers are compared. Only what
    was filed blind counts. Everything but the finding, and whether a child is in danger now, is compared
    among those who confirm and were asked it, so that an answer nobody was asked for is no agreement.
    analyst: their own figures stand beside.
    """
    since = now - LOOKED_BACK
    everybody = _units(rows.blind_answers(tx, since=since, limit=MOST_ITEMS, form=form))
    own = None
    if analyst is not None:
        own = _units(rows.blind_answers(tx, since=since, limit=MOST_ITEMS, form=form, analyst=analyst))
    return tuple(
        Agreement(
            field=field,
            own=None if own is None or analyst is None else _own(own, analyst, field),
            everybody=_everybody(everybody, field),
        )
        for field in _fields(form)
    )


def overturned(tx: Tx, *, now: datetime) -> tuple[Overturned, ...]:
    """Return per list how often people settled the last 90 days' items otherwise than the list says.

    Of what a list knew closely enough to hold, and people settled: the share that is not illegal or out of
    remit. What cannot be determined speaks neither for nor against a list, and counts as not overturned.
    """
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for one in rows.listed_outcomes(tx, since=now - LOOKED_BACK):
        found[one.list_name].append(one.finding)
    return tuple(
        Overturned(
            list_name=name, rate=share(sum(each in _TAKEN_FOR_WRONG for each in findings), len(findings))
        )
        for name, findings in found.items()
    )


def _units(answers: list[BlindAnswer]) -> list[list[BlindAnswer]]:
    units: defaultdict[tuple[Hashable, ...], list[BlindAnswer]] = defaultdict(list)
    for answer in answers:
        units[answer.unit].append(answer)
    return list(units.values())


def _fields(form: str) -> tuple[str, ...]:
    asked = [each.name for each in fields(FORMS[form])]
    left = [name for name in asked if name not in (*_COMPARED_OTHERWISE, *_IN_OWN_WORDS)]
    return (*(name for name in _COMPARED_OTHERWISE if name in asked), *left)


def _answering(unit: list[BlindAnswer], field: str) -> list[BlindAnswer]:
    if field in _OF_EVERYTHING:
        return unit
    return [each for each in unit if each.finding.confirms and _was_asked(each, field)]


def _was_asked(filed: BlindAnswer, field: str) -> bool:
    """Say whether somebody was asked this: it applied, and the form had it then."""
    if field not in filed.answers or not applies(field, filed.answers):
        return False
    return filed.answers[field] is not None or field not in _ONLY_SOMETIMES


def _answer(filed: BlindAnswer, field: str) -> Hashable:
    said: Hashable = filed.answers.get(field)
    return said


def _own(units: list[list[BlindAnswer]], analyst: AnalystId, field: str) -> Figure:
    pairs = []
    for unit in units:
        answering = _answering(unit, field)
        mine = next((each for each in answering if each.analyst_id == analyst), None)
        other = next((each for each in answering if each.analyst_id != analyst), None)
        if mine is not None and other is not None:
            pairs.append((_answer(mine, field), _answer(other, field)))
    return cohens_kappa(pairs)


def _everybody(units: list[list[BlindAnswer]], field: str) -> Figure:
    several = [found for unit in units if len(found := _answering(unit, field)) > 1]
    people = sorted({each.analyst_id for unit in several for each in unit})
    if len(people) != _TWO:
        return krippendorffs_alpha([[_answer(each, field) for each in unit] for unit in several])
    ordered = [sorted(unit, key=lambda each: each.analyst_id) for unit in several]
    return cohens_kappa([(_answer(first, field), _answer(second, field)) for first, second in ordered])
