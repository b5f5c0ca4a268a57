"""The data folder: where things lie in it, and the secrets that are made on first use."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from safehold.app.settings import Settings
from safehold.model.errors import BadSettings, NameTaken
from safehold.vault.keys import OPENING_KEY_NAME, SEALING_KEY_NAME, KeyFiles, generate_keys, load_opening_key
from safehold.vault.sealing import OpeningKey


@dataclass(frozen=True, slots=True)
class Home:
    """Paths of one installation, all below the data folder unless the settings say otherwise."""

    folder: Path
    postgres: Path
    vault: str
    keys: KeyFiles

    def opening_key(self) -> OpeningKey:
        """Return the vault's private key. Only the process that reads evidence back asks for it."""
        return load_opening_key(self.keys.opening)

    def request_secret(self) -> bytes:
        """Return the 32 bytes that key digests of requests, made on first use. It is no evidence key."""
        path = self.folder / "keys" / "requests.key"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_bytes()
        with os.fdopen(handle, "wb") as file:
            secret = secrets.token_bytes(32)
            file.write(secret)
        return secret


def open_home(settings: Settings) -> Home:
    """Make the data folder (0700) and the vault's key pair where they do not exist yet, and return the paths.

    A key pair that the settings name is never made here: its absence is the operator's to mend.
    Raises BadSettings for a folder that cannot be made or written to.
    """
    try:
        folder = settings.data_folder.resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys = _key_files(settings, folder / "keys")
    except OSError as error:
        raise BadSettings(
            f"data_folder: {str(settings.data_folder)!r} cannot be used: {error.strerror}.",
            advice="Name a folder that you may write to: data_folder, or SAFEHOLD_DATA_FOLDER.",
        ) from None
    return Home(
        folder=folder,
        postgres=folder / "postgres",
        vault=settings.vault.url or str(folder / "vault"),
        keys=keys,
    )


def _key_files(settings: Settings, keys: Path) -> KeyFiles:
    named = settings.vault
    if named.sealing_key is None:
        try:
            return generate_keys(keys)
        except NameTaken:
            pass
    return KeyFiles(
        sealing=named.sealing_key or keys / SEALING_KEY_NAME,
        opening=named.opening_key or keys / OPENING_KEY_NAME,
    )
