"""Words that somebody may search for: a list that nobody can read again, and whether a query holds one.

Both are brought into one form first. What is kept of a word is a keyed digest of that form, and the digests
together are encrypted; a query is compared by the digests of its own words, and forgotten.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safehold.model.errors import BadForm

SHORTEST, LONGEST = 3, 100
"""Characters of a word in its one form."""
MOST = 200_000
"""Words of a list."""
_DIGEST = 16
_NONCE = 12

# Signs that are read as one. What is on the right stands for all of them, in the list and in a query.
_ALIKE = str.maketrans(
    "0134578@$lаеорсухіѕјкмтвнԁһαοειρντκυ",
    "oieastbasiaeopcyxisjkmtbhdhaoeipvtku",
)


def in_one_form(text: str) -> list[str]:
    """Return the words of a text without case, accents and hidden signs; signs that look alike are one."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    apart = unicodedata.normalize("NFKD", folded)
    bare = "".join(sign for sign in apart if unicodedata.category(sign) not in ("Mn", "Cf", "Me"))
    alike = bare.translate(_ALIKE)
    return "".join(sign if sign.isalnum() else " " for sign in alike).split()


@dataclass(frozen=True, slots=True)
class SealedWords:
    """A list as it is stored. words: how many. sealed: a nonce, then what it encrypts."""

    words: int
    sealed: bytes


class Keywords:
    """A list that can say whether a query holds one of its words, and nothing else."""

    def __init__(self, secret: bytes, digests: frozenset[bytes], longest: int) -> None:
        """longest: characters of the longest word, in its one form."""
        self._secret = secret
        self._digests = digests
        self._longest = longest

    def holds(self, query: str) -> bool:
        """Say whether some words of a query, written together, are one of the list.

        So it makes no difference whether a word is written in one, in several, or letter by letter; a word
        inside a longer one does not count.
        """
        return any(_digest(self._secret, part) in self._digests for part in self._parts(in_one_form(query)))

    def _parts(self, words: list[str]) -> Iterator[str]:
        for start in range(len(words)):
            together = ""
            for word in words[start:]:
                together += word
                if len(together) > self._longest:
                    break
                if len(together) >= SHORTEST:
                    yield together


def read(source: str) -> list[str]:
    """Return the words of a file in their one form: one a line, nothing from a `#` on.

    Raises BadForm, which names the line and never quotes it.
    """
    found: dict[str, None] = {}
    for number, line in enumerate(source.splitlines(), start=1):
        written = line.partition("#")[0].strip()
        if not written:
            continue
        form = "".join(in_one_form(written))
        if not SHORTEST <= len(form) <= LONGEST:
            raise BadForm(f"Line {number}: {SHORTEST} to {LONGEST} letters and digits.")
        found[form] = None
    if not found:
        raise BadForm("The file holds no word.")
    if len(found) > MOST:
        raise BadForm(f"The file holds more than {MOST} words.")
    return list(found)


def seal(name: str, words: Iterable[str], *, secret: bytes) -> SealedWords:
    """Return a list to be stored. words: in their one form. secret: of this installation."""
    kept = sorted((len(word), _digest(_matching(secret), word)) for word in words)
    longest = kept[-1][0]
    plain = longest.to_bytes(2, "big") + b"".join(sorted(digest for _, digest in kept))
    nonce = os.urandom(_NONCE)
    return SealedWords(len(kept), nonce + AESGCM(_sealing(secret)).encrypt(nonce, plain, name.encode()))


def unseal(name: str, sealed: bytes, *, secret: bytes) -> Keywords | None:
    """Return a stored list, None where it is damaged or was sealed by another installation."""
    try:
        plain = AESGCM(_sealing(secret)).decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
    except (InvalidTag, ValueError):
        return None
    digests = (plain[at : at + _DIGEST] for at in range(2, len(plain), _DIGEST))
    return Keywords(_matching(secret), frozenset(digests), int.from_bytes(plain[:2], "big"))


def _digest(key: bytes, word: str) -> bytes:
    return hashlib.blake2b(word.encode("utf-8", "surrogatepass"), key=key, digest_size=_DIGEST).digest()


def _matching(secret: bytes) -> bytes:
    return hmac.digest(secret, b"safehold keywords: matching", "sha256")


def _sealing(secret: bytes) -> bytes:
    return hmac.digest(secret, b"safehold keywords: sealing", "sha256")
