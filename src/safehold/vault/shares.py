"""The private key as shares for several people: any few of them recover it, fewer tell nothing.

Shamir's scheme in the form of SLIP-39: each share is 33 words from a public list, with a checksum, fit to
be printed, kept in a safe and typed in again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.constants import CUSTOMIZATION_STRING_EXTENDABLE
from shamir_mnemonic.rs1024 import create_checksum
from shamir_mnemonic.wordlist import WORD_INDEX_MAP

from safehold.model.errors import BadForm
from safehold.vault.sealing import OpeningKey

MOST_SHARES = 16
_WORDS = 33
_CHECK_WORDS = 3
_BITS = 10
_A_LINE = 3
_KEY_LINE = re.compile(r"^Key:\s*([0-9a-f]{16})\s*$", re.MULTILINE)
_WORD = re.compile(r"[a-z]+")
_BEGIN = "Words:"


@dataclass(frozen=True, slots=True)
class PaperShare:
    """One share as a person holds it. fingerprint: of the key, None where only words were typed in."""

    words: tuple[str, ...] = field(repr=False)
    fingerprint: bytes | None = None


def split(key: OpeningKey, *, of: int, need: int) -> list[PaperShare]:
    """Return `of` shares of a key, any `need` of which recover it.

    Splitting twice gives shares that do not mix. Raises BadForm unless 2 <= need <= of <= 16.
    """
    if not 2 <= need <= of <= MOST_SHARES:
        raise BadForm(f"--of takes 2 to {MOST_SHARES}, --need takes 2 to as many as there are shares.")
    secret = key.private.private_bytes_raw()
    # The work factor is for passphrases, and there is none: the secret is random.
    [group] = generate_mnemonics(1, [(need, of)], secret, iteration_exponent=0)
    return [PaperShare(tuple(words.split()), key.fingerprint) for words in group]


def printed(share: PaperShare, *, number: int, of: int, need: int) -> str:
    """Return a share as a text to print or to keep as a file; `read` takes it back."""
    assert share.fingerprint is not None
    numbered = [f"{place:2}. {word:<10}" for place, word in enumerate(share.words, start=1)]
    lines = ["  ".join(numbered[at : at + _A_LINE]).rstrip() for at in range(0, len(numbered), _A_LINE)]
    return "\n".join(
        [
            f"Safehold vault key, share {number} of {of}. Any {need} shares recover the key.",
            "Keep it apart from the others. Whoever has enough of them opens all sealed evidence.",
            f"Key: {share.fingerprint.hex()}",
            "",
            _BEGIN,
            *lines,
            "",
        ]
    )


def read(text: str, *, called: str) -> PaperShare:
    """Return the share that a text holds: as it was printed, or its words alone.

    called: names the share in messages. Raises BadForm that names the place of a word that is wrong, and
    never quotes one.
    """
    named = _KEY_LINE.search(text)
    words = tuple(_WORD.findall(text.rpartition(_BEGIN)[2].lower()))
    if len(words) != _WORDS:
        raise BadForm(f"{called} has {len(words)} words, a share has {_WORDS}.")
    strange = [str(place) for place, word in enumerate(words, start=1) if word not in WORD_INDEX_MAP]
    if strange:
        raise BadForm(f"{called}: no list has these words, by their number: {', '.join(strange)}.")
    try:
        Share.from_mnemonic(" ".join(words))
    except MnemonicError:
        place = _wrong_place([WORD_INDEX_MAP[word] for word in words])
        raise BadForm(
            f"{called}: word {place} is not the one that was printed."
            if place
            else f"{called}: several words are not those that were printed, or their order is not."
        ) from None
    return PaperShare(words, bytes.fromhex(named[1]) if named else None)


def combine(shares: Sequence[PaperShare]) -> OpeningKey:
    """Return the key that these shares were split from.

    Raises BadForm when they are of different keys or splittings, too few, or one was given twice; the
    message says which. A share that is not needed does no harm.
    """
    parsed = [Share.from_mnemonic(" ".join(share.words)) for share in shares]
    fingerprints = {share.fingerprint for share in shares if share.fingerprint is not None}
    if len(fingerprints) > 1:
        raise BadForm(
            "These shares are of different keys: "
            + ", ".join(sorted(one.hex() for one in fingerprints))
            + "."
        )
    if len({one.common_parameters() for one in parsed}) > 1:
        raise BadForm("These shares were made by different splittings; they do not mix.")
    different = {one.index: share for one, share in zip(parsed, shares, strict=True)}
    need = parsed[0].member_threshold if parsed else 2
    if len(different) < need:
        twice = " One of them was given twice." if len(different) < len(shares) else ""
        raise BadForm(f"{need} different shares are needed, {len(different)} were given.{twice}")
    chosen = [" ".join(share.words) for share in list(different.values())[:need]]
    try:
        secret = combine_mnemonics(chosen)
    except MnemonicError:
        raise BadForm("These shares do not fit together; one of them was altered.") from None
    key = OpeningKey(X25519PrivateKey.from_private_bytes(secret))
    if fingerprints and key.fingerprint not in fingerprints:
        raise BadForm("What these shares recover is not the key that they name; one of them was altered.")
    return key


def _wrong_place(words: list[int]) -> int | None:
    """Return the place, counted from 1, of the one word whose change would make the checksum right.

    None when there is no such word: more than one is wrong. The checksum is linear over single bits, so
    the effect of each bit of each word is worked out once, and the combinations are added up.
    """
    off = _off(words)
    for place in range(len(words)):
        changes = {0}
        for bit in range(_BITS):
            flipped = words.copy()
            flipped[place] ^= 1 << bit
            effect = _off(flipped) ^ off
            changes |= {one ^ effect for one in changes}
        if off in changes:
            return place + 1
    return None


def _off(words: list[int]) -> int:
    """Return how far the checksum is off, as a number that each bit of a word flips; 0 when right."""
    right = create_checksum(words[:-_CHECK_WORDS], CUSTOMIZATION_STRING_EXTENDABLE)
    off = 0
    for wanted, found in zip(right, words[-_CHECK_WORDS:], strict=True):
        off = off << _BITS | (wanted ^ found)
    return off
