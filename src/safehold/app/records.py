"""The database of this installation: started where it is embedded, migrated, connected to by role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from safehold.app.home import Home
from safehold.app.settings import Settings
from safehold.app.settings_sections import SURFACES_WITH_ROLES
from safehold.model.errors import BadSettings, DatabaseDown, NameTaken
from safehold.storage import migrate, roles
from safehold.storage.database import place_of
from safehold.storage.databases import create_database, database_exists
from safehold.storage.dumps import is_unfinished
from safehold.storage.embedded import EmbeddedServer

NAME = "safehold"
ALL = "all"
"""Several surfaces in one process, and commands."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """How the database is reached: as its owner, for migrations alone, and as the role of each surface.

    owner: None where the settings do not name it, as those of a process that serves one surface should not.
    """

    owner: str | None = field(repr=False)
    by_surface: dict[str, str] = field(repr=False)
    embedded: bool = False

    def of(self, surfaces: frozenset[str]) -> str:
        """Return the address for a process that serves these surfaces: one surface has a role of its own.

        A surface that needs no database does not count. Raises BadSettings when the settings name no
        address for them.
        """
        counted = surfaces & SURFACES_WITH_ROLES
        wanted = next(iter(counted)) if len(counted) == 1 else ALL
        found = self.by_surface.get(wanted) or self.by_surface.get(ALL)
        if found is None:
            raise BadSettings(
                f"database.surface_urls: there is no address for {wanted}.",
                advice=f"Name database.surface_urls.{wanted} in the settings of this process.",
            )
        return found

    def for_owner(self) -> str:
        """Return the address of the owner. Raises BadSettings when the settings do not name it."""
        if self.owner is None:
            raise BadSettings(
                "database.url: only the owner of the tables can set them up, and it is not named here.",
                advice="Run this with settings that name the owner in database.url.",
            )
        return self.owner


@contextmanager
def running(settings: Settings, home: Home) -> Iterator[Addresses]:
    """Make sure that the database runs, for as long as the block lasts.

    The embedded server is started on entry and stopped on exit when nobody else uses it. A server by URL
    is left as it is.
    """
    url, by_surface = settings.database.url, settings.database.surface_urls
    if url is not None or by_surface:
        yield Addresses(url, {ALL: url, **by_surface} if url is not None else dict(by_surface))
        return
    with EmbeddedServer(home.postgres) as server, server.kept_running():
        if not database_exists(server, NAME):
            # Another process that starts at this moment may have made it since.
            with suppress(NameTaken):
                create_database(server, NAME)
        own = {surface: server.url(NAME, user=role) for surface, role in roles.OF_SURFACE.items()}
        yield Addresses(server.url(NAME), own, embedded=True)


def bring_up_to_date(addresses: Addresses) -> None:
    """Apply every migration and grant, as the owner. Doing so again changes nothing. Raises BadSettings."""
    owner = addresses.for_owner()
    with _naming(owner):
        migrate.upgrade(owner)


def check_up_to_date(addresses: Addresses, address: str) -> None:
    """Raise DatabaseDown with advice unless the schema is the one that this program knows.

    address: that of the process itself; every role may read which revision the tables are at.
    """
    try:
        with _naming(address):
            unfinished = is_unfinished(address)
    except DatabaseDown:
        if addresses.embedded and migrate.current(addresses.for_owner()) is None:
            # Its roles are made with its tables, so that nobody is let in yet.
            raise DatabaseDown(
                "There is no database here yet.", advice="Run `safehold db init`, which makes it."
            ) from None
        raise
    if unfinished:
        raise DatabaseDown(
            "A restore from a backup was begun here and is not finished.",
            advice="Wait until it is, or run the same `safehold db restore` again.",
        )
    at, known = migrate.current(address), migrate.newest()
    if at != known:
        raise DatabaseDown(
            f"The database is at revision {at or 'none'}, this program needs {known}.",
            advice=f"Run `safehold db {'upgrade' if at else 'init'}`.",
        )


@contextmanager
def _naming(address: str) -> Iterator[None]:
    """Say where the database is that does not answer: at a start and to commands, never to strangers."""
    try:
        yield
    except DatabaseDown as error:
        raise DatabaseDown(
            f"The database does not answer at {place_of(address)}, or does not let this process in.",
            advice="See that it runs there, takes connections from here, and knows the user and the password"
            " that database.url or database.surface_urls name.",
        ) from error
