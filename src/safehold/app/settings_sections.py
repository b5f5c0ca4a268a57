"""The sections of the settings file. Every field has a description: the reference page is made from them."""

from __future__ import annotations

import re
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from safehold.model.media import HashMode
from safehold.model.wording import worded

MEBIBYTE = 1024 * 1024
_ORIGIN = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?")
_PORTS = {"http": 80, "https": 443}
SURFACES_WITH_ROLES = frozenset({"all", "api", "console", "worker", "portal", "reader"})
"""What connects as a role of its own. all: a process with several surfaces, and commands."""


def _origin(text: str) -> str:
    # It goes into headers and is compared with what browsers send: what is more, or other, never matches.
    found = _ORIGIN.fullmatch(text)
    if found is None:
        raise ValueError(
            "an origin is http or https, a name in lower case and a port if need be, with no path and no"
            " slash at the end, such as https://console.example.org"
        )
    scheme, _, port = found.groups()
    if port and (int(port) > 65535 or int(port) == _PORTS[scheme]):
        raise ValueError(f"browsers never send the port {port} in an origin of {scheme}; leave it out")
    return text


Origin = Annotated[str, AfterValidator(_origin)]
"""Where a page comes from, as browsers name it: scheme, name, and a port where it is not the usual one."""


_DRIVER = "postgresql+psycopg://"
_REST = re.compile(r"(.*@)?(\[[0-9a-fA-F:.]+\]|[^:/?@\[\]]*)(:[0-9]{1,5})?(/[^/?]*)?(\?.*)?", re.DOTALL)


def _database_address(url: str) -> str:
    # The rest of the program would say so later, and less well. Nothing of it is quoted: passwords.
    if not url.startswith(_DRIVER):
        raise ValueError(f"begin it with {_DRIVER}")
    if not _REST.fullmatch(url.removeprefix(_DRIVER)):
        raise ValueError(
            "after the user come a host, a port and a database, such as …@db.internal:5432/safehold"
        )
    return url


