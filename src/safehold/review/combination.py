"""Combination: from named facts to a review band, by a table, with what speaks for looking and against.

It asks and nothing else: what comes out is a band and its reasons, and no word for anything that could be
done. The more there is of what speaks for looking, the higher the band or the same; of what speaks against,
the lower or the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from safehold.model.band import Band
from safehold.model.review_band import NEAR_BITS, Reason, ReviewBand, Spoken

NEW_FOR = timedelta(days=7)
"""An account younger than this is a new one."""
YEAR = timedelta(days=365)

WEIGHTS: Mapping[Reason, Sequence[tuple[int, int]]] = {
    Reason.CLASSIFIER: ((1, 1), (2, 2), (3, 3), (4, 4)),
    Reason.MORE_CLASSIFIERS: ((1, 1),),
    Reason.CONVERSATION: ((1, 1), (2, 2), (3, 4)),
    Reason.ASKED: ((1, 2),),
    Reason.REPORTED: ((1, 2), (2, 3)),
    Reason.NEAR_LISTED: ((1, 1), (9, 2)),
    Reason.CONFIRMED_BEFORE: ((1, 2),),
    Reason.CHILD_ACCOUNT: ((1, 1),),
    Reason.NEW_ACCOUNT: ((1, 1),),
    Reason.SEES_NOTHING: ((1, -1),),
    Reason.NOTHING_BEFORE: ((1, -1), (3, -2)),
    Reason.OLD_ACCOUNT: ((2, -1),),
    # The rules have counted these: they are named, and weigh nothing a second time.
    Reason.GUARDIAN: ((1, 0),),
    Reason.PEERS: ((1, 0),),
    Reason.KNOWN_ROLE: ((1, 0),),
}
"""For each reason from which amount on it weighs what. Below the first it is not there."""

FROM_RULES = frozenset({Reason.GUARDIAN, Reason.PEERS, Reason.KNOWN_ROLE})
"""What the rules of conversations themselves say against a look."""
SPEAKS_AGAINST = FROM_RULES | {Reason.SEES_NOTHING, Reason.NOTHING_BEFORE, Reason.OLD_ACCOUNT}

BANDS = ((6, Band.VERY_HIGH), (4, Band.HIGH), (2, Band.MEDIUM), (1, Band.LOW))
"""From which sum of weights on a case lies in which band. Classifiers by themselves come to 5 at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a case that machines flagged, of the items in it that wait.

    opinions: of each classifier that was asked outside the shadow, the strongest band. conversation: what
    rules saw, NONE where there is no conversation; spoken_against: what these say against it. asked: whether
    something else asks. reports: how many items somebody reported. bits_beyond: how far the nearest listed
    fingerprint lies beyond the radius of its list, None where none is near or nobody has looked yet.
    account_age: when the newest item came, None where the platform did not say. is_child: whether the
    platform says so. confirmed, nothing: in how many cases of the account something was confirmed, or found
    not illegal.
    """

    opinions: Mapping[str, Band]
    conversation: Band = Band.NONE
    spoken_against: frozenset[Reason] = frozenset()
    asked: bool = False
    reports: int = 0
    bits_beyond: int | None = None
    account_age: timedelta | None = None
    is_child: bool = False
    confirmed: int = 0
    nothing: int = 0


def combine(facts: Facts) -> ReviewBand:
    """Return the band that these facts make, and what speaks for it and against."""
    return banded(_amounts(facts))


def banded(amounts: Mapping[Reason, int]) -> ReviewBand:
    """Return the band of so much of each reason, 0 where there is none of it."""
    spoken = [said for reason in Reason if (said := _spoken(reason, amounts.get(reason, 0))) is not None]
    spoken.sort(key=lambda said: (-abs(said.weight), tuple(Reason).index(said.reason)))
    whole = sum(said.weight for said in spoken)
    return ReviewBand(
        band=next((band for least, band in BANDS if whole >= least), Band.NONE),
        speak_for=tuple(said for said in spoken if said.reason not in SPEAKS_AGAINST),
        against=tuple(said for said in spoken if said.reason in SPEAKS_AGAINST),
    )


def _spoken(reason: Reason, amount: int) -> Spoken | None:
    reached = [weight for least, weight in WEIGHTS[reason] if amount >= least]
    return Spoken(reason, amount, reached[-1]) if reached else None


def _amounts(facts: Facts) -> dict[Reason, int]:
    ranks = [band.rank for band in facts.opinions.values()]
    asking = sum(band.asks for band in facts.opinions.values())
    beyond = facts.bits_beyond
    return {
        Reason.CLASSIFIER: max(ranks, default=0),
        Reason.MORE_CLASSIFIERS: max(0, asking - 1),
        Reason.CONVERSATION: facts.conversation.rank,
        Reason.ASKED: int(facts.asked),
        Reason.REPORTED: facts.reports,
        Reason.NEAR_LISTED: 0 if beyond is None else max(0, NEAR_BITS + 1 - beyond),
        Reason.CONFIRMED_BEFORE: facts.confirmed,
        Reason.CHILD_ACCOUNT: int(facts.is_child),
        Reason.NEW_ACCOUNT: int(facts.account_age is not None and facts.account_age < NEW_FOR),
        Reason.SEES_NOTHING: ranks.count(0),
        Reason.NOTHING_BEFORE: facts.nothing,
        Reason.OLD_ACCOUNT: 0 if facts.account_age is None else max(0, facts.account_age // YEAR),
        **dict.fromkeys(facts.spoken_against & FROM_RULES, 1),
    }
