"""From the checks' reports to the answer: one pure function.

Only a list may hold: a flag, and a match that may not hold, ask for review and leave the upload where it is
(advice `publish`). Where a check did not run as well, the surface's own advice for that counts, for what was
found must not be treated more lightly than if it had not been.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from safehold.detect.looking import nearest_first
from safehold.model.match import Flag, Match
from safehold.model.scan import CheckReport, CheckState, ScanResult
from safehold.model.surface import Advice, Surface

NOTHING_CHECKED = "no_check:input"
"""The code where no check reported at all."""
UNEXPLAINED = "matcher_down"
"""The code where a check did not run and does not say why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What follows from the reports. degraded: what did not run; limits: what had little to go on.

    near_miss: a list that may hold was missed by a few bits. It changes nothing and is in no answer.
    """

    result: ScanResult
    advice: Advice
    degraded: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()
    flags: tuple[Flag, ...] = ()
    near_miss: bool = False


def judge(reports: Sequence[CheckReport], surface: Surface) -> Verdict:
    """Weigh the reports on one input.

    HOLD where a match may hold; REVIEW where anything else matched or a flag was raised; INCOMPLETE where
    nothing was found and a check did not run; CLEAR only where at least one check ran, and every one did.
    A limit counts as a check that did not run where the surface's on_incomplete names it, or its part before
    the colon; "*" does not.
    """
    matches = tuple(sorted((match for report in reports for match in report.matches), key=nearest_first))
    flags = tuple(flag for report in reports for flag in report.flags)
    limits = _once(limit for report in reports for limit in report.limits)
    degraded = _once([*_not_run(reports), *(limit for limit in limits if _minded(limit, surface))])
    result = _result(matches, flags, degraded)
    return Verdict(
        result=result,
        advice=_advice(result, degraded, surface),
        degraded=degraded,
        limits=limits,
        matches=matches,
        flags=flags,
        near_miss=any(report.near_miss for report in reports),
    )


def _result(matches: Sequence[Match], flags: Sequence[Flag], degraded: Sequence[str]) -> ScanResult:
    if any(match.may_hold for match in matches):
        return ScanResult.HOLD
    if matches or flags:
        return ScanResult.REVIEW
    return ScanResult.INCOMPLETE if degraded else ScanResult.CLEAR


def _advice(result: ScanResult, degraded: tuple[str, ...], surface: Surface) -> Advice:
    if result is ScanResult.HOLD:
        return Advice.HOLD
    return surface.advice_when_incomplete(degraded) if degraded else Advice.PUBLISH


def _not_run(reports: Sequence[CheckReport]) -> list[str]:
    if not reports:
        return [NOTHING_CHECKED]
    codes: list[str] = []
    for report in reports:
        codes += report.codes
        if report.state is not CheckState.OK and not report.codes:
            codes.append(UNEXPLAINED)
    return codes


def _minded(limit: str, surface: Surface) -> bool:
    return limit in surface.on_incomplete or limit.partition(":")[0] in surface.on_incomplete


def _once(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))
