"""Lists of words that somebody may search for: loaded, counted, taken away; what is on one is never shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from safehold.model.errors import BadForm, NotFound
from safehold.model.permissions import Actor
from safehold.prevent import keywords
from safehold.storage import audit
from safehold.storage import keyword_lists as rows
from safehold.storage.database import Tx
from safehold.storage.keyword_lists import KeywordList

__all__ = ["KeywordList", "load", "remove", "sealed", "show"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
LONGEST_SOURCE = 500


def load(
    tx: Tx, name: str, words: Sequence[str], *, source: str, secret: bytes, actor: Actor, now: datetime
) -> KeywordList:
    """Keep a list, in place of the one of this name. words: from `keywords.read`. Raises BadForm."""
    if not _NAME.fullmatch(name):
        raise BadForm("name: 1 to 64 small letters, digits, underscores and hyphens.", field="name")
    source = source.strip()
    if not 3 <= len(source) <= LONGEST_SOURCE or "\0" in source:
        raise BadForm(f"source: in 3 to {LONGEST_SOURCE} characters, where the list is from.", field="source")
    closed = keywords.seal(name, words, secret=secret)
    found = KeywordList(name=name, source=source, words=closed.words, loaded_at=now, loaded_by=actor.label)
    rows.put(tx, found, closed.sealed)
    _audit(tx, "keywords.load", name, closed.words, actor, now)
    return found


def show(tx: Tx) -> list[KeywordList]:
    """Return counts and provenance of every list, by name."""
    return rows.all_lists(tx)


def remove(tx: Tx, name: str, *, actor: Actor, now: datetime) -> None:
    """Take a list away. Raises NotFound."""
    if not rows.remove(tx, name):
        raise NotFound("There is no such list.")
    _audit(tx, "keywords.remove", name, 0, actor, now)


def sealed(tx: Tx) -> dict[str, bytes]:
    """Return every list as it is stored, by name."""
    return rows.sealed(tx)


def _audit(tx: Tx, verb: str, name: str, words: int, actor: Actor, now: datetime) -> None:
    audit.append(
        tx, at=now, actor=actor.label, verb=verb, object=f"keyword_list:{name}", detail={"words": words}
    )
