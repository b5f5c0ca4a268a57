"""The data folder: where things lie in it, and the secrets that are made on first use."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safehold.app.settings import Settings
from safehold.model.errors import BadSettings, NameTaken
from safehold.vault.files import write_new
from safehold.vault.key_ring import KeyRing
from safehold.vault.key_sources import KeySource
from safehold.vault.keys import OPENING_KEY_NAME, SEALING_KEY_NAME, KeyFiles, generate_keys
from safehold.vault.rotation import KeyPlaces
from safehold.vault.sealing import OpeningKey

REQUESTS_KEY, SIGN_IN_KEY, BACKUPS_KEY = "requests.key", "sign-in.key", "backups.key"
BUNDLES_KEY = "bundles.key"
"""Files beside the vault's keys. They are in no backup."""

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Home:
    """Paths of one installation, all below the data folder unless the settings say otherwise."""

    folder: Path
    postgres: Path
    vault: str
    index: Path
    lookback: Path
    keys: KeyFiles
    opening: KeySource

    def opening_key(self) -> OpeningKey:
        """Return the vault's private key. Only the process that reads evidence back asks for it.

        Raises BadSettings and Unavailable, which name the source and nothing of what it holds.
        """
        return self.opening.load()

    def opening_keys(self) -> KeyRing:
        """Return that key together with those that a rotation left for a while, by fingerprint."""
        return KeyRing(self.key_places().load_all)

    def key_places(self) -> KeyPlaces:
        """Return where a rotation finds and puts the keys."""
        return KeyPlaces(self.opening, self.keys.sealing, self.folder / "keys" / "others")

    def request_secret(self) -> bytes:
        """Return the 32 bytes that key digests of requests, made on first use. It is no evidence key."""
        return _made_once(self.folder / "keys" / REQUESTS_KEY)

    def sign_in_key(self) -> bytes:
        """Return the 32 bytes that seal the secrets of authenticator apps, made on first use."""
        return _made_once(self.folder / "keys" / SIGN_IN_KEY)

    def backups_key(self) -> bytes:
        """Return the 32 bytes that vouch for backups, made on first use. Only `safehold db` reads them.

        Raises BadSettings for a damaged file: a shorter key could be guessed.
        """
        _made_once(self.folder / "keys" / BACKUPS_KEY)
        if (key := self.kept_backups_key()) is None:
            raise BadSettings(
                f"keys/{BACKUPS_KEY} cannot be read, or does not hold {_KEY_BYTES} bytes.",
                advice="Put it back from its copy. If there is none, remove it: another is made.",
            )
        return key

    def bundles_key(self) -> Ed25519PrivateKey:
        """Return the key that signs the inventories of bundles, made on first use.

        Raises BadSettings for a damaged file: another key would make a stranger of us.
        """
        key = _made_once(self.folder / "keys" / BUNDLES_KEY)
        if len(key) != _KEY_BYTES:
            raise BadSettings(
                f"keys/{BUNDLES_KEY} does not hold {_KEY_BYTES} bytes.",
                advice="Put it back from its copy. If there is none, remove it: another is made, and whoever"
                " has the public half must be given the new one.",
            )
        return Ed25519PrivateKey.from_private_bytes(key)

    def kept_backups_key(self) -> bytes | None:
        """Return the key of the backups that lies here, None where there is no whole one; none is made."""
        try:
            key = (self.folder / "keys" / BACKUPS_KEY).read_bytes()
        except OSError:
            return None
        return key if len(key) == _KEY_BYTES else None


def sealing_key_path(settings: Settings) -> Path:
    """Return where the vault's public key is, or would be made; absolute."""
    return (settings.vault.sealing_key or settings.data_folder / "keys" / SEALING_KEY_NAME).absolute()


def has_records(settings: Settings) -> bool:
    """Say whether there is a database to be opened: to open an embedded one that is not there makes it."""
    return not settings.database.embedded or (settings.data_folder / "postgres").is_dir()


def open_home(settings: Settings, *, makes_keys: bool = True) -> Home:
    """Make the data folder (0700) and the vault's key pair where they do not exist yet, and return the paths.

    A key pair that the settings name is never made here: its absence is the operator's to mend; nor is any
    where makes_keys is False. Raises BadSettings for a folder that cannot be made or written to.
    """
    try:
        folder = settings.data_folder.resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if makes_keys:
            _make_keys(settings, folder / "keys")
    except OSError as error:
        raise BadSettings(
            f"data_folder: {str(settings.data_folder)!r} cannot be used: {error.strerror}.",
            advice="Name a folder that you may write to: data_folder, or SAFEHOLD_DATA_FOLDER.",
        ) from None
    keys = KeyFiles(
        sealing=sealing_key_path(settings),
        opening=settings.vault.opening_key or folder / "keys" / OPENING_KEY_NAME,
    )
    return Home(
        folder=folder,
        postgres=folder / "postgres",
        vault=settings.vault.url or str(folder / "vault"),
        index=folder / "index",
        lookback=(settings.lookback_folder or folder / "lookback").absolute(),
        keys=keys,
        opening=_opening(settings, keys),
    )


def _opening(settings: Settings, keys: KeyFiles) -> KeySource:
    named = settings.vault
    if named.opening_key_variable:
        return KeySource(variable=named.opening_key_variable)
    if named.opening_key_command:
        return KeySource(command=tuple(named.opening_key_command))
    return KeySource(path=keys.opening)


def _make_keys(settings: Settings, keys: Path) -> None:
    named = settings.vault
    if named.sealing_key or named.opening_key or named.opening_key_variable or named.opening_key_command:
        return
    with suppress(NameTaken):
        generate_keys(keys)


def _made_once(path: Path) -> bytes:
    """Return the 32 random bytes of a file of ours (0600). Whoever comes first makes it, or nobody does."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        with suppress(NameTaken):
            write_new(path, secrets.token_bytes(_KEY_BYTES))
    return path.read_bytes()
