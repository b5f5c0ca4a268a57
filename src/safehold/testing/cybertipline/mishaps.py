"""Letting something go wrong with the first filing that the server meets, as a rehearsal asks for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from safehold.model.clock import Clock, utc_now
from safehold.testing.cybertipline.holdings import LASTS
from safehold.testing.cybertipline.server import CyberTiplineServer, Fault, Moment
from safehold.testing.mishaps import Mishap

TURNED_AWAY = 3
"""So many attempts fail where the destination is down: a minute and a half, by the pauses between them."""


class SlippingClock:
    """The clock of a server whose report may expire while it is being filed: from then on it is ahead.

    clock: what it goes by until then.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._server: CyberTiplineServer | None = None
        self._calls = 0

    def __call__(self) -> datetime:
        """Return the present instant as the server has it."""
        slipped = self._server is not None and _calls_after_opening(self._server) > self._calls
        return self._clock() + (LASTS + timedelta(minutes=1) if slipped else timedelta())

    def slip(self, server: CyberTiplineServer) -> None:
        """Be ahead by more than a report lasts as soon as one was opened and more is said about it."""
        self._server, self._calls = server, _calls_after_opening(server)


def arrange(mishap: Mishap, server: CyberTiplineServer, clock: SlippingClock) -> None:
    """Let the next filing meet this. clock: the one that the server goes by."""
    match mishap:
        case Mishap.LOST_REPLY:
            server.fail_next(Moment.FINISH, Fault.REPLY_LOST)
        case Mishap.EXPIRED_REPORT:
            clock.slip(server)
        case Mishap.DESTINATION_DOWN:
            server.fail_next(Moment.OPEN, *[Fault.REQUEST_LOST] * TURNED_AWAY)
        case Mishap.REFUSED:
            server.fail_next(Moment.OPEN, Fault.CODE_VALIDATION)


def _calls_after_opening(server: CyberTiplineServer) -> int:
    return server.calls[Moment.UPLOAD] + server.calls[Moment.FINISH]
