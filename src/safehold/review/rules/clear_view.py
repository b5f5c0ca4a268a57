"""A clear view: what no list vouches for is not confirmed unseen, and what one knows is not let go unseen."""

from __future__ import annotations

from safehold.model.assessment import Finding, Tier
from safehold.model.case import WaitsFor
from safehold.review.rules.agreement import agreed
from safehold.review.rules.base import IMAGERY, Situation, clearest

_SEVERAL = 2


def clear_view(situation: Situation) -> WaitsFor | None:
    """Ask for a look where those who agree have not seen as much as their finding takes.

    To confirm what no vetted list vouches for takes one clear view. To let go what one vouches for takes a
    clear view, or two people. To call unlisted media not illegal takes a look, a blurred one at least, or a
    clear one at a picture that is nearly the same. Conversations are read, not looked at.
    """
    if situation.form != IMAGERY:
        return None
    people = agreed(situation)
    finding, tier = people[0].finding, clearest(people)
    if tier is Tier.CLEAR:
        return None
    if finding.confirms:
        return None if situation.vouched else WaitsFor.CLEAR_VIEW
    if situation.vouched:
        return None if len(people) >= _SEVERAL else WaitsFor.CLEAR_VIEW
    seen = tier is not Tier.NONE or any(each.seen_alike is Tier.CLEAR for each in people)
    unseen = situation.has_media and not seen and finding is Finding.NOT_ILLEGAL
    return WaitsFor.VIEW if unseen else None
