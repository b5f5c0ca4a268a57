"""Banding: what is known of a case is gathered, combined and stored, and whether it waits for the budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from safehold.model.band import Band
from safehold.model.case import Case
from safehold.model.classifier import source_of
from safehold.model.conversation import BY_RULES, THREATENS, band_of
from safehold.model.ids import CaseId
from safehold.model.match import BY_LOT
from safehold.model.review_band import Reason, ReviewBand
from safehold.review.combination import FROM_RULES, Facts, combine
from safehold.storage import band_facts, review_bands
from safehold.storage.band_facts import Asking
from safehold.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Banded:
    """How strongly a case asks for a look. rationed: whether it waits for the budget of the day.

    band: None where no machine asks for a look at anything that waits.
    """

    band: Band | None = None
    rationed: bool = False

    @property
    def queued(self) -> Band | None:
        """The band by which it is queued among those that wait for the budget, None where it is not."""
        return self.band if self.rationed else None


def reckon_band(tx: Tx, case: Case, *, reports: int, waits_for_nobody: bool, now: datetime) -> Banded:
    """Combine what is known of a case by now and store it; again changes nothing.

    reports: how many of its items somebody reported. waits_for_nobody: whether something else asks for it:
    a list, a person who says that a child is at risk, a surface with live streams. What the lot fell on is
    no suspicion and gets no band.
    """
    asking = band_facts.asking(tx, case.id)
    by_machines = [each for each in asking if each.source != BY_LOT]
    if not by_machines:
        return Banded()
    found = combine(_facts(tx, case, by_machines, reports))
    review_bands.put(tx, case.id, found, now=now)
    rationed = not (
        waits_for_nobody
        or reports
        or len(by_machines) < len(asking)
        or any(each.reason == THREATENS for each in by_machines)
        or band_facts.is_begun(tx, case.id)
        or review_bands.was_looked_at(tx, case.id)
    )
    return Banded(found.band, rationed)


def band_of_case(tx: Tx, case_id: CaseId) -> ReviewBand | None:
    """Return how strongly a case asks for a look, as it was last reckoned; None where no machine did."""
    return review_bands.of_case(tx, case_id)


def _facts(tx: Tx, case: Case, by_machines: Sequence[Asking], reports: int) -> Facts:
    opinions = band_facts.opinions(tx, case.id)
    conversation = [each for each in by_machines if each.source == BY_RULES]
    known = {source_of(name) for name in opinions}
    account = band_facts.account(tx, case.id)
    confirmed, nothing = band_facts.findings_before(tx, case)
    return Facts(
        opinions=opinions,
        conversation=max(
            (band_of(each.score) for each in conversation), default=Band.NONE, key=lambda band: band.rank
        ),
        spoken_against=_spoken_against(conversation),
        asked=any(each.source not in known and each.source != BY_RULES for each in by_machines),
        reports=reports,
        bits_beyond=band_facts.bits_beyond(tx, case.id),
        account_age=account.age,
        is_child=account.is_child,
        confirmed=confirmed,
        nothing=nothing,
    )


def _spoken_against(conversation: Sequence[Asking]) -> frozenset[Reason]:
    said = {word.replace(" ", "_") for each in conversation for word in each.against}
    return frozenset(reason for reason in FROM_RULES if reason.value in said)
