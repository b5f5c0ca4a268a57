"""Who reports: the company, its service, and the people an authority can turn to, as the settings say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from safehold.model.surface import Visibility


class Place(StrEnum):
    """What kind of place a surface is to somebody who does not know the service."""

    WEB_PAGE = "web_page"
    CHAT = "chat"
    EMAIL = "email"
    GAME = "game"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody at the company. Without an address for mail no authority takes a report."""

    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """Both names, "" where neither is set."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The company that reports.

    name: under which the authority knows it. service: the platform, where it has another name. contact: whom
    the authority may turn to, where that is somebody else. company_template: what the company always says
    with a report. terms: what its terms say about such material. places: of surfaces by name, where the
    surface's visibility does not say it.
    """

    name: str
    reporting_person: Contact
    service: str = ""
    contact: Contact | None = None
    company_template: str = ""
    terms: str = ""
    legal_url: str = ""
    places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def platform(self) -> str:
        """The platform's name."""
        return self.service or self.name

    def place_of(self, surface: str, visibility: Visibility | None) -> Place:
        """Return what kind of place a surface is: unless it is said, private ones are chats, others pages."""
        usual = Place.CHAT if visibility is Visibility.PRIVATE else Place.WEB_PAGE
        return self.places.get(surface, usual)
