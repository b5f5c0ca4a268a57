"""What follows when somebody searches: a warning and help where the operator's lists know a word.

A query is compared in memory and let go of: nothing here logs, stores, counts or returns it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from safehold.app.program import Program
from safehold.app.support import language_of, rules_of
from safehold.model.help_text import HelpKind, HelpText
from safehold.prevent import help_texts, keyword_lists, keywords, support
from safehold.prevent.keywords import Keywords

CATCH_UP = timedelta(seconds=5)
"""How long after a list was loaded a running process may not know of it."""

log = structlog.get_logger()


class SearchDecision(StrEnum):
    """What to do with a search. not_checked: no list is loaded, or one cannot be opened here."""

    ALLOW = "allow"
    WARN = "warn"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRuling:
    """A decision, and what to show with a warning. warning: None where no text may be shown."""

    decision: SearchDecision
    warning: HelpText | None = None
    lines: tuple[HelpText, ...] = ()


class SearchPolicy:
    """Answers about searches. Safe to share between threads."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._looked_at: datetime | None = None
        self._stored: Mapping[str, bytes] = {}
        self._known: tuple[Keywords | None, ...] = ()

    def decide(self, query: str, *, language: str, jurisdiction: str | None) -> SearchRuling:
        """Return what follows. Only that there was a warning is counted, by day and language."""
        known = self._lists()
        if any(each is not None and each.holds(query) for each in known):
            return self._warn(language_of(language), jurisdiction)
        is_checked = bool(known) and None not in known
        return SearchRuling(decision=SearchDecision.ALLOW if is_checked else SearchDecision.NOT_CHECKED)

    def _lists(self) -> tuple[Keywords | None, ...]:
        with self._lock:
            now = self._program.clock()
            if self._looked_at is None or not timedelta() <= now - self._looked_at < CATCH_UP:
                with self._program.database.begin() as tx:
                    stored = keyword_lists.sealed(tx)
                if stored != self._stored:
                    self._open(stored)
                self._looked_at = now
            return self._known

    def _open(self, stored: Mapping[str, bytes]) -> None:
        secret = self._program.request_secret
        opened = {name: keywords.unseal(name, each, secret=secret) for name, each in stored.items()}
        for name, each in opened.items():
            if each is None:
                log.warning("keyword_list_not_opened", list=name)
        self._stored, self._known = stored, tuple(opened.values())

    def _warn(self, language: str, jurisdiction: str | None) -> SearchRuling:
        now = self._program.clock()
        with self._program.database.begin() as tx:
            texts = help_texts.shown(
                tx,
                (HelpKind.SEARCH_WARNING, HelpKind.HELP_LINE),
                language=language,
                rules=rules_of(self._program.settings),
                now=now,
                jurisdiction=jurisdiction,
            )
            support.count_warning(tx, language=language, now=now)
        warnings = [each for each in texts if each.written.kind is HelpKind.SEARCH_WARNING]
        lines = tuple(each for each in texts if each.written.kind is HelpKind.HELP_LINE)
        return SearchRuling(
            decision=SearchDecision.WARN, warning=warnings[0] if warnings else None, lines=lines
        )
