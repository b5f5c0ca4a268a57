"""Who is shown which figures of exposure: oneself, a contact if chosen, leads the sum of five or more.

These figures stand apart from every figure about work. Opting out, passing on and breaks are in none.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from safehold.model.errors import NotFound
from safehold.model.ids import UserId
from safehold.model.permissions import Actor, Permission
from safehold.review.budget import beginning_of_day
from safehold.storage import audit
from safehold.storage import exposure as choice_rows
from safehold.storage import exposure_figures as rows
from safehold.storage.database import Tx
from safehold.storage.exposure_figures import ExposureFigure

__all__ = [
    "DAYS_SHOWN",
    "FEWEST_PEOPLE",
    "WEEKS_SHOWN",
    "ExposureFigure",
    "of_person",
    "of_team",
    "who_chose",
]

FEWEST_PEOPLE = 5
"""Nobody is shown a sum of fewer people's time: it would say too much of each."""
DAYS_SHOWN = 14
WEEKS_SHOWN = 12


def of_person(tx: Tx, user_id: UserId, *, actor: Actor, now: datetime) -> list[ExposureFigure]:
    """Return what somebody saw in the last fortnight, by day and kind, the newest day first.

    They see it themselves, and so does whoever they chose as a contact, which is put on record. Raises
    NotFound for anybody else, whatever their role.
    """
    if actor.user_id is None:
        raise NotFound("There are no such figures.")
    if actor.user_id != user_id:
        if choice_rows.choices_of(tx, user_id).contact != actor.user_id:
            raise NotFound(
                "There are no such figures.", advice="Only a contact that somebody chose sees theirs."
            )
        audit.append(tx, at=now, actor=actor.label, verb="exposure.read", object=f"user:{user_id}")
    since = beginning_of_day(now, 0) - timedelta(days=DAYS_SHOWN - 1)
    return rows.of_person(tx, user_id, since=since)


def who_chose(tx: Tx, contact: UserId) -> list[UserId]:
    """Return the people who chose this person as their contact."""
    return choice_rows.who_chose(tx, contact)


def of_team(tx: Tx, *, actor: Actor, now: datetime) -> list[ExposureFigure]:
    """Return what everybody together saw in past weeks, by kind: only where FEWEST_PEOPLE or more looked.

    The week that runs is left out: from one day to the next it would tell of single people. There is no
    total, from which what was left out could be reckoned. Raises NotAllowed.
    """
    actor.require(Permission.EXPOSURE_READ)
    today = beginning_of_day(now, 0)
    monday = today - timedelta(days=today.weekday())
    since = monday - timedelta(weeks=WEEKS_SHOWN)
    return rows.of_everybody(tx, since=since, until=monday, fewest=FEWEST_PEOPLE)
