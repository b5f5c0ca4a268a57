"""What every channel is given and what it gives back: a destination, and the receipt of one attempt."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from safehold.egress.addresses import NONE, PermittedNetworks
from safehold.model.errors import BadSettings

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of every secret, itself none
_SECRET_BYTES = range(24, 65)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A platform's receiver as the settings declare it. Inactive until enabled.

    name: in the settings; recorded with each delivery. secrets: "whsec_…" with 24 to 64 bytes in base64,
    at least one; every message is signed with each, so that a secret can be replaced while both sides
    run. kinds: of the events it is told about. permitted: what its address may be besides a public one.
    with_category: whether messages name the category. deadline_seconds: for one attempt, all together.
    Raises BadSettings when made without a usable secret.
    """

    name: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    kinds: frozenset[str]
    enabled: bool = False
    permitted: PermittedNetworks = NONE
    with_category: bool = False
    deadline_seconds: float = 15.0

    def __post_init__(self) -> None:
        if not self.secrets or not all(is_secret(secret) for secret in self.secrets):
            raise BadSettings(
                f"Destination {self.name}: a secret is missing or is none.",
                advice="Write whsec_ and 24 to 64 random bytes in base64.",
            )

    def wants(self, kind: str) -> bool:
        """Say whether this destination is to be told about events of this kind."""
        return self.enabled and kind in self.kinds


class Verdict(StrEnum):
    """How one attempt ended.

    TAKEN: the other side has it. GONE: it wants nothing any more. FAILED: it may take it later, or
    another message now. DOWN: it takes nothing at present.
    """

    TAKEN = "taken"
    GONE = "gone"
    FAILED = "failed"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What is known after one attempt.

    status: of the answer, None when there was none. error: a stable word, "" when taken. retry_after:
    how long the other side asked us to wait.
    """

    verdict: Verdict
    status: int | None = None
    error: str = ""
    retry_after: timedelta | None = None


def is_secret(text: str) -> bool:
    """Say whether a text is a secret that signs webhooks."""
    if not text.startswith(SECRET_PREFIX):
        return False
    try:
        return len(base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)) in _SECRET_BYTES
    except (binascii.Error, ValueError):
        return False
