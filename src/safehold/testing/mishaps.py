"""The names of what can go wrong with the first filing of a rehearsal: what staff meet before it is meant."""

from __future__ import annotations

from enum import StrEnum


class Mishap(StrEnum):
    """One of them; `testing.cybertipline.arrange` lets it happen."""

    LOST_REPLY = "lost-reply"
    EXPIRED_REPORT = "expired-report"
    DESTINATION_DOWN = "destination-down"
    REFUSED = "refused"
