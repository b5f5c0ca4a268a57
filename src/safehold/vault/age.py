"""Encrypting to others in the age format: what anybody opens with the public tool `age` and their own key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import pyrage

from safehold.model.errors import InvalidInput, SafeholdError, VaultObjectDamaged

LONGEST_RECIPIENT = 2000
"""Longest public key that is read, in characters: an RSA key of 8,192 bits fits."""
PIECE_BYTES = 1 << 20
"""How many bytes of ciphertext are handed on at once."""

_KINDS = (("age1", pyrage.x25519.Recipient), ("ssh-", pyrage.ssh.Recipient))


def recipient(text: str) -> object:
    """Return the public key that a text is: "age1…", or one of SSH, "ssh-ed25519 …" or "ssh-rsa …".

    What comes back is for the encryption alone. Raises InvalidInput for anything else, which is not quoted; a
    plug-in's key is none that is known here.
    """
    plain = text.strip()
    if len(plain) <= LONGEST_RECIPIENT and "\n" not in plain:
        for beginning, kind in _KINDS:
            if plain.startswith(beginning):
                try:
                    found: object = kind.from_str(plain)
                    return found
                except pyrage.RecipientError:
                    break
    raise InvalidInput(
        "A recipient is no public key of age.",
        advice="Ask them for the line that begins with age1, or for their SSH public key: `age-keygen` makes"
        " the first and prints it.",
    )


def encrypt(pieces: Iterable[bytes], recipients: Sequence[str], *, to: Callable[[bytes], None]) -> None:
    """Encrypt what `pieces` yields, one after the other, as one age file, handed on piece by piece to `to`.

    Whatever the length, a few megabytes are in memory besides the piece that is read. What was handed on
    before a failure is no whole age file, and `age` says so. Raises InvalidInput for a recipient that is
    none, and whatever `pieces` and `to` raise.
    """
    keys = [recipient(each) for each in recipients]
    source, sink = _Source(iter(pieces)), _Sink(to)
    try:
        pyrage.encrypt_io(source, sink, keys)
        sink.finish()
    except pyrage.EncryptError as error:
        # It holds what we raised inside as words; the error itself is what the caller knows.
        raise source.failed or sink.failed or SafeholdError("Encrypting to the recipients failed.") from error


def encrypt_whole(data: bytes, to: str) -> bytes:
    """Return bytes as one age file for one recipient. Raises InvalidInput for what is none."""
    sealed: bytes = pyrage.encrypt(data, [recipient(to)])
    return sealed


class KeyOfOnce:
    """A pair of keys for one answer: made for the question, and gone with whoever asked."""

    def __init__(self) -> None:
        self._identity = pyrage.x25519.Identity.generate()

    @property
    def recipient(self) -> str:
        """The public key, "age1…"."""
        return str(self._identity.to_public())

    def open(self, data: bytes) -> bytes:
        """Return what was encrypted to it. Raises VaultObjectDamaged for anything else."""
        try:
            opened: bytes = pyrage.decrypt(data, [self._identity])
        except pyrage.DecryptError:
            raise VaultObjectDamaged("What came is not what was encrypted for this.") from None
        return opened


class _Source:
    """What the encryption reads from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.failed: Exception | None = None
        self._pieces = pieces
        self._rest = memoryview(b"")

    def read(self, size: int) -> bytes:
        try:
            while not self._rest:
                self._rest = memoryview(next(self._pieces))
        except StopIteration:
            return b""
        except Exception as error:
            self.failed = error
            raise
        taken, self._rest = bytes(self._rest[:size]), self._rest[size:]
        return taken


class _Sink:
    """What the encryption writes to."""

    def __init__(self, to: Callable[[bytes], None]) -> None:
        self.failed: Exception | None = None
        self._to = to
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        if len(self._waiting) >= PIECE_BYTES:
            self._hand_on()
        return len(data)

    def flush(self) -> None:
        """Nothing: small pieces wait for each other."""

    def finish(self) -> None:
        if self._waiting:
            self._hand_on()

    def _hand_on(self) -> None:
        piece, self._waiting = bytes(self._waiting), bytearray()
        try:
            self._to(piece)
        except Exception as error:
            self.failed = error
            raise