class Section(BaseModel):
    """A part of the settings. An unknown name in it is an error: a typo must not be silent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseSettings(Section):
    """Where the records are."""

    url: str | None = Field(
        None,
        description=(
            "PostgreSQL 15 or newer, as `postgresql+psycopg://…`, as its owner: `safehold db` needs it."
            " Unset, and no `surface_urls` either: the embedded server."
        ),
    )
    surface_urls: dict[str, str] = Field(
        default_factory=dict,
        description=(
            "Addresses to connect as a role of one's own: `api`, `console`, `worker`, `portal`, `reader`, and"
            " `all` for several surfaces in one process and for commands. A process needs its own alone."
        ),
    )

    @property
    def embedded(self) -> bool:
        """Whether the records are on the server that Safehold brings."""
        return self.url is None and not self.surface_urls

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        return url if url is None else _database_address(url)

    @field_validator("surface_urls")
    @classmethod
    def _of_surfaces(cls, urls: dict[str, str]) -> dict[str, str]:
        # A surface that is spelt wrongly would connect as the role that may do everything.
        unknown = sorted(set(urls) - SURFACES_WITH_ROLES)
        if unknown:
            raise ValueError(f"{unknown[0]} is none of {', '.join(sorted(SURFACES_WITH_ROLES))}")
        return {surface: _database_address(url) for surface, url in urls.items()}


class WebSettings(Section):
    """Where the pages and the API answer."""

    listen: str = Field("127.0.0.1:8400", description="Address and port to listen on.")
    secure_cookies: bool = Field(
        False, description="Send cookies over TLS only. Switch it on wherever TLS ends in front of Safehold."
    )
    allowed_origins: list[Origin] = Field(
        default_factory=list,
        description="Origins that forms may be sent from, besides the console's own.",
    )
    origin: Origin | None = Field(
        None,
        description=(
            "The console's own origin, scheme and name: forms come from there alone, and passkeys"
            " are bound to it. Unset: this machine's own names, and the host of `web.listen`."
        ),
    )
    trusted_proxies: list[str] = Field(
        default_factory=list,
        description=(
            "Networks of proxies, `127.0.0.1/32`, whose `X-Forwarded-For` names the browser's address. From"
            " anybody else the header counts for nothing."
        ),
    )
    translations: Path | None = Field(
        None,
        description=(
            "A folder with further translations of the pages, `TAG/LC_MESSAGES/safehold.po` each. Whoever can"
            " write in it writes what people read; it is read at the start."
        ),
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, networks: list[str]) -> list[str]:
        declared = [ip_network(network) for network in networks]
        # Whoever asks could then say where they come from, and be counted as anybody.
        v4 = collapse_addresses(each for each in declared if isinstance(each, IPv4Network))
        v6 = collapse_addresses(each for each in declared if isinstance(each, IPv6Network))
        if IPv4Network("0.0.0.0/0") in v4 or IPv6Network("::/0") in v6:
            raise ValueError("this trusts everybody's address. Name your own proxies, 127.0.0.1/32")
        return networks


class SignInSettings(Section):
    """How people prove who they are."""

    second_factor: Literal["optional", "required"] = Field(
        "optional",
        description="`required`: whoever has no passkey or authenticator app adds one at the next sign-in.",
    )
    idle_minutes: int = Field(30, ge=5, le=120, description="A session that rests so long is over.")
    absolute_hours: int = Field(10, ge=1, le=24, description="A session is over after so long in any case.")


class PortalSettings(Section):
    """What the pages for the public say. They run as the surface `portal`."""

    operator: str = Field(
        "", max_length=200, description="Who reads the reports, as the pages name you: `The hotline of …`."
    )
    emergency_text: str = Field(
        worded(
            "If a child is in danger right now, call the emergency number of the country where the child is."
        ),
        max_length=1000,
        description="What the pages say about danger now. Put the numbers of your country here.",
    )
    exit_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Where the button to leave quickly leads. Unset: a blank page of Safehold's own.",
    )
    reports_per_hour: int = Field(
        20, ge=1, description="Most reports within an hour from one network (`/24`, or `/48` of IPv6)."
    )
    reports_per_hour_in_all: int = Field(
        600, ge=1, description="Most reports within an hour from everybody together, per process."
    )
    appeals_per_hour: int = Field(10, ge=1, description="Most appeals within an hour from one network.")
    appeals_per_hour_in_all: int = Field(
        300, ge=1, description="Most appeals within an hour from everybody together, per process."
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
    opening_key_variable: str | None = Field(
        None, min_length=1, description="Environment variable that holds the private key, instead of a file."
    )
    opening_key_command: list[str] = Field(
        default_factory=list,
        description="Command, with its arguments, that prints the private key, instead of a file. No shell.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        named = (self.opening_key, self.opening_key_variable, self.opening_key_command)
        if sum(bool(one) for one in named) > 1:
            raise ValueError("name one of opening_key, opening_key_variable and opening_key_command")
        return self


class ReaderSettings(Section):
    """The process that alone holds the private key and opens sealed evidence."""

    socket: Path | None = Field(
        None,
        description=(
            "Socket of a reader that runs by itself, `safehold reader`, as a user of its own."
            " Unset: `serve` starts one of its own where media is served."
        ),
    )
    clients: list[str] = Field(
        default_factory=list,
        description="Users, besides its own, whose processes may ask such a reader to show pictures.",
    )
    filing_clients: list[str] = Field(
        default_factory=list,
        description=(
            "Users, besides its own, whose processes may ask such a reader for the files of reports that a"
            " person has sent on to an authority: that of the worker."
        ),
    )
    console_clients: list[str] = Field(
        default_factory=list,
        description=(
            "Users, besides its own, whose processes may ask such a reader for what people entered into the"
            " checklists of reports, for what was sent of them, and for words of conversations: that of the"
            " console."
        ),
    )


class MediaSettings(Section):
    """Where pictures are fetched from: an origin of their own, apart from the console's."""

    listen: str = Field("127.0.0.1:8401", description="Address and port to listen on.")
    origin: Origin | None = Field(
        None, description="The origin as browsers know it, scheme and name. Unset: plain HTTP on `listen`."
    )
    console_origins: list[Origin] = Field(
        default_factory=list,
        description="Origins of the console, which alone may fetch. Unset: `web.listen` and this machine.",
    )
    at_once: int = Field(4, ge=1, le=64, description="How many pictures are prepared at the same time.")


class ViewingSettings(Section):
    """How much one person may ask to see, for their own sake and against copying."""

    per_minute: int = Field(30, ge=1, description="Most showings in any minute.")
    per_hour: int = Field(200, ge=1, description="Most showings in any hour.")
    per_day: int = Field(
        400, ge=1, description="Most showings in any 24 hours; at this one a lead is alarmed."
    )


