"""What may be entered for each item of the checklist: each has its own rule, and what breaks one is said.

No message quotes what was entered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import IPv6Address, ip_address

from safehold.authorities.checklist import EnteredValue, ScheduleItem
from safehold.authorities.fitting import LONGEST_ADDRESS, Remarks, shown, web_address
from safehold.model.errors import BadForm

MOST_VALUES = 200
"""Lines for one item."""
LONGEST_VALUE = 1000
"""Characters of one line."""
LONGEST_REASON = 500

_MAIL = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]+\.[^\s@<>\".]+")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{3,}")
_DIGESTS = {32: "MD5", 40: "SHA-1", 64: "SHA-256"}
_NAMED = re.compile(r"(?:(MD5|SHA-?1|SHA-?256)[ :]+)?([0-9A-Fa-f]+)", re.IGNORECASE)

Rule = Callable[[str, datetime], str]
"""Returns a line as it is written down; raises ValueError with words that say what is asked for."""


def entered(item: ScheduleItem, text: str, *, now: datetime) -> EnteredValue:
    """Return what a text says for an item: a value on each line, empty lines left out, none twice.

    now: nothing on record here can be later. Raises BadForm about the field "value", with the line that is
    wrong.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise BadForm("value: write at least one line.", field="value")
    if len(lines) > MOST_VALUES:
        raise BadForm(f"value: at most {MOST_VALUES} lines.", field="value")
    rule = RULES.get(item, _text)
    written = [_written(rule, line, number, now) for number, line in enumerate(lines, 1)]
    return EnteredValue(values=tuple(dict.fromkeys(written)))


def not_held(reason: str) -> EnteredValue:
    """Return that nothing is held, and why. Raises BadForm about the field "value"."""
    said = " ".join(reason.split())
    if not 3 <= len(said) <= LONGEST_REASON or not said.isprintable():
        raise BadForm(f"value: say why it is not held, in 3 to {LONGEST_REASON} characters.", field="value")
    return EnteredValue(not_held=said)


def _written(rule: Rule, line: str, number: int, now: datetime) -> str:
    try:
        if len(line) > LONGEST_VALUE or not line.isprintable():
            raise ValueError(f"at most {LONGEST_VALUE} characters that can be printed.")
        return rule(line, now)
    except ValueError as wrong:
        raise BadForm(f"value: line {number}: {wrong}", field="value") from None


def _text(line: str, _: datetime) -> str:
    return line


def _mail(line: str, _: datetime) -> str:
    if len(line) > 254 or _MAIL.fullmatch(line) is None:
        raise ValueError("an address for mail, such as name@example.org.")
    return line


def _phone(line: str, _: datetime) -> str:
    digits = sum(sign.isdigit() for sign in line)
    if _PHONE.fullmatch(line) is None or not 5 <= digits <= 15:
        raise ValueError("a phone number: 5 to 15 digits, perhaps with a + before them.")
    return line


def _instant(line: str, now: datetime) -> str:
    try:
        at = datetime.fromisoformat(line)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or at.year < 1970:
        raise ValueError("a date and time with its zone, such as 2026-11-20T09:00:00Z.")
    if at > now:
        raise ValueError("a time that is over.")
    return shown(at)


def _network(line: str, _: datetime) -> str:
    try:
        parsed = ip_address(line)
    except ValueError:
        raise ValueError("an IP address, such as 192.0.2.7 or 2001:db8::7.") from None
    if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
        raise ValueError("an IP address without a zone: what follows % means something on one machine alone.")
    return str(parsed)


def _port(line: str, _: datetime) -> str:
    if not (line.isascii() and line.isdigit() and len(line) <= 5 and 1 <= int(line) <= 65535):
        raise ValueError("a port: a number from 1 to 65535.")
    return str(int(line))


def _web(line: str, _: datetime) -> str:
    begins = re.match(r"https?://[^/\s]", line, re.IGNORECASE)
    if begins is None or web_address(line, "", Remarks()) is None:
        raise ValueError(
            f"a whole web address, with http or https, of at most {LONGEST_ADDRESS} characters and without"
            " spaces."
        )
    return line


def _digest(line: str, _: datetime) -> str:
    found = _NAMED.fullmatch(line)
    kind = _DIGESTS.get(len(found.group(2))) if found is not None else None
    if found is None or kind is None or _plain(found.group(1) or kind) != _plain(kind):
        raise ValueError("an MD5, SHA-1 or SHA-256 in hexadecimal digits.")
    return f"{kind} {found.group(2).lower()}"


def _plain(kind: str) -> str:
    return kind.upper().replace("-", "")


def _login(line: str, now: datetime) -> str:
    address, _space, at = line.partition(" ")
    written = _network(address, now)
    return f"{written} {_instant(at.strip(), now)}" if at.strip() else written


RULES: Mapping[ScheduleItem, Rule] = {
    ScheduleItem.REPORTER_EMAIL: _mail,
    ScheduleItem.REPORTER_PHONE: _phone,
    ScheduleItem.UPLOADED_AT: _instant,
    ScheduleItem.UPLOAD_IP: _network,
    ScheduleItem.UPLOAD_PORT: _port,
    ScheduleItem.UPLOAD_IP_AT: _instant,
    ScheduleItem.CONTENT_ADDRESS: _web,
    ScheduleItem.ORIGINAL_HASH: _digest,
    ScheduleItem.PROFILE_ADDRESS: _web,
    ScheduleItem.EMAIL: _mail,
    ScheduleItem.RECOVERY_EMAIL: _mail,
    ScheduleItem.PHONE: _phone,
    ScheduleItem.PHONE_VERIFIED_AT: _instant,
    ScheduleItem.LOGIN_ADDRESSES: _login,
}
"""Items whose lines have a form of their own; any other takes a line of text."""
