"""A worker's surroundings in which things happen: before and after each call, and at each transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from safehold.egress.client import Egress
from safehold.storage.database import Database, Tx


class Killed(BaseException):
    """The process ended here: nothing in it goes on."""


class Turmoil:
    """The network and the database of one worker, to which the next thing of a list happens each time.

    calls: for each call "", or what happens and when, such as "dies before" and "ahead after"; a worker that
    dies raises Killed, anything else is done by `happens`. commits: for each transaction "", "dies before",
    "dies inside" (nothing is committed) or "dies after". Once a list is at its end, all goes well.
    """

    def __init__(
        self,
        database: Database,
        calls: Iterable[str],
        commits: Iterable[str],
        happens: Mapping[str, Callable[[], None]],
    ) -> None:
        self.calls, self.commits = list(calls), list(commits)
        self._database, self._happens = database, happens
        self._egress = Egress(user_agent="safehold-test")

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return not (self.calls or self.commits)

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """Open a transaction as the database does, if the process lives so long."""
        happens = self.commits.pop(0) if self.commits else ""
        if happens == "dies before":
            raise Killed
        with self._database.begin() as tx:
            yield tx
            if happens == "dies inside":
                raise Killed
        if happens == "dies after":
            raise Killed

    def send(self, url: str, **given: Any) -> Any:
        """Send as the client does, with something happening before it or after it."""
        what, _, when = (self.calls.pop(0) if self.calls else "").partition(" ")
        if when == "before":
            self._let(what)
        answer = self._egress.send(url, **given)
        if when == "after":
            self._let(what)
        return answer

    def _let(self, what: str) -> None:
        if what == "dies":
            raise Killed
        self._happens[what]()
