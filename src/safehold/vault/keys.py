"""The vault's key pair as two PEM files: a public one for all who seal, a private one for the reader."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from safehold.model.errors import BadSettings, NameTaken
from safehold.vault.files import write_new
from safehold.vault.sealing import OpeningKey, SealingKey

SEALING_KEY_NAME = "vault-sealing.pub.pem"
OPENING_KEY_NAME = "vault-opening.key.pem"


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """Where the two halves of a key pair lie."""

    sealing: Path
    opening: Path


def generate_keys(folder: Path) -> KeyFiles:
    """Make a key pair in `folder` (made if needed, 0700): the private file 0600, the public one 0644.

    The private half is on disk before the public one can be used, so nothing is ever sealed to a key
    that was lost. A call that was cut short is finished by the next one. Raises NameTaken when both
    files are there already: a key pair is never replaced.
    """
    files = KeyFiles(folder / SEALING_KEY_NAME, folder / OPENING_KEY_NAME)
    if files.sealing.exists():
        raise NameTaken("A vault key pair exists here already; it was left as it is.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not files.opening.exists():
        # Where another process makes one at this moment, that one counts: it is whole.
        with suppress(NameTaken):
            write_new(files.opening, private_pem(OpeningKey.generate()), 0o600)
    write_new(files.sealing, public_pem(load_opening_key(files.opening).sealing_key), 0o644)
    return files


def load_sealing_key(path: Path) -> SealingKey:
    """Read the public half from a PEM file. Raises BadSettings when it is missing or no X25519 key."""
    key = parse_sealing_key(_read(path, "The vault's sealing key"))
    if key is None:
        raise BadSettings("The vault's sealing key file holds no X25519 public key.")
    return key


def parse_sealing_key(pem: bytes) -> SealingKey | None:
    """Return the public key that a PEM text holds, None when it is no X25519 public key."""
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return SealingKey(key) if isinstance(key, X25519PublicKey) else None


class SealingKeyFile:
    """The public half in a file, read anew when the file was replaced: a rotation needs no restart here.

    Safe to share between threads.
    """

    def __init__(self, path: Path) -> None:
        """Read the file at once. Raises as load_sealing_key does."""
        self._path = path
        self._read = (_state(path), load_sealing_key(path))

    def current(self) -> SealingKey:
        """Return the key that the file holds now; the last one that could be read while it holds none."""
        state, key = self._read
        try:
            now = _state(self._path)
            if now != state:
                key = load_sealing_key(self._path)
                self._read = (now, key)
        except (OSError, BadSettings):
            pass
        return key


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def load_opening_key(path: Path, *, called: str = "The vault's opening key") -> OpeningKey:
    """Read the private half from a PEM file. called: begins what is said of it.

    Raises BadSettings when it is missing, no X25519 key, or when anybody but its owner may read or write it.
    """
    return parse_opening_key(_read(path, called, private=True), f"{called} file")


def parse_opening_key(pem: bytes, source: str) -> OpeningKey:
    """Return the private key that a PEM text holds. source: opens the message of BadSettings if none."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PrivateKey):
        raise BadSettings(f"{source} holds no X25519 private key.")
    return OpeningKey(key)


def private_pem(key: OpeningKey) -> bytes:
    """Return the private half as it is written to a file: PEM, not encrypted."""
    return key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(key: SealingKey) -> bytes:
    """Return the public half as it is written to a file: PEM."""
    return key.public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _read(path: Path, called: str, *, private: bool = False) -> bytes:
    try:
        with path.open("rb") as file:
            # The open file is asked, not the path: the answer cannot change in between.
            if private and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise BadSettings(
                    f"{called} file may be used by others than its owner.",
                    advice="Run `chmod 600` on it, and think about who could have read it until now.",
                )
            return file.read()
    except OSError as error:
        raise BadSettings(f"{called} file cannot be read: {error.strerror}.") from error
