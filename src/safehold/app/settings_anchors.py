"""The sections about the audit log and its outside anchors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from safehold.app.settings_outside import OutsideSettings
from safehold.app.settings_sections import Section


class AnchorSettings(OutsideSettings):
    """One place outside that keeps the head of the chain. Nothing is sent until it is switched on."""

    needed: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "rfc3161": ("url", "roots"),
        "mail": ("host", "sender", "recipients"),
        "object_store": ("url",),
    }

    kind: Literal["rfc3161", "mail", "object_store"] = Field(
        description="A time-stamp server, a mail to another organisation, or an object store."
    )
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
    recipients: list[str] = Field(default_factory=list, description="Addresses that keep the mails.")


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
