"""The section of the settings about children's accounts: what may happen to them, and which words help."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from safehold.app.settings_sections import Section


class PreventSettings(Section):
    """What is answered about children's accounts."""

    child_policy: Path | None = Field(
        None,
        description="A TOML file with your own policy for child accounts. Unset: the one that Safehold comes"
        " with.",
    )
    messages_per_week: int = Field(
        3,
        ge=0,
        le=20,
        description="How often words that help are shown to one account in seven days, at most. 0: never.",
    )
    checked_days: int = Field(
        365,
        ge=1,
        le=730,
        description="For how many days a text or a help line counts as checked. From then on it is hidden.",
    )
