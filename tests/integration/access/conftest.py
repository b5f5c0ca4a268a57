"""The way in, without the web: a gate on a real database, and the people who stand before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from safehold.app.access import sessions, sign_in, users
from safehold.app.access.gate import Gate, Visitor
from safehold.app.access.sessions import SignedIn
from safehold.app.access.sign_in import Admitted
from safehold.app.settings_sections import SignInSettings
from safehold.model.ids import UserId
from safehold.model.permissions import Role, system_actor
from safehold.storage.database import Database, Tx

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SHELL = system_actor("shell")
PASSWORD = "correct horse battery"


class Interrupted(Database):
    """A database on which something else happens just before its n-th transaction begins."""

    def __init__(self, database: Database, at: int, do: Callable[[], None]) -> None:
        self._database, self._left, self._do = database, at, do

    def begin(self) -> AbstractContextManager[Tx]:
        self._left -= 1
        if self._left == 0:
            self._do()
        return self._database.begin()


@dataclass
class Door:
    """A gate with a clock that stands still until it is moved, and one person: Robin, an analyst."""

    gate: Gate
    robin: UserId
    now: datetime = NOON
    GIVEN: ClassVar[str] = "given by an admin"
    browser: Visitor = field(default_factory=lambda: Visitor("192.0.2.1", "Firefox on Linux"))
    stranger: Visitor = field(default_factory=lambda: Visitor("203.0.113.9", "A program"))

    def later(self, **ahead: float) -> None:
        """Move the clock."""
        self.now += timedelta(**ahead)

    @property
    def roles(self) -> tuple[Role, ...]:
        """What everybody here is."""
        return (Role.ANALYST,)

    def settles(self, **settings: Any) -> None:
        """Go on with other settings."""
        self.gate = gate_of(self.gate.database, **settings)

    def tries(
        self, name: str = "Robin", password: str = PASSWORD, *, visitor: Visitor | None = None
    ) -> Admitted | sign_in.FactorDue:
        """Try to sign in with a name and password."""
        return sign_in.check_password(
            self.gate, name=name, password=password, visitor=visitor or self.browser, now=self.now
        )

    def signs_in(self, name: str = "Robin", *, visitor: Visitor | None = None) -> str:
        """Sign in somebody without a second factor; return the session's token."""
        admitted = self.tries(name, visitor=visitor)
        assert isinstance(admitted, Admitted)
        return admitted.token

    def resumes(self, token: str) -> SignedIn | None:
        """Send a request with a token."""
        with self.gate.database.begin() as tx:
            return sessions.resume(tx, self.gate, token, now=self.now)

    def shuts_out(self, name: str = "Robin") -> None:
        """Let an admin shut somebody out."""
        self.in_tx(users.disable, self.in_tx(users.find_user, name).id, actor=SHELL, now=self.now)

    def gives_password(self) -> None:
        """Let an admin give Robin another password."""
        self.in_tx(users.give_password_once, self.robin, self.GIVEN, actor=SHELL, now=self.now)

    def interrupted(self, do: Callable[[], None], *, before: int) -> None:
        """Let something happen before so many transactions of the gate from now on have begun."""
        self.gate = gate_of(Interrupted(self.gate.database, before, do))

    def in_tx(self, do: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call something with a transaction of its own in front."""
        with self.gate.database.begin() as tx:
            return do(tx, *arguments, **named)

    def sql(self, statement: str) -> list[Any]:
        """Return the rows of a query."""
        with self.gate.database.begin() as tx:
            return list(tx.run(sa.text(statement)))

    def verbs(self) -> list[str]:
        """Return what is on record, in order."""
        return [row.verb for row in self.sql("select verb from audit_record order by at, id")]

    def alarms(self) -> list[str]:
        """Return the codes of the alarms that stand."""
        return [row.code for row in self.sql("select code from alarm where cleared_at is null order by code")]

    def add(self, name: str, *roles: Role, once: bool = False) -> UserId:
        """Add somebody with the common password."""
        granted = frozenset(roles)
        return UserId(
            self.in_tx(
                users.add_user,
                name=name,
                password=PASSWORD,
                roles=granted,
                actor=SHELL,
                now=self.now,
                once=once,
            )
        )


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """As the console's own role, so that a grant that is missing is noticed."""
    url = sa.make_url(database_url).set(username="safehold_console").render_as_string(False)
    opened = Database(url, pool_size=10)
    yield opened
    opened.close()


def gate_of(database: Database, **settings: Any) -> Gate:
    """Return a gate with these settings and a key of the test's own."""
    return Gate(database, SignInSettings(**settings), lambda: b"k" * 32)


@pytest.fixture
def door(database: Database) -> Door:
    with database.begin() as tx:
        robin = users.add_user(
            tx, name="Robin", password=PASSWORD, roles=frozenset({Role.ANALYST}), actor=SHELL, now=NOON
        )
    return Door(gate_of(database), robin)
