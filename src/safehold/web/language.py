"""In which language a page speaks: chosen for each request, from the catalogs that are there.

Everything is written in English, in the templates and in the code. What is shown is looked up in the catalog
of the request's language at the moment at which it is shown; what has no translation is shown in English.
What is stored, logged, audited or answered to a program is never looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from gettext import NullTranslations
from typing import Any, TypeVar

from babel import Locale

from safehold.model.wording import Wording

Marked = TypeVar("Marked")
_FIELD = re.compile(r"\A([a-z_]+): ")
_LEFT_TO_RIGHT, _END = "\u2066", "\u2069"


@dataclass(frozen=True, slots=True)
class Language:
    """One language. tag: as in the attribute `lang`, "pt-BR". catalog: its translations."""

    tag: str
    locale: Locale
    catalog: NullTranslations

    @property
    def direction(self) -> str:
        """As in the attribute `dir`: "ltr" or "rtl"."""
        return str(self.locale.text_direction)

    @property
    def name(self) -> str:
        """What its own speakers call it; its tag where nobody has written that down."""
        return self.locale.get_display_name() or self.tag


ENGLISH = Language("en", Locale("en"), NullTranslations())
_SPOKEN: ContextVar[tuple[Language, bool]] = ContextVar("language", default=(ENGLISH, False))


def language() -> Language:
    """Return the language of the request that is being answered, English outside of any."""
    return _SPOKEN.get()[0]


def asked_by_link() -> str | None:
    """Return the tag of the language where the request's own address names it, for the links that follow."""
    spoken, by_link = _SPOKEN.get()
    return spoken.tag if by_link else None


@contextmanager
def speaking(spoken: Language, *, by_link: bool = False) -> Iterator[None]:
    """Speak a language in everything that is called from here, in threads that are started for it too."""
    before = _SPOKEN.set((spoken, by_link))
    try:
        yield
    finally:
        _SPOKEN.reset(before)


def N_(words: Marked) -> Marked:
    """Mark words for translators and return them unchanged: a text, or a table whose values are texts.

    They are looked up where they are shown, by `translated`.
    """
    return words


def NN_(pairs: Marked) -> Marked:
    """Mark a table whose values are pairs of texts, of one thing and of many, and return it unchanged.

    They are looked up where they are shown, by `ngettext`.
    """
    return pairs


def _(text: str, **values: object) -> str:
    """Return a text in the language of the request. A sign of percent is written twice in it."""
    return language().catalog.gettext(text) % values


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """Return the form of a text that fits a number, which stands in it as %(num)s if it does."""
    return language().catalog.ngettext(one, many, num) % {"num": num, **values}


def raw(text: str) -> str:
    """Return a text as the catalog of the request has it, for templates to put values into."""
    return language().catalog.gettext(text)


def raw_plural(one: str, many: str, num: int) -> str:
    """Return the form of a text that fits a number, as the catalog has it."""
    return language().catalog.ngettext(one, many, num)


def translated(text: str) -> str:
    """Return words that were marked elsewhere as the language has them, others as they are.

    Words that carry values, `Wording`, are looked up without them. What begins with the name of a field and
    a colon, as errors about a form do, keeps that name.
    """
    pattern = text.pattern if isinstance(text, Wording) else text
    field = _FIELD.match(pattern)
    lead = field.group() if field else ""
    found = language().catalog.gettext(pattern[len(lead) :]) if pattern[len(lead) :] else ""
    return lead + (found % _inside(text.values) if isinstance(text, Wording) else found)


def isolated(text: str) -> str:
    """Return a text that is read from left to right wherever it stands: a time, an id.

    Among words that run the same way it needs nothing, and gets nothing.
    """
    return f"{_LEFT_TO_RIGHT}{text}{_END}" if language().direction == "rtl" else text


def first_upper(text: str) -> str:
    """Return a text with its first sign as at the beginning of a sentence, and the rest as it was."""
    return text[:1].upper() + text[1:]


def _inside(values: Mapping[str, object]) -> dict[str, Any]:
    """Translate what is itself made of words."""
    return {
        name: translated(value) if isinstance(value, Wording) else value for name, value in values.items()
    }
