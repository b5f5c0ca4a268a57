"""How a surface's templates are read: strictly, with everything escaped, and with what all of them need."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from safehold.web import language as languages
from safehold.web.language import isolated, language
from safehold.web.rehearsing import is_rehearsing
from safehold.web.static_files import static_files

FOLDER = Path(__file__).parent / "templates"


def environment(folder: str) -> Environment:
    """Return an environment over the templates of a surface ("console", "portal").

    A name that a template uses and nobody gave is an error. Texts are marked by `_()` and `{% trans %}` and
    written in the language of the request; `language()` tells it. Filters: `instant` writes a time in UTC to
    the minute, `hour` its time of day, `clock` its day and second, `day` a date and `number` a count as the
    language writes them; `translated` says words that were marked in the code, `begin` gives them a capital,
    `isolated` sets content apart where no tag can.
    The function `static` gives the address of a static file, `is_rehearsing` says whether all is practice.
    """
    made = Environment(
        loader=FileSystemLoader(FOLDER / folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    # The extension gives every environment this method.
    made.install_gettext_callables(languages.raw, languages.raw_plural, newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {
        "instant": instant,
        "hour": hour,
        "clock": clock,
        "day": day,
        "number": number,
        "translated": languages.translated,
        "begin": languages.first_upper,
        "isolated": lambda text: isolated(str(text)),
    }
    made.globals |= {
        "static": static_files().address,
        "language": language,
        "is_rehearsing": is_rehearsing,
    }
    return made


def instant(at: datetime) -> str:
    """Return a time in UTC to the minute, the same in each language: records are compared by it."""
    return isolated(f"{at:%Y-%m-%d %H:%M} UTC")


def hour(at: datetime) -> str:
    """Return a time of day in UTC."""
    return isolated(f"{at:%H:%M} UTC")


def clock(at: datetime) -> str:
    """Return a day and a time to the second, as the language writes the month."""
    return str(format_datetime(at, "dd MMM HH:mm:ss", locale=language().locale))


def day(on: date) -> str:
    """Return a day, as the language writes the month."""
    return str(format_date(on, "dd MMM yyyy", locale=language().locale))


def number(count: float) -> str:
    """Return a count with its thousands marked, as the language does it."""
    return format_decimal(count, locale=language().locale)
