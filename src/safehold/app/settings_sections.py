"""The sections of the settings file. Every field has a description: the reference page is made from them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from safehold.model.surface import Advice, Visibility

MEBIBYTE = 1024 * 1024
SURFACES_WITH_ROLES = frozenset({"api", "console", "worker"})


class Section(BaseModel):
    """A part of the settings. An unknown name in it is an error: a typo must not be silent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseSettings(Section):
    """Where the records are."""

    url: str | None = Field(
        None, description="PostgreSQL 15 or newer, as `postgresql+psycopg://…`. Unset: the embedded server."
    )
    surface_urls: dict[str, str] = Field(
        default_factory=dict,
        description="Other addresses per surface (`api`, `console`, `worker`), to connect as its own role.",
    )

    @field_validator("surface_urls")
    @classmethod
    def _of_surfaces(cls, urls: dict[str, str]) -> dict[str, str]:
        # A surface that is spelt wrongly would connect as the role that may do everything.
        unknown = sorted(set(urls) - SURFACES_WITH_ROLES)
        if unknown:
            raise ValueError(f"{unknown[0]} is none of {', '.join(sorted(SURFACES_WITH_ROLES))}")
        return urls


class WebSettings(Section):
    """Where the pages and the API answer."""

    listen: str = Field("127.0.0.1:8400", description="Address and port to listen on.")
    secure_cookies: bool = Field(
        False, description="Send cookies over TLS only. Switch it on wherever TLS ends in front of Safehold."
    )
    allowed_origins: list[str] = Field(
        default_factory=list,
        description="Origins that forms may be sent from, besides the address that the browser asked for.",
    )


class LegalBasisSettings(Section):
    """The law under which a private surface may be scanned in one region."""

    region: str = Field(description="Region, in the platform's own words.")
    name: str = Field(description="The law or consent, as counsel names it.")
    expires_at: datetime | None = Field(None, description="From this instant on it no longer stands.")

    @model_validator(mode="after")
    def _aware(self) -> Self:
        if self.expires_at is not None and self.expires_at.tzinfo is None:
            raise ValueError("expires_at needs a time zone, such as 2027-04-03T00:00:00Z")
        return self


class SurfaceSettings(Section):
    """A place of a platform where items appear."""

    visibility: Visibility = Field(Visibility.PUBLIC, description="`public` or `private`.")
    regions: list[str] = Field(default_factory=list, description="Regions in which the surface exists.")
    legal_bases: list[LegalBasisSettings] = Field(
        default_factory=list, description="A private surface is scanned only where one of these stands."
    )
    on_incomplete: dict[str, Advice] = Field(
        default_factory=dict,
        description='Advice per code, such as `list_stale = "publish"`; `"*"` for all others. Unset: `hold`.',
    )
    rehearsal: bool = Field(
        False, description="Test lists match here, and nothing from here can leave the rehearsal."
    )


class WebhookSettings(Section):
    """One receiver of what happens."""

    url: str = Field(description="Where to send.")
    secrets: list[SecretStr] = Field(
        min_length=1,
        description="Signing secrets, `whsec_…`, shared with the receiver; two while one is replaced.",
    )
    enabled: bool = Field(False, description="Nothing is sent until this is on.")
    events: list[str] = Field(
        default_factory=list, description="Kinds of event to send. Empty: all that a platform can be told."
    )
    with_category: bool = Field(False, description="Tell the category too. Off: only what is asked for.")
    permitted_networks: list[str] = Field(
        default_factory=list,
        description="Private networks that this receiver may be in: `10.1.2.0/24`, `127.0.0.1:8400`.",
    )


class VaultSettings(Section):
    """Where sealed media is kept, and the keys."""

    url: str | None = Field(
        None, description="Object store: a folder, `s3://…`, `gs://…` or `az://…`. Unset: the data folder."
    )
    sealing_key: Path | None = Field(None, description="File of the public key. Unset: in the data folder.")
    opening_key: Path | None = Field(None, description="File of the private key. Unset: in the data folder.")


class DecodingSettings(Section):
    """The worker processes that open files."""

    workers: int = Field(1, ge=1, le=64, description="How many run side by side.")
    seconds: float = Field(20.0, gt=0, le=600, description="Longest time for one file.")
    max_pixels: int = Field(150_000_000, ge=1_000_000, description="Largest picture, in pixels.")


class LimitSettings(Section):
    """How much may come in at once."""

    upload_bytes: int = Field(64 * MEBIBYTE, ge=1024, description="Largest upload, in bytes.")
    json_bytes: int = Field(1 * MEBIBYTE, ge=1024, description="Largest JSON body, in bytes.")
    batch_items: int = Field(1000, ge=1, le=10_000, description="Most items in one batch.")
    fetch_seconds: float = Field(15.0, gt=0, le=120, description="Longest time to fetch a URL.")


class PolicySettings(Section):
    """Named policies that approve a proposal in a person's place. Each is off until it is switched on."""

    remove_confirmed: bool = Field(
        False,
        description="`remove_confirmed`: ask the platform to remove an item as soon as people confirmed it.",
    )


class TeamSettings(Section):
    """Who works here."""

    size_policy: Literal["full", "small", "single"] = Field(
        "single", description="`full`: four people or more; `small`: two or three; `single`: one assessor."
    )


class PluginSettings(Section):
    """Foreign plug-ins, each loaded by entry point and only when named here."""

    signal_types: list[str] = Field(
        default_factory=list, description="Entry points of the group `safehold.signal_types` to load."
    )
