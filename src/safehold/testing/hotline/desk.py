"""The desk of a hotline: it opens a parcel with its key, checks all of it, and knows repeats by their id."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

import pyrage
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_ALWAYS = {
    "letter.json",
    "letter.html",
    "inventory.json",
    "README.txt",
    "signing-key.pub.pem",
    "SHA256SUMS",
    "SHA256SUMS.sig",
}
_UNSIGNED = {"SHA256SUMS", "SHA256SUMS.sig"}


class Unfit(Exception):
    """What came is no parcel that this desk takes; the text says why."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A report that was taken. files: of media, by name. reference: what the desk calls it."""

    report_id: str
    reference: str
    letter: Mapping[str, Any] = field(repr=False)
    inventory: Mapping[str, Any] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)


class Desk:
    """Takes parcels. sender_key: of those whose reports it takes; without one, that of the first parcel.

    recipient: its public key. taken: each report once. repeats: ids that came again. refused: why not.
    """

    def __init__(self, *, sender_key: Ed25519PublicKey | None = None) -> None:
        self._identity = pyrage.x25519.Identity.generate()
        self._sender_key = sender_key
        self.taken: list[Taken] = []
        self.repeats: list[str] = []
        self.refused: list[str] = []

    @property
    def recipient(self) -> str:
        """The public key, "age1…"."""
        return str(self._identity.to_public())

    @property
    def identity(self) -> str:
        """The private key, for the public tool."""
        return str(self._identity)

    def take(self, report_id: str, parcel: bytes) -> str:
        """Take a report, or know it again, and return what the desk calls it. Raises Unfit, and notes why."""
        try:
            return self._take(report_id, parcel)
        except Unfit as unfit:
            self.refused.append(str(unfit))
            raise

    def read(self, mail: Message) -> str:
        """Take the report that a mail brings, and return what it is called. Raises Unfit."""
        subject, message_id = str(mail["Subject"]), str(mail["Message-ID"])
        report_id = subject.removeprefix("Report ").removesuffix(", sent again")
        if message_id.partition("@")[0] != f"<{report_id.replace('-', '')}":
            raise Unfit("subject and message id differ")
        _whole, text, attached = mail.walk()
        if report_id not in str(text.get_payload()):
            raise Unfit("the text names another report")
        content = attached.get_payload(decode=True)
        if not isinstance(content, bytes):
            raise Unfit("no attachment")
        return self.take(report_id, content)

    def _take(self, report_id: str, parcel: bytes) -> str:
        files = self._opened(parcel)
        self._check_sums(files)
        letter, inventory = json.loads(files["letter.json"]), json.loads(files["inventory.json"])
        media = {name: data for name, data in files.items() if name.startswith("media/")}
        _check_inventory(report_id, letter, inventory, media)
        for each in self.taken:
            if each.report_id == report_id:
                return self._again(each, letter, media)
        reference = f"H-{len(self.taken) + 1:04}-{report_id[-6:]}"
        self.taken.append(Taken(report_id, reference, letter, inventory, media))
        return reference

    def _again(self, before: Taken, letter: Mapping[str, Any], media: Mapping[str, bytes]) -> str:
        if letter != before.letter:
            raise Unfit("another letter under the same id")
        if not set(media.values()) <= set(before.files.values()):
            raise Unfit("more files under the same id")
        self.repeats.append(before.report_id)
        return before.reference

    def _opened(self, parcel: bytes) -> dict[str, bytes]:
        try:
            plain = pyrage.decrypt(parcel, [self._identity])
        except pyrage.DecryptError:
            raise Unfit("it is not encrypted to this desk") from None
        files: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is None or member.name in files or not _is_known(member.name):
                    raise Unfit("it holds something that belongs into no parcel")
                files[member.name] = content.read()
        if not set(files) >= _ALWAYS:
            raise Unfit("a document is missing")
        return files

    def _check_sums(self, files: Mapping[str, bytes]) -> None:
        key = load_pem_public_key(files["signing-key.pub.pem"])
        if not isinstance(key, Ed25519PublicKey):
            raise Unfit("the key is none")
        self._sender_key = self._sender_key or key
        try:
            self._sender_key.verify(files["SHA256SUMS.sig"], files["SHA256SUMS"])
        except InvalidSignature:
            raise Unfit("somebody else signed it") from None
        lines = (line.partition("  ") for line in files["SHA256SUMS"].decode("ascii").splitlines())
        listed = {name: digest for digest, _, name in lines}
        here = {
            name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name not in _UNSIGNED
        }
        if listed != here:
            raise Unfit("the sums are not of what is there")


def _is_known(name: str) -> bool:
    folder, _, rest = name.rpartition("/")
    return name in _ALWAYS or (folder == "media" and bool(rest))


def _check_inventory(
    report_id: str, letter: Mapping[str, Any], inventory: Mapping[str, Any], media: Mapping[str, bytes]
) -> None:
    if (inventory["format"], inventory["version"]) != ("safehold-parcel", 1):
        raise Unfit("the inventory is of another shape")
    if not report_id == inventory["report"] == letter["report"]:
        raise Unfit("the letter is of another report")
    here = [each for each in inventory["files"] if each["bytes"] == "here"]
    if {each["name"] for each in here} != set(media):
        raise Unfit("the inventory names other files")
    if any(hashlib.sha256(media[each["name"]]).hexdigest() != each["sha256"] for each in here):
        raise Unfit("a file is not what the inventory says")
    if any((each["reason"] is None) != (each["bytes"] == "here") for each in inventory["files"]):
        raise Unfit("a file is missing without a reason")
