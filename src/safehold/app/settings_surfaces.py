"""The sections about surfaces: the places of a platform where items appear, and what is kept of them."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import Field, field_validator, model_validator

from safehold.app.settings_sections import LegalBasisSettings, Section
from safehold.model.child_account import PlaceKind
from safehold.model.surface import LARGEST_SHARE, LONGEST_TERM, LONGEST_UNSEEN, Advice, Visibility


class _Kept(Section):
    """What is kept of harmless uploads: only under a law that is named, and as long as that stands."""

    basis: str = Field(
        min_length=1,
        max_length=200,
        description="The law that lets you keep this of harmless uploads here, as counsel names it.",
    )
    expires_at: datetime | None = Field(
        None, description="From this instant on the basis no longer stands, and nothing more is kept."
    )

    @field_validator("basis")
    @classmethod
    def _says_something(cls, basis: str) -> str:
        if not basis.strip():
            raise ValueError("name the law, or leave the section out: without one nothing may be kept")
        return basis

    @model_validator(mode="after")
    def _aware(self) -> Self:
        if self.expires_at is not None and self.expires_at.tzinfo is None:
            raise ValueError("expires_at needs a time zone, such as 2027-04-03T00:00:00Z")
        return self


class LookBackSettings(_Kept):
    """Keeping signals of harmless uploads for some days, so that entries that come later find them."""

    days: int = Field(
        7,
        ge=1,
        le=LONGEST_TERM,
        strict=True,
        description="For how many days, the day of the upload being the first; then the day is destroyed.",
    )
    expires_at: datetime | None = Field(
        None, description="From this instant on the basis no longer stands, and what was kept is destroyed."
    )


class AuditSampleSettings(_Kept):
    """Keeping a random share of what every check passed, for a person to look at: so misses are counted."""

    share: float = Field(
        gt=0,
        le=LARGEST_SHARE,
        description="The share of clear uploads that is drawn by lot: `0.0001` is one in ten thousand.",
    )
    a_day: int = Field(
        20, ge=1, le=1000, strict=True, description="At most so many in a day (UTC), whatever the share."
    )
    days: int = Field(
        LONGEST_UNSEEN,
        ge=1,
        le=LONGEST_UNSEEN,
        strict=True,
        description="What nobody has looked at after so many days is destroyed, and its case is closed.",
    )


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
    live: bool = Field(
        False, description="What appears here is live: for an hour, whatever waits of it comes first."
    )
    classifiers: list[str] = Field(
        default_factory=list,
        max_length=8,
        description="Names of those in `classifiers` that are asked about uploads to this surface.",
    )
    child_place: PlaceKind = Field(
        PlaceKind.UNKNOWN,
        description=(
            "What kind of place it is for child accounts: `connections` (accounts connect before they talk),"
            " `open` (there are no connections), `game` (none, and messages cannot wait), `live` (a stream)."
            " Unset: the strictest of all."
        ),
    )
    lookback: LookBackSettings | None = Field(
        None, description="Keep signals of harmless uploads for some days. Unset: nothing of them is kept."
    )
    audit_sample: AuditSampleSettings | None = Field(
        None,
        description="Have a random share of clear uploads looked at by a person, to count what is missed."
        " On public surfaces alone. Unset: none is kept.",
    )

    @model_validator(mode="after")
    def _may_look_back(self) -> Self:
        if self.lookback is not None and self.visibility is Visibility.PRIVATE and not self.legal_bases:
            raise ValueError(
                "lookback: a private surface that no legal basis lets you scan has nothing to look back on;"
                " declare legal_bases"
            )
        return self

    @model_validator(mode="after")
    def _may_be_sampled(self) -> Self:
        if self.audit_sample is not None and self.visibility is Visibility.PRIVATE:
            raise ValueError(
                "audit_sample: nothing is drawn from a private surface, whatever the law lets be scanned"
            )
        return self
