"""The database of this installation: started where it is embedded, migrated, connected to by role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from safehold.app.home import Home
from safehold.app.settings import Settings
from safehold.model.errors import BadSettings, DatabaseDown
from safehold.storage import migrate, roles
from safehold.storage.databases import create_database, database_exists
from safehold.storage.embedded import EmbeddedServer

NAME = "safehold"


@dataclass(frozen=True, slots=True)
class Addresses:
    """How the database is reached: as its owner, for migrations, and as the role of each surface."""

    owner: str
    by_surface: dict[str, str]

    def of(self, surfaces: frozenset[str]) -> str:
        """Return the address for a process that serves these surfaces: one surface has a role of its own."""
        if len(surfaces) == 1:
            return self.by_surface.get(next(iter(surfaces)), self.by_surface["all"])
        return self.by_surface["all"]


@contextmanager
def running(settings: Settings, home: Home) -> Iterator[Addresses]:
    """Make sure that the database runs, for as long as the block lasts.

    The embedded server is started on entry and stopped on exit when nobody else uses it. A server by URL
    is left as it is.
    """
    url = settings.database.url
    if url is not None:
        if not url.startswith("postgresql+psycopg://"):
            raise BadSettings("database.url: begin it with postgresql+psycopg://")
        yield Addresses(url, {"all": url, **settings.database.surface_urls})
        return
    with EmbeddedServer(home.postgres) as server:
        if not database_exists(server, NAME):
            create_database(server, NAME)
        by_surface = {
            surface: server.url(NAME, user=role)
            for surface, role in (
                ("all", roles.APP),
                ("api", roles.API),
                ("console", roles.CONSOLE),
                ("worker", roles.WORKER),
            )
        }
        yield Addresses(server.url(NAME), by_surface)


def bring_up_to_date(addresses: Addresses) -> None:
    """Apply every migration and grant. Doing so again changes nothing."""
    migrate.upgrade(addresses.owner)


def check_up_to_date(addresses: Addresses) -> None:
    """Raise DatabaseDown with advice unless the schema is the one that this program knows."""
    at, known = migrate.current(addresses.owner), migrate.newest()
    if at != known:
        raise DatabaseDown(
            f"The database is at revision {at or 'none'}, this program needs {known}.",
            advice=f"Run `safehold db {'upgrade' if at else 'init'}`.",
        )
