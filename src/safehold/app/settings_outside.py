"""What the sections share that name somebody outside, who is reached by mail or at an address."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from safehold.app.listening import is_this_machine
from safehold.app.settings_sections import Section
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.mail import MailServer, Security
from safehold.model.errors import BadSettings

USER_AGENT = "Safehold"
"""How we introduce ourselves to servers."""


class OutsideSettings(Section):
    """Somebody outside, of a kind. Nothing is sent until it is switched on.

    needed: by kind, which fields it cannot do without.
    """

    needed: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    kind: str
    enabled: bool = Field(False, description="Nothing is sent until this is on.")
    host: str | None = Field(None, description="Mail server.")
    port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="TLS of the mail server. `none`: in the open and without login, for one on this machine.",
    )
    username: str | None = Field(None, description="Login at the mail server.")
    password: SecretStr | None = Field(None, description="Password at the mail server.")
    sender: str | None = Field(None, description="Address that mails come from.")
    recipients: list[str] = Field(default_factory=list, description="Addresses that mails go to.")
    ca_file: Path | None = Field(
        None, description="PEM certificates trusted for TLS besides the public ones."
    )
    permitted_networks: list[str] = Field(
        default_factory=list,
        description="Private networks that it may be in: `10.1.2.0/24`, `127.0.0.1:2525`.",
    )

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        missing = [name for name in self.needed[self.kind] if not getattr(self, name)]
        if missing:
            raise ValueError(f"{self.kind} needs {', '.join(missing)}")
        return self


def is_in_the_open(url: str) -> bool:
    """Say whether what goes to an address leaves this machine without TLS. Raises ValueError for none."""
    parts = urlsplit(url)
    return parts.scheme.lower() == "http" and not is_this_machine(parts.hostname or "")


def mail_server(each: OutsideSettings, *, named: str, deadline_seconds: float = 30.0) -> MailServer:
    """Return the mail server of a section. named: where the settings have it, as `audit.anchors.counsel`.

    Raises BadSettings for half a login, and as `MailServer`.
    """
    if (each.username is None) != (each.password is None):
        variable = f"SAFEHOLD_{named.upper().replace('.', '__')}__PASSWORD"
        raise BadSettings(
            f"{named}: username and password go together.",
            advice="Give the password by the environment, to every command that reads these settings:"
            f" {variable}.",
        )
    return MailServer(
        host=each.host or "",
        port=each.port,
        security=Security(each.security),
        username=each.username,
        password=None if each.password is None else each.password.get_secret_value(),
        ca_file=each.ca_file,
        permitted=PermittedNetworks.of(*each.permitted_networks),
        deadline_seconds=deadline_seconds,
    )
