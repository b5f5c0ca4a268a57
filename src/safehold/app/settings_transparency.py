"""The section about what is published: where a year begins, and who publishes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from safehold.app.settings_sections import Section


class TransparencySettings(Section):
    """What is published, and how its years are counted."""

    time_zone: str = Field(
        "UTC", description="Where a year of the annual report begins and ends, such as `Europe/London`."
    )
    publisher: str = Field("", description="Who publishes the annual report, as it stands at its top.")

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError) as unknown:
            raise ValueError(f"{name!r} is no time zone that this machine knows") from unknown
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself."""
        return ZoneInfo(self.time_zone)
