"""The sections about authorities: who reports, to whom, and how soon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from safehold.act.channels.base import is_secret
from safehold.app.settings_outside import OutsideSettings, is_in_the_open
from safehold.app.settings_sections import Section
from safehold.model.errors import InvalidInput

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
_Hours = Annotated[float, Field(gt=0, le=24 * 31)]


class PersonSettings(Section):
    """A person whom an authority may ask."""

    first_name: str = Field("", max_length=100, description="Given name.")
    last_name: str = Field("", max_length=100, description="Family name.")
    email: str = Field("", max_length=254, description="Where the authority writes to.")
    phone: str = Field("", max_length=60, description="Where the authority calls.")


class AuthorityDestinationSettings(OutsideSettings):
    """An authority or a hotline that takes reports. Nothing is sent until it is enabled.

    Even then nothing but what is on a rehearsal list goes out until two people have switched production on
    for it: `safehold authorities production`.
    """

    needed: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "ncmec_cybertipline": ("url", "username", "password"),
        "uk_nca": (),
        "generic": (),
    }

    needed_for: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "by_hand": (),
        "webhook": ("url", "secrets", "age_recipients"),
        "mail": ("host", "sender", "recipients", "age_recipients"),
    }

    kind: Literal["ncmec_cybertipline", "uk_nca", "generic"] = Field(
        description="`ncmec_cybertipline` files by the API; `uk_nca` makes a pack that a person hands over;"
        " `generic` does what `delivery` says."
    )
    enabled: bool = Field(False, description="Nothing is planned for it until this is on.")
    delivery: Literal["by_hand", "webhook", "mail"] = Field(
        "by_hand",
        description="Of `generic`: `by_hand`: a pack that a person hands over. `webhook`, `mail`: the machine"
        " sends one file that only the receiver can open. It counts for what is planned from then on.",
    )
    url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]",
        description="Base address of the API, or where a webhook goes, as you were given it. `http://` only"
        " on this machine.",
    )
    secrets: list[SecretStr] = Field(
        default_factory=list, description="Signing secrets of a webhook, `whsec_…`: each signs what is sent."
    )
    age_recipients: list[str] = Field(
        default_factory=list,
        max_length=8,
        description="Whoever can open what is sent: public keys, `age1…` or of SSH.",
    )
    send_files: bool = Field(True, description="Media go along with what is sent by webhook or mail.")
    largest_mebibytes: int = Field(
        16,
        ge=1,
        le=16_384,
        description="Most media in one sending, in MiB. What does not fit stays here, and the letter says so."
        " Mail servers often take 25 MB, and a mail is a third larger than what is in it.",
    )
    recipients: list[str] = Field(default_factory=list, description="Mailboxes of the receiver.")
    username: str | None = Field(None, description="As the authority, or your mail server, gave it to you.")
    password: SecretStr | None = Field(
        None, description="As the authority, or your mail server, gave it to you."
    )
    permitted_networks: list[str] = Field(
        default_factory=list, description="Private networks that it may be in: `127.0.0.1:8443`."
    )
    countries: list[Country] = Field(
        default_factory=list,
        description="ISO 3166 codes of operators, accounts or hosts for which it is the right one.",
    )
    voluntary: bool = Field(
        False, description="You report there although no law of your country or the account's demands it."
    )
    no_duplicates: bool | None = Field(
        None,
        description="It wants nothing that an authority abroad has already. Unset: so for `uk_nca` alone.",
    )

    @model_validator(mode="after")
    def _has_what_its_delivery_needs(self) -> Self:
        missing = [name for name in self.needed_for[self.delivery] if not getattr(self, name)]
        if missing:
            raise ValueError(f"delivery {self.delivery} needs {', '.join(missing)}")
        if self.delivery != "by_hand" and self.kind != "generic":
            raise ValueError("delivery is for kind generic")
        if not all(is_secret(each.get_secret_value()) for each in self.secrets):
            raise ValueError("secrets: write whsec_ and 24 to 64 random bytes in base64")
        # Whoever stands on the way could answer in their name, and a report would count as filed.
        if self.url is not None and is_in_the_open(self.url):
            raise ValueError("url: https, or somebody on the way may answer in their name")
        return self

    @field_validator("age_recipients")
    @classmethod
    def _are_public_keys(cls, keys: list[str]) -> list[str]:
        # The library is not loaded where nobody declares a key.
        from safehold.vault.age import recipient

        for each in keys:
            try:
                recipient(each)
            except InvalidInput:
                raise ValueError("one is no public key of age") from None
        return keys


class AuthoritySettings(Section):
    """What is told to authorities: planned by the machine, sent by a person."""

    country: Country | None = Field(
        None, description="Where you, the operator, are established: an ISO 3166 code, such as `GB` or `US`."
    )
    service: str = Field("", max_length=100, description="What your service is called in reports.")
    company: str = Field("", max_length=255, description="What your company is called in reports.")
    terms: str = Field("", max_length=3000, description="The part of your terms that forbids this material.")
    legal_url: str | None = Field(
        None, pattern=r"^https?://\S+$", max_length=2083, description="Where your terms are read."
    )
    reporting_person: PersonSettings = Field(default_factory=PersonSettings)
    contact_person: PersonSettings = Field(default_factory=PersonSettings)
    second_person: bool = Field(
        False, description="A second person sends each report as well, but that of a risk to life."
    )
    serious_within_hours: _Hours = Field(4, description="By when a report of priority 2 is due.")
    other_within_hours: _Hours = Field(24, description="By when a report of priority 3 is due.")
    destinations: dict[str, AuthorityDestinationSettings] = Field(default_factory=dict)
