"""A strict time-stamp authority (RFC 3161) on loopback, with a root of its own, that fails on demand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from safehold.testing import der
from safehold.testing.servers import Answer, LocalServer, endless, reply, reset, silence

PATH = "/tsa"
POLICY = "1.3.6.1.4.1.32473.1"
OTHER_POLICY = "1.3.6.1.4.1.32473.2"
_SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.element(der.NULL))
_ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_MESSAGE_DIGEST, _CONTENT_TYPE = "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.3"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47"
_ANSWER = "application/timestamp-reply"


class Fault(StrEnum):
    """What is wrong with the answers."""

    WRONG_NONCE = "another nonce than was asked for"
    NO_NONCE = "no nonce at all"
    WRONG_IMPRINT = "a stamp of other data"
    REJECTED = "a refusal"
    EXPIRED = "signed with a certificate that had expired"
    UNTRUSTED = "signed under another root of the same name"
    NO_PURPOSE = "signed with a certificate that is not for time stamps"
    BAD_SIGNATURE = "a signature of something else"
    OTHER_POLICY = "another policy"
    LONG_AGO = "a time of years ago"
    GARBAGE = "bytes that are no answer"
    TRUNCATED = "half of an answer"
    ENDLESS = "an answer without end"
    SILENT = "no answer"
    RESET = "a broken connection"
    SERVER_ERROR = "status 500"


@dataclass(frozen=True, slots=True)
class _Signer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class TimeStampAuthority:
    """Runs on a free loopback port while its `with` block runs.

    folder: where `root` is written, the PEM certificate that its stamps lead to. fault: what is wrong with
    each answer, None for nothing; may be changed at any time. stamps: how many were granted. rejections: a
    short word for each request that was none; a test of a client ends with `assert not ….rejections`.
    """

    def __init__(self, folder: Path) -> None:
        self.fault: Fault | None = None
        self.stamps = 0
        self.rejections: list[str] = []
        self._root = _authority("time stamps for tests")
        self._signers = {
            None: _leaf(self._root, days_ago=200),
            Fault.EXPIRED: _leaf(self._root, days_ago=400),
            Fault.UNTRUSTED: _leaf(_authority("time stamps for tests")),
            Fault.NO_PURPOSE: _leaf(self._root, purpose=ExtendedKeyUsageOID.CODE_SIGNING),
        }
        self.root = folder / "time-stamp-root.pem"
        self.root.write_bytes(self._root.certificate.public_bytes(serialization.Encoding.PEM))
        self._server = LocalServer({PATH: self._receive})

    @property
    def url(self) -> str:
        """Where to post."""
        return self._server.url(PATH)

    @property
    def port(self) -> int:
        """The port, for permitting it."""
        return self._server.port

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def _receive(self, answer: Answer) -> None:
        other = {
            Fault.SERVER_ERROR: reply(status=500),
            Fault.SILENT: silence(),
            Fault.RESET: reset(),
            Fault.ENDLESS: endless(media_type=_ANSWER),
            Fault.GARBAGE: reply(b"no stamp today", media_type=_ANSWER),
        }
        received = answer.received
        if received.headers.get("content-type") != "application/timestamp-query":
            self.rejections.append("content-type")
        if self.fault in other:
            other[self.fault](answer)
            return
        try:
            granted = self.answer(received.body, now=datetime.now(UTC))
        except ValueError as wrong:
            self.rejections.append(str(wrong))
            reply(status=400)(answer)
            return
        body = granted[: len(granted) // 2] if self.fault is Fault.TRUNCATED else granted
        reply(body, media_type=_ANSWER)(answer)

    def answer(self, request: bytes, *, now: datetime) -> bytes:
        """Return the DER answer to a DER request. Raises ValueError for what is no request by the book."""
        imprint, nonce = _read_request(request)
        if self.fault is Fault.REJECTED:
            return der.sequence(der.sequence(der.integer(2)))
        self.stamps += 1
        if self.fault is Fault.WRONG_IMPRINT:
            imprint = der.sequence(_SHA256, der.octets(hashlib.sha256(b"something else").digest()))
        if self.fault is Fault.WRONG_NONCE:
            nonce += 1
        if self.fault is Fault.LONG_AGO:
            now -= timedelta(days=30)
        policy = OTHER_POLICY if self.fault is Fault.OTHER_POLICY else POLICY
        info = der.sequence(
            der.integer(1),
            der.oid(policy),
            imprint,
            der.integer(self.stamps),
            der.instant(now),
            b"" if self.fault is Fault.NO_NONCE else der.integer(nonce),
        )
        signer = self._signers.get(self.fault, self._signers[None])
        signed = _signed(info, signer, spoilt=self.fault is Fault.BAD_SIGNATURE)
        return der.sequence(der.sequence(der.integer(0)), signed)


def _read_request(request: bytes) -> tuple[bytes, int]:
    """Return the imprint as it stands and the nonce."""
    outer = list(der.read(request))
    if len(outer) != 1 or outer[0].tag != der.SEQUENCE:
        raise ValueError("not one sequence")
    version, imprint, *rest = outer[0].inside()
    if version.tag != der.INTEGER or version.number() != 1:
        raise ValueError("version")
    algorithm, digest = imprint.inside()
    if not _SHA256.startswith(algorithm.whole[:2]) or algorithm.inside()[0].whole != _SHA256[2:13]:
        raise ValueError("imprint algorithm")
    if digest.tag != der.OCTETS or len(digest.content) != 32:
        raise ValueError("imprint")
    nonces = [each.number() for each in rest if each.tag == der.INTEGER]
    if len(nonces) != 1:
        raise ValueError("nonce")
    if not any(each.tag == der.TRUE and each.content == b"\xff" for each in rest):
        raise ValueError("the certificate was not asked for")
    return imprint.whole, nonces[0]


def _signed(info: bytes, signer: _Signer, *, spoilt: bool) -> bytes:
    """Return the CMS SignedData around a TSTInfo."""
    certificate = signer.certificate.public_bytes(serialization.Encoding.DER)
    attributes = [
        _attribute(_CONTENT_TYPE, der.oid(_TST_INFO)),
        _attribute(_MESSAGE_DIGEST, der.octets(hashlib.sha256(info).digest())),
        _attribute(
            _SIGNING_CERTIFICATE,
            der.sequence(der.sequence(der.sequence(der.octets(hashlib.sha256(certificate).digest())))),
        ),
    ]
    to_sign = der.set_of(*attributes)
    signature = signer.key.sign(b"another" if spoilt else to_sign, ec.ECDSA(hashes.SHA256()))
    signer_info = der.sequence(
        der.integer(1),
        der.sequence(signer.certificate.issuer.public_bytes(), der.integer(signer.certificate.serial_number)),
        _SHA256,
        b"\xa0" + to_sign[1:],
        _ECDSA_SHA256,
        der.octets(signature),
    )
    content = der.sequence(der.oid(_TST_INFO), der.explicit(0, der.octets(info)))
    signed = der.sequence(
        der.integer(3), der.set_of(_SHA256), content, der.explicit(0, certificate), der.set_of(signer_info)
    )
    return der.sequence(der.oid(_SIGNED_DATA), der.explicit(0, signed))


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.set_of(value))


def _authority(name: str) -> _Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = _certificate(named, named, key, days_ago=4000, days=8000)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return _Signer(built.sign(key, hashes.SHA256()), key)


def _leaf(
    root: _Signer, *, days_ago: int = 1, purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING
) -> _Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "time-stamp unit for tests")])
    built = _certificate(named, root.certificate.subject, key, days_ago=days_ago, days=365)
    built = built.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return _Signer(built.sign(root.key, hashes.SHA256()), key)


def _certificate(
    named: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, days_ago: int, days: int
) -> x509.CertificateBuilder:
    begin = datetime.now(UTC) - timedelta(days=days_ago)
    return (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
    )
