"""The section about emergencies: whom to call, how they are reached, and until when a report is due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from safehold.app.settings_outside import OutsideSettings
from safehold.app.settings_sections import Section


class OnCallSettings(OutsideSettings):
    """One way to reach whoever is on call. Nothing is sent until it is switched on."""

    needed: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "webhook": ("url", "secrets"),
        "mail": ("host", "sender", "recipients"),
    }

    kind: Literal["webhook", "mail"] = Field(
        description="A signed webhook, for a paging service of your own, or a mail, for a pager or phones."
    )
    url: str | None = Field(None, description="Where a webhook goes.")
    secrets: list[SecretStr] = Field(
        default_factory=list, description="Signing secrets of a webhook, `whsec_…`."
    )
    recipients: list[str] = Field(default_factory=list, description="Addresses that are called.")


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
