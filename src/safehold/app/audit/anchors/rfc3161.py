"""A time-stamp server (RFC 3161) signs that the head existed then; the receipt stands without it and us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from safehold.app.audit.anchors.base import Anchored, Head, Receipt, naming_networks
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.model.errors import AnchorFailed, BadSettings

ANSWER_BYTES = 128 * 1024
DEADLINE_SECONDS = 30.0
CLOCKS_APART = timedelta(days=1)
"""How far the server's time may be from ours: more would let an old record be backed by a new stamp."""

_GRANTED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStampServer:
    """An Anchor. roots: PEM files of the authorities that its signatures must lead to.

    policy: the one that a stamp must be issued under, None for any. permitted: see `Egress.send`.
    """

    name: str
    url: str
    roots: tuple[Path, ...]
    policy: str | None
    permitted: PermittedNetworks
    egress: Egress
    kind: str = "rfc3161"
    answers: bool = True

    def set_down(self, head: Head, *, now: datetime) -> Receipt:
        """Ask for a time stamp of the statement, and check its nonce, imprint, policy and signature."""
        return self.stamp(head.statement(), now)

    def try_out(self, *, now: datetime) -> str:
        """Ask for a stamp of a line that is no head, check it, and forget it."""
        return self.stamp(b"safehold audit trial\n", now).words

    def what_differs(self, anchored: Anchored) -> str | None:
        """Check the stored stamp with the configured roots. The server is not asked."""
        try:
            stamp = decode_timestamp_response(anchored.receipt)
            self._verify(stamp, anchored.head.statement(), nonce=None)
        except (ValueError, AnchorFailed):
            return "its time stamp is not a valid one for this head"
        if abs(stamp.tst_info.gen_time - anchored.at) > CLOCKS_APART:
            return "its time stamp is of another day than the record says"
        return None

    def held(self) -> Iterator[tuple[int, bytes]]:
        """Yield nothing: a time-stamp server keeps nothing."""
        yield from ()

    def stamp(self, data: bytes, now: datetime) -> Receipt:
        """Have data stamped, and check the nonce, imprint, policy and signature of the answer."""
        asked = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
        with naming_networks(self.name):
            answer = self.egress.send(
                self.url,
                body=asked.as_bytes(),
                headers={"Content-Type": "application/timestamp-query"},
                permitted=self.permitted,
                deadline_seconds=DEADLINE_SECONDS,
                answer_bytes=ANSWER_BYTES,
            )
        if answer.status != 200:
            raise AnchorFailed(f"status:{answer.status}")
        try:
            stamp = decode_timestamp_response(answer.body)
        except ValueError:
            raise AnchorFailed("answer") from None
        self._verify(stamp, data, nonce=asked.nonce)
        if abs(stamp.tst_info.gen_time - now) > CLOCKS_APART:
            raise AnchorFailed("clock")
        words = (
            f"stamped {stamp.tst_info.gen_time:%Y-%m-%d %H:%M:%S} UTC, serial {stamp.tst_info.serial_number}"
        )
        return Receipt(answer.body, words)

    def _verify(self, stamp: TimeStampResponse, data: bytes, *, nonce: int | None) -> None:
        if stamp.status != _GRANTED:
            raise AnchorFailed("rejected")
        policy = x509.ObjectIdentifier(self.policy) if self.policy else None
        try:
            verifier = VerifierBuilder(policy_id=policy, nonce=nonce, roots=self.certificates()).build()
            verifier.verify_message(stamp, data)
        except (VerificationError, ValueError):
            raise AnchorFailed("untrusted") from None

    def certificates(self) -> list[x509.Certificate]:
        """Read the authorities' certificates. Raises BadSettings for a file that is missing or holds none."""
        try:
            return [one for path in self.roots for one in x509.load_pem_x509_certificates(path.read_bytes())]
        except (OSError, ValueError):
            raise BadSettings(
                f"audit.anchors.{self.name}.roots: a file is missing or holds no PEM certificates.",
                advice="Fetch the authority's certificate, compare its fingerprint, and name the file.",
            ) from None
