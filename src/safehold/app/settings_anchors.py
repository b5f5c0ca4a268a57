"""The sections about the audit log and its outside anchors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from safehold.app.settings_sections import Section

_NEEDED = {"rfc3161": ("url", "roots"), "mail": ("host", "sender", "recipients"), "object_store": ("url",)}


class AnchorSettings(Section):
    """One place outside that keeps the head of the chain. Nothing is sent until it is switched on."""

    kind: Literal["rfc3161", "mail", "object_store"] = Field(
        description="A time-stamp server, a mail to another organisation, or an object store."
    )
    enabled: bool = Field(False, description="Nothing is sent until this is on.")
    every_hours: float = Field(24.0, gt=0, le=744, description="How often, when the log has moved.")
    url: str | None = Field(
        None, description="Time-stamp server, or store: a folder, `s3://…`, `gs://…` or `az://…`."
    )
    roots: list[Path] = Field(
        default_factory=list,
        description="PEM files of the authorities that a time stamp's signature must lead to.",
    )
    policy: str | None = Field(
        None, pattern=r"^[0-9]+(\.[0-9]+)+$", description="Policy that a time stamp must name. Unset: any."
    )
    options: dict[str, SecretStr] = Field(
        default_factory=dict, description="What the object store needs: `endpoint`, `region`, keys."
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
    recipients: list[str] = Field(default_factory=list, description="Addresses that keep the mails.")
    ca_file: Path | None = Field(
        None, description="PEM certificates trusted for TLS besides the public ones."
    )
    permitted_networks: list[str] = Field(
        default_factory=list,
        description="Private networks that the server may be in: `10.1.2.0/24`, `127.0.0.1:2525`.",
    )

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        missing = [name for name in _NEEDED[self.kind] if not getattr(self, name)]
        if missing:
            raise ValueError(f"{self.kind} needs {', '.join(missing)}")
        return self


class AuditSettings(Section):
    """The audit log."""

    name: str = Field("Safehold", description="What mails to other organisations call this log.")
    anchors: dict[str, AnchorSettings] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _in_one_line(cls, name: str) -> str:
        if not re.fullmatch(r"[\x20-\x7e]{1,80}", name):
            raise ValueError("up to 80 printable ASCII characters in one line")
        return name
