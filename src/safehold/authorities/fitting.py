"""Making what came from outside fit to be sent: whatever is changed or left out is said, never silently.

Each function puts a sentence into `remarks` for what it had to do. Remarks are counted, so that what happens
five hundred times is said once. They never hold the value itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address

Remarks = Counter[str]
"""Sentences about what was changed or left out, and how often."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
LONGEST_ADDRESS = 2083
"""Characters of a web address."""

# Control characters, halves of pairs, and the last two code points of each plane, which are no characters.
_NEVER_SENT = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff"
    + "".join(f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
_SPACE = re.compile(r"\s")
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")


def sentences(remarks: Remarks) -> tuple[str, ...]:
    """Return the remarks, each with how often it is true where that is more than once."""
    return tuple(said if times == 1 else f"{said} ({times} times)" for said, times in remarks.items())


def writable(text: str, what: str, remarks: Remarks) -> str | None:
    """Return a text without control characters and what no document can hold; None where nothing is left.

    Each such character becomes U+FFFD. Space around the text is left out. what: how the text is called.
    """
    stripped = text.strip()
    # Nothing that can be printed is among it, and nearly every text can: asking that is far quicker.
    if stripped.isprintable():
        return stripped or None
    written, replaced = _NEVER_SENT.subn(REPLACEMENT, stripped)
    if replaced:
        remarks[f"{what}: characters that cannot be written were replaced."] += 1
    return written or None


def short(text: str | None, most: int, what: str, remarks: Remarks) -> str | None:
    """Return a text as `writable` does, cut to so many characters, never within what is seen as one."""
    written = writable(text, what, remarks) if text is not None else None
    if written is None or len(written) <= most:
        return written
    remarks[f"{what}: cut to {most} characters, as the form takes no more."] += 1
    at = most
    while at > 1 and _goes_with_the_one_before(written, at):
        at -= 1
    # Nothing but marks without a letter: then it is cut where it has to be.
    return written[: at if at > 1 else most].rstrip() or written[:most]


def web_address(address: str, what: str, remarks: Remarks) -> str | None:
    """Return a web address; None for one with spaces or control characters, or too long to be sent."""
    broken = _SPACE.search(address) is not None or _NEVER_SENT.search(address) is not None
    if not address or broken or len(address) > LONGEST_ADDRESS:
        why = "it holds spaces or control characters" if broken else "it is empty or too long"
        remarks[f"{what}: left out, for {why}; it is on record here."] += 1
        return None
    return address


def network_address(address: str | None, remarks: Remarks) -> str | None:
    """Return an IP address without its zone; None for what is none."""
    if not address or not address.strip():
        return None
    try:
        parsed = ip_address(address.strip())
    except ValueError:
        remarks["An IP address: left out, for it is none."] += 1
        return None
    if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
        remarks["An IP address: its zone was left out, for it means something on one machine alone."] += 1
        parsed = IPv6Address(int(parsed))
    return str(parsed)


def port_number(port: int | None, remarks: Remarks) -> int | None:
    """Return a port; None for what is none."""
    if port is None:
        return None
    if not 1 <= port <= 65_535:
        remarks["A port: left out, for it is not between 1 and 65535."] += 1
        return None
    return port


def past(at: datetime | None, what: str, remarks: Remarks, *, now: datetime) -> datetime | None:
    """Return an instant in UTC; None for one after `now`, and for one that no calendar has."""
    if at is None:
        return None
    utc = in_utc(at)
    if utc is None or utc > now:
        remarks[f"{what}: left out, for the time that was given is not in the past."] += 1
        return None
    return utc


def in_utc(at: datetime) -> datetime | None:
    """Return an instant in UTC, None where it is beyond the first or the last year."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return None


def shown(at: datetime) -> str:
    """Return an instant to the second, in UTC, as ISO 8601 writes it."""
    return (in_utc(at) or at).isoformat(timespec="seconds").replace("+00:00", "Z")


def _goes_with_the_one_before(text: str, at: int) -> bool:
    one, before = text[at], text[at - 1]
    marks = unicodedata.category(one) in ("Mn", "Me", "Mc")
    return marks or one in _JOINERS or before == "\u200d" or "\U0001f3fb" <= one <= "\U0001f3ff"
