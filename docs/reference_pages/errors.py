"""The errors page, from the error classes and the tables that map them."""

from __future__ import annotations

from collections.abc import Iterator

from reference_pages import markdown as md
from safehold.cli.exits import exit_code_of
from safehold.model import figure_errors
from safehold.model.errors import SafeholdError
from safehold.web.errors import status_of

ABOUT = """\
Every failure has a stable code, and says what happened, what was kept and what to do. Over HTTP it is
`application/problem+json` (RFC 9457) with `type`, `title`, `status`, `code`, `kept`, `advice` and
`request_id`; `type` is `urn:safehold:error:` and the code. On the command line the code stands in
brackets at the end, and the exit code tells the family. No error ever quotes what was sent."""


def page() -> str:
    """Return the page."""
    rows = [
        (
            md.code(error.code),
            str(status_of(_bare(error))),
            str(exit_code_of(_bare(error))),
            md.first_line(error.__doc__),
            error.kept,
            error.advice,
        )
        for error in classes()
    ]
    heads = ("Code", "HTTP", "Exit", "What happened", "What was kept", "What to do")
    return md.page(md.title("Errors", "platform engineers and operators", ABOUT), md.table(heads, rows))


def classes() -> list[type[SafeholdError]]:
    """Return every error class of the model, families before what belongs to them."""
    return list(_below(SafeholdError))


def _below(root: type[SafeholdError]) -> Iterator[type[SafeholdError]]:
    yield root
    for kind in root.__subclasses__():
        if kind.__module__ in (SafeholdError.__module__, figure_errors.__name__):
            yield from _below(kind)


def _bare(error: type[SafeholdError]) -> SafeholdError:
    """Return an instance without running a constructor that asks for details."""
    return error.__new__(error)
