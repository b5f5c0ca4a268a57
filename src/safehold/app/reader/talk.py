"""What the reader and whoever asks say to each other before the last answer: only a bundle needs it."""

from __future__ import annotations

from safehold.model.errors import Unavailable
from safehold.vault.channel import ChannelBroken, Line, Message

HEAR_SECONDS = 300.0
"""How long whoever asks may take for what a bundle ends with: it is signed, and perhaps time-stamped."""
SAY_SECONDS = 60.0
"""How long taking one piece may last: a slow disk."""


class Talk:
    """The reader's side of one line, for as long as one request is answered."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def say(self, message: Message) -> None:
        """Send a message that is not the last. Raises Unavailable when nobody is there any more."""
        try:
            self._line.send(message, seconds=SAY_SECONDS)
        except ChannelBroken:
            raise _gone() from None

    def hear(self, *, most: int) -> Message:
        """Wait for a message. most: bytes beside its head. Raises Unavailable."""
        try:
            heard = self._line.receive(seconds=HEAR_SECONDS, most=most)
        except ChannelBroken:
            raise _gone() from None
        if heard is None:
            raise _gone()
        return heard


def _gone() -> Unavailable:
    return Unavailable("Whoever asked went away before it was finished.")
