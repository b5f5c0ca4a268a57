"""Checking a bundle that was decrypted and unpacked: what public tools check, and the log's records too."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from safehold.app.bundles import signing
from safehold.app.bundles.inventory import FORMAT, VERSION
from safehold.model.errors import InvalidInput

_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._/-]+)")
_UNLISTED = {signing.SUMS, signing.SIGNATURE, signing.STAMP}
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is so and what is not. key: fingerprint of the key that was asked. has_stamp: a stamp is there.

    problems: in words, none where everything fits. records: how many of the log's were computed anew.
    """

    files: int
    held: int
    not_held: int
    records: int
    key: str
    has_stamp: bool
    problems: tuple[str, ...]


def verify(folder: Path, *, key: Path | None = None) -> Verdict:
    """Check a folder. key: the public key as it was told by another way; without it, the one in the folder.

    Reads one file at a time, in blocks. Raises InvalidInput where there is no bundle in the folder, or the
    key is none.
    """
    listed = _listed(folder)
    public = _key(key if key is not None else folder / signing.KEY)
    content = _inventory(folder)
    entries = _dicts(content.get("entries"))
    held = [each for each in entries if each.get("bytes") == "held"]
    records = list(_records([content, *entries]))
    problems = (
        *_signature(folder, public),
        *_files(folder, listed),
        *_entries(held, listed),
        *(f"record {seq} of the log is not what its hash says" for seq, fits in records if not fits),
    )
    return Verdict(
        files=len(listed),
        held=len(held),
        not_held=len(entries) - len(held),
        records=len(records),
        key=signing.fingerprint(public),
        has_stamp=(folder / signing.STAMP).is_file(),
        problems=problems,
    )


def _listed(folder: Path) -> dict[str, str]:
    try:
        lines = (folder / signing.SUMS).read_text("ascii").splitlines()
    except (OSError, ValueError):
        raise InvalidInput(
            "There is no bundle in this folder.", advice="Name the folder into which it was unpacked."
        ) from None
    found = [_LINE.fullmatch(line) for line in lines]
    if not all(found) or any(".." in line for line in lines):
        raise InvalidInput("SHA256SUMS has a line that is none.")
    return {each[2]: each[1] for each in found if each}


def _key(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidInput("The key is no public Ed25519 key.", advice="`evidence bundle key` prints it.")
    return key


def _inventory(folder: Path) -> Mapping[str, Any]:
    try:
        content = json.loads((folder / signing.INVENTORY).read_bytes())
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InvalidInput("inventory.json is missing, or is none.")
    if content.get("version") != VERSION:
        raise InvalidInput("This inventory was written by a newer Safehold.", advice="Install that version.")
    return content


def _signature(folder: Path, key: Ed25519PublicKey) -> Iterator[str]:
    try:
        key.verify((folder / signing.SIGNATURE).read_bytes(), (folder / signing.SUMS).read_bytes())
    except OSError:
        yield "there is no signature"
    except InvalidSignature:
        yield "the signature is not of this key over these sums"


def _files(folder: Path, listed: Mapping[str, str]) -> Iterator[str]:
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    yield from (f"{name} is missing" for name in sorted(listed.keys() - here))
    yield from (f"{name} is not listed" for name in sorted(here - listed.keys() - _UNLISTED))
    for name in sorted(listed.keys() & here):
        if _digest(folder / name) != listed[name]:
            yield f"{name} was changed"


def _entries(held: list[dict[str, Any]], listed: Mapping[str, str]) -> Iterator[str]:
    for each in held:
        file = each.get("file")
        if not isinstance(file, dict) or listed.get(str(file.get("name")), "") != file.get("sha256"):
            yield f"item {each.get('item')} has no file of its digest here"


def _records(places: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, bool]]:
    """Yield each record that is on the chain and not withheld: its number, and whether its hash fits."""
    for place in places:
        for link in _dicts(place.get("custody")):
            if link.get("hash") is not None and "withheld" not in link:
                yield link.get("seq"), _fits(link)


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _fits(link: Mapping[str, Any]) -> bool:
    try:
        record = json.dumps(link["record"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        made = hashlib.sha256(bytes.fromhex(link["previous"]) + record.encode()).hexdigest()
        return bool(made == link["hash"] and link["record"]["seq"] == link["seq"])
    except (KeyError, TypeError, ValueError):
        return False


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