class DecodingSettings(Section):
    """The worker processes that open files."""

    mode: HashMode = Field(
        HashMode.FAST,
        description=(
            "How uploads are fingerprinted. `fast`: JPEGs scaled down, and whatever matches is"
            " read again exactly. `exact`: from every pixel. A list may ask for exact."
        ),
    )
    workers: int = Field(1, ge=1, le=64, description="How many run side by side.")
    seconds: float = Field(20.0, gt=0, le=600, description="Longest time for one file.")
    max_pixels: int = Field(150_000_000, ge=1_000_000, description="Largest picture, in pixels.")
    media_per_worker: int = Field(
        200,
        ge=1,
        le=100_000,
        description="A worker is replaced after so many media. 1: each is read by a process of its own.",
    )
    allow_unconfined: bool = Field(
        False,
        description="Serve with `production` on although a layer of the decoders' confinement is missing.",
    )


class LimitSettings(Section):
    """How much may come in at once."""

    upload_bytes: int = Field(64 * MEBIBYTE, ge=1024, description="Largest upload, in bytes.")
    json_bytes: int = Field(1 * MEBIBYTE, ge=1024, description="Largest JSON body, in bytes.")
    batch_items: int = Field(1000, ge=1, le=10_000, description="Most items in one batch.")
    stream_frames: int = Field(60, ge=1, le=1000, description="Most frames of a live stream at once.")
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
    co_signer_key: Path | None = Field(
        None,
        description="Where `size_policy` is `single`: a PEM file with the public Ed25519 key of somebody"
        " outside, who signs each request to hand evidence over in a second person’s place.",
    )


class ReviewSettings(Section):
    """Who decides, together with how many others. Where `team.size_policy` is `single`, one person does."""

    second_for: list[Literal["all", "category_a", "list_disagreement"]] = Field(
        default_factory=list,
        description="What a second person assesses as well, without knowing what the first one found:"
        " `all`; `category_a`: what a person or a vetted list calls category A; `list_disagreement`: where a"
        " person and a vetted list differ.",
    )
    second_share_percent: float = Field(
        0.0,
        ge=0,
        le=100,
        description="A share of all items that a second person assesses besides, drawn by the item’s id.",
    )
    policy_text: Path | None = Field(
        None,
        description="A TOML file with your own policy text, which stands beside the forms: `about`, and a"
        " section for each question in `[questions]`. Unset: the text that Safehold comes with.",
    )
    golden_percent: float = Field(
        0.0,
        ge=0,
        le=2,
        description="Of what one person assesses, at most such a share is golden items: harmless pictures"
        " with a known answer, which `safehold golden add` loads.",
    )
    alike_bits: int = Field(
        4,
        ge=0,
        le=8,
        description="How far apart, in bits of PDQ, two pictures may be for one decision to be offered for"
        " both, to whoever made it; 0 offers none. Little is settled so, whatever this says.",
    )
    flags_a_day: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="How many cases for which machines alone ask you can look at in a day (UTC). So many are"
        " offered, the strongest first; the others wait, and are counted beside the queue. What a list knows"
        " or a person reports, threats, live streams and what the lot fell on never wait for it. The queue"
        " and each classifier’s page say what so many looks find. Unset: all are offered.",
    )
    us_destination: bool = Field(
        False,
        description="Reports go to a destination in the United States: the form asks for the stage of"
        " development and the severity tier as well.",
    )


class ProbingSettings(Section):
    """When somebody who comes near the edge of a list again and again is brought to a person's notice."""

    margin: int = Field(
        8, ge=0, le=32, description="Bits beyond a holding list's edge that still count as a close call."
    )
    per_account: int = Field(5, ge=2, description="Close calls of one account within 24 hours: an alarm.")
    per_key: int = Field(50, ge=2, description="Close calls of one key within 24 hours that may be an alarm,")
    per_key_percent: float = Field(
        2.0, ge=0, le=100, description="and are one where they are at least this share of what the key sent."
    )


class PluginSettings(Section):
    """Foreign plug-ins, each loaded by entry point and only when named here."""

    signal_types: list[str] = Field(
        default_factory=list, description="Entry points of the group `safehold.signal_types` to load."
    )
