"""Which words that help are right, and for whose eyes, once rules see a threat or pressure in a conversation.

A pure answer from what was shown and who takes part: nothing is looked up, counted or kept. What a child was
shown before, or that it switched these words off, changes nothing here, so the answer tells nobody of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from safehold.model.child_account import Moment
from safehold.model.conversation import Cue, Participant, Role

_MOMENTS: tuple[tuple[Moment, frozenset[Cue]], ...] = (
    (Moment.PRESSURE, frozenset({Cue.COERCION, Cue.THREAT, Cue.PRESSURE})),
    (Moment.ASKED_TO_MOVE, frozenset({Cue.SECRECY, Cue.OTHER_APP})),
)
"""The more pressing first. Other cues have no words: an age that was asked for is nothing to talk about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Words to show, in place, to one account and to nobody else. account_id: the platform's own."""

    account_id: str
    moment: Moment


def offer_for(cues: Collection[Cue], *, by: str, taking_part: Iterable[Participant]) -> Offer | None:
    """Return what to show to the child whom a side wrote to; None where no words fit or who it is stays open.

    cues: what counted against `by`. Whoever is known to be grown up, to look after the child or to be staff
    is never shown anything. Of several who may be children none is: one of them may belong to the other side.
    """
    moment = next((moment for moment, shown in _MOMENTS if shown & set(cues)), None)
    meant = [one for one in taking_part if one.id != by and one.role is Role.USER and not one.years.is_grown]
    if moment is None or len(meant) != 1:
        return None
    return Offer(account_id=meant[0].id, moment=moment)
