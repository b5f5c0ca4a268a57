"""Whether a risk to life would reach somebody: who is called, by which number, and when it was practised.

Nobody is called to find out, and nothing is sent: receivers are connected to and let go again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from safehold.act.channels.base import Destination
from safehold.act.channels.mail import MailDestination
from safehold.app.conditions import Condition, Level
from safehold.app.on_call import on_call_channels
from safehold.app.production import judged
from safehold.app.settings import Settings
from safehold.egress import reaching
from safehold.model.errors import FetchFailed, SafeholdError
from safehold.storage import emergencies
from safehold.storage.database import Tx

PRACTISED_EVERY = timedelta(days=92)
"""After so long a rehearsal is overdue."""

_PART = "emergency"


def of_settings(settings: Settings) -> list[Condition]:
    """Return what the settings say about whom to call, and whether each receiver answers at all.

    What is missing is advice in a trial and red in production; a receiver that does not answer is red.
    """
    found = []
    channels = [each for each in on_call_channels(settings) if each.enabled]
    if not channels:
        said = "nobody is called when somebody declares a risk to life: enable one in emergency.on_call."
        found.append(judged(settings, _PART, said, ""))
    if not settings.emergency.number:
        said = "no number to call is shown to whoever declares a risk to life: set emergency.number."
        found.append(judged(settings, _PART, said, ""))
    for channel in channels:
        why = _why_unreachable(channel)
        if why is not None:
            said = f"emergency.on_call.{channel.name} cannot be reached: {why}"
            found.append(Condition(_PART, Level.RED, said))
    if found:
        return found
    names = ", ".join(channel.name for channel in channels)
    return [Condition(_PART, Level.OK, f"a number is shown, and these can be reached: {names}")]


def of_records(settings: Settings, tx: Tx, *, now: datetime) -> list[Condition]:
    """Return whether somebody practised lately. Nothing where nobody is on call: that comes first."""
    if not any(each.enabled for each in on_call_channels(settings)):
        return []
    last = emergencies.last_practised(tx)
    if last is not None and now - last < PRACTISED_EVERY:
        return [Condition(_PART, Level.OK, f"practised {last:%Y-%m-%d}")]
    since = "never practised" if last is None else f"last practised {last:%Y-%m-%d}"
    said = f"{since}: declare a risk to life in a rehearsal case, every {PRACTISED_EVERY.days} days"
    return [Condition(_PART, Level.ADVICE, said)]


def _why_unreachable(channel: Destination | MailDestination) -> str | None:
    """Return why nobody answers there, None where somebody does. It names no address."""
    try:
        if isinstance(channel, MailDestination):
            reaching.mail_server(channel.server)
        else:
            reaching.address(channel.url, channel.permitted, seconds=channel.deadline_seconds)
    except FetchFailed as failed:
        return failed.reason
    except SafeholdError as error:
        return error.code
    return None
