"""Which destination is told about an item, or why none: a pure function, whose reasons are recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from safehold.model.assessment import Finding
from safehold.model.authority_report import DestinationKind, PlanReason
from safehold.model.hash_list import Purpose

US, UK = "US", "GB"

TOLD_ABOUT = frozenset({Purpose.CSAM, Purpose.TEST})
"""The purposes that authorities are told about. What came for practice is told to a rehearsal alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """A destination as the settings declare it.

    countries: of the operator, the account or the host, for which it is the right one. voluntary: whether the
    operator reports there where no law demands it. no_duplicates: it wants nothing that others have.
    """

    name: str
    kind: DestinationKind
    enabled: bool
    countries: frozenset[str] = frozenset()
    voluntary: bool = False
    no_duplicates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the choice rests on.

    finding: None where nobody has assessed it, in the report of a risk to life. operator_country,
    linked_countries: ISO 3166 codes: where the operator is, and of account and host. told: the names of the
    destinations that know of the item already, or are being told; foreign_told: whether one of them is a
    body abroad whose having it counts as reported (18 USC 2258A for one, and the UK's regulations).
    """

    purpose: Purpose
    finding: Finding | None
    operator_country: str | None
    linked_countries: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    foreign_told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The destination, None where nothing is told; and why."""

    taker: Taker | None
    reasons: tuple[PlanReason, ...]


def choose(situation: Situation, takers: Sequence[Taker]) -> Choice:
    """Choose where an item is told.

    What the law of the operator's country demands comes before what that of the account's does, then
    hotlines of these countries, then where the operator reports of their own accord. Where the right one
    knows already, or asks for no duplicates and another knows, nothing is told. One that is not enabled is
    passed over, and that is said.
    """
    if situation.purpose not in TOLD_ABOUT:
        return Choice(taker=None, reasons=(PlanReason.OUTSIDE_PURPOSE,))
    if situation.finding not in (None, Finding.ILLEGAL):
        return Choice(taker=None, reasons=(PlanReason.NOT_ILLEGAL,))
    passed_over: list[PlanReason] = []
    for taker, reason in _in_order(situation, takers):
        if taker.name in situation.told:
            return Choice(taker=None, reasons=(reason, PlanReason.ALREADY_REPORTED))
        if taker.no_duplicates and situation.foreign_told:
            return Choice(taker=None, reasons=(reason, PlanReason.DUPLICATE_FORBIDDEN))
        if taker.enabled:
            return Choice(taker=taker, reasons=(*passed_over, reason))
        passed_over = [PlanReason.DESTINATION_OFF]
    return Choice(taker=None, reasons=(*passed_over, PlanReason.NO_DESTINATION))


def _in_order(situation: Situation, takers: Sequence[Taker]) -> Iterator[tuple[Taker, PlanReason]]:
    home, linked = situation.operator_country, situation.linked_countries
    if home == US:
        yield from _of_kind(takers, DestinationKind.NCMEC_CYBERTIPLINE, PlanReason.OPERATOR_IN_US)
    elif home == UK:
        yield from _of_kind(takers, DestinationKind.UK_NCA, PlanReason.OPERATOR_IN_UK)
    elif UK in linked:
        yield from _of_kind(takers, DestinationKind.UK_NCA, PlanReason.LINKED_TO_UK)
    for taker in takers:
        if taker.countries & (linked | ({home} if home else set())):
            yield taker, PlanReason.HOTLINE_OF_COUNTRY
    for taker in takers:
        if taker.voluntary:
            yield taker, PlanReason.VOLUNTARY


def _of_kind(
    takers: Sequence[Taker], kind: DestinationKind, reason: PlanReason
) -> Iterator[tuple[Taker, PlanReason]]:
    return ((taker, reason) for taker in takers if taker.kind is kind)
