"""Own entries: what it takes before something that people found here may stand on a list for others."""

from __future__ import annotations

from collections.abc import Iterable

from safehold.model.assessment import Tier
from safehold.model.team import TeamSize
from safehold.review.rules.base import Judgement, Policy

_SEVERAL = 2


def may_become_entry(judgements: Iterable[Judgement], policy: Policy) -> bool:
    """Say whether an item on which these judgements were settled may become an entry of an own list.

    judgements: all that the outcome counted. At least two people have seen it clearly, and all who did
    found the same, which confirms it. Where one person is all there is, nothing may.
    """
    if policy.size is TeamSize.SINGLE:
        return False
    looked = {each.by: each.verdict for each in judgements if each.tier is Tier.CLEAR and not each.repeats}
    verdicts = set(looked.values())
    return len(looked) >= _SEVERAL and len(verdicts) == 1 and verdicts.pop()[0].confirms


def may_publish_own_lists(policy: Policy) -> bool:
    """Say whether own lists may be published at all: not where nobody else has looked at what is on them."""
    return policy.size is not TeamSize.SINGLE
