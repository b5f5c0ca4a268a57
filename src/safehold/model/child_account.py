"""Child accounts: how old, on what kind of place, and what may happen to them by default."""

from __future__ import annotations

from enum import StrEnum


class AccountAge(StrEnum):
    """How old whoever holds an account is, as far as the platform knows."""

    FROM_0_TO_2 = "0-2"
    FROM_3_TO_6 = "3-6"
    FROM_7_TO_10 = "7-10"
    FROM_11_TO_13 = "11-13"
    FROM_14_TO_15 = "14-15"
    FROM_16_TO_17 = "16-17"
    ADULT = "18+"
    UNKNOWN = "unknown"


CHILDREN = tuple(age for age in AccountAge if age not in (AccountAge.ADULT, AccountAge.UNKNOWN))
"""The bands below 18, the youngest first."""


class PlaceKind(StrEnum):
    """What kind of place a surface is for children.

    connections: accounts connect to each other before they talk. open: there are no connections. game:
    there are none, and messages cannot wait. live: somebody streams, others watch.
    """

    CONNECTIONS = "connections"
    OPEN = "open"
    GAME = "game"
    LIVE = "live"
    UNKNOWN = "unknown"


class Feature(StrEnum):
    """What is about to happen to a child's account, each in the words of what the platform would do."""

    SUGGESTED_TO_OTHERS = "suggested_to_others"
    SUGGESTIONS_SHOWN = "suggestions_shown"
    LISTED_AS_CONNECTION = "listed_as_connection"
    OWN_CONNECTIONS_SHOWN = "own_connections_shown"
    CONNECTION_REQUEST = "connection_request"
    MESSAGE = "message"
    LOCATION = "location"
    FOUND_BY_STRANGERS = "found_by_strangers"
    LIVESTREAM_INTERACTION = "livestream_interaction"


class Decision(StrEnum):
    """What a platform is told to do, the mildest first.

    notice: it goes ahead, and the child is told first. confirm: it waits until the child says yes.
    """

    ALLOW = "allow"
    NOTICE = "notice"
    CONFIRM = "confirm"
    DENY = "deny"

    @property
    def strictness(self) -> int:
        """Return 0 for the mildest, and more for what is stricter."""
        return list(Decision).index(self)


class Moment(StrEnum):
    """When words that help are right: four at which a code asks for them, and two at which risk is near."""

    DEFAULT_TURNED_OFF = "default_turned_off"
    CONNECTION_REQUEST = "connection_request"
    FIRST_MESSAGE = "first_message"
    AFTER_BLOCK = "after_block"
    ASKED_TO_MOVE = "asked_to_move"
    PRESSURE = "pressure"
