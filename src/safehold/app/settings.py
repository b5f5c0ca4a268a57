"""Settings: typed, read once from one TOML file and the environment, printed redacted.

Every field has a description: the reference page is generated from this module. An environment variable
`SAFEHOLD_<SECTION>__<NAME>` wins over the file. Nothing here names a host of the outside world.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from safehold.app.address_redaction import without_secrets
from safehold.app.settings_anchors import AuditSettings
from safehold.app.settings_authorities import AuthoritySettings
from safehold.app.settings_classifiers import ClassifierSettings
from safehold.app.settings_emergency import EmergencySettings
from safehold.app.settings_errors import PREFIX, in_words, misspelt, unparsed
from safehold.app.settings_evidence import EvidenceSettings
from safehold.app.settings_exposure import ExposureSettings
from safehold.app.settings_prevent import PreventSettings
from safehold.app.settings_queues import QueueSettings
from safehold.app.settings_rehearsal import what_is_meant
from safehold.app.settings_sections import (
    DatabaseSettings,
    DecodingSettings,
    LimitSettings,
    MediaSettings,
    PluginSettings,
    PolicySettings,
    PortalSettings,
    ProbingSettings,
    ReaderSettings,
    ReviewSettings,
    SignInSettings,
    TeamSettings,
    VaultSettings,
    ViewingSettings,
    WebhookSettings,
    WebSettings,
)
from safehold.app.settings_surfaces import SurfaceSettings
from safehold.app.settings_targets import TargetSettings
from safehold.app.settings_transparency import TransparencySettings
from safehold.model.errors import BadSettings
from safehold.model.surface import FOLDER_NAME, AuditSample, LegalBasis, LookBack, Surface

CONFIG_VARIABLE = "SAFEHOLD_CONFIG"


class Settings(BaseSettings):
    """Everything that an operator decides."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    data_folder: Path = Field(
        Path(".safehold"), description="Where the embedded database, the vault and the keys live."
    )
    lookback_folder: Path | None = Field(
        None,
        description=(
            "Where this host keeps signals for look-back: the same for its API and its worker."
            " Unset: in the data folder."
        ),
    )
    production: bool = Field(
        False,
        description="Real material comes in here: walls that a trial may do without are then required.",
    )
    rehearsal: bool = Field(
        False,
        description=(
            "Everything here is practice, and every page says so. Each surface must then be a rehearsal,"
            " whatever is told must go to this machine, and no destination can be switched to production."
        ),
    )
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    sign_in: SignInSettings = Field(default_factory=SignInSettings)
    portal: PortalSettings = Field(default_factory=PortalSettings)
    surfaces: dict[str, SurfaceSettings] = Field(default_factory=dict)
    classifiers: dict[str, ClassifierSettings] = Field(default_factory=dict)
    webhooks: dict[str, WebhookSettings] = Field(default_factory=dict)
    vault: VaultSettings = Field(default_factory=VaultSettings)
    reader: ReaderSettings = Field(default_factory=ReaderSettings)
    media: MediaSettings = Field(default_factory=MediaSettings)
    viewing: ViewingSettings = Field(default_factory=ViewingSettings)
    exposure: ExposureSettings = Field(default_factory=ExposureSettings)
    emergency: EmergencySettings = Field(default_factory=EmergencySettings)
    evidence: EvidenceSettings = Field(default_factory=EvidenceSettings)
    decoding: DecodingSettings = Field(default_factory=DecodingSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    policies: PolicySettings = Field(default_factory=PolicySettings)
    probing: ProbingSettings = Field(default_factory=ProbingSettings)
    team: TeamSettings = Field(default_factory=TeamSettings)
    review: ReviewSettings = Field(default_factory=ReviewSettings)
    queues: QueueSettings = Field(default_factory=QueueSettings)
    prevent: PreventSettings = Field(default_factory=PreventSettings)
    plugins: PluginSettings = Field(default_factory=PluginSettings)
    authorities: AuthoritySettings = Field(default_factory=AuthoritySettings)
    audit: AuditSettings = Field(default_factory=AuditSettings)
    transparency: TransparencySettings = Field(default_factory=TransparencySettings)
    targets: TargetSettings = Field(default_factory=TargetSettings)

    @field_validator("surfaces")
    @classmethod
    def _names_of_folders(cls, surfaces: dict[str, SurfaceSettings]) -> dict[str, SurfaceSettings]:
        for name, each in surfaces.items():
            if each.lookback is not None and not FOLDER_NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} has lookback, so a folder takes its name: use 1 to 64 letters, digits, dots,"
                    " underscores and hyphens, the first a letter or digit"
                )
        return surfaces

    @model_validator(mode="after")
    def _classifiers_are_declared(self) -> Self:
        for surface, declared in self.surfaces.items():
            unknown = set(declared.classifiers) - self.classifiers.keys()
            if unknown:
                raise ValueError(
                    f"surfaces.{surface}.classifiers: {', '.join(sorted(unknown))} is not in [classifiers]"
                )
        return self

    @model_validator(mode="after")
    def _rehearses_alone(self) -> Self:
        meant = what_is_meant(self) if self.rehearsal else None
        if meant is not None:
            raise ValueError(meant)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, which comes in as init settings."""
        return env_settings, init_settings

    def declared_surfaces(self) -> dict[str, Surface]:
        """Return every declared surface by its name."""
        return {name: found for name in self.surfaces if (found := self.surface(name)) is not None}

    @property
    def looks_back(self) -> bool:
        """Whether any surface keeps signals for look-back."""
        return any(each.lookback is not None for each in self.surfaces.values())

    def surface(self, name: str) -> Surface | None:
        """Return a declared surface, None when there is none of this name."""
        declared = self.surfaces.get(name)
        if declared is None:
            return None
        return Surface(
            name=name,
            visibility=declared.visibility,
            regions=tuple(declared.regions),
            legal_bases=tuple(LegalBasis(**basis.model_dump()) for basis in declared.legal_bases),
            on_incomplete=dict(declared.on_incomplete),
            rehearsal=declared.rehearsal,
            lookback=LookBack(**declared.lookback.model_dump()) if declared.lookback else None,
            classifiers=tuple(dict.fromkeys(declared.classifiers)),
            audit_sample=AuditSample(**declared.audit_sample.model_dump()) if declared.audit_sample else None,
        )

    def redacted(self) -> dict[str, Any]:
        """Return all settings as plain values, secrets and passwords blanked."""
        shown: dict[str, Any] = self.model_dump(mode="json")
        shown["database"]["url"] = without_secrets(self.database.url)
        shown["database"]["surface_urls"] = {
            surface: without_secrets(url) for surface, url in self.database.surface_urls.items()
        }
        for name, webhook in self.webhooks.items():
            shown["webhooks"][name]["url"] = without_secrets(webhook.url)
        for name, channel in self.emergency.on_call.items():
            shown["emergency"]["on_call"][name]["url"] = without_secrets(channel.url)
        shown["vault"]["url"] = without_secrets(self.vault.url)
        for name, authority in self.authorities.destinations.items():
            shown["authorities"]["destinations"][name]["url"] = without_secrets(authority.url)
        for name, anchor in self.audit.anchors.items():
            shown["audit"]["anchors"][name]["url"] = without_secrets(anchor.url)
        return shown


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings: the file at `path`, else the one that SAFEHOLD_CONFIG names, else ./safehold.toml.

    Without any file the defaults hold. Raises BadSettings that names every wrong setting.
    """
    chosen = path or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    if chosen is None and Path("safehold.toml").is_file():
        chosen = Path("safehold.toml")
    values = _read_toml(chosen) if chosen is not None else {}
    wrong = misspelt(os.environ, Settings)
    if wrong is not None:
        raise BadSettings(wrong)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise BadSettings(in_words(error, Settings)) from None
    except SettingsError as error:
        raise BadSettings(unparsed(error)) from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise BadSettings(f"{path}: {error.strerror or 'cannot be read'}.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{path} is not TOML: {error}.") from None
    except UnicodeDecodeError:
        raise BadSettings(f"{path} is not UTF-8 text.") from None
