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
