"""What makes a bundle checkable without us: sums of all files, our signature, perhaps a time stamp."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from safehold.app.audit.anchors.declared import declared
from safehold.app.audit.anchors.rfc3161 import TimeStampServer
from safehold.app.settings import Settings
from safehold.model.errors import SafeholdError
from safehold.vault import tar

INVENTORY, SUMS, SIGNATURE, STAMP = "inventory.json", "SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.tsr"
KEY, README = "signing-key.pub.pem", "README.txt"

HOW_TO_CHECK = """\
How to check it, without our software
  1. Nothing was changed since it was signed:

       sha256sum --check SHA256SUMS

  2. We signed it:

       openssl pkeyutl -verify -rawin -pubin -inkey signing-key.pub.pem \\
         -in SHA256SUMS -sigfile SHA256SUMS.sig

     A key that comes with what it signs proves nothing by itself. Compare its fingerprint with the one that
     you were told by another way, by telephone for example:

       openssl pkey -pubin -in signing-key.pub.pem -outform DER | sha256sum
"""
"""The same for everything that is signed so."""
HOW_TO_CHECK_THE_STAMP = """\
  3. It existed at the time of the stamp, where there is one. Take the certificate of the time-stamp authority
     from the authority itself:

       openssl ts -verify -in SHA256SUMS.tsr -data SHA256SUMS -CAfile CERTIFICATE.pem
"""
OPENSSL = "OpenSSL 3.0 or newer is needed for step 2.\n"

_README = f"""\
Evidence, handed over
=====================

What is here
  media/             the files, byte for byte as they came; there is no such folder where none is held
  inventory.json     what each file is, where it appeared, who found what, who saw it, who did what with it;
                     where no bytes are held it says so, and why
  SHA256SUMS         the digests of all files here but itself and the two below
  SHA256SUMS.sig     a signature over SHA256SUMS (Ed25519)
  SHA256SUMS.tsr     a time stamp of SHA256SUMS (RFC 3161), where there is one
  signing-key.pub.pem  the public key that the signature fits

{HOW_TO_CHECK}
{HOW_TO_CHECK_THE_STAMP}
  4. The log of what was done. Each record under "custody" in inventory.json that is on the chain can be
     computed anew: its hash is the SHA-256 of the 32 bytes of "previous" followed by "record" as JSON with
     sorted keys and no spaces. Records of somebody's looking are named and withheld. That the links lead to
     the head which an outside place holds ("anchors") takes an export of the whole log: ask for it.

{OPENSSL}"""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A time stamp, or the code of why there is none. Both are None where no time-stamp server is set."""

    response: bytes | None = None
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """Files that were signed together, with those that prove it. listed: the sums that were signed."""

    files: Mapping[str, bytes]
    stamp: Stamped
    listed: bytes


@dataclass(frozen=True, slots=True)
class Closing:
    """What a bundle ends with: the end of its tar, its time stamp, and the SHA-256 of what was signed."""

    tail: bytes
    stamped: Stamped
    signed: bytes


def public_pem(key: Ed25519PublicKey) -> bytes:
    """Return a public key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return what people compare: the SHA-256 of the key's DER form, in hexadecimal."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def sums(digests: Mapping[str, str]) -> bytes:
    """Return the lines that `sha256sum --check` reads: each ASCII name, without spaces, with its digest."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode("ascii")


def closing(
    inventory: bytes,
    media: Mapping[str, str],
    *,
    key: Ed25519PrivateKey,
    settings: Settings,
    now: datetime,
    at: datetime,
) -> Closing:
    """Return what the tar of a bundle ends with, behind its media, whether it was stamped, what was signed.

    media: digests by name. at: the time that all members bear. A time-stamp server that fails keeps nobody
    from handing evidence over: the bundle then has no stamp.
    """
    made = stamped(
        {INVENTORY: inventory, README: _README.encode("ascii")}, media, key=key, settings=settings, now=now
    )
    return Closing(tail(made.files, at), made.stamp, hashlib.sha256(made.listed).digest())


def signed(
    documents: Mapping[str, bytes], media: Mapping[str, str], *, key: Ed25519PrivateKey
) -> dict[str, bytes]:
    """Return documents by name with the sums of all that is there, our signature over these, and our key.

    media: digests of the files that are there besides, by name.
    """
    plain = {**documents, KEY: public_pem(key.public_key())}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in plain.items()}
    listed = sums({**media, **digests})
    return {**plain, SUMS: listed, SIGNATURE: key.sign(listed)}


def stamped(
    documents: Mapping[str, bytes],
    media: Mapping[str, str],
    *,
    key: Ed25519PrivateKey,
    settings: Settings,
    now: datetime,
) -> Signed:
    """Return the same as `signed`, with a time stamp where a server is set and answers."""
    files = signed(documents, media, key=key)
    made = stamp(files[SUMS], settings=settings, now=now)
    if made.response is not None:
        files[STAMP] = made.response
    return Signed(files, made, files[SUMS])


def tail(files: Mapping[str, bytes], at: datetime) -> bytes:
    """Return what a tar ends with: these files, bearing this time, behind those that it has."""
    return b"".join(_members(files, at)) + tar.end()


def stamp(data: bytes, *, settings: Settings, now: datetime) -> Stamped:
    """Have data time-stamped by the first server among the anchors that are switched on, if there is one."""
    servers = [each.anchor for each in declared(settings) if isinstance(each.anchor, TimeStampServer)]
    if not servers:
        return Stamped()
    try:
        return Stamped(response=servers[0].stamp(data, now).kept)
    except SafeholdError as error:
        return Stamped(failed=error.code)


def _members(files: Mapping[str, bytes], at: datetime) -> Iterator[bytes]:
    for name, content in files.items():
        yield from tar.member(name, content, at=int(at.timestamp()))
