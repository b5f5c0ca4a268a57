"""What production needs and a trial may do without: which of these walls stand here, now."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from safehold.app.audit.anchors.declared import outside_anchors
from safehold.app.conditions import OF_RECORDS, Condition, Level, answers_for
from safehold.app.keeping.backup import BACKED_UP, DATABASE, KEYS_KEPT
from safehold.app.listening import address, is_this_machine
from safehold.app.settings import Settings
from safehold.storage import aside, audit, processes, role_settings
from safehold.storage.database import Tx
from safehold.vault.decoding.confinement import Confinement
from safehold.vault.key_sources import KeySource

APART = frozenset({"console", "portal"})
"""Surfaces that must never share a process: strangers write to one, and the other shows evidence."""

PAGES = frozenset({"api", "console", "portal"})
"""Surfaces that answer at `web.listen`."""

AS_OWNER = (
    "this connects as the owner of the tables, or as a superuser. Name roles of Safehold's in"
    " database.surface_urls, and the owner in the settings for `safehold db` alone."
)
KEY_IN_REACH = (
    "this user can read the vault's private key. Give it to a user of its own, as whom `safehold reader` runs"
    " alone, and name it in the settings of that process only."
)

TOGETHER = (
    "the portal and the console share a process, which is for demos and small sites: a hole in what strangers"
    " write to reaches what shows evidence. Serve each from its own: `safehold serve --surfaces portal`,"
    " `safehold serve --surfaces console`, and so on, as docs/how-to/run-surfaces-apart.md says."
)
BEYOND = (
    "others reach this without TLS, and read and change what is said. Listen on 127.0.0.1, and put a proxy in"
    " front, on this machine, where TLS ends."
)
BACK_UP = "Run `safehold db backup` every night; the evidence store and the keys are copied apart from it."
DROP_REPLACED = "`safehold db drop-replaced` shows and drops them."
OLDEST_BACKUP = timedelta(days=7)
_ROOT = 0


def judged(settings: Settings, part: str, missing: str | None, stands: str) -> Condition:
    """Return a condition about a wall. missing: what is wrong and what to do, None when the wall stands."""
    if missing is None:
        return Condition(part, Level.OK, stands)
    if settings.production:
        return Condition(part, Level.RED, missing)
    return Condition(part, Level.ADVICE, f"For production: {missing}")


def of_settings(settings: Settings) -> list[Condition]:
    """Return the conditions that the settings alone decide, of what these settings answer for."""
    walls: tuple[tuple[str, frozenset[str], Callable[[Settings], str | None], str], ...] = (
        ("database server", OF_RECORDS, _own_server, "a server of your own"),
        ("audit anchors", frozenset({"worker"}), _anchors, "the log is set down outside this machine"),
        ("second factor", frozenset({"console"}), _second_factor, "required of everybody"),
        ("cookies", frozenset({"console"}), _cookies, "sent over TLS only"),
    )
    mine = answers_for(settings)
    found = [
        judged(settings, part, wall(settings), stands) for part, whose, wall, stands in walls if whose & mine
    ]
    listening = _listening(settings, mine)
    return found if listening is None else [*found, listening]


def of_records(settings: Settings, tx: Tx, *, now: datetime) -> list[Condition]:
    """Return the conditions that are asked of the database: what runs now and as whom, and its copies."""
    serving = processes.serving_now(tx)
    owner = not settings.database.embedded and processes.connected_as_owner(tx)
    return [
        judged(settings, "surfaces", _together(serving), _served(serving)),
        judged(settings, "database role", AS_OWNER if owner else None, "one that owns nothing"),
        judged(settings, "role settings", _role_settings(tx), "no role has any of its own"),
        _backups(settings, tx, now),
        _replaced(tx, now),
    ]


def of_decoders(settings: Settings, level: Confinement) -> Condition:
    """Return the condition about how far the processes are walled in that open files."""
    missing = None
    if not level.whole:
        missing = f"{level.in_words()}. A file that takes a decoder over can do whatever is not walled off."
    return judged(settings, "confinement", missing, level.in_words())


def of_private_key(settings: Settings, source: KeySource) -> Condition:
    """Return the condition about who can read the vault's private key: only the reader's user should."""
    path = source.path
    if path is not None and os.geteuid() == _ROOT:
        return Condition(
            "private key", Level.ADVICE, "root reads everything: ask again as the service's user"
        )
    readable = path is not None and os.access(path, os.R_OK)
    return judged(settings, "private key", KEY_IN_REACH if readable else None, "not within this user's reach")


def _role_settings(tx: Tx) -> str | None:
    found = role_settings.with_settings_of_their_own(tx)
    if not found:
        return None
    said = "; ".join(f"{role} has {', '.join(names)}" for role, names in found.items())
    return (
        f"{said}. Every role may change how its own connections begin, so whoever was in a surface can leave"
        " this behind. Unless it is yours, type as the owner `alter role ROLE reset all` and"
        " `alter role ROLE in database DATABASE reset all`, restart that surface and look into it."
    )


def _backups(settings: Settings, tx: Tx, now: datetime) -> Condition:
    if not audit.may_read(tx):
        return Condition("backups", Level.OK, "not for this process to read")
    made = audit.newest_of(tx, DATABASE, BACKED_UP)
    stands = f"the newest was made on {made:%Y-%m-%d}" if made is not None else "none was ever made"
    recent = made is not None and now - made <= OLDEST_BACKUP
    missing = None if recent else f"{stands}. What was recorded since is on one disk. {BACK_UP}"
    return judged(settings, "backups", missing, stands)


def _replaced(tx: Tx, now: datetime) -> Condition:
    found = aside.listed(tx)
    if not found:
        return Condition("replaced records", Level.OK, "none lie aside")
    until = found[0].moved_at + KEYS_KEPT
    if until < now:
        late = (
            f"{len(found)} lie aside, keys of evidence included, the oldest since"
            f" {found[0].moved_at:%Y-%m-%d}. That is more than {KEYS_KEPT.days} days: what was erased since"
            f" lives on there. {DROP_REPLACED}"
        )
        return Condition("replaced records", Level.RED, late)
    due = f"{len(found)} lie aside, keys of evidence included. End that before {until:%Y-%m-%d}."
    return Condition("replaced records", Level.ADVICE, f"{due} {DROP_REPLACED}")


def _together(serving: Sequence[frozenset[str]]) -> str | None:
    if not any(surfaces >= APART for surfaces in serving):
        return None
    return TOGETHER


def _served(serving: Sequence[frozenset[str]]) -> str:
    if not serving:
        return "nothing is being served now"
    return "; ".join(" and ".join(sorted(surfaces)) for surfaces in serving)


def _listening(settings: Settings, mine: frozenset[str]) -> Condition | None:
    listens = [settings.web.listen] if mine & PAGES else []
    if "media" in mine:
        listens.append(settings.media.listen)
    open_to_others = [listen for listen in listens if not is_this_machine(address(listen)[0])]
    if open_to_others:
        return Condition("listening", Level.ADVICE, f"{', '.join(open_to_others)}: {BEYOND}")
    return Condition("listening", Level.OK, "on this machine alone") if listens else None


def _own_server(settings: Settings) -> str | None:
    if not settings.database.embedded:
        return None
    return (
        "the records are on the embedded server, which is for demos and small sites: whoever owns the data"
        " folder owns them. Point database.url to a server of your own."
    )


def _anchors(settings: Settings) -> str | None:
    if outside_anchors(settings):
        return None
    return (
        "nothing outside this machine keeps the head of the audit log, so whoever owns it can rewrite it."
        " Declare one under audit.anchors."
    )


def _second_factor(settings: Settings) -> str | None:
    if settings.sign_in.second_factor == "required":
        return None
    return 'people sign in by password alone if they like. Set sign_in.second_factor = "required".'


def _cookies(settings: Settings) -> str | None:
    if settings.web.secure_cookies:
        return None
    return "cookies are sent over plain HTTP too. Let TLS end in front, and switch web.secure_cookies on."
