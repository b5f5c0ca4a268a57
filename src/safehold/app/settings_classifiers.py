"""The section about classifiers: which are asked, on which terms. None is, until one is named here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from safehold.app.settings_sections import LegalBasisSettings, Section
from safehold.model.band import Band


class ClassifierSettings(Section):
    """One classifier. What it says can ask a person to look, and nothing else can be set."""

    kind: Literal["onnx"] = Field("onnx", description="`onnx`: runs on this machine, by a model card.")
    card: str = Field(
        "open_nsfw",
        description="Its model card: `open_nsfw`, of the extra `vision`, or the path of a TOML file.",
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
    threads: int = Field(1, ge=1, le=64, description="Processors that one call of a local one may use.")
    leaving: list[LegalBasisSettings] = Field(
        default_factory=list,
        description="Where pictures go to somebody else's machine: the law that allows it, by region.",
    )
