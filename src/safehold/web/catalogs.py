"""The catalogs of translations: which there are, and which of them a browser is answered in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

import structlog
from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import Translations
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from safehold.web.language import ENGLISH, Language, speaking

log = structlog.get_logger()

SHIPPED = Path(__file__).parent / "locale"
NAME = "LC_MESSAGES/safehold.po"
PUBLIC_PAGES = ("/report", "/appeal", "/blank", "/transparency")
"""Where the portal's pages are, at these addresses and below."""
PAGES = ("/console", *PUBLIC_PAGES)
"""What is for people. Everything else is for programs, which are answered in English."""
CHOICE = "language"
"""What a link names a language by."""
MOST_ASKED = 20
"""As many languages of a browser are looked at."""
PLURALS_TRIED = 201
"""As many numbers, from 0 on, a catalog's rule for plurals is tried with before anybody reads by it."""

_OUTSIDE = re.compile(r'["<>]')
_UNREADABLE = (OSError, ValueError, LookupError, ArithmeticError, UnknownLocaleError, PoFileError)
_INSIDE = re.compile(r"%\(\w+\)[sd]|%%|<[^>]*>|%")


class Languages:
    """Those that pages can be had in. English is always one of them."""

    def __init__(self, known: Sequence[Language]) -> None:
        self.known = tuple(known)
        self._by_tag = {each.tag.lower(): each for each in known}

    def named(self, tag: str) -> Language | None:
        """Return the language of a tag, None where there is no catalog of it."""
        return self._by_tag.get(tag.lower())

    def asked_for(self, accepted: str) -> Language:
        """Return the best for a header Accept-Language: "pt" serves "pt-PT" where nothing nearer does.

        What cannot be read in it counts for nothing.
        """
        for tag in _by_wish(accepted):
            found = self.named(tag) or self.named(tag.partition("-")[0])
            if found is not None:
                return found
        return ENGLISH

    def of(self, request: Request, cookie: str) -> Language:
        """Return what its link names, else what was chosen in this browser, else what that asks for."""
        chosen = self.by_link(request) or self.named(request.cookies.get(cookie, ""))
        return chosen or self.asked_for(request.headers.get("accept-language", ""))

    def by_link(self, request: Request) -> Language | None:
        """Return the language that a request's address names, None where it names none that is had."""
        return self.named(request.query_params.get(CHOICE, ""))


class Spoken:
    """Answers each request for a page in its language."""

    def __init__(self, app: ASGIApp, *, languages: Languages, cookie: str) -> None:
        self.app = app
        self._languages = languages
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or not is_page(scope["path"]):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        spoken = self._languages.of(request, self._cookie)
        with speaking(spoken, by_link=self._languages.by_link(request) is not None):
            await self.app(scope, receive, send)


def is_page(path: str, roots: Sequence[str] = PAGES) -> bool:
    """Say whether people read what is at an address: one of the roots, or below."""
    return any(path == root or path.startswith(f"{root}/") for root in roots)


@cache
def languages(further: Path | None = None) -> Languages:
    """Read every catalog, once per process: those that are shipped, and those of another folder.

    In a folder, TAG/LC_MESSAGES/safehold.po is the catalog of a language. What stands under a tag that no
    language has, or cannot be read, is left out with a line in the log: it keeps no page from its readers.
    """
    known = {ENGLISH.tag: ENGLISH}
    for folder in (SHIPPED, further):
        for path in sorted(folder.glob(f"*/{NAME}")) if folder is not None else ():
            tag = path.parts[-3]
            try:
                known[tag] = _read(path, tag)
            except _UNREADABLE as error:
                log.warning("catalog_left_out", language=tag, error=type(error).__name__)
    return Languages(tuple(known.values()))


def fits(message: Message) -> bool:
    """Say whether a translation can stand where its text stood.

    Each form of it has the same names for values and the same marks around words, no matter in which order:
    anything else would break a page, or write into it what is not ours. A straight double quote would end the
    attribute that it stands in; languages have signs of their own. A form may leave out the number.
    """
    forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if any(_OUTSIDE.search(_INSIDE.sub("", form or "")) for form in forms):
        return False
    texts = message.id if isinstance(message.id, tuple | list) else (message.id,)
    wanted = [_inside(text) for text in texts]
    return all(any(_same(_inside(form or ""), each) for each in wanted) for form in forms)


def _same(form: Counter[str], wanted: Counter[str]) -> bool:
    number = Counter({"%(num)s": 1})
    return form == wanted or form + number == wanted or form == wanted + number


def _inside(text: str) -> Counter[str]:
    return Counter(_INSIDE.findall(text))


def _read(path: Path, tag: str) -> Language:
    locale = Locale.parse(tag.partition("-x-")[0], sep="-")
    with path.open("rb") as file:
        written = read_po(file, locale=locale, abort_invalid=True)
    kept = Catalog(locale=locale, header_comment="", charset="utf-8")
    # Its forms were written in the order of its own rule, which need not be the one that Babel knows.
    kept.mime_headers = [("Plural-Forms", written.plural_forms)]
    left_out = 0
    for message in written:
        if not message.id or message.fuzzy or not message.string:
            continue
        if not any(message.string) or not fits(message):
            left_out += 1
            continue
        kept.add(message.id, message.string, context=message.context)
    if left_out:
        log.warning("translations_left_out", language=tag, count=left_out)
    compiled = BytesIO()
    write_mo(compiled, kept)
    compiled.seek(0)
    translations = Translations(compiled)
    for num in range(PLURALS_TRIED):
        translations.ngettext("", "", num)
    return Language(tag, locale, translations)


def _by_wish(accepted: str) -> list[str]:
    """Return the tags of a header, the most wanted first."""
    wishes: list[tuple[float, str]] = []
    for part in accepted.split(",")[:MOST_ASKED]:
        tag, _, quality = part.strip().partition(";")
        weight = quality.strip().removeprefix("q=") or "1"
        if tag and re.fullmatch(r"[01](\.\d{0,3})?", weight) and float(weight):
            wishes.append((-float(weight), tag.strip()))
    return [tag for _, tag in sorted(wishes, key=lambda wish: wish[0])]
