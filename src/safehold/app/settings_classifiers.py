"""The section about classifiers: which are asked, on which terms. None is, until one is named here."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from safehold.app.settings_outside import is_in_the_open
from safehold.app.settings_sections import LegalBasisSettings, Section
from safehold.model.band import Band


class ClassifierSettings(Section):
    """One classifier. What it says can ask a person to look, and nothing else can be set."""

    kind: Literal["onnx", "http", "plugin"] = Field(
        "onnx",
        description=(
            "`onnx`: runs on this machine. `http`: another machine answers, over HTTP. `plugin`: another"
            " package runs it, on this machine."
        ),
    )
    plugin: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_.-]{1,60}$",
        description="Of the kind `plugin`: its entry point of the group `safehold.classifiers`.",
    )
    card: str = Field(
        "open_nsfw",
        description=(
            "Its model card: `open_nsfw`, of the extra `vision`, `google_content_safety`, of the kind `http`,"
            " or the path of a TOML file."
        ),
    )
    use: Literal["review"] = Field(
        "review", description="What may follow from what it says. There is no other value."
    )
    shadow: bool = Field(
        True,
        description="It is asked and heard, and raises no flag, until outcomes show what it is worth.",
    )
    flags_from: Band = Field(
        Band.HIGH,
        description="From this band on it asks a person to look: `low`, `medium`, `high`, `very_high`.",
    )
    seconds: float = Field(1.0, gt=0, le=30, description="How long an upload waits for it.")
    a_day: int | None = Field(
        None, ge=1, description="Most calls in a day (UTC), of each process. Unset: no limit."
    )
    a_second: float | None = Field(
        None, gt=0, le=10_000, description="Most calls in a second, of each process. Unset: no limit."
    )
    threads: int = Field(1, ge=1, le=64, description="Processors that one call of a local one may use.")
    url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]",
        description="Of the kind `http`: where pictures are sent. `http://` only on this machine.",
    )
    username: str | None = Field(None, description="Where the card says `basic`: as you were given it.")
    key: SecretStr | None = Field(None, description="The key or password, as you were given it.")
    ca_file: Path | None = Field(
        None, description="PEM certificates trusted for TLS besides the public ones."
    )
    permitted_networks: list[str] = Field(
        default_factory=list,
        description="Private networks that it may be in: `10.1.2.0/24`, `127.0.0.1:8443`.",
    )
    leaving: list[LegalBasisSettings] = Field(
        default_factory=list,
        description="Of the kind `http`: the law under which pictures may leave, by region. No others do.",
    )

    @model_validator(mode="after")
    def _leaves_by_law(self) -> Self:
        if (self.plugin is None) == (self.kind == "plugin"):
            raise ValueError("plugin: of the kind plugin, which needs it")
        if self.kind != "http":
            if self.url is not None or self.key is not None:
                raise ValueError(f"url and key: of the kind http; one of the kind {self.kind} runs here")
            if self.kind == "plugin" and "card" in self.model_fields_set:
                raise ValueError("card: a plug-in brings its own")
            return self
        missing = [name for name in ("url", "leaving") if not getattr(self, name)]
        if missing or self.card == "open_nsfw":
            raise ValueError(f"http needs {', '.join(missing or ['a card of its kind'])}")
        if is_in_the_open(self.url or ""):
            raise ValueError("url: https, or anybody on the way sees the pictures")
        return self
