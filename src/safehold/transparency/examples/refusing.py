"""What was said of published figures and cannot be: each claim is tried, and what refuses it is printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from safehold.model.errors import SafeholdError
from safehold.transparency.shares import claimed_share
from safehold.transparency.tables import Known, Table
from safehold.transparency.units import Amount, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A claim that was tried. code, why: of what refused it. instead: what can be said."""

    claim: str
    code: str
    why: str
    instead: str


def refusals(tables: Mapping[str, Table]) -> tuple[Refusal, ...]:
    """Try what the press has made of such figures. Raises ValueError where one of them is not refused."""
    confirmed, own = tables["pages.confirmed"], tables["pages.self_generated"]
    reports, study = tables["reports.assessed"], tables["media.study_3_6"]
    share = claimed_share(own, confirmed)
    rate = claimed_share(tables["reports.confirmed"], reports)
    return (
        _tried(
            "“92 % of the 254,000 pages”",
            lambda: claimed_share(own, own),
            f"{_words(own)} of {_words(confirmed)} confirmed pages, {share}.",
        ),
        _tried(
            "254,071 self-generated pages and 2,401 images and videos, in one sum",
            lambda: _amount(own) + _amount(study),
            f"{_words(own)} pages. Of another unit: {_words(study)} unique images and videos.",
        ),
        _tried(
            "275,652 pages as a share of 392,665 reports",
            lambda: claimed_share(confirmed, reports),
            f"{rate} of the reports led to a confirmed page.",
        ),
    )


def _tried(claim: str, claimed: Callable[[], object], instead: str) -> Refusal:
    try:
        claimed()
    except SafeholdError as refused:
        return Refusal(claim=claim, code=refused.code, why=refused.what, instead=instead)
    raise ValueError(f"{claim} was not refused.")


def _amount(table: Table) -> Amount[Unit]:
    if not isinstance(table.total, Known):
        raise ValueError(f"{table.measure.id} has no figure.")
    return table.total.amount


def _words(table: Table) -> str:
    return table.total.words
