"""The section about emergencies: whom to call, how they are reached, and until when a report is due."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from safehold.app.settings_sections import Section

_NEEDED = {"webhook": ("url", "secrets"), "mail": ("host", "sender", "recipients")}


class OnCallSettings(Section):
    """One way to reach whoever is on call. Nothing is sent until it is switched on."""

    kind: Literal["webhook", "mail"] = Field(
        description="A signed webhook, for a paging service of your own, or a mail, for a pager or phones."
    )
    enabled: bool = Field(False, description="Nothing is sent until this is on.")
    url: str | None = Field(None, description="Where a webhook goes.")
    secrets: list[SecretStr] = Field(
        default_factory=list, description="Signing secrets of a webhook, `whsec_…`."
    )
    host: str | None = Field(None, description="Mail server.")
    port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="TLS of the mail server. `none`: in the open and without login, for one on this machine.",
    )
    username: str | None = Field(None, description="Login at the mail server.")
    password: SecretStr | None = Field(None, description="Password at the mail server.")
    sender: str | None = Field(None, description="Address that mails come from.")
    recipients: list[str] = Field(default_factory=list, description="Addresses that are called.")
    ca_file: Path | None = Field(
        None, description="PEM certificates trusted for TLS of a mail server besides the public ones."
    )
    permitted_networks: list[str] = Field(
        default_factory=list,
        description="Private networks that this receiver may be in: `10.1.2.0/24`, `127.0.0.1:8410`.",
    )

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        missing = [name for name in _NEEDED[self.kind] if not getattr(self, name)]
        if missing:
            raise ValueError(f"{self.kind} needs {', '.join(missing)}")
        return self


class EmergencySettings(Section):
    """What happens when somebody declares a risk to life."""

    number: str = Field(
        "",
        max_length=200,
        description="The number to call, as the pages show it, with whose it is: `999, police`.",
    )
    report_minutes: int = Field(
        15,
        ge=1,
        le=1440,
        description="Until when the report is to be made. The law says at once; this is your own clock.",
    )
    on_call: dict[str, OnCallSettings] = Field(default_factory=dict)
